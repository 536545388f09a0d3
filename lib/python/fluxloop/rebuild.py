"""Rebuild the arguments of a recorded call from its JSON and its notes."""

import sys

from . import classes, forms, objects
from .serialize import describe

REMEDY = (
    "record the call again, set a value with replay_args.set, or build it with"
    " replay_args.revive"
)
_LOCAL = "<locals>"
# Modules that do something when they are imported, as every `__main__` does: no
# recording must have them imported.
_PROGRAMS = frozenset(
    "__hello__ __phello__ antigravity idlelib lib2to3 test this turtledemo".split()
)
_TEXTS = (bytes, bytearray, memoryview)


class RebuildError(Exception):
    """An argument that cannot be rebuilt. The text has its path, its class, the
    reason, and what to do."""

    def __init__(self, path, name, why, remedy=REMEDY):
        text = 'argument "%s" cannot be rebuilt as %s: %s; %s'
        super().__init__(text % (path, name, why, remedy))


class ClassError(Exception):
    """A class that cannot be imported. The text says why."""


class Classes:
    """Imports classes by the names that a recorder wrote.

    module  the target's module
    """

    def __init__(self, module=None):
        self.module = module
        self.own = getattr(module, "__name__", "").partition(".")[0]
        self._known = {}
        self._data = set()

    def data(self, name):
        """Return the class of a name, as find() does, but only if its objects are data:
        a recording must not choose other classes to be called. Raises ClassError."""
        kind = self.find(name)
        if name in self._data:
            return kind
        if classes.is_tool(kind, self.own) and not forms.has_row(kind):
            raise ClassError("its objects are not data")
        self._data.add(name)
        return kind

    def __contains__(self, name):
        """Whether there is a class of this name."""
        try:
            return self.find(name) is not None
        except ClassError:
            return False

    def find(self, name):
        """Return the class of a name. Raises ClassError."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._find(name)
        return found

    def _find(self, name):
        if _LOCAL in name:
            raise ClassError("it is defined inside a function: move it to the top of its module")
        if "[" in name:  # a generic model with type arguments: without them
            name = name[: name.index("[")] + name[name.rindex("]") + 1 :]
        if name in classes.NAMELESS:
            return classes.NAMELESS[name]
        if "." not in name:
            name = "builtins." + name
        module, chain = self._import(name)
        value = module
        for step in chain:
            inner = getattr(value, "__dict__", {})
            if step not in inner and not hasattr(value, step):
                return self._under_other_name(name) or _raise(_missing(value, step))
            value = getattr(value, step)
        if not isinstance(value, type):
            raise ClassError("this is not a class, but a %s" % type(value).__name__)
        return value

    def _under_other_name(self, name):
        """Return the class of a name that its module, or the target's, has under
        another: `Point = namedtuple("P", "x y")`; None if there is none."""
        found = []
        for module in (sys.modules.get(name.rpartition(".")[0]), self.module):
            for one in list(getattr(module, "__dict__", {}).values()):
                if isinstance(one, type) and classes.class_name(one) == name and one not in found:
                    found.append(one)
        return found[0] if len(found) == 1 else None

    def _import(self, name):
        """Return (module, [attribute, ...]) for a dotted name."""
        parts = name.split(".")
        if parts[0] in ("__main__", "__mp_main__") and self.module:
            return self.module, parts[1:]
        for end in range(len(parts) - 1, 0, -1):
            path = ".".join(parts[:end])
            if path not in sys.modules and (parts[0] in _PROGRAMS or "__main__" in parts[1:end]):
                raise ClassError('importing "%s" would run it' % path)
            try:
                __import__(path)
            except ModuleNotFoundError as error:
                if error.name and (path + ".").startswith(error.name + "."):
                    continue
                raise ClassError('importing "%s" raised %s' % (path, summary(error))) from None
            except (Exception, SystemExit) as error:
                raise ClassError('importing "%s" raised %s' % (path, summary(error))) from None
            return _first_of_file(sys.modules[path]), parts[end:]
        found = _other_name(parts)
        if found:
            return found
        raise ClassError(
            'there is no module "%s": add its folder to runner.python_path' % ".".join(parts[:-1])
        )


def _first_of_file(module):
    """Return the module that was first loaded from the file of `module`. The target
    may have imported it by another name, and compares with the classes of that."""
    file = module.__dict__.get("__file__")
    for one in list(sys.modules.values()):
        if file and getattr(one, "__dict__", {}).get("__file__") == file:
            if one.__dict__.get("__name__") != "__main__":
                return one
    return module


def _other_name(parts):
    """Return (module, [attribute, ...]) of a loaded module with a shorter or longer
    name: the recorder may have been started in another folder. None if there is
    none."""
    for end in range(len(parts) - 1, 0, -1):
        name = "." + ".".join(parts[:end])
        for loaded, module in list(sys.modules.items()):
            if ("." + loaded).endswith(name) or name.endswith("." + loaded):
                if hasattr(module, parts[end]) and not classes.is_installed(loaded):
                    return module, parts[end:]
    return None


def _raise(text):
    raise ClassError(text)


def _missing(value, step):
    import difflib

    near = difflib.get_close_matches(step, [n for n in dir(value) if not n.startswith("__")], 1)
    hint = ' (did you mean "%s"?)' % near[0] if near else ""
    return '"%s" has no "%s"%s' % (getattr(value, "__name__", value), step, hint)


def summary(error):
    text = " ".join(describe(str, error).split())
    return "%s: %s" % (type(error).__name__, text) if text else type(error).__name__


class Part:
    """Where a dotted path leads in a JSON tree.

    container, key  the last container (dict or list) and key that the tree has of
                    the path; None if it has not even the first name
    rest            the names of the path that the tree does not have
    """

    __slots__ = ("container", "key", "rest")

    def __init__(self, container, key, rest):
        self.container = container
        self.key = key
        self.rest = rest


def follow(tree, path, passed=None):
    """Return the Part that a dotted path leads to. If keys contain dots, the longest
    that matches is used. `passed`, a dict, gets the containers on the way, by id."""
    container = key = None
    parts = path.split(".")
    while parts:
        step, taken = _step(tree, parts)
        if taken == 0:
            break
        if passed is not None:
            passed[id(tree)] = tree
        container, key, tree, parts = tree, step, tree[step], parts[taken:]
    return Part(container, key, parts)


def _step(tree, parts):
    """Return (key, number of names in it) of the path's first key in a tree, (None, 0)
    if the tree does not have it."""
    if type(tree) is list:
        return (int(parts[0]), 1) if parts[0].isdigit() and int(parts[0]) < len(tree) else (None, 0)
    if type(tree) is dict:
        for taken in range(len(parts), 0, -1):
            key = ".".join(parts[:taken])
            if key in tree:
                return key, taken
    return None, 0


class Rebuilder:
    """Rebuilds the arguments of one call.

    classes   a Classes
    stand_in  function that makes an object without its class: replay.stand_in
    revive    the user's function revive(path, class name, recorded value), which
              returns a value that cannot be rebuilt otherwise, or NotImplemented;
              None if there is none
    replaced  paths whose values are not the recorded ones
    """

    def __init__(self, classes, stand_in, revive=None, replaced=()):
        self.classes = classes
        self.stand_in = stand_in
        self.revive = revive
        self.replaced = frozenset(replaced)
        self.unrecorded = {}  # argument that was not recorded -> name of its class

    def rebuild(self, tree, objects, types, methods=(), owner=""):
        """Rebuild the values of a dict in place. Raises RebuildError.

        objects  path -> class name, of the recorded objects
        types    path -> note, or class name, of the other values
        methods  [(path, callable)] to set in objects
        owner    path of the value whose attributes the dict has; "" for arguments
        """
        self.passed, self.notes, self.methods = {}, {}, {}
        self.built, self.later = {}, []
        for path, name in objects.items():
            self._note(tree, path, {"class": name}, True)
        for path, note in types.items():
            self._note(tree, path, note if type(note) is dict else {"class": note}, False)
        for path, function in methods:
            self._method(tree, path, function)
        self._parts(tree, owner, bool(owner))
        for container, key, path, place, name in self.later:
            self._join(container, key, path, place, name)

    def _note(self, tree, path, note, is_object):
        part = follow(tree, path, self.passed)
        if part.rest or part.container is None or type(note.get("class")) is not str:
            return
        place = id(part.container), part.key
        known = self.notes.setdefault(place, {"object": is_object})
        known.update(note)

    def _method(self, tree, path, function):
        part = follow(tree, path, self.passed)
        if part.container is None:  # an argument that was not recorded
            tree[part.rest[0]] = "<repr:object>"
            part = Part(tree, part.rest[0], part.rest[1:])
            self.passed[id(tree)] = tree
            name = self.unrecorded.get(part.key, "object")
            self.notes[id(tree), part.key] = {"object": True, "class": name}
        inner = self.methods.setdefault((id(part.container), part.key), {})
        for name in part.rest[:-1]:
            inner = inner.setdefault(name, {})
        inner[part.rest[-1]] = function

    def _parts(self, container, path, inside):
        """Rebuild the parts of a container in place. `inside`: it is part of an
        object."""
        keys = list(container) if type(container) is dict else range(len(container))
        for key in keys:
            value, place = container[key], (id(container), key)
            note, methods = self.notes.get(place), self.methods.get(place)
            here = "%s.%s" % (path, key) if path else str(key)
            if id(value) in self.passed and type(value) in (dict, list):
                self._parts(value, here, inside or bool(note and note["object"]))
            if note and "same" in note:
                self.later.append((container, key, here, note["same"], note["class"]))
                continue
            if note:
                value = self._value(here, value, note, inside, bool(methods))
            if methods:
                value = self.with_methods(here, value, methods)
            container[key] = self.built[here] = value

    def _value(self, path, value, note, inside, has_methods):
        name = note["class"]
        if value is None:  # null is None, whatever was recorded
            return None
        if note["object"] and (type(value) is not dict or self._is_set_tool(path, name)):
            if type(value) is dict:
                return self.stand_in(name, value, self.classes.find(name), path)
            if type(value) is not str or not value.startswith("<repr:"):
                return value  # replaced
            return self._tool(path, value, name, inside, has_methods)
        try:
            if name == "type":  # a class is the value
                return self.classes.data(note["name"])
            return self._typed(path, self.classes.data(name), value, note)
        except ClassError as error:
            why = str(error)
        except RebuildError:
            raise
        except LookupError as error:
            why = _lookup(error)
        except Exception as error:
            why = summary(error)
        return self._revived(path, name, value, RebuildError(path, name, why))

    def _is_set_tool(self, path, name):
        """Whether the configuration replaces an object that is not data, by a mapping
        of its attributes."""
        try:
            return path in self.replaced and not self.classes.data(name)
        except ClassError:
            return name in self.classes

    def _typed(self, path, kind, value, note):
        if note["object"]:
            if note.get("args"):
                arguments = [self.classes.find(one) for one in note["args"]]
                kind = objects.with_arguments(kind, arguments)
            return objects.make(kind, dict(value), note)
        if path in self.replaced and issubclass(kind, _TEXTS) and type(value) is str:
            return kind(value.encode("utf-8", "surrogatepass"))
        if path in self.replaced and classes.is_enum(kind) and value in kind.__members__:
            return kind[value]
        if note.get("keys"):
            key = self.classes.find(note["keys"])
            value = {forms.read_key(key, text): item for text, item in value.items()}
        if "factory" in note:
            note = dict(note, factory=self._factory(path, note["factory"]))
        made = forms.read(kind, value, note)
        more = note.get("attributes")
        if more:
            inner = Rebuilder(self.classes, self.stand_in, self.revive)
            inner.rebuild(more["kwargs"], more["objects"], more["types"], (), path)
            objects.set_attributes(made, more["kwargs"])
        return made

    def _factory(self, path, name):
        try:
            return self.classes.data(name)
        except ClassError:
            pass

        def factory():
            raise RebuildError(path, "collections.defaultdict", "its default is made by a function")

        return factory

    def _tool(self, path, value, name, inside, has_methods):
        """Return the replacement of an object that is not data."""
        kind = None
        try:
            kind = self.classes.find(name)
        except ClassError:
            pass
        if has_methods:
            return self.stand_in(name, {}, kind, path)
        made = classes.fresh(kind) if kind is not None else None
        if made is not None:
            return made
        why = "it is not data, and its contents were not recorded"
        if kind is not None and forms.has_row(kind):
            why = "it was nested too deep to be recorded"
        remedy = (
            "name what the handler calls in replay_args.callable_providers"
            ' ("%s.METHOD": "builtin:collector.send"), set another value with replay_args.set,'
            " or build it with replay_args.revive" % path
        )
        try:
            return self._revived(path, name, value, RebuildError(path, name, why, remedy))
        except RebuildError:
            if not inside:
                raise
        return self.stand_in(name, {}, kind, path)

    def _revived(self, path, name, value, error):
        if self.revive is None:
            raise error from None
        try:
            made = self.revive(path, name, value)
        except Exception as raised:
            why = "replay_args.revive raised %s" % summary(raised)
            raise RebuildError(path, name, why, "see the traceback on stderr") from raised
        if made is NotImplemented:
            raise error from None
        return made

    def methods_in(self, tree, methods):
        """Return [(container, key, {name: callable})] of the objects that get methods
        in a tree without notes."""
        self.passed, self.notes, self.methods = {}, {}, {}
        for path, function in methods:
            self._method(tree, path, function)
        return [(self.passed[one], key, inner) for (one, key), inner in self.methods.items()]

    def with_methods(self, path, value, methods):
        """Return a value with callables as its attributes: `methods` maps names to
        callables or to such dicts, for inner objects. Raises RebuildError."""
        if value is None:
            return None
        if type(value) is str and value.startswith("<repr:"):
            value = self.stand_in("object", {}, None, path)
        inner = {}
        for name, item in methods.items():
            if type(item) is dict:
                place = "%s.%s" % (path, name)
                item = self.with_methods(place, self.stand_in("object", {}, None, place), item)
            inner[name] = item
        if type(value) is dict:
            from .replay import ReplayedDict

            return ReplayedDict(value, **inner)
        try:
            objects.set_attributes(value, inner)
        except Exception as error:
            name = classes.class_name(type(value))
            why = "its methods cannot be replaced: %s" % summary(error)
            raise RebuildError(path, name, why) from None
        return value

    def _join(self, container, key, path, place, name):
        """Put a reference to an object into a part of it, as it was recorded. `place`
        is the path of the object."""
        value = self.built.get(place)
        owner = self.built.get(path.rpartition(".")[0], container)
        step = path.rpartition(".")[2]
        if value is None:
            raise RebuildError(path, name, "what contains it was not recorded as an object")
        if type(owner) in (dict, list) or issubclass(type(owner), (dict, list)):
            owner[key] = value
        elif hasattr(owner, "__dict__") or classes.has(type(owner), step):
            objects.set_attributes(owner, {step: value})
        else:
            raise RebuildError(path, name, "it contains itself")


def _lookup(error):
    """Return the text of a LookupError of objects.make or of an enum."""
    if type(error) is LookupError:
        return 'its field "%s" was not recorded, and has no default' % error
    return summary(error)
