"""Any Python value as JSON, in UTF-8."""

import sys
from _collections_abc import Mapping  # which is loaded anyway; `collections` is not
from itertools import islice

from .jsontext import compact, quote

# What makes of an instance of a subclass one of the type itself, past any
# method that the subclass has overridden.
_EXACT = ((str, str.__str__), (int, int.__pos__), (float, float.__pos__))
_name_of = type.__dict__["__name__"].__get__  # past what a metaclass has overridden
_CONSTANTS = {None: b"null", True: b"true", False: b"false"}
_HUGE = 1 << 4096

# Keys come again and again: short ones as JSON, with their colon.
_keys = {}
_MAX_KEY = 64
_MAX_KEYS = 2000


def encode(value):
    """Return `value` as one line of RFC 8259 JSON, whole; whatever it holds,
    this does not fail."""
    if type(value) is str:
        return quote(value)
    try:
        text = compact(value)
        # Brackets are quick to count; few of them cannot be deep.
        if text.count("[") + text.count("{") <= Encoder.max_depth or not _is_deep(value):
            return text.encode("utf-8", "backslashreplace")
    except Exception:
        pass
    return _Whole().encode(value)


def _is_deep(value):
    """Whether containers are nested deeper than readers may be asked to follow."""
    level = [value]  # breadth first: no recursion, however deep it is
    for _ in range(Encoder.max_depth + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list, tuple))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def describe(function, value):
    """Return function(value), a str or repr, or `<TYPE>` when that raises."""
    try:
        return str.__str__(function(value))
    except Exception:
        return "<%s>" % type_name(value)


def type_name(value):
    return _name_of(type(value))


def ordered(values):
    """Return the members of a set in an order that is the same every time."""
    values = list(values)
    try:
        return sorted(values)
    except Exception:
        return sorted(values, key=lambda value: describe(repr, value))


def is_huge(value):
    """Whether an int has so many digits that Python refuses to write or read it."""
    return not -_HUGE < value < _HUGE


def iso_text(value):
    """Return a date, time or datetime as ISO 8601, None for anything else."""
    # Without the import: whoever has such a value has loaded the module.
    module = sys.modules.get("datetime")
    if module and isinstance(value, (module.date, module.time)):
        return value.isoformat()
    return None


def is_enum(value):
    """Whether a value is a member of an Enum."""
    module = sys.modules.get("enum")  # as above
    return module is not None and isinstance(value, module.Enum)


class Captured:
    """A value as it was: its JSON."""

    __slots__ = ("json",)

    def __init__(self, json):
        self.json = json

    def __repr__(self):
        return self.json.decode("utf-8")


class Encoder:
    """Writes values as JSON, by the rules for observations.

    Tuples and sets become lists, enums their value, dates ISO 8601, bytes
    their text, objects what their `model_dump()` or `dict()` returns, else
    their str(). NaN and infinities become null. Cycles, depth beyond
    `max_depth`, strings longer than `max_text` characters and containers
    with more than `max_items` elements are cut, with a mark in their place.
    So is what goes beyond `max_total` characters in all that one encoder
    writes, where each value counts as `item_cost` besides its text.

    An Exception that a value's own methods raise becomes a mark too. What is
    no Exception passes: KeyboardInterrupt and SystemExit may come from a
    signal, and then it is the program that has to see them.
    """

    max_depth = 100
    max_text = 256 * 1024
    max_items = 10000
    max_total = 4 * 1024 * 1024
    item_cost = 40

    def __init__(self):
        self.room = self.max_total  # what is left of it
        self._open = set()  # ids of the containers around the current value

    def encode(self, value, depth=0):
        """Return `value` as JSON. It is inside `depth` containers."""
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
        tree = {}  # two keys may have one text
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
        """`length` is that of the whole, when `value` is but the first of it."""
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
        """Return what an object says are its fields, None if it says nothing."""
        if isinstance(value, type):
            return None
        if getattr(type(value), "__fluxloop_replayed__", False):
            return vars(value)
        for name in ("model_dump", "dict"):
            # The class is asked: a mock, or what stands for a remote object,
            # has any attribute, and would note that we called it.
            if hasattr(value.__class__, name):
                try:
                    fields = getattr(value, name)()
                except Exception:
                    continue
                if isinstance(fields, dict):
                    return fields
        return None

    def key(self, key):
        """Return a key as JSON, with its colon."""
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
        """Return how long a text may be now."""
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
    """Return a key as JSON, with its colon, and remember it."""
    if len(_keys) >= _MAX_KEYS:
        _keys.clear()
    start = _keys[key] = quote(key) + b":"
    return start


def _cut(count, what):
    return "…[cut, %d %s]" % (count, what)


class _Whole(Encoder):
    """The same without a limit to size: for results, which nobody may shorten."""

    max_text = max_items = max_total = sys.maxsize


# A value of no more parts than this, none longer, is written by C.
_FEW = 64
_SHORT = 200


def is_plain(value):
    """Whether a value is small and of the types of JSON alone, so that no rule
    changes it, unless it holds NaN or an infinity."""
    values = [value]
    for one in values:  # which grows meanwhile, breadth first
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
    except Exception:  # NaN, a lone surrogate, or a thread that changes it now
        pass
    try:
        return Encoder().encode(value)
    except RecursionError:  # the program itself is about to run out of stack
        return quote("<too deep: %s>" % type_name(value))


if sys.version_info < (3, 9):
    # There the interpreter itself aborts when a program goes on after it has
    # been told that its stack is full: so it must not be told while we work.
    _excerpt = excerpt
    _MARGIN = 100 + 4 * Encoder.max_depth

    def excerpt(value):
        try:
            sys._getframe(max(0, sys.getrecursionlimit() - _MARGIN))
        except ValueError:  # there are not so many frames yet
            return _excerpt(value)
        return quote("<too deep: %s>" % type_name(value))


def excerpts(values):
    """Return the JSON of a dict of values with short names, which together may
    not be larger than one."""
    parts = [
        (_keys.get(name) or _keep_key(name)) + excerpt(value) for name, value in values.items()
    ]
    if sum(map(len, parts)) > Encoder.max_total:
        return Encoder().encode(values)
    return b"{%s}" % b",".join(parts)


def capture(value):
    """Return `value` as it is now: later changes do not reach it."""
    kind = type(value)
    if value is None or kind is bool or kind is Captured:
        return value
    if kind is str and len(value) <= Encoder.max_text:
        return value
    return Captured(excerpt(value))
