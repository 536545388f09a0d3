"""Record the arguments of real calls, so that they can be replayed.

A recording is a JSONL file with one object per call:
{"_version":"1","iteration":0,"target":"app.ws:Handler.handle","kwargs":{...},
 "timestamp":"2025-10-04T14:09:02.458196","objects":{"conn":"app.ws.Conn"},
 "types":{"data.sent_at":"datetime.datetime"}}
`iteration` counts the calls of one target; `timestamp` is naive local time;
`objects` maps the dotted path of each value that was an object to its class;
`types` has the notes (forms.py) of the other values that JSON does not keep.
Recording raises nothing into the program: an error becomes a RuntimeWarning, once
for each type of exception.
"""

import functools
import os
import sys
import types
from itertools import count

from . import masking
from .classes import class_name, is_enum, is_static, is_structure, is_tool
from .forms import OBJECT, OPAQUE, Octets, Pairs, has_plain_keys, has_row, own_attributes, written
from .introspect import is_coroutine_function
from .jsontext import quote
from .masking import MASK, is_kept, is_secret
from .objects import attributes_of
from .report import visible
from .serialize import Captured, Encoder, describe, encode, is_huge, type_name
from .settings import get_config

DEFAULT_FILE = os.path.join("recordings", "args.jsonl")

_OCTETS = (bytes, bytearray)
_FUNCTIONS = (
    type,
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    functools.partial,
)
# Cache of keys, which repeat: key -> masked, as JSON with its colon.
_starts = {}
_SCALARS = frozenset((str, int, float, bool, type(None), bytes))

_recorder = None
_suppressed = False
_auto_increment = True
_warned = set()


