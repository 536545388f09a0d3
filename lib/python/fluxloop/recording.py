"""Record the arguments of real calls, so that they can be replayed.

A recording is a JSONL file with one object per call:
{"_version":"1","iteration":0,"target":"app.ws:Handler.handle","kwargs":{...},
 "timestamp":"2025-10-04T14:09:02.458196","objects":{"conn":"app.ws.Conn"}}
`iteration` counts the calls of one target, `timestamp` is naive local time,
`objects` maps the dotted path of each value that was an object to its class.
Recording raises nothing into the program it watches: an error becomes a
RuntimeWarning, once for each type of exception.
"""

import os
import sys
from _collections_abc import Mapping, Sequence  # as in serialize
from itertools import count

from .introspect import is_coroutine_function
from .masking import MASK, is_secret
from .report import visible
from .serialize import Encoder, describe, encode, is_enum, is_huge, iso_text, type_name
from .settings import get_config

DEFAULT_FILE = os.path.join("recordings", "args.jsonl")

_recorder = None
_suppressed = False
_auto_increment = True
_warned = set()


def record_call_args(*args, iteration=None, **kwargs):
    """record_call_args(target, *, iteration=None, **kwargs): record one call.

    `target` is "module:Class.method". Give it by position if the handler
    itself has a parameter `target`; a parameter `iteration` cannot be
    recorded. The default of `iteration` counts the calls of each target from
    0. Does nothing unless recording is enabled.
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
    """Append the calls to `output_file` (JSONL); iterations start at 0."""
    global _recorder
    if not _suppressed:
        _recorder = Recorder(output_file)


def disable_recording():
    """Stop recording."""
    global _recorder
    _recorder = None


def set_recording_options(*, iteration_auto_increment=None):
    """Choose whether calls without an iteration are counted (True), or all have
    iteration 0 (False)."""
    global _auto_increment
    if iteration_auto_increment is not None:
        _auto_increment = bool(iteration_auto_increment)


def suppress():
    """Turn recording off until the process ends; it cannot be enabled again. A
    handler that records its calls must not do so while they are replayed."""
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
            visible("fluxloop could not record a call: %s: %s" % (type(error).__name__, error)),
            RuntimeWarning,
            stacklevel=3,
        )
    except Warning:  # the program turns warnings into exceptions
        pass


class Recorder:
    """Appends calls to one file."""

    def __init__(self, output_file):
        # Absolute, because the program may change its folder later.
        self.path = os.path.abspath(os.path.expanduser(os.fspath(output_file)))
        self._next = {}

    def record(self, target, iteration, kwargs):
        from .files import append_lines
        from .stamps import local_now

        encoder = RecordEncoder()
        tree = encoder.arguments(kwargs)
        line = (
            b'{"_version":"1","iteration":%s,"target":%s,"kwargs":%s,"timestamp":"%s","objects":%s}\n'
        )
        iteration = encode(self._count(target, iteration))
        now = local_now().encode()
        append_lines(self.path, line % (iteration, encode(target), tree, now, encode(encoder.objects)))

    def _count(self, target, iteration):
        if iteration is None:  # next() of a count is thread-safe
            return next(self._next.setdefault(target, count()))
        self._next[target] = count(iteration + 1)
        return iteration


class RecordEncoder(Encoder):
    """Writes arguments as JSON that can be replayed.

    Nothing is shortened. A value with the name of a secret becomes "***",
    unless it is None, True, False or a callable. UUIDs, Decimals and paths
    become their str(), dates ISO 8601, sets sorted lists, callables
    "<callable:NAME>". Bytes, exceptions, generators and other values that
    JSON cannot hold become "<repr:...>", with at most 100 characters of their
    repr(). Objects become mappings of their public attributes; `objects` maps
    their paths to their classes.
    """

    max_depth = 20
    max_text = max_items = max_total = sys.maxsize
    # Objects followed in a call: one object can lead to a whole framework.
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
    """Return the text that stands for a callable: "<callable:NAME>",
    "<callable:NAME:async>" for a coroutine function, "<builtin:...>" for a
    collector that a replay passed to the handler."""
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
    """Return the str() of a UUID, a Decimal or a path, None for other values."""
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
    """Return the attributes of an object, name -> value, without those whose
    names start with "_"; None for an object without attributes of its own.
    Properties are not run."""
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
        # The names of the fields come from model_dump(), their values from the
        # attributes, which hold nested objects as they are.
        fields = value.model_dump()
        attributes = {name: attributes.get(name, field) for name, field in fields.items()}
    if not known and not attributes:
        return None
    return {
        name: item
        for name, item in attributes.items()
        if isinstance(name, str) and not name.startswith("_")
    }


apply_config(get_config())
