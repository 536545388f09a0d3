"""Make the arguments of a handler from a recorded call."""

import sys

from . import classes, forms
from .rebuild import ClassError, RebuildError, Rebuilder, follow


class _Done:
    """The result of a collector: None if it is awaited. It has the methods of a
    coroutine, so that asyncio.create_task accepts it, too."""

    def __await__(self):
        return iter(())

    def send(self, value):
        raise StopIteration

    def throw(self, kind, value=None, traceback=None):
        raise kind if value is None else value

    def close(self):
        pass


_DONE = _Done()


class Collector:
    """Replaces a recorded callback, and collects and reports its calls.

    `kind` is "send" or "error". Each call calls report(name, kind, args, kwargs)
    and appends (args, kwargs) to `messages` ("send") or `errors` ("error").
    """

    def __init__(self, name, kind, report, asynchronous=False):
        self.__name__ = self.__qualname__ = name
        self.__fluxloop_builtin__ = "collector." + kind
        self._kind = kind
        self._report = report
        self._kept = []
        setattr(self, "messages" if kind == "send" else "errors", self._kept)
        if asynchronous:
            _mark_coroutine_function(self)

    def __call__(self, *args, **kwargs):
        self._kept.append((args, kwargs))
        self._report(self.__name__, self._kind, args, kwargs)
        return _DONE

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return "<%s %r>" % (self.__fluxloop_builtin__, self.__name__)


def _mark_coroutine_function(collector):
    """Make iscoroutinefunction() return True for a collector: some handlers await
    only the results of coroutine functions."""
    coroutines = sys.modules.get("asyncio.coroutines")
    if hasattr(coroutines, "_is_coroutine"):
        collector._is_coroutine = coroutines._is_coroutine
    mark = getattr(sys.modules.get("inspect"), "markcoroutinefunction", None)
    if mark:
        mark(collector)


class Replayed:
    """Replaces an object whose class cannot be imported or is not for data. The
    recorded attributes are its attributes and its items. It has only the methods
    that the configuration gives it."""

    __fluxloop_replayed__ = True
    __fluxloop_path__ = None

    def __init__(self, attributes):
        self.__dict__.update(attributes)

    def __getattr__(self, name):
        path, hint = type(self).__fluxloop_path__, ""
        if path and not name.startswith("__"):
            hint = (
                ': name a provider for "%s.%s" in replay_args.callable_providers, or build'
                ' "%s" with replay_args.revive' % (path, name, path)
            )
        raise AttributeError(
            "%r, replayed from a recording, has no attribute %r%s" % (_class_of(self), name, hint)
        )

    def __getitem__(self, key):
        return self.__dict__[key]

    def __setitem__(self, key, value):
        self.__dict__[key] = value

    def __delitem__(self, key):
        del self.__dict__[key]

    def __contains__(self, key):
        return key in self.__dict__

    def __iter__(self):
        return iter(self.__dict__)

    def __len__(self):
        return len(self.__dict__)

    def __bool__(self):
        return True

    def __eq__(self, other):
        return type(other) is type(self) and self.__dict__ == other.__dict__

    __hash__ = object.__hash__

    def get(self, key, default=None):
        return self.__dict__.get(key, default)

    def keys(self):
        return self.__dict__.keys()

    def items(self):
        return self.__dict__.items()

    def __repr__(self):
        fields = "".join(" %s=%r" % item for item in self.__dict__.items())
        return "<%s%s>" % (_class_of(self), fields)


def _class_of(value):
    return "%s.%s" % (type(value).__module__, type(value).__qualname__)


_classes = {}
_MAX_CLASSES = 1000


def stand_in(name, attributes, kind=None, path=None):
    """Return a Replayed in place of an object of the class `name`. isinstance() of
    the class `kind` is True for it, if that is known; `path` is for its errors."""
    made = _classes.get((name, kind, path))
    if made is None:
        if len(_classes) >= _MAX_CLASSES:
            _classes.clear()
        module, _, short = name.rpartition(".")
        members = {"__module__": module, "__fluxloop_path__": path}
        if kind is not None and kind is not object:
            members["__class__"] = property(lambda self: kind)
        made = _classes[name, kind, path] = type(short or "object", (Replayed,), members)
    return made(attributes)


