"""Convert JSON to the types of a handler's annotations.

For values without notes of their classes: recordings of older versions, and
arguments from the configuration.
"""

import collections
import collections.abc as abc
import sys
import typing

from . import classes, forms, objects
from .rebuild import ClassError, RebuildError, summary

_SEQUENCES = (list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection, abc.Reversible)
_SETS = (set, abc.Set, abc.MutableSet)
_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)
_UNIONS = (typing.Union, getattr(sys.modules.get("types"), "UnionType", typing.Union))
_LISTS = (tuple, list, set, frozenset, collections.deque)
_CONTAINERS = _LISTS + (dict, bytes, bytearray)
_FACTORIES = (list, set, dict, int, float, str)
_WRAPPERS = ("ClassVar", "Final", "Required", "NotRequired", "ReadOnly")


class Unfit(Exception):
    """A value that cannot be converted to the annotation's type."""


def hints_of(function):
    """Return {parameter: Hint} for the annotated parameters of a callable."""
    for _ in range(20):
        inner = getattr(function, "__wrapped__", None) or getattr(function, "__func__", None)
        if inner is None and type(function).__name__ == "partial":
            inner = function.func
        if inner is None and not hasattr(function, "__code__") and not isinstance(function, type):
            inner = getattr(type(function), "__call__", None)
        if inner is None or inner is function:
            break
        function = inner
    names = getattr(function, "__globals__", {})
    return _hints(getattr(function, "__annotations__", {}), names)


def _hints(annotations, names):
    return {name: Hint(hint, names) for name, hint in annotations.items() if name != "return"}


def field_hints(kind):
    """Return {attribute: Hint} for the annotated attributes of a class."""
    found = {}
    for base in reversed(kind.__mro__):
        names = dict(vars(sys.modules.get(base.__module__, sys)), **{base.__name__: base})
        annotations = base.__dict__.get("__annotations__", {})
        if not annotations and sys.version_info >= (3, 14):
            annotations = getattr(base, "__annotations__", {})
        found.update(_hints(annotations, names))
    return found


