"""The types of recorded values: how each is written as JSON and rebuilt.

The form of a value is the JSON that is recorded in its place. If the form is not
the value itself, it has a note: the name of its class, or a dict with the name as
"class" and what else is needed to rebuild the value. The table `_ROWS` has for
each type how the form is written and read; libraries.py has the rows of installed
libraries. Neither methods nor properties of the program's own classes are called:
attributes are read from the `__dict__` and the slots of objects.
"""

import sys
from binascii import a2b_base64, b2a_base64

from .classes import class_name, has, is_enum, is_installed, is_standard, is_static, is_tool
from .classes import remembered, slot
from .objects import attributes_in, attributes_of, model_note
from .serialize import is_huge

# The kinds of values: with a row in the table, an object with attributes, an
# object that is not data.
VALUE, OBJECT, OPAQUE = "value", "object", "opaque"
_SORTED = frozenset((str, int, float, bytes))


class Octets:
    """The form of bytes: `json` is their base64 as a JSON string."""

    __slots__ = ("json",)

    def __init__(self, value):
        self.json = b'"%s"' % b2a_base64(value, newline=False)


class Pairs(list):
    """The form of a mapping whose keys cannot be written as unique texts: a list of
    [key, value]."""


def written(value, own):
    """Return (VALUE, OBJECT or OPAQUE, form, note) for a value whose type is not
    one of JSON's. The parts of the form may need notes of their own. `own` is the
    name of the program's package, as for classes.is_tool."""
    kind = type(value)
    if is_enum(kind):
        form, more = _enum_form(value)
        return VALUE, form, _note(kind, more)
    row = _row_of(kind)
    if row:
        form, more = row.write(value)
        noted = more is not None or kind is not row.plain
        return VALUE, form, _note(kind, more) if noted else None
    if is_tool(kind, own):
        return OPAQUE, None, class_name(kind)
    return OBJECT, attributes_of(value), _note(kind, model_note(value, kind))


def _note(kind, more):
    return dict({"class": class_name(kind)}, **more) if more else class_name(kind)


def _enum_form(value):
    held = value._value_
    if type(held) in (str, int, float, bool) and not is_huge_int(held) and held == held:
        return held, None
    return value._name_, {"by": "name"}


def is_huge_int(value):
    return type(value) is int and is_huge(value)


def own_attributes(value):
    """Return the attributes that a subclass of a type with a row adds to it; None if
    the value has none."""
    bases = []
    if is_enum(type(value)):
        return None
    if isinstance(value, BaseException):
        return _error_attributes(value) or None
    for base in type(value).__mro__:
        if class_name(base) in _ROWS:
            break
        if _row(base):  # a library's: its row writes all attributes
            return None
        if not is_static(base):
            bases.append(base)
    return (attributes_in(value, bases) or None) if bases else None


def read(kind, form, note):
    """Return the value of a type from its form and its note (a dict). Raises what
    the constructor of the type raises."""
    if is_enum(kind):
        return kind[form] if note.get("by") == "name" else kind(form)
    return _row_of(kind).read(kind, form, note)


def has_row(kind):
    return is_enum(kind) or _row_of(kind) is not None


@remembered
def _row_of(kind):
    """Return the row of a class or of its nearest base that has one, else None."""
    for base in kind.__mro__:
        row = _row(base)
        if row:
            return row
    return None


def _row(kind):
    """Return the row of this very class, else None."""
    name = class_name(kind)
    row = _ROWS.get(name)
    if row is None and is_installed(str(kind.__module__)):
        from .libraries import ROWS

        row = ROWS.get(name)
    return row


# --- the table ------------------------------------------------------------------------------------


class Row:
    """How values of a type are written and read.

    write(value) -> (form, members of the note besides the class, or None)
    read(kind, form, note) -> the value; the parts of the form are rebuilt before
    plain       the type itself, if it has no note when `write` returns None as
                the members; an empty dict makes a note
    """

    def __init__(self, write, read, plain=None):
        self.write = write
        self.read = read
        self.plain = plain


def _sorted(values):
    """Return the members of a set as a list, sorted if that runs no code of theirs."""
    values = list(values)
    kinds = {type(value) for value in values}
    return sorted(values) if len(kinds) == 1 and kinds <= _SORTED else values


def _by(convert):
    return lambda value: (convert(value), None)


