"""Write any Python value as JSON (bytes, UTF-8)."""

import sys
from _collections_abc import Mapping  # loaded at the start; `collections` is not
from itertools import islice

from .jsontext import compact, quote, quote_in_python
from .native import fast

# (type, conversion of an instance of a subclass to the type). None of these calls
# a method that the subclass overrides.
_EXACT = ((str, str.__str__), (int, int.__pos__), (float, float.__pos__))
_name_of = type.__dict__["__name__"].__get__  # a metaclass may override __name__
_CONSTANTS = {None: b"null", True: b"true", False: b"false"}
_HUGE = 1 << 4096

# Cache of short keys, which repeat: key -> JSON with its colon.
_keys = {}
_MAX_KEY = 64
_MAX_KEYS = 2000


def encode(value):
    """Return any value as one line of RFC 8259 JSON, by the rules of Encoder but
    without limits to its size. Raises what Encoder raises."""
    if type(value) is str:
        return quote(value)
    try:
        text = compact(value)
        # Counting brackets is quick; a text with few of them is not nested deeply.
        if text.count("[") + text.count("{") <= Encoder.max_depth or not _is_deep(value):
            return text.encode("utf-8", "backslashreplace")
    except Exception:
        pass
    return _Whole().encode(value)


def _is_deep(value):
    """Whether containers are nested more than Encoder.max_depth deep."""
    level = [value]  # breadth first, without recursion
    for _ in range(Encoder.max_depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list, tuple))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def describe(function, value):
    """Return function(value), where function is str or repr; "<TYPE>" if it raises.
    Addresses of objects are left out: they differ from run to run."""
    try:
        text = str.__str__(function(value))
    except Exception:
        return "<%s>" % type_name(value)
    return without_addresses(text) if " at 0x" in text else text


def without_addresses(text):
    from re import sub

    return sub(" at 0x[0-9A-Fa-f]+", "", text)


def type_name(value):
    return _name_of(type(value))


def ordered(values):
    """Return the members of a set as a list, sorted by value or else by repr()."""
    values = list(values)
    try:
        return sorted(values)
    except Exception:
        return sorted(values, key=lambda value: describe(repr, value))


def is_huge(value):
    """Whether an int may have more digits than Python converts to or from text."""
    return not -_HUGE < value < _HUGE


def iso_text(value):
    """Return a date, time or datetime as ISO 8601, None for other values."""
    # Not imported: a program with such a value has loaded the module.
    module = sys.modules.get("datetime")
    if module and isinstance(value, (module.date, module.time)):
        return value.isoformat()
    return None


def is_enum(value):
    """Whether a value is a member of an Enum."""
    module = sys.modules.get("enum")  # loaded if there is such a value
    return module is not None and isinstance(value, module.Enum)


class Captured:
    """A copy of a value: its JSON (bytes)."""

    __slots__ = ("json",)

    def __init__(self, json):
        self.json = json

    def __repr__(self):
        return self.json.decode("utf-8")