def record_call_args(*args, iteration=None, **kwargs):
    """record_call_args(target, *, iteration=None, **kwargs): record one call.

    `target` is "module:Class.method" (str), `kwargs` the arguments of the handler
    by name, `iteration` an int; its default counts the calls of each target from
    0. Pass `target` by position if the handler itself has a parameter `target`; a
    parameter `iteration` cannot be recorded. Does nothing unless recording is
    enabled. Raises nothing: an error becomes a RuntimeWarning.
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
    """Append calls to `output_file` (JSONL) from now on; iterations start at 0. The
    file and its folder are made with the first call. Does nothing in a replay."""
    global _recorder
    if not _suppressed:
        _recorder = Recorder(output_file)


def disable_recording():
    """Stop recording."""
    global _recorder
    _recorder = None


def set_recording_options(*, iteration_auto_increment=None):
    """Choose whether calls without an iteration are counted (True, the default), or
    all have iteration 0 (False). None changes nothing."""
    global _auto_increment
    if iteration_auto_increment is not None:
        _auto_increment = bool(iteration_auto_increment)


def suppress():
    """Turn recording off for the rest of the process: a handler that records its
    calls must not do so while they are replayed."""
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

        encoder = RecordEncoder(package_of(target))
        tree = encoder.arguments(kwargs)
        line = (
            b'{"_version":"1","iteration":%s,"target":%s,"kwargs":%s,"timestamp":"%s",'
            b'"objects":%s,"types":%s}\n'
        )
        iteration = encode(self._count(target, iteration))
        now = local_now().encode()
        notes = encode(encoder.objects), encode(encoder.types)
        append_lines(self.path, line % (iteration, encode(target), tree, now, *notes))

    def _count(self, target, iteration):
        if iteration is None:  # next() of a count is thread-safe
            return next(self._next.setdefault(target, count()))
        self._next[target] = count(iteration + 1)
        return iteration


class RecordEncoder(Encoder):
    """Writes arguments as JSON that can be replayed.

    Nothing is shortened. Secrets become "***" (masking.py), unless `mask_secrets`
    is off. Callables become "<callable:NAME>", objects mappings of their
    attributes, other values their forms (forms.py), and objects that are not data
    "<repr:CLASS>". No method and no property of a value is run: they may fail,
    wait, or have effects.

    own             name of the program's package, for classes.is_tool
    objects, types  the notes of the values written so far, by dotted path
    """

    max_depth = 100
    max_text = max_items = max_total = sys.maxsize
    # Objects recorded in a call: one may refer to all that the program has.
    max_objects = 10000

    def __init__(self, own=""):
        super().__init__()
        self.objects = {}
        self.types = {}
        self._own = own
        self._path = []
        self._masks = get_config().mask_secrets
        self._in_list = False  # the value is an element of a list
        self._places = {}  # id() of each container around the current value -> path

    def arguments(self, kwargs):
        """Return the JSON of the keyword arguments of a call."""
        return self.members(kwargs, -1)

    def encode(self, value, depth=0):
        if type(value) is str and value[:1] == "<" and is_mark(value):
            self.types[self.path()] = "str"
        return super().encode(value, depth)

    def mapping(self, value, depth):
        return self.members(value, depth) if has_plain_keys(value) else self.other(value, depth)

    def members(self, value, depth):
        named = [(self.name(key), item) for key, item in list(value.items())]
        whole = self._masks and "value" in value and masking.has_secret_value(value)
        in_list, self._in_list = self._in_list, False
        tree = {}
        for name, item in named:
            secret = whole and name == "value"
            tree[self.key(name)] = self.member(name, item, depth, secret)
        self._in_list = in_list
        return b"{%s}" % b",".join([key + item for key, item in tree.items()])

    def name(self, key):
        return key if type(key) is str else describe(str, key)

    def member(self, name, item, depth, is_value=False):
        if self._masks and (is_value or is_secret(name)) and not self.is_shown(item):
            return self.text(MASK)
        return self.at(name, item, depth)

    def is_shown(self, item):
        return is_kept(item) or callable(item)

    def sequence(self, value, depth, length=None):
        if type(value) is not list:
            return self.other(value, depth)
        values = list(value)
        in_list, self._in_list = self._in_list, True
        places = masking.secret_places(values, in_list) if self._masks else ()
        items = []
        for index, item in enumerate(values):
            if places and index in places and not self.is_shown(item):
                items.append(self.text(MASK))
            else:
                items.append(self.at(str(index), item, depth))
        self._in_list = in_list
        return b"[%s]" % b",".join(items)

    def pairs(self, value, depth):
        """Return the items of a mapping as a list of [key, value]."""
        parts = []
        for index, (key, item) in enumerate(value):
            self._path.append(str(index))
            first = self.at("0", key, depth)
            secret = self._masks and type(key) is str and is_secret(key)
            masked = secret and not self.is_shown(item)
            second = self.text(MASK) if masked else self.at("1", item, depth)
            parts.append(b"[%s,%s]" % (first, second))
            self._path.pop()
        return b"[%s]" % b",".join(parts)

    def at(self, step, item, depth):
        if type(item) in _OCTETS and self._masks and masking.has_secret(item):
            return self.text(MASK)
        self._path.append(step)
        if type(item) not in _SCALARS and id(item) not in self._open:
            self._places[id(item)] = self.path()
        try:
            return self.encode(item, depth + 1)
        finally:
            self._path.pop()

    def path(self):
        return ".".join(self._path)

    def other(self, value, depth):
        if callable(value) and not is_data(type(value)):
            return self.callable(value)
        what, form, note = written(value, self._own)
        if what is OPAQUE:
            return self.opaque(note)
        if what is OBJECT:
            return self.object(value, form, note, depth)
        if note is not None:
            self.types[self.path()] = self.with_attributes(value, note, depth)
        return self.form(form, depth)

    def form(self, form, depth):
        kind = type(form)
        if kind is Octets:
            return form.json
        if kind is Pairs:
            return self.pairs(form, depth)
        if kind is dict:
            return self.members(form, depth)
        if kind is list:
            return self.sequence(form, depth)
        return super().encode(form, depth)

    def with_attributes(self, value, note, depth):
        """Return the note of a value, with the attributes that its class adds."""
        attributes = own_attributes(value)
        if not attributes:
            return note
        inner = type(self)(self._own)
        inner._open = self._open
        tree = inner.attributes(attributes, depth)
        notes = encode(inner.objects), encode(inner.types)
        tree = Captured(b'{"kwargs":%s,"objects":%s,"types":%s}' % (tree, *notes))
        return dict(note if type(note) is dict else {"class": note}, attributes=tree)

    def object(self, value, attributes, note, depth):
        if len(self.objects) >= self.max_objects:
            return self.opaque(class_name(type(value)))
        self.objects[self.path()] = class_name(type(value))
        if type(note) is dict:
            self.types[self.path()] = note
        return self.attributes(attributes, depth)

    def attributes(self, attributes, depth):
        tree = []
        for name, item in attributes.items():
            if name[:1] == "_" and callable(item) and not is_enum(type(item)):
                # private: no provider should have to be named for it
                self._path.append(name)
                tree.append(self.key(name) + self.opaque(class_name(type(item))))
                self._path.pop()
            else:
                tree.append(self.key(name) + self.member(name, item, depth))
        return b"{%s}" % b",".join(tree)

    def callable(self, value):
        kind = type(value)
        if not issubclass(kind, _FUNCTIONS) and is_tool(kind, self._own):
            # a proxy, a mock, or a connection that can be called
            return self.opaque(class_name(kind))
        if issubclass(kind, type):
            self.types[self.path()] = {"class": "type", "name": class_name(value)}
        return self.text(callable_mark(value))

    def opaque(self, name):
        self.objects[self.path()] = name
        return self.text("<repr:%s>" % name)

    def key(self, key):
        start = _starts.get(key)
        if start is None or not self._masks:
            start = quote(masking.mask_text(key) if self._masks else key) + b":"
            if self._masks and len(_starts) < 2000:
                _starts[key] = start
        return start

    def text(self, text):
        if self._masks and masking.find_place(text):
            text = masking.mask_text(text)
        return quote(text)

    def integer(self, value):
        return self.other(value, 0) if is_huge(value) else super().integer(value)

    def real(self, value):
        return super().real(value) if value - value == 0 else self.other(value, 0)

    def cycle(self, value):
        name, place = class_name(type(value)), self._places.get(id(value))
        self.types[self.path()] = {"class": name, "same": place}
        return self.text("<repr:cycle %s>" % type_name(value))

    def too_deep(self, value):
        if callable(value):
            return self.text(callable_mark(value))
        self.objects[self.path()] = class_name(type(value))
        return self.text("<repr:%s>" % type_name(value))

    unreadable = too_deep


def is_data(kind):
    """Whether the values of a class are data, though they can be called."""
    return has_row(kind) or is_structure(kind)


def is_mark(text):
    """Whether a text looks like the mark of a callable."""
    return text.endswith(">") and text.startswith(("<callable:", "<builtin:"))


def package_of(target):
    """Return the name of the top-level package of a target."""
    module = str(target).rpartition(":")[0]
    if module.endswith(".py"):
        return os.path.splitext(os.path.basename(module))[0]
    return module.partition(".")[0]


def callable_mark(value):
    """Return the text that stands for a callable: "<callable:NAME>",
    "<callable:NAME:async>" for a coroutine function, "<builtin:...>" for a
    collector that a replay passed to the handler."""
    builtin = own_name(value, "__fluxloop_builtin__")
    if builtin:
        return "<builtin:%s>" % builtin
    code = value
    if type(value).__name__ == "partial":
        value = value.func
    elif not is_function(value):
        code = getattr(type(value), "__call__", None)
    name = own_name(value, "__name__") or type(value).__name__
    return "<callable:%s%s>" % (name, ":async" if is_coroutine_function(code) else "")


def is_function(value):
    """Whether reading attributes of a callable runs no code of the program."""
    return is_static(type(value)) or issubclass(type(value), type)


def own_name(value, name):
    """Return a text attribute of a callable, "" if it has none. That of an object is
    read from its `__dict__`, which runs no code of its class."""
    if is_function(value):
        found = getattr(value, name, "")
    else:
        found = attributes_of(value, True).get(name, "")
    return found if type(found) is str else ""


apply_config(get_config())