class Hint:
    """An annotation, and the names of its module, to evaluate a string in it."""

    __slots__ = ("hint", "names")

    def __init__(self, hint, names):
        self.hint = hint
        self.names = names

    def convert(self, value, path):
        """Return a value converted to the annotation's type, or unchanged if that
        cannot be done. `path` is its dotted path, for errors. Raises RebuildError
        if the recording lacks the value, or its class refuses it."""
        try:
            return self._convert(value, self.hint, path)
        except Unfit:
            return value

    def kind(self):
        """Return the class of the annotation, None if it is not a class."""
        hint = self._resolved(self.hint)
        return hint if isinstance(hint, type) else None

    def is_mapping(self):
        """Whether a plain dict fits the annotation."""
        hint = self._resolved(self.hint)
        if typing.get_origin(hint) in _UNIONS:
            return any(Hint(one, self.names).is_mapping() for one in typing.get_args(hint))
        return (typing.get_origin(hint) or hint) in _MAPPINGS or hint in (typing.Any, object)

    def _resolved(self, hint):
        """Return an annotation without wrappers, its strings evaluated."""
        for _ in range(20):
            if isinstance(hint, typing.ForwardRef):
                hint = hint.__forward_arg__
            if isinstance(hint, str):
                try:
                    hint = eval(hint, dict(self.names))
                except Exception:  # imported for the type checker only
                    return typing.Any
            elif hasattr(hint, "__metadata__"):  # Annotated
                hint = hint.__origin__
            elif hasattr(hint, "__supertype__"):  # NewType
                hint = hint.__supertype__
            elif type(hint).__name__ == "TypeAliasType":
                hint = hint.__value__
            elif type(hint).__name__ == "InitVar":
                hint = hint.type
            elif isinstance(hint, typing.TypeVar):
                hint = hint.__bound__ or typing.Any
            elif getattr(typing.get_origin(hint), "_name", None) in _WRAPPERS:
                hint = typing.get_args(hint)[0]
            else:
                return hint
        return typing.Any

    def _convert(self, value, hint, path):
        hint = self._resolved(hint)
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if value is None or hint is typing.Any or origin is getattr(typing, "Literal", 0):
            return value
        if origin in _UNIONS:
            return self._union(value, args, path)
        if origin is None and isinstance(hint, type):
            return self._class(value, hint, path)
        if isinstance(origin, type):
            return self._generic(value, origin, args, path)
        return value

    def _union(self, value, members, path):
        members = [self._resolved(one) for one in members]
        if type(value) in members:
            return value
        errors = []
        for one in members:
            if one is type(None):
                continue
            try:
                return self._convert(value, one, path)
            except Unfit:
                pass
            except RebuildError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        raise Unfit

    def _generic(self, value, origin, args, path):
        if issubclass(origin, tuple) and type(value) is list:
            if len(args) == 2 and args[1] is Ellipsis:
                args = (args[0],) * len(value)
            args = args + (typing.Any,) * (len(value) - len(args))
            return tuple(self._items(value, args, path))
        if origin in _SEQUENCES or origin in _SETS or origin in (frozenset, collections.deque):
            if type(value) is not list:
                raise Unfit
            items = self._items(value, args[:1] * len(value), path) if args else value
            if origin in _SETS:
                return set(items)
            return items if origin in _SEQUENCES else origin(items)
        if issubclass(origin, dict) or origin in _MAPPINGS:
            return self._mapping(value, origin, args, path)
        if isinstance(value, dict) or forms.has_row(origin):
            return self._class(value, origin, path)
        return value

    def _items(self, items, hints, path):
        return [
            self._inner(item, hint, "%s.%d" % (path, index))
            for index, (item, hint) in enumerate(zip(items, hints))
        ]

    def _inner(self, value, hint, path):
        try:
            return self._convert(value, hint, path)
        except Unfit:
            return value

    def _mapping(self, value, origin, args, path):
        if type(value) is not dict:
            raise Unfit
        if len(args) == 2:
            key = self._resolved(args[0])
            value = {
                self._key(name, key): self._inner(item, args[1], "%s.%s" % (path, name))
                for name, item in value.items()
            }
        elif origin is collections.Counter and args:
            value = {self._key(name, self._resolved(args[0])): n for name, n in value.items()}
        if origin is collections.defaultdict:
            inner = self._resolved(args[1]) if len(args) == 2 else None
            inner = typing.get_origin(inner) or inner
            return origin(inner if inner in _FACTORIES else None, value)
        return value if origin in _MAPPINGS else origin(value)

    def _key(self, text, kind):
        if not isinstance(kind, type) or issubclass(kind, str) and not classes.is_enum(kind):
            return text
        if not (forms.has_row(kind) or kind is bool):
            return text
        try:
            return forms.read_key(kind, text)
        except Exception:
            return text

    def _class(self, value, kind, path):
        if isinstance(value, dict) and issubclass(kind, dict) and hasattr(kind, "__total__"):
            hints = field_hints(kind)
            return {n: self._field(hints, n, item, path) for n, item in value.items()}
        if isinstance(value, (dict if kind in _MAPPINGS else kind)):
            return value
        if isinstance(value, dict):
            return self._object(value, kind, path)
        if forms.has_row(kind):
            return self._scalar(value, kind, path)
        raise Unfit

    def _field(self, hints, name, value, path):
        hint, place = hints.get(name), "%s.%s" % (path, name)
        return hint.convert(value, place) if hint else value

    def _object(self, value, kind, path):
        """Return an instance of a class with recorded attributes."""
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            value = [value[name] for name in kind._fields if name in value]
            return self._scalar(value, kind, path)
        if forms.has_row(kind) or classes.is_tool(kind) or getattr(kind, "_is_protocol", False):
            raise Unfit
        return make(kind, value, path)

    def _scalar(self, value, kind, path):
        name = classes.class_name(kind)
        if type(value) is str and value.startswith("<repr:"):
            return _from_repr(value, kind, name, path)
        if classes.is_enum(kind):
            try:
                return kind(tuple(value) if type(value) is list else value)
            except ValueError as error:
                if type(value) is str and value in kind.__members__:
                    return kind[value]
                raise RebuildError(path, name, summary(error)) from None
        if issubclass(kind, (str, int, float, bool)) and kind.__module__ == "builtins":
            raise Unfit
        if type(value) is list and issubclass(kind, tuple) and hasattr(kind, "_fields"):
            hints = field_hints(kind)
            value = [self._field(hints, n, item, path) for n, item in zip(kind._fields, value)]
        elif type(value) is list and not issubclass(kind, _LISTS):
            raise Unfit
        elif type(value) is not list and (type(value) is not str or issubclass(kind, _CONTAINERS)):
            raise Unfit  # it was recorded as it was
        try:
            return forms.read(kind, value, {})
        except Exception:
            raise Unfit from None


def _from_repr(mark, kind, name, path):
    """Return the value of a recorded repr(), "<repr:TEXT>". The recorder cut TEXT
    after 100 characters."""
    from ast import literal_eval

    text = mark[len("<repr:") : -1]
    try:
        if issubclass(kind, float):
            return kind(text)
        return forms.made_of(kind)(kind, literal_eval(text), {})
    except Exception:
        raise RebuildError(path, name, "the recording has only its beginning: %s" % mark) from None


def make(kind, value, path):
    """Return an instance of a class from a dict of its attributes, each converted to
    the type of its annotation. Raises RebuildError."""
    version = classes.is_pydantic(kind)
    if version:
        try:
            return kind.parse_obj(value) if version == 1 else kind.model_validate(value)
        except Exception:
            pass  # masked values, other names: built without validation
    hints = field_hints(kind)
    try:
        fields = {
            name: hints[name].convert(item, "%s.%s" % (path, name)) if name in hints else item
            for name, item in value.items()
        }
        return objects.make(kind, fields, {})
    except (ClassError, RebuildError):
        raise
    except Exception as error:
        why = summary(error)
        if type(error) is LookupError:
            why = 'its field "%s" was not recorded, and has no default' % error
        raise RebuildError(path, classes.class_name(kind), why) from None
