"""Read the attributes of objects, and make objects of them."""

import sys

from .classes import MEMBER, class_name, has, is_django, is_pydantic, remembered, slot


# Attributes of the connection to a database, not of the data.
_CONNECTIONS = ("_sa_instance_state",)


def attributes_of(value, special=False):
    """Return the attributes of an object, name -> value, from its `__dict__` and
    its slots; those that begin with "__" only if `special`. Nothing of the class
    is run."""
    kind = type(value)
    if has(kind, "__struct_fields__"):
        return {name: slot(value, name) for name in kind.__struct_fields__}
    found = attributes_in(value, kind.__mro__, special)
    if is_pydantic(kind) == 2:
        for name in ("__pydantic_extra__", "__pydantic_private__"):
            found.update(slot(value, name) or {})
    return found


def attributes_in(value, bases, special=False):
    """Return the attributes in the `__dict__` of a value and the slots of `bases`."""
    connection = _CONNECTIONS + (("_state",) if is_django(type(value)) else ())
    found = slot(value, "__dict__")
    found = dict(found) if type(found) is dict else {}
    for base in bases:
        for name, member in _slots_of(base):
            try:
                found[name] = member.__get__(value)
            except AttributeError:  # not set
                pass
    return {
        name: item
        for name, item in found.items()
        if type(name) is str
        and (special or not name.startswith("__") or name == "__root__")
        and name not in connection
    }


@remembered
def _slots_of(kind):
    """Return the (name, descriptor) of each slot that a class itself declares."""
    if "__slots__" not in kind.__dict__:
        return ()
    return [(name, one) for name, one in kind.__dict__.items() if type(one) is MEMBER]


def model_note(value, kind):
    """Return the members of the note of a pydantic model, besides its class: the
    fields that were not given ("unset"), and the type arguments of a generic one
    ("args"). None for another object."""
    version = is_pydantic(kind)
    if not version:
        return None
    given = slot(value, "__fields_set__" if version == 1 else "__pydantic_fields_set__")
    fields = _model_fields(kind, version)
    note = {}
    unset = [name for name in fields if name not in (given or fields)]
    if unset:
        note["unset"] = unset
    if "[" in kind.__name__:
        note["args"] = [class_name(one) for one in _arguments_of(kind) if isinstance(one, type)]
    return note


def _arguments_of(kind):
    """Return the type arguments of a generic model."""
    found = getattr(kind, "__pydantic_generic_metadata__", None)
    if found:
        return found["args"]
    generics = sys.modules.get("pydantic.generics")
    found = getattr(generics, "_assigned_parameters", {}).get(kind)
    return found.values() if found else ()


def _model_fields(kind, version):
    if version == 1:
        return kind.__fields__
    return getattr(kind, "__pydantic_fields__", None) or kind.model_fields


def with_arguments(kind, arguments):
    """Return a generic class with type arguments, or without if it takes none."""
    try:
        return kind[tuple(arguments) if len(arguments) > 1 else arguments[0]]
    except Exception:
        return kind


def set_attributes(value, attributes):
    """Set attributes of a value, without the __setattr__ of its class. Raises
    AttributeError or TypeError if the value has no room for one."""
    inner = slot(value, "__dict__")
    for name, item in attributes.items():
        # names with "__" are of the value itself, such as what an exception was raised from
        if type(inner) is dict and name[:2] != "__" and not _is_slot(type(value), name):
            inner[name] = item
        else:
            object.__setattr__(value, name, item)


def _is_slot(kind, name):
    return any(type(base.__dict__.get(name)) is MEMBER for base in kind.__mro__)


def make(kind, attributes, note):
    """Return an object of a class with attributes (a dict, which may be changed). No
    constructor of the program is run, except for a msgspec.Struct.

    `note` is that of the object. Missing fields get their defaults. Raises
    LookupError for a field without a default, and what the class raises.
    """
    version = is_pydantic(kind)
    if version:
        return _make_model(kind, attributes, note, version)
    if has(kind, "__struct_fields__"):
        return kind(**attributes)
    made = _new(kind)
    for name, default in _defaults(kind, attributes):
        attributes[name] = default
    set_attributes(made, attributes)
    return made


def _new(kind):
    if has(kind, "_sa_class_manager"):  # SQLAlchemy adds its state to the object
        return kind._sa_class_manager.new_instance()
    try:
        made = object.__new__(kind)
        if is_django(kind):
            made.__dict__["_state"] = sys.modules["django.db.models.base"].ModelState()
        return made
    except TypeError:  # a subclass of a type in C
        return kind.__new__(kind)


def _defaults(kind, given):
    """Yield (name, default) for each field that is not given."""
    if has(kind, "__dataclass_fields__"):
        from dataclasses import MISSING as missing

        fields = [one for one in kind.__dataclass_fields__.values() if _is_field(one)]
        for one in fields:
            if one.name not in given:
                if one.default_factory is not missing:
                    yield one.name, one.default_factory()
                elif one.default is not missing:
                    yield one.name, one.default
                elif one.init:
                    raise LookupError(one.name)
    elif has(kind, "__attrs_attrs__"):
        for one in kind.__attrs_attrs__:
            if one.name not in given and one.init:
                yield one.name, _attrs_default(one)


def _is_field(one):
    return getattr(one._field_type, "name", "") == "_FIELD"


def _attrs_default(one):
    default = one.default
    if default is sys.modules["attr"].NOTHING:
        raise LookupError(one.name)
    if type(default).__name__ == "Factory":
        if default.takes_self:
            raise LookupError(one.name)
        return default.factory()
    return default


def _make_model(kind, attributes, note, version):
    fields = _model_fields(kind, version)
    values = {}
    for name, one in fields.items():
        if name in attributes:
            values[name] = attributes[name]
        elif one.required if version == 1 else one.is_required():
            raise LookupError(name)
        elif version == 1:
            values[name] = one.get_default()
        else:
            values[name] = one.get_default(call_default_factory=True)
    private = getattr(kind, "__private_attributes__", {})
    private = {name: attributes[name] for name in private if name in attributes}
    others = {n: v for n, v in attributes.items() if n not in fields and n not in private}
    given = set(values) - set(note.get("unset", ()))
    made = kind.__new__(kind)
    put = object.__setattr__
    if version == 1:
        put(made, "__dict__", dict(values, **others))
        put(made, "__fields_set__", given | set(others))
        for name, item in private.items():
            put(made, name, item)
        return made
    extra = others if kind.model_config.get("extra") == "allow" else None
    put(made, "__dict__", values if extra is not None else dict(values, **others))
    put(made, "__pydantic_fields_set__", given | set(extra or ()))
    put(made, "__pydantic_extra__", extra)
    put(made, "__pydantic_private__", private or None)
    return made