def made_of(base):
    """Return a reader that passes the form to the constructor of `base`, not to that
    of a subclass, which may take other arguments."""

    def read(kind, form, note):
        if kind is base:
            return base(form)
        try:
            made = base.__new__(kind, form)
        except TypeError:  # a subclass in C
            return kind(form)
        if base.__hash__ is None:  # the constructor fills it
            base.__init__(made, form)
        return made

    return read


def _read_text(kind, form, note):
    return kind(form)


def _write_dict(value):
    items = list(dict.items(value))
    kinds = {type(key) for key, _ in items}
    if kinds <= {str}:
        if not _is_ambiguous(dict(items)):
            return dict(items), None
    elif len(kinds) == 1:
        kind = kinds.pop()
        texts = [_key_text(key) for key, _ in items]
        if None not in texts and len(set(texts)) == len(texts):
            form = dict(zip(texts, [item for _, item in items]))
            if not _is_ambiguous(form):
                return form, {"keys": class_name(kind)}
    return Pairs(items), {"pairs": True}


def has_plain_keys(value):
    """Whether the keys of a dict are texts, and no dotted path leads to two values."""
    for key in value:
        if type(key) is not str or "." in key:
            return all(type(key) is str for key in value) and not _is_ambiguous(value)
    return True


def _is_ambiguous(form):
    """Whether a dotted path could lead to two members of a mapping."""
    for key in form:
        end = key.find(".")
        while end >= 0:
            if key[:end] in form:
                return True
            end = key.find(".", end + 1)
    return False


def _key_text(key):
    """Return the text from which read_key makes the key, None if there is none."""
    kind = type(key)
    if key is None or kind in (int, bool, float):
        return None if is_huge_int(key) else str(key)
    if is_enum(kind):
        form, more = _enum_form(key)
        return None if more else str(form)
    row = _row_of(kind)
    form, more = row.write(key) if row else (None, None)
    return form if type(form) is str and not more else None


def read_key(kind, text):
    """Return the key that has this text."""
    if kind is type(None):
        return None
    if kind is bool:
        return text == "True"
    if is_enum(kind):
        for member in kind.__members__.values():
            if str(member._value_) == text:
                return member
        return kind(int(text))
    if kind in (int, float):
        return kind(text)
    return _row_of(kind).read(kind, text, {})


def _read_dict(kind, form, note):
    if kind is dict:
        return form if type(form) is dict else dict(form)
    made = kind.__new__(kind)
    dict.update(made, form)
    return made


def _write_ordered(value):
    items = sys.modules["collections"].OrderedDict.items(value)
    form, more = _write_dict(dict(items))
    return form, more or {}


def _read_ordered(kind, form, note):
    from collections import OrderedDict

    made = kind.__new__(kind)
    for key, item in form.items() if type(form) is dict else form:
        OrderedDict.__setitem__(made, key, item)
    return made


def _write_defaultdict(value):
    form, more = _write_dict(value)
    factory = value.default_factory
    if factory is not None:
        name = class_name(factory) if isinstance(factory, type) else "<function>"
        more = dict(more or {}, factory=name)
    return form, more


def _read_defaultdict(kind, form, note):
    made = _read_dict(kind, form, note)
    made.default_factory = note.get("factory")  # a class, by now
    return made


def _write_deque(value):
    return list(value), None if value.maxlen is None else {"maxlen": value.maxlen}


def _read_deque(kind, form, note):
    from _collections import deque

    made = deque.__new__(kind)
    deque.__init__(made, form, note.get("maxlen"))
    return made


def _read_tuple(kind, form, note):
    if len(form) != len(getattr(kind, "_fields", form)):
        return kind(*form)  # its fields have changed; new ones may have defaults
    try:
        return tuple.__new__(kind, form)
    except TypeError:  # a structure in C
        return kind(form)


def _write_float(value):
    number = float.__pos__(value)
    return (number, None) if number - number == 0 else (repr(number), {})


def _write_int(value):
    number = int.__pos__(value)
    return (hex(number), {}) if is_huge(number) else (number, None)


def _read_int(kind, form, note):
    return made_of(int)(kind, int(form, 0) if type(form) is str else form, note)


def _write_moment(value):
    base = sys.modules["datetime"].datetime
    more = {"fold": 1} if value.fold else {}
    zone = value.tzinfo
    name = zone_name(zone)
    if name:
        more["zone"] = name
    elif type(zone) is sys.modules["datetime"].timezone and len(zone.__reduce__()[1]) > 1:
        more["zone_name"] = zone.__reduce__()[1][1]
    return base.isoformat(value), more or None


