"""Recording the arguments of real calls, so that they can be replayed.

A recording is a JSONL file with one object per call:
{"_version":"1","iteration":0,"target":"app.ws:Handler.handle","kwargs":{...},
 "timestamp":"2025-10-04T14:09:02.458196","objects":{"conn":"app.ws.Conn"}}
`iteration` counts the calls of one target, `timestamp` is naive local time,
`objects` has the dotted paths of the values that were objects and their class.
Recording never raises into the program it watches: what goes wrong is a
warning, once for each kind.
"""

import os
import sys
from _collections_abc import Mapping, Sequence  # as in serialize
from itertools import count

from .introspect import is_coroutine_function
from .masking import MASK, is_secret
from .serialize import Encoder, describe, encode, is_enum, is_huge, iso_text, type_name

DEFAULT_FILE = os.path.join("recordings", "args.jsonl")

_recorder = None
_suppressed = False
_auto_increment = True
_warned = set()


def record_call_args(*args, iteration=None, **kwargs):
    """record_call_args(target, *, iteration=None, **kwargs): record one call.

    `target` ("module:Class.method") may be positional, and then a parameter
    of the handler may be called `target`; one called `iteration` cannot be
    recorded. Without `iteration` the calls of each target are counted from 0.
    Does nothing unless recording is enabled.
    """
    recorder = _recorder
    if recorder is None:
        return
    try:
        target = args[0] if args else kwargs.pop("target")
        if iteration is None and not _auto_increment:
            iteration = 0
        recorder.record(target, iteration, kwargs)
    except Exception as error:
        _warn_once(error)


def enable_recording(output_file):
    """Record to `output_file` (JSONL, appended to); iterations start at 0."""
    global _recorder
    if not _suppressed:
        _recorder = Recorder(output_file)


def disable_recording():
    """Stop recording."""
    global _recorder
    _recorder = None


def set_recording_options(*, iteration_auto_increment=None):
    """Choose whether calls without an iteration are counted (True) or all are 0."""
    global _auto_increment
    if iteration_auto_increment is not None:
        _auto_increment = bool(iteration_auto_increment)


def suppress():
    """Turn recording off until the process ends, whatever the program asks for:
    a handler that records itself must not do so while it is replayed."""
    global _suppressed
    _suppressed = True
    disable_recording()


def apply_config(config):
    """Enable or disable recording as the settings say."""
    if config.record_args:
        enable_recording(config.recording_file or DEFAULT_FILE)
    else:
        disable_recording()


def _warn_once(error):
    import warnings

    if type(error) in _warned:
        return
    _warned.add(type(error))
    try:
        warnings.warn(
            "fluxloop could not record a call: %s: %s" % (type(error).__name__, error),
            RuntimeWarning,
            stacklevel=3,
        )
    except Warning:  # warnings are errors here: it may not become one of the program's
        pass


class Recorder:
    """Writes calls to one file."""

    def __init__(self, output_file):
        # Made absolute now: the program may change its folder later.
        self.path = os.path.abspath(os.path.expanduser(os.fspath(output_file)))
        self._next = {}

    def record(self, target, iteration, kwargs):
        from .files import append
        from .stamps import local_now

        encoder = RecordEncoder()
        tree = encoder.arguments(kwargs)
        line = (
            b'{"_version":"1","iteration":%s,"target":%s,"kwargs":%s,"timestamp":"%s","objects":%s}\n'
        )
        iteration = encode(self._count(target, iteration))
        now = local_now().encode()
        append(self.path, line % (iteration, encode(target), tree, now, encode(encoder.objects)))

    def _count(self, target, iteration):
        if iteration is None:  # next() of a count is safe among threads
            return next(self._next.setdefault(target, count()))
        self._next[target] = count(iteration + 1)
        return iteration


