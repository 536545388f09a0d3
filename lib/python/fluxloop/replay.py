"""Make callables and objects of recorded arguments."""

import sys


class _Done:
    """The result of a collector, which may be awaited. It has the methods of a
    coroutine, so that asyncio.create_task takes it, too."""

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
    """Make iscoroutinefunction() return True, for handlers that await only the
    results of coroutine functions."""
    coroutines = sys.modules.get("asyncio.coroutines")
    if hasattr(coroutines, "_is_coroutine"):
        collector._is_coroutine = coroutines._is_coroutine
    mark = getattr(sys.modules.get("inspect"), "markcoroutinefunction", None)
    if mark:
        mark(collector)


class Replayed:
    """An object made of recorded attributes, which are its attributes and its
    items. It has no methods of the original: they are not recorded."""

    __fluxloop_replayed__ = True

    def __init__(self, attributes):
        self.__dict__.update(attributes)

    def __getattr__(self, name):
        raise AttributeError(
            "%r, replayed from a recording, has no attribute %r" % (_class_of(self), name)
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


def _replayed(name, attributes):
    kind = _classes.get(name)
    if kind is None:
        module, _, short = name.rpartition(".")
        kind = _classes[name] = type(short or "object", (Replayed,), {"__module__": module})
    return kind(attributes)


class ReplayedDict(dict):
    """A mapping of a recording without `objects`, which may have been an object:
    its items are attributes, too."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError("the recording has no attribute or item %r" % name) from None


def revive(kwargs, objects, callables, make_collector):
    """Convert decoded kwargs, in place, to the arguments of the handler.

    objects     path -> class, of the values that were objects; None if the
                recording has no `objects`
    callables   path -> "send" or "error"
    make_collector(name, kind, asynchronous) returns the callable for a path.
    Paths that do not exist are skipped, but callables are added to the kwargs
    and to existing mappings.
    """
    for path, kind in (callables or {}).items():
        place = locate(kwargs, path)
        if place:
            container, key, mark = place
            asynchronous = isinstance(mark, str) and mark.endswith(":async>")
            container[key] = make_collector(path, kind, asynchronous)
    if objects is None:
        for name, value in kwargs.items():
            kwargs[name] = _with_attributes(value)
        return
    # Inner objects first: an outer one copies the values of its mapping.
    for path in sorted(objects, key=lambda path: path.count("."), reverse=True):
        place = locate(kwargs, path)
        if place and type(place[2]) is dict:
            place[0][place[1]] = _replayed(objects[path], place[2])


def locate(tree, path):
    """Return (container, key, value) for a dotted path, None if it does not exist.

    In a list, a key is an index. If keys contain dots, the longest that matches
    is used. The last key may be missing from a mapping: then value is None.
    """
    parts = path.split(".")
    while True:
        if isinstance(tree, list):
            if not parts[0].isdigit() or int(parts[0]) >= len(tree):
                return None
            key, taken = int(parts[0]), 1
        elif isinstance(tree, dict):
            for taken in range(len(parts), 0, -1):
                key = ".".join(parts[:taken])
                if key in tree:
                    break
            else:
                return (tree, key, None) if len(parts) == 1 else None
        else:
            return None
        if taken == len(parts):
            return tree, key, tree[key]
        tree, parts = tree[key], parts[taken:]


def _with_attributes(value):
    if type(value) is dict:
        return ReplayedDict((key, _with_attributes(item)) for key, item in value.items())
    if type(value) is list:
        return [_with_attributes(item) for item in value]
    return value