class Encoder:
    """Writes values as JSON, by the rules for observations.

    Tuples and sets become lists, enums their value, dates ISO 8601, bytes their
    text. Objects become the result of their `model_dump()` or `dict()`, or the
    fields of a dataclass or attrs class, or their str(). NaN and infinities become
    null. A mark replaces: cycles, containers more than `max_depth` deep, the rest
    of strings after `max_text` characters, of containers after `max_items`
    elements, and all after the first `max_total` characters that one Encoder
    writes. Each value counts as its text plus `item_cost` characters.

    A value whose methods raise an Exception becomes a mark, too. Other exceptions
    are raised: KeyboardInterrupt and SystemExit may come from a signal and are the
    program's.
    """

    max_depth = 100
    max_text = 256 * 1024
    max_items = 10000
    max_total = 4 * 1024 * 1024
    item_cost = 40

    def __init__(self):
        self.room = self.max_total  # the characters left
        self._open = set()  # id() of each container around the current value

    def encode(self, value, depth=0):
        """Return a value inside `depth` containers as JSON (bytes)."""
        self.room -= self.item_cost
        kind = type(value)
        if kind is str:
            return self.text(value)
        if value is None or kind is bool:
            return _CONSTANTS[value]
        if kind is int:
            return self.integer(value)
        if kind is float:
            return self.real(value)
        if id(value) in self._open:
            return self.cycle(value)
        if depth >= self.max_depth:
            return self.too_deep(value)
        self._open.add(id(value))
        try:
            if kind is dict:
                return self.mapping(value, depth)
            if kind is list or kind is tuple:
                return self.sequence(value, depth)
            return self.other(value, depth)
        except Exception:
            return self.unreadable(value)
        finally:
            self._open.discard(id(value))

    def mapping(self, value, depth):
        tree = {}  # because two keys may have the same text
        taken = 0
        for key, item in list(islice(value.items(), self.max_items)):
            if self.room <= 0:
                break
            tree[self.key(key)] = self.encode(item, depth + 1)
            taken += 1
        if len(value) > taken:
            tree[quote(_cut(len(value) - taken, "entries")) + b":"] = b"null"
        return b"{%s}" % b",".join([key + item for key, item in tree.items()])

    def sequence(self, value, depth, length=None):
        """Return a sequence as a list. `length` is the full number of elements, if
        `value` has only the first ones."""
        parts = []
        for item in list(islice(value, self.max_items)):
            if self.room <= 0:
                break
            parts.append(self.encode(item, depth + 1))
        left = (len(value) if length is None else length) - len(parts)
        if left > 0:
            parts.append(quote(_cut(left, "elements")))
        return b"[%s]" % b",".join(parts)

    def other(self, value, depth):
        if type(value) is Captured:
            self.room -= len(value.json)
            return value.json
        if is_enum(value):
            return self.encode(value.value, depth + 1)
        for kind, exact in _EXACT:
            if isinstance(value, kind):
                return self.encode(exact(value), depth)
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        if isinstance(value, (list, tuple)):
            return self.sequence(value, depth)
        if isinstance(value, (set, frozenset)):
            return self.sequence(ordered(islice(value, self.max_items)), depth, len(value))
        if isinstance(value, (bytes, bytearray)):
            return self.octets(value)
        text = iso_text(value)
        if text is None:
            fields = self.fields(value)
            if fields is not None:
                return self.mapping(fields, depth)
            text = describe(str, value)
        return self.text(text)

    def fields(self, value):
        """Return the fields of an object (a dict) from its model_dump() or dict(), or
        those of a dataclass or an attrs class; None for another object."""
        if isinstance(value, type):
            return None
        if getattr(type(value), "__fluxloop_replayed__", False):
            return vars(value)
        for name in ("model_dump", "dict"):
            # The class must have the method: a mock or a proxy of a remote object
            # has every attribute, and would record the call.
            if hasattr(value.__class__, name):
                try:
                    fields = getattr(value, name)()
                except Exception:
                    continue
                if isinstance(fields, dict):
                    return fields
        for declared in ("__dataclass_fields__", "__attrs_attrs__"):
            names = getattr(type(value), declared, None)
            if names:
                names = [getattr(name, "name", name) for name in names]
                return {name: getattr(value, name) for name in names if hasattr(value, name)}
        return None

    def key(self, key):
        """Return a key as JSON with its colon."""
        if type(key) is not str:
            key = describe(str, key)
        if len(key) > _MAX_KEY:
            return self.text(key) + b":"
        self.room -= len(key)
        return _keys.get(key) or _keep_key(key)

    def text(self, text):
        limit = self.limit()
        if len(text) > limit:
            return self.cut_text(text[:limit], len(text) - limit, "characters")
        self.room -= len(text)
        return quote(text)

    def octets(self, value):
        limit = self.limit()
        text = bytes(value[:limit]).decode("utf-8", "replace")
        if len(value) > limit:
            return self.cut_text(text, len(value) - limit, "bytes")
        return self.text(text)

    def limit(self):
        """Return the number of characters that a text may have now."""
        return self.max_text if self.room > self.max_text else max(self.room, 0)

    def cut_text(self, kept, left, what):
        self.room -= len(kept)
        return quote(kept + _cut(left, what))

    def integer(self, value):
        if is_huge(value):
            return self.text(hex(value))
        text = b"%d" % value
        self.room -= len(text)
        return text

    def real(self, value):
        return repr(value).encode("ascii") if value - value == 0 else b"null"

    def cycle(self, value):
        return self.text("<cycle: %s>" % type_name(value))

    def too_deep(self, value):
        return self.text("<too deep: %s>" % type_name(value))

    def unreadable(self, value):
        return self.text("<%s>" % type_name(value))


