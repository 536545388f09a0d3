"""Tell the kinds of classes of recorded values, without running their code."""

import os
import sys
from _thread import allocate_lock

# Modules whose classes may be bases of classes that hold data.
_NEUTRAL = frozenset(
    "builtins abc _abc _py_abc typing typing_extensions enum types dataclasses _collections"
    " _collections_abc collections pydantic pydantic_core pydantic_settings sqlmodel attr attrs"
    " msgspec".split()
)
_NEUTRAL_CLASSES = frozenset(("argparse.Namespace", "argparse._AttributeHolder"))
# Classes that no module names.
NAMELESS = {
    kind.__name__: kind
    for kind in map(type, (None, ..., type.__dict__, {}.keys(), {}.values(), {}.items()))
}
NAMELESS["_thread.lock"] = type(allocate_lock())
# Classes whose objects have no data: a replay makes new ones.
_FRESH = frozenset(
    "_thread.lock _thread.RLock threading.Event threading.Condition threading.Semaphore"
    " threading.BoundedSemaphore asyncio.locks.Lock asyncio.locks.Event asyncio.locks.Condition"
    " asyncio.locks.Semaphore asyncio.locks.BoundedSemaphore asyncio.queues.Queue"
    " asyncio.queues.LifoQueue asyncio.queues.PriorityQueue queue.Queue queue.LifoQueue"
    " queue.PriorityQueue _queue.SimpleQueue".split()
)
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
MEMBER = type(type("Slots", (), {"__slots__": ("x",)}).__dict__["x"])
_MAX_KNOWN = 2000
_LIBRARY = os.path.dirname(os.__file__) + os.sep


def remembered(function):
    """Cache the results of a function of a class and other hashable arguments."""
    known = {}

    def ask(kind, *more):
        key = (kind,) + more
        try:
            return known[key]
        except KeyError:
            if len(known) >= _MAX_KNOWN:
                known.clear()
            answer = known[key] = function(kind, *more)
            return answer

    ask.__doc__ = function.__doc__
    return ask


@remembered
def class_name(kind):
    """Return the dotted name by which a class can be imported."""
    module, name = _text(kind.__module__), kind.__qualname__
    if module == "builtins":
        return name
    if module in ("__main__", "__mp_main__"):
        module = _main_name(module)
    elif module == "pathlib._local":  # Python 3.13; other versions do not have it
        module = "pathlib"
    return "%s.%s" % (module, name)


def _main_name(module):
    """Return the name by which another program imports the running script."""
    main = vars(sys.modules.get(module, sys))
    spec, file = main.get("__spec__"), main.get("__file__")
    if spec is not None:
        return spec.name
    return os.path.splitext(os.path.basename(file))[0] if file else module


def _text(value):
    return value if type(value) is str else str(value)


def is_static(kind):
    """Whether a class is built into the interpreter or a module in C."""
    return not kind.__flags__ & _HEAP_TYPE and kind.__name__ != "SimpleNamespace"


def has(kind, name):
    """Whether a class has an attribute, without its metaclass's __getattr__."""
    return any(name in base.__dict__ for base in kind.__mro__)


def slot(value, name):
    """Return an attribute of an object without its class's __getattribute__ and
    __getattr__, None if there is none."""
    try:
        return object.__getattribute__(value, name)
    except Exception:
        return None


@remembered
def is_pydantic(kind):
    """Return 1 or 2 for a model of that version of pydantic, else 0."""
    for base in kind.__mro__:
        if base.__name__ == "BaseModel" and _text(base.__module__).startswith("pydantic."):
            return 2 if has(kind, "__pydantic_fields_set__") else 1
    return 0


@remembered
def is_django(kind):
    """Whether a class is a model of Django."""
    return any(class_name(base) == "django.db.models.base.Model" for base in kind.__mro__)


def is_enum(kind):
    module = sys.modules.get("enum")  # loaded if there is such a class
    return module is not None and issubclass(kind, module.Enum)


def is_structure(kind):
    """Whether instances of a class are data by its declaration."""
    return (
        has(kind, "__dataclass_fields__")
        or has(kind, "__attrs_attrs__")
        or has(kind, "__struct_fields__")
        or has(kind, "_sa_class_manager")  # a mapped class of SQLAlchemy
        or is_django(kind)
        or is_pydantic(kind) > 0
    )


@remembered
def is_tool(kind, own=None):
    """Whether the objects of a class are not data: connections, clients, locks,
    generators, whatever belongs to a framework."""
    if is_structure(kind):
        return False
    return is_static(kind) or issubclass(kind, type(sys)) or _is_library(kind, own)


def _is_library(kind, own):
    """Whether a class or a base of it belongs to an installed package or the standard
    library, so that its objects are not data. `own` is the name of the program's
    own package, which may be installed, too."""
    for base in kind.__mro__:
        module = _text(base.__module__)
        top = module.partition(".")[0]
        if top in _NEUTRAL or top == own or class_name(base) in _NEUTRAL_CLASSES:
            continue
        if is_installed(module):
            return True
    return False


def is_installed(name):
    """Whether a module is of the standard library or an installed package."""
    return is_standard(name) or _is_package(_file_of(name))


def is_standard(name):
    """Whether a module is of the standard library."""
    file = _file_of(name)
    return name in sys.builtin_module_names or file.startswith(_LIBRARY) and not _is_package(file)


def _is_package(file):
    parts = file.split(os.sep)
    return "site-packages" in parts or "dist-packages" in parts


def _file_of(name):
    return getattr(sys.modules.get(name), "__dict__", {}).get("__file__") or ""


def fresh(kind):
    """Return a new object of a class in _FRESH, such as a lock or queue; None for
    other classes."""
    if class_name(kind) not in _FRESH:
        return None
    try:
        return allocate_lock() if kind is NAMELESS["_thread.lock"] else kind()
    except RuntimeError:  # before Python 3.10, some need an event loop
        return None