class ReplayedDict(dict):
    """A mapping that may have been an object: its items are its attributes, too."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError("the recording has no attribute or item %r" % name) from None


class Replay:
    """Makes the arguments of a handler from recordings.

    function  the handler, for its annotations
    classes   a rebuild.Classes
    revive    the user's function, as for rebuild.Rebuilder, or None
    """

    def __init__(self, function, classes, revive=None):
        self.function = function
        self.classes = classes
        self.revive = revive
        self._hints = None

    @property
    def hints(self):
        """The annotations of the handler, parameter -> Hint."""
        if self._hints is None:
            from .annotations import hints_of

            try:
                self._hints = hints_of(self.function)
            except Exception:  # a callable of an unknown kind
                self._hints = {}
        return self._hints

    def convert(self, values):
        """Return values (parameter -> value) converted to the types of the annotations.
        Raises RebuildError."""
        hints = self.hints
        return {n: hints[n].convert(v, n) if n in hints else v for n, v in values.items()}

    def arguments(self, kwargs, message, callables, make_collector):
        """Convert decoded kwargs, in place, to the arguments of the handler.

        message    has `objects` and `types`, the notes of the recording, and
                   `replaced`, the paths of values that are not the recorded ones.
                   A recording without `types` is of an older version: its values
                   are converted by the annotations
        callables  path -> "send" or "error"
        make_collector(name, kind, asynchronous) returns the callable for a path.
        Raises RebuildError.
        """
        methods, unrecorded = [], {}
        for path, kind in callables.items():
            part = follow(kwargs, path)
            if not part.rest:
                mark = part.container[part.key]
                asynchronous = isinstance(mark, str) and mark.endswith(":async>")
                part.container[part.key] = make_collector(path, kind, asynchronous)
            elif part.container is None and len(part.rest) == 1:
                kwargs[path] = make_collector(path, kind, False)
            else:
                methods.append((path, make_collector(path, kind, False)))
                if part.container is None:
                    unrecorded[part.rest[0]] = self._class_of(part.rest[0])
        objects, types = message.get("objects"), message.get("types")
        replaced = message.get("replaced") or ()
        rebuilder = Rebuilder(self.classes, stand_in, self.revive, replaced)
        rebuilder.unrecorded = unrecorded
        if type(types) is dict:
            if types or objects or methods:
                rebuilder.rebuild(kwargs, objects or {}, types, methods)
            return
        places = rebuilder.methods_in(kwargs, methods)
        self._rebuild_old(kwargs, objects)
        for container, key, inner in places:
            container[key] = rebuilder.with_methods(str(key), container[key], inner)
        if objects is None:
            for name, value in kwargs.items():
                kwargs[name] = _with_attributes(value)

    def _class_of(self, parameter):
        """Return the name of the class that a parameter is annotated with."""
        hint = self.hints.get(parameter)
        kind = hint and hint.kind()
        return classes.class_name(kind) if kind else "object"

    def _rebuild_old(self, kwargs, objects):
        """Rebuild the arguments of a recording without `types`."""
        # Inner objects first: an outer one copies the values of its mapping.
        for path in sorted(objects or (), key=lambda path: path.count("."), reverse=True):
            part = follow(kwargs, path)
            if not part.rest and type(part.container[part.key]) is dict:
                value = part.container[part.key]
                part.container[part.key] = self._old_object(path, objects[path], value)
        if self.hints:
            kwargs.update(self.convert(kwargs))
        for name, value in kwargs.items():
            kind = self.hints[name].kind() if name in self.hints else None
            if kind and kind is not str and type(value) is str and value.startswith("<repr:"):
                kwargs[name] = stand_in(classes.class_name(kind), {}, kind, name)

    def _old_object(self, path, name, value):
        from . import annotations

        try:
            kind = self.classes.find(name)
            if not classes.is_tool(kind) and not forms.has_row(kind):
                return annotations.make(kind, dict(value), path)
        except (ClassError, RebuildError):
            pass
        return stand_in(name, value)


def _with_attributes(value):
    if type(value) is dict or type(value) is ReplayedDict:
        return ReplayedDict((key, _with_attributes(item)) for key, item in value.items())
    if type(value) is list:
        return [_with_attributes(item) for item in value]
    return value