class RecordEncoder(Encoder):
    """Writes arguments as JSON that can be replayed.

    Nothing is shortened. Values under a secret's name become "***", except
    null, true and false, which hold none. UUID, Decimal and paths become
    their str(), dates ISO 8601, sets sorted lists; bytes, exceptions,
    generators and what else JSON cannot hold become "<repr:...>" with at
    most 100 characters, callables "<callable:NAME>". Objects become mappings
    of their public attributes, and `objects` notes their paths and classes.
    """

    max_depth = 20
    max_text = max_items = max_total = sys.maxsize
    # An object can lead to a whole framework: so many are followed in a call.
    max_objects = 1000

    def __init__(self):
        super().__init__()
        self.objects = {}
        self._path = []

    def arguments(self, kwargs):
        """Return the JSON of the keyword arguments of a call."""
        return self.mapping(kwargs, -1)

    def mapping(self, value, depth):
        named = [(self.name(key), item) for key, item in list(value.items())]
        tree = {self.key(name): self.member(name, item, depth) for name, item in named}
        return b"{%s}" % b",".join([key + item for key, item in tree.items()])

    def name(self, key):
        return key if type(key) is str else describe(str, key)

    def member(self, name, item, depth):
        if is_secret(name) and not (
            item is None or item is True or item is False or callable(item)
        ):
            return self.text(MASK)
        return self.at(name, item, depth)

    def sequence(self, value, depth, length=None):
        items = [self.at(str(index), item, depth) for index, item in enumerate(list(value))]
        return b"[%s]" % b",".join(items)

    def at(self, step, item, depth):
        self._path.append(step)
        try:
            return self.encode(item, depth + 1)
        finally:
            self._path.pop()

    def other(self, value, depth):
        if callable(value):
            return self.text(callable_mark(value))
        if is_enum(value):
            return self.encode(value.value, depth + 1)
        if isinstance(value, (str, int, float, Mapping, list, tuple, set, frozenset)):
            return super().other(value, depth)
        if isinstance(value, (bytes, bytearray, memoryview, BaseException, type(sys))):
            return self.text(repr_mark(value))
        if isinstance(value, Sequence):
            return self.sequence(value, depth)
        text = iso_text(value)
        if text is None:
            text = plain_text(value)
        return self.object(value, depth) if text is None else self.text(text)

    def object(self, value, depth):
        attributes = public_attributes(value)
        if attributes is None or len(self.objects) >= self.max_objects:
            return self.text(repr_mark(value))
        self.objects[".".join(self._path)] = class_name(type(value))
        return self.mapping(attributes, depth)

    def integer(self, value):
        return self.text(repr_mark(value)) if is_huge(value) else super().integer(value)

    def real(self, value):
        return super().real(value) if value - value == 0 else self.text(repr_mark(value))

    def cycle(self, value):
        return self.text("<repr:cycle %s>" % type_name(value))

    def too_deep(self, value):
        mark = callable_mark(value) if callable(value) else "<repr:%s>" % type_name(value)
        return self.text(mark)

    unreadable = too_deep


def callable_mark(value):
    """Return "<callable:NAME>", with ":async" for coroutine functions, or
    "<builtin:...>" for the collectors that a replay hands out."""
    builtin = getattr(value, "__fluxloop_builtin__", None)
    if isinstance(builtin, str):
        return "<builtin:%s>" % builtin
    name = getattr(value, "__name__", None)
    if not isinstance(name, str):
        name = getattr(getattr(value, "func", None), "__name__", None)  # functools.partial
    if not isinstance(name, str):
        name = type(value).__name__
    return "<callable:%s%s>" % (name, ":async" if is_coroutine_function(value) else "")


def repr_mark(value):
    return "<repr:%s>" % describe(repr, value)[:100]


def plain_text(value):
    """Return the text that stands for a UUID, a Decimal or a path, else None."""
    if hasattr(type(value), "__fspath__"):
        path = os.fspath(value)
        return path if isinstance(path, str) else repr_mark(path)
    for module, name in (("uuid", "UUID"), ("decimal", "Decimal")):
        kind = getattr(sys.modules.get(module), name, None)
        if kind and isinstance(value, kind):
            return str(value)
    return None


def class_name(kind):
    return "%s.%s" % (kind.__module__, kind.__qualname__)


def public_attributes(value):
    """Return the attributes of an object whose names do not start with "_",
    without running its properties; None for what has no attributes of its own."""
    kind = type(value)
    attributes = dict(getattr(value, "__dict__", None) or {})
    known = hasattr(value, "__dict__")
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            known = True
            if not name.startswith("__") and hasattr(value, name):
                attributes[name] = getattr(value, name)
    if hasattr(kind, "model_dump"):
        # What it dumps says which fields there are, its attributes hold the
        # values as they are, nested objects included.
        fields = value.model_dump()
        attributes = {name: attributes.get(name, field) for name, field in fields.items()}
    if not known and not attributes:
        return None
    return {
        name: item
        for name, item in attributes.items()
        if isinstance(name, str) and not name.startswith("_")
    }


def _start():
    from .config import get_config

    apply_config(get_config())


_start()