def zone_name(zone):
    """Return the name of a time zone of zoneinfo, pytz, pendulum or dateutil, else
    None."""
    for attribute in ("key", "zone", "_name", "_filename"):
        name = slot(zone, attribute)
        if type(name) is str and name:
            return name.rpartition("zoneinfo/")[2]
    return None


def _read_moment(kind, form, note):
    from datetime import datetime, timezone

    made = datetime.fromisoformat(_zoned(form))
    zone = made.tzinfo
    if note.get("zone"):
        # or a name of the program's own for an offset
        zone = zone_of(note["zone"], kind) or timezone(zone.utcoffset(None), note["zone"])
    elif "zone_name" in note:
        zone = type(zone)(zone.utcoffset(None), note["zone_name"])
    parts = (made.year, made.month, made.day, made.hour, made.minute, made.second)
    made = kind(*parts, made.microsecond, tzinfo=zone)
    return made.replace(fold=1) if note.get("fold") else made


def _zoned(text):
    """Return a time with its Z replaced by an offset, for Python before 3.11."""
    return text[:-1] + "+00:00" if text[-1:] in "Zz" and text else text


def zone_of(name, kind):
    """Return the time zone of a name for values of a class, None if this system does
    not have it; the recorded offset is used then."""
    try:
        if kind.__module__.startswith("pendulum."):  # takes only its own time zones
            return sys.modules["pendulum"].timezone(name)
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    except Exception:
        return None


def _read_time(kind, form, note):
    from datetime import time

    made = time.fromisoformat(_zoned(form))
    parts = (made.hour, made.minute, made.second, made.microsecond)
    zone = zone_of(note["zone"], kind) if note.get("zone") else made.tzinfo
    return kind(*parts, tzinfo=zone, fold=note.get("fold", 0))


def _write_time(value):
    more = {"fold": 1} if value.fold else {}
    if value.utcoffset() is None and zone_name(value.tzinfo):  # it depends on the date
        more["zone"] = zone_name(value.tzinfo)
    return sys.modules["datetime"].time.isoformat(value), more or None


def _read_date(kind, form, note):
    from datetime import date

    made = date.fromisoformat(form)
    return kind(made.year, made.month, made.day)


def _write_timezone(value):
    offset = value.utcoffset(None)
    name = value.__reduce__()[1][1:]
    form = [offset.days * 86400 + offset.seconds, offset.microseconds]
    return form, {"name": name[0]} if name else None


def _read_timezone(kind, form, note):
    from datetime import timedelta

    offset = timedelta(seconds=form[0], microseconds=form[1])
    if "name" in note:
        return kind(offset, note["name"])
    return kind(offset) if offset else kind.utc


def _read_logger(kind, form, note):
    from logging import getLogger

    return getLogger(form)


def _write_zone(value):
    name = slot(value, "key")
    return name if type(name) is str else str(value), None


def _write_secret(value):
    return "***", None  # whatever its name is


def _write_error(value):
    made_by = _base_in_c(type(value)).__reduce__(value)  # with the files of an OSError
    return list(made_by[1]), None


def _error_attributes(value):
    """Return the attributes of an exception, what its class in C keeps by name, and
    what it was raised from."""
    state = _base_in_c(type(value)).__reduce__(value)[2:]
    found = dict(state[0]) if state and type(state[0]) is dict else {}
    found.update(attributes_in(value, type(value).__mro__))
    notes = (slot(value, "__dict__") or {}).get("__notes__")
    for name, item in (("__notes__", notes), ("__cause__", value.__cause__)):
        if item:
            found[name] = item
    return found


def _read_error(kind, form, note):
    made = kind.__new__(kind, *form)
    _base_in_c(kind).__init__(made, *form)  # which sets a code, an errno, a place
    return made


@remembered
def _base_in_c(kind):
    """Return the first class of an exception that is not written in Python."""
    return next(base for base in kind.__mro__ if is_static(base))


def _write_octets(value):
    return Octets(bytes(value)), None


def octets(form):
    return a2b_base64(form, strict_mode=True) if sys.version_info >= (3, 11) else a2b_base64(form)


def _read_bytes(kind, form, note):
    return made_of(bytes)(kind, octets(form), note)


def _read_bytearray(kind, form, note):
    return made_of(bytearray)(kind, octets(form), note)


def _read_view(kind, form, note):
    return memoryview(octets(form))