def _keep_key(key):
    """Return a short key as JSON with its colon, and add it to the cache."""
    if len(_keys) >= _MAX_KEYS:
        _keys.clear()
    start = _keys[key] = quote(key) + b":"
    return start


def _cut(count, what):
    return "…[cut, %d %s]" % (count, what)


class _Whole(Encoder):
    """An Encoder without size limits, for outputs, which must not be shortened."""

    max_text = max_items = max_total = sys.maxsize


# A value with at most _FEW parts of at most _SHORT characters is written by `_json`.
_FEW = 64
_SHORT = 200


def is_plain(value):
    """Whether a value is small and of JSON types only, so that no rule but that for
    NaN and infinities changes it."""
    values = [value]
    for one in values:  # breadth first: the loop appends
        kind = type(one)
        if kind is str:
            if len(one) > _SHORT:
                return False
        elif kind is dict or kind is list or kind is tuple:
            if len(values) + len(one) > _FEW:
                return False
            if kind is dict:
                for key in one:
                    if type(key) is not str or len(key) > _SHORT:
                        return False
                values.extend(one.values())
            else:
                values.extend(one)
        elif kind is int:
            if is_huge(one):
                return False
        elif one is not None and kind is not bool and kind is not float:
            return False
    return True


def excerpt(value):
    """Return the JSON of a value by the rules for observations."""
    kind = type(value)
    if kind is str and len(value) <= Encoder.max_text:
        return quote(value)
    if kind is Captured:
        return value.json
    if value is None or kind is bool:
        return _CONSTANTS[value]
    if kind is int and not is_huge(value):
        return b"%d" % value
    try:
        if is_plain(value):
            return compact(value).encode()
    except Exception:  # NaN, a lone surrogate, or another thread changes it
        pass
    try:
        return Encoder().encode(value)
    except RecursionError:
        return too_deep(value)


def too_deep(value):
    """Return the JSON that replaces a value when too little stack is left."""
    return quote("<too deep: %s>" % type_name(value))


def excerpts(values):
    """Return the JSON of a dict, whose keys are short texts. The size limit of a value
    applies to the whole dict, too."""
    parts = [
        (_keys.get(name) or _keep_key(name)) + excerpt(value) for name, value in values.items()
    ]
    if sum(map(len, parts)) > Encoder.max_total:
        return Encoder().encode(values)
    return b"{%s}" % b",".join(parts)


def capture(value):
    """Return a copy of a value: itself if it is None, a bool, or a str that need not
    be cut, else a Captured."""
    kind = type(value)
    if value is None or kind is bool or kind is Captured:
        return value
    if kind is str and len(value) <= Encoder.max_text:
        return value
    return Captured(excerpt(value))


def capture_all(values):
    """Return a copy of a dict, as `excerpts` writes it (Captured)."""
    return Captured(excerpts(values))


def observation(id, head, start_time, end_time, input, output, tail, parent, trace_id):
    """Return the JSON of an observation.

    head, tail     its type and name, and its other fields: JSON, the tail with a
                   comma first
    input, output  any values, left out if they are None
    parent         id of the parent, or None
    """
    # The times and identifiers need no escaping.
    parts = [b'{"id":"%s",' % id.encode(), head]
    parts.append((',"start_time":"%s","end_time":"%s"' % (start_time, end_time)).encode())
    if input is not None:
        parts.append(b',"input":' + excerpt(input))
    if output is not None:
        parts.append(b',"output":' + excerpt(output))
    parts.append(tail)
    if parent is not None:
        parts.append(b',"parent_observation_id":' + excerpt(parent))
    parts.append(b',"trace_id":%s}' % excerpt(trace_id))
    return b"".join(parts)


if fast:
    fast.use(Encoder, Captured, quote_in_python, _cut, too_deep)

if sys.version_info < (3, 9):
    # Python before 3.9 aborts if a program continues after a RecursionError near
    # the limit, so the encoder must not raise one.
    _excerpt = excerpt
    _MARGIN = 100 + 4 * Encoder.max_depth

    def excerpt(value):
        try:
            sys._getframe(max(0, sys.getrecursionlimit() - _MARGIN))
        except ValueError:  # there are fewer frames
            return _excerpt(value)
        return too_deep(value)

elif fast:
    from ._fast import capture, capture_all, excerpt, excerpts, observation  # noqa: F811
