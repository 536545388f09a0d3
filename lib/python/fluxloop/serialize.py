"""Any Python value as JSON."""

import enum
import json
import sys
from collections.abc import Mapping

_compact = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


# What makes of an instance of a subclass one of the type itself, past any
# method that the subclass has overridden.
_EXACT = ((str, str.__str__), (int, int.__pos__), (float, float.__pos__))


def encode(value):
    """Return `value` as one line of RFC 8259 JSON; whatever it holds, this
    does not fail. Lone surrogates stay in the text: encode it to bytes with
    the error handler "backslashreplace", which makes \\udXXX escapes of them.
    """
    try:
        text = _compact(value)
        # Brackets are quick to count; few of them cannot be deep.
        if text.count("[") + text.count("{") <= Converter.max_depth or not _is_deep(value):
            return text
    except Exception:
        pass
    return _compact(_Whole().convert(value))


def _is_deep(value):
    """Whether containers are nested deeper than readers may be asked to follow."""
    level = [value]  # breadth first: no recursion, however deep it is
    for _ in range(Converter.max_depth + 1):
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
        return "<%s>" % type(value).__name__


def ordered(values):
    """Return the members of a set in an order that is the same every time."""
    try:
        return sorted(values)
    except Exception:
        return sorted(values, key=lambda value: describe(repr, value))


def is_huge(value):
    """Whether an int has so many digits that Python refuses to write or read it."""
    return not -_HUGE < value < _HUGE


_HUGE = 1 << 4096


def iso_text(value):
    """Return a date, time or datetime as ISO 8601, None for anything else."""
    # Without the import: whoever has such a value has loaded the module.
    module = sys.modules.get("datetime")
    if module and isinstance(value, (module.date, module.time)):
        return value.isoformat()
    return None


class Converter:
    """Turns a value into a tree of JSON types, by the rules for observations.

    Tuples and sets become lists, enums their value, dates ISO 8601, bytes
    their text, objects what their `model_dump()` or `dict()` returns, else
    their str(). NaN and infinities become null. Cycles, depth beyond
    `max_depth`, strings longer than `max_text` characters and containers
    with more than `max_items` elements are cut, with a mark in their place.
    """

    max_depth = 100
    max_text = 256 * 1024
    max_items = 10000

    def __init__(self):
        self._open = set()  # ids of the containers around the current value

    def convert(self, value, depth=0):
        kind = type(value)
        if kind is str:
            return value if len(value) <= self.max_text else self.cut_text(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return self.integer(value)
        if kind is float:
            return value if value - value == 0 else self.odd_float(value)
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
        pairs = list(value.items())
        kept = pairs[: self.max_items]
        tree = {self.key(key): self.convert(item, depth + 1) for key, item in kept}
        if len(pairs) > self.max_items:
            tree["…[cut, %d entries]" % (len(pairs) - self.max_items)] = None
        return tree

    def sequence(self, value, depth):
        items = list(value)
        tree = [self.convert(item, depth + 1) for item in items[: self.max_items]]
        if len(items) > self.max_items:
            tree.append("…[cut, %d elements]" % (len(items) - self.max_items))
        return tree

    def other(self, value, depth):
        if isinstance(value, enum.Enum):
            return self.convert(value.value, depth + 1)
        for kind, exact in _EXACT:
            if isinstance(value, kind):
                return self.convert(exact(value), depth)
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        if isinstance(value, (list, tuple)):
            return self.sequence(value, depth)
        if isinstance(value, (set, frozenset)):
            return self.sequence(ordered(value), depth)
        if isinstance(value, (bytes, bytearray)):
            return self.convert(value.decode("utf-8", "replace"))
        text = iso_text(value)
        if text is not None:
            return text
        fields = self.fields(value)
        if fields is not None:
            return self.mapping(fields, depth)
        return self.convert(describe(str, value))

    def fields(self, value):
        """Return what an object says are its fields, None if it says nothing."""
        if isinstance(value, type):
            return None
        if getattr(type(value), "__fluxloop_replayed__", False):
            return vars(value)
        for name in ("model_dump", "dict"):
            method = getattr(value, name, None)
            if callable(method):
                try:
                    fields = method()
                except Exception:
                    continue
                if isinstance(fields, dict):
                    return fields
        return None

    def key(self, key):
        return key if type(key) is str else describe(str, key)

    def integer(self, value):
        return hex(value) if is_huge(value) else value

    def cut_text(self, value):
        return "%s…[cut, %d characters]" % (value[: self.max_text], len(value) - self.max_text)

    def odd_float(self, value):
        return None

    def cycle(self, value):
        return "<cycle: %s>" % type(value).__name__

    def too_deep(self, value):
        return "<too deep: %s>" % type(value).__name__

    def unreadable(self, value):
        return "<%s>" % type(value).__name__


class _Whole(Converter):
    """The same without a limit to size: for results, which nobody may shorten."""

    max_text = max_items = sys.maxsize