def _write_pattern(value):
    if type(value.pattern) is bytes:
        return Octets(value.pattern), {"flags": int(value.flags), "bytes": True}
    return value.pattern, {"flags": int(value.flags)}


def _read_pattern(kind, form, note):
    from re import compile

    return compile(octets(form) if note.get("bytes") else form, note["flags"])


def _write_stream(value):
    text = value.getvalue()
    form = Octets(text) if type(text) is bytes else text
    return form, {"position": value.tell()}


def _read_stream(kind, form, note):
    made = kind(octets(form) if has(kind, "getbuffer") else form)
    made.seek(note.get("position", 0))
    return made


# Of types with a text that their constructors take.
made_of_text = Row(_by(str), _read_text)

_ROWS = {
    "bytes": Row(_write_octets, _read_bytes),
    "bytearray": Row(_write_octets, _read_bytearray),
    "memoryview": Row(_write_octets, _read_view),
    "str": Row(_by(str.__str__), made_of(str), str),
    "int": Row(_write_int, _read_int, int),
    "float": Row(_write_float, made_of(float), float),
    "complex": Row(_by(lambda value: str(complex(value))), made_of(complex)),
    "range": Row(
        lambda value: ([value.start, value.stop, value.step], None),
        lambda kind, form, note: range(*form),
    ),
    "slice": Row(
        lambda value: ([value.start, value.stop, value.step], None),
        lambda kind, form, note: slice(*form),
    ),
    "ellipsis": Row(lambda value: ("...", None), lambda kind, form, note: Ellipsis),
    "tuple": Row(lambda value: (list(tuple.__iter__(value)), None), _read_tuple),
    "list": Row(lambda value: (list(list.__iter__(value)), None), made_of(list), list),
    "set": Row(lambda value: (_sorted(set.__iter__(value)), None), made_of(set)),
    "frozenset": Row(
        lambda value: (_sorted(frozenset.__iter__(value)), None), made_of(frozenset)
    ),
    "dict_keys": Row(_by(list), lambda kind, form, note: dict.fromkeys(form).keys()),
    "dict_values": Row(_by(list), lambda kind, form, note: dict(enumerate(form)).values()),
    "dict_items": Row(
        lambda value: (Pairs(value), None), lambda kind, form, note: dict(form).items()
    ),
    "dict": Row(_write_dict, _read_dict, dict),
    "mappingproxy": Row(
        lambda value: _write_dict(dict(value)), lambda kind, form, note: kind(dict(form))
    ),
    "collections.OrderedDict": Row(_write_ordered, _read_ordered),
    "collections.defaultdict": Row(_write_defaultdict, _read_defaultdict),
    "collections.deque": Row(_write_deque, _read_deque),
    "array.array": Row(
        lambda value: (list(value), {"code": value.typecode}),
        lambda kind, form, note: kind(note["code"], form),
    ),
    "datetime.datetime": Row(_write_moment, _read_moment),
    "datetime.date": Row(
        lambda value: (sys.modules["datetime"].date.isoformat(value), None), _read_date
    ),
    "datetime.time": Row(_write_time, _read_time),
    "datetime.timedelta": Row(
        lambda value: ([value.days, value.seconds, value.microseconds], None),
        lambda kind, form, note: kind(*form),
    ),
    "datetime.timezone": Row(_write_timezone, _read_timezone),
    "zoneinfo.ZoneInfo": Row(_write_zone, _read_text),
    "decimal.Decimal": Row(
        _by(lambda value: sys.modules["decimal"].Decimal.__str__(value)), _read_text
    ),
    "re.Pattern": Row(_write_pattern, _read_pattern),
    "logging.Logger": Row(lambda value: (value.name, None), _read_logger),
    "_io.BytesIO": Row(_write_stream, _read_stream),
    "_io.StringIO": Row(_write_stream, _read_stream),
    "BaseException": Row(_write_error, _read_error),
    "pydantic.types.SecretStr": Row(_write_secret, _read_text),
    "pydantic.types.SecretBytes": Row(_write_secret, _read_text),
}
for _name in (
    "uuid.UUID fractions.Fraction pathlib.PurePath ipaddress.IPv4Address"
    " ipaddress.IPv6Address ipaddress.IPv4Network ipaddress.IPv6Network ipaddress.IPv4Interface"
    " ipaddress.IPv6Interface"
).split():
    _ROWS[_name] = made_of_text
