"""The agent protocol for Python handlers: python3 -m fluxloop.bridge TARGET.

Reads calls as JSON lines from stdin, runs the target, and reports what happens
as JSON lines on stdout. For the handler, stdin is empty and stdout is stderr.
"""

import _signal  # `signal` without its enums, which are slow to load
import os
import sys
from contextvars import copy_context
from time import monotonic_ns

from . import context as tracing
from .channel import Channel, Reader
from .context import FluxLoopContext, Trace
from .introspect import Parameters, is_async_generator_function, is_coroutine_function
from .jsontext import decode
from .report import log, log_error
from .serialize import Encoder, describe, encode, excerpt, type_name
from .stamps import new_id
from .target import SetupError, load

USAGE = """\
usage: python3 -m fluxloop.bridge [options] TARGET

TARGET is module:function, module:Class.method, or path/to/file.py:function.
  --replay                  do not record arguments
  --factory M:F             call a function to get the instance of a class
  --stream-output-path P    find the text of a stream's items at a dotted path
  --drain SECONDS           wait for tasks that a call left running (default 5)
  --concurrency N           run up to N calls of an async target at once
                            (default 1)
  --path DIR                search DIR for modules, too; may be repeated

The variable FLUXLOOP_FACTORY_KWARGS, an object in JSON, has the keyword
arguments of that function. It is removed before the target is loaded.
"""

# Calls that may be sent ahead.
PIPELINE = 64
# A parameter with one of these names gets the input.
INPUT_NAMES = frozenset(("input", "input_text", "message", "query", "text", "content"))

_PLAIN = frozenset((str, dict, list, int, float, bool, type(None)))


def clock():
    """Return the system's monotonic time in microseconds. The program that runs
    the bridge reads the same clock, so the duration of a call does not depend
    on when that program reads our messages."""
    return monotonic_ns() // 1000


class CallError(Exception):
    """A call that cannot be made. The text says why, and what to do."""


class Call(FluxLoopContext):
    """A call that has started, and its trace. What happens in it is reported on
    the channel with its id."""

    def __init__(self, message, channel):
        identity = message.get("id")
        self.id = b"%d" % identity if type(identity) is int else encode(identity)
        self.message = message
        self.channel = channel
        self.over = False  # the call has ended
        self.warned = False  # something after its end was discarded
        self.task = None  # the task that runs the call
        self.tasks = None  # the tasks that the call has started
        about = message.get("context")
        self.about = about = about if isinstance(about, dict) else {}
        identity = about.get("trace_id")
        self.trace_id = str(identity) if identity else new_id()
        self._open = {}
        self._trace = None

    @property
    def trace(self):
        """The Trace of the call, made when it is first used."""
        if self._trace is None:
            about = dict(self.about)
            name = about.pop("name", None) or "call"
            about.pop("trace_id", None)
            self._trace = Trace(self.trace_id, name, None, None, about, [])
            self._trace.iteration = about.get("iteration")
            self._trace.persona = about.get("persona")
        return self._trace

    def sink(self, observation):
        """Report a finished observation (JSON, bytes)."""
        line = b'{"type":"observation","id":%s,"observation":%s}\n'
        self._report(line % (self.id, observation))

    def callback(self, name, kind, args, kwargs):
        """Report a call of a collector: its name, "send" or "error", arguments."""
        encoder = Encoder()
        args, kwargs = encoder.encode(args), encoder.encode(kwargs)
        line = b'{"type":"callback","id":%s,"name":%s,"kind":%s,"args":%s,"kwargs":%s}\n'
        self._report(line % (self.id, encode(name), encode(kind), args, kwargs))

    def collector(self, name, kind, asynchronous=False):
        from .replay import Collector

        return Collector(name, kind, self.callback, asynchronous)

    def delta(self, piece):
        """Report a piece (str) of the text that the handler streams."""
        self._report(b'{"type":"delta","id":%s,"delta":%s}\n' % (self.id, encode(piece)))

    def _report(self, line):
        with self.channel.lock:
            if not self.over:
                self.channel.send_soon(line)
                return
            warned, self.warned = self.warned, True
        if not warned:
            shown = line[:200].decode("utf-8", "replace").rstrip()
            log("call %s: discarded a report after its end: %s" % (self.id.decode(), shown))


class Handler:
    """The function that the target names, and how to make its arguments."""

    def __init__(self, function, target):
        self.function = function
        self.target = target
        try:
            self.parameters = Parameters(function)
        except Exception:  # a builtin without a signature
            self.parameters = None
        self.is_async = is_coroutine_function(function) or is_async_generator_function(function)
        self._name, self._refusal = self._find_input()

    def arguments(self, call):
        """Return (args, kwargs) for a call. Raises CallError."""
        kwargs = call.message.get("kwargs")
        if kwargs is not None:
            return self._replay(call, kwargs)
        if self._refusal:
            raise CallError(self._refusal)
        value = call.message.get("input")
        if self._name:
            return self.parameters.split({self._name: value})
        takes = self.parameters is None or self.parameters.var_positional
        return (value,) if takes else (), {}

    def _find_input(self):
        """Return (name, refusal): the parameter that gets the input, None if
        there is none, and the error for calls with an input, None if they can
        be made."""
        parameters = self.parameters
        if parameters is None:
            return None, None
        name = next((n for n in parameters.named() if n in INPUT_NAMES), None)
        if name is None and not (parameters.var_positional and not parameters.positional):
            name = next(iter(parameters.named()), "input" if parameters.var_keyword else None)
        others = [other for other in parameters.required() if other != name]
        if not others or not parameters.certain:
            return name, None
        return name, (
            "%s needs more than the input: %s; record a call and replay it"
            " (replay_args in setting.yaml), or give %s a default"
            % (self.target, _quoted(others), "it" if len(others) == 1 else "them")
        )

    def _replay(self, call, kwargs):
        if not isinstance(kwargs, dict):
            raise CallError("the kwargs of a call must be an object")
        parameters, callables = self.parameters, call.message.get("callables") or {}
        callables = {
            path: kind
            for path, kind in callables.items()
            if path in kwargs or "." in path or parameters is None or parameters.takes(path)
        }
        from .replay import revive

        revive(kwargs, call.message.get("objects"), callables, call.collector)
        if parameters is None or not parameters.certain:
            return (), kwargs
        unknown = [name for name in kwargs if not parameters.takes(name)]
        missing = [name for name in parameters.required() if name not in kwargs]
        if unknown or missing:
            raise CallError(
                "the recorded call does not fit %s: it %s; record it again, or edit its kwargs"
                % (
                    self.target,
                    " and ".join(
                        "%s %s" % (what, _quoted(names))
                        for what, names in (("does not take", unknown), ("needs", missing))
                        if names
                    ),
                )
            )
        return parameters.split(kwargs)


class Bridge:
    """Runs the calls that arrive and reports their outcome."""

    def __init__(self, channel, reader, options):
        self.handler = None  # set before serve()
        self.channel = channel
        self.reader = reader
        self.options = options
        self.running = set()
        self.interrupted = False
        self._loop = None
        self._process = os.getpid()
        tracing.fallback_scope = self._scope_of_only_call

    def serve(self):
        """Run calls until the input ends; return the exit status."""
        concurrency = self.options.concurrency if self.handler.is_async else 1
        hello = (
            b'{"type":"hello","protocol":1,"pipeline":%d,"concurrency":%d,'
            b'"agent":"fluxloop-python"}\n'
        )
        try:
            self.channel.send(hello % (PIPELINE, concurrency))
            if self.handler.is_async:
                self.loop().serve(concurrency)
            else:
                self._serve_sync()
        except KeyboardInterrupt:
            self.interrupted = True
        else:
            self.channel.flush()
            if os.getpid() == self._process:  # not in a child that the handler forked
                self._close_target()
        self.channel.flush()
        return 130 if self.interrupted else 0

    def _close_target(self):
        """Close what was made for the target."""
        self.target.close(self._run_closer)
        if self._loop is not None:
            self._loop.end()

    def _run_closer(self, close):
        if self.handler.is_async or self._loop is not None:
            return self.loop().run_briefly(close)
        result = close()
        if hasattr(type(result), "__await__"):
            self.loop().run_briefly(lambda: result)
        return None

    def in_loop(self, function):
        """Call a function in the event loop; return its result, awaited if it can be."""
        return self.loop().run(function)

    def loop(self):
        """Return the bridge's event loop, made when it is first used."""
        if self._loop is None:
            from .aio import Loop

            self._loop = Loop(self)
        return self._loop

    def _serve_sync(self):
        ready = self.reader.ready
        while not self.channel.broken and not self.interrupted:
            if ready:
                call = self.open(ready.popleft())
                if call:
                    self.channel.flush()
                    self._run(call)
            else:
                self.channel.flush()
                if self.reader.ended:
                    return
                self.reader.fill()

    def _run(self, call):
        try:
            # In a copy of the context, so that what a call sets ends with it.
            output = copy_context().run(self._invoke, call)
        except BaseException as error:
            self.fail(call, error)
        else:
            self.succeed(call, output)

    def _invoke(self, call):
        tracing.scope.set((call, None))
        args, kwargs = self.handler.arguments(call)
        result = self.handler.function(*args, **kwargs)
        kind = type(result)
        if kind in _PLAIN:
            return result
        if hasattr(kind, "__await__") or hasattr(kind, "__aiter__"):
            return self.loop().finish(call, result)
        return self.join(call, result) if hasattr(kind, "__next__") else result

    def stream(self):
        from .stream import Stream

        return Stream(self.options.stream_output_path)

    def join(self, call, items):
        """Return the output of a call that returned an iterator."""
        stream = self.stream()
        for item in items:
            piece = stream.add(item)
            if piece:
                call.delta(piece)
        return stream.output()

    def open(self, line):
        """Start the call that a line requests and return it, None if it requests
        none. The message waits for a flush."""
        message = self._decode(line)
        if message is None:
            return None
        call = Call(message, self.channel)
        self.running.add(call)
        self.channel.put(b'{"type":"start","id":%s,"clock":%d}\n' % (call.id, clock()))
        return call

    def succeed(self, call, output):
        line = b'{"type":"final","id":%s,"clock":%d,"output":%s}\n'
        self._close(call, line % (call.id, clock(), encode(output)))

    def fail(self, call, error):
        """End a call that raised; the traceback goes to stderr."""
        if isinstance(error, CallError):
            code, text = "arguments", str(error)
        else:
            code, text = type_name(error), describe(str, error)
            text = "%s: %s" % (code, text) if text else code
            log_error(error)
        line = b'{"type":"error","id":%s,"clock":%d,"error":%s,"code":%s}\n'
        self._close(call, line % (call.id, clock(), excerpt(text), encode(code)))

    def _close(self, call, line):
        if call._open:
            call.end_open()
        with self.channel.lock:
            call.over = True
            self.channel.put(line)
        self.running.discard(call)

    def _decode(self, line):
        """Return the "input" message in a line, None if the line has none: then an
        error is reported, unless the line is blank."""
        if not line or line.isspace():
            return None
        try:
            message = decode(line if type(line) is str else line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            self._refuse(_id_in(line), "this line is not JSON: %s" % error)
            return None
        if isinstance(message, dict) and message.get("type") == "input":
            return message
        identity = message.get("id") if isinstance(message, dict) else None
        self._refuse(encode(identity), 'this line is not a message of type "input"')
        return None

    def _refuse(self, identity, text):
        line = b'{"type":"error","id":%s,"error":%s,"code":"protocol"}\n'
        self.channel.put(line % (identity, encode(text)))

    def _scope_of_only_call(self):
        """Return the scope for plain threads: the running call's, if it is the only
        one, else None."""
        if len(self.running) != 1:
            return None
        for call in tuple(self.running):
            return call, None


def _id_in(line):
    """Return the id (JSON) in a line that is not JSON, null if there is none."""
    import re

    line = line[:200] if type(line) is bytes else line[:200].encode("utf-8", "replace")
    match = re.search(rb'"id"\s*:\s*(\d{1,18})\b', line)
    return match[1] if match else b"null"


def _quoted(names):
    return ", ".join('"%s"' % name for name in names)


def _take_factory_kwargs():
    """Remove the variable with the keyword arguments of the factory, which may be
    secrets, from the environment; return them."""
    value = os.environ.pop("FLUXLOOP_FACTORY_KWARGS", "")
    try:
        return dict(decode(value)) if value else {}
    except (TypeError, ValueError) as error:
        raise SetupError("invalid FLUXLOOP_FACTORY_KWARGS: %s" % error) from None


class Options:
    """The command line. Raises SetupError for an invalid one."""

    def __init__(self, words):
        self.target = None
        self.replay = False
        self.factory = None
        self.factory_kwargs = _take_factory_kwargs()
        self.stream_output_path = None
        self.drain = 5.0
        self.concurrency = 1
        self.paths = []
        words = iter(words)
        for word in words:
            if word == "--replay":
                self.replay = True
            elif word.startswith("--"):
                name, equals, value = word.partition("=")
                self._set(name, value if equals else next(words, None))
            elif self.target is None:
                self.target = word
            else:
                raise SetupError('more than one target: "%s" and "%s"' % (self.target, word))
        if self.target is None:
            raise SetupError("no target: give module:function or module:Class.method")

    def _set(self, name, value):
        if value is None:
            raise SetupError("option %s needs a value" % name)
        try:
            if name == "--path":
                self.paths.append(value)
            elif name == "--factory":
                self.factory = value
            elif name == "--stream-output-path":
                self.stream_output_path = value
            elif name == "--drain":
                self.drain = max(0.0, float(value))
            elif name == "--concurrency":
                self.concurrency = max(1, int(value))
            else:
                raise SetupError("unknown option %s" % name)
        except (TypeError, ValueError) as error:
            raise SetupError('invalid %s "%s": %s' % (name, value, error)) from None


def _claim_descriptors():
    """Move the protocol away from descriptors 0 and 1, which the handler may use;
    return (reader, channel)."""
    try:
        os.fstat(2)
    except OSError:  # closed: no other file may get its number
        os.open(os.devnull, os.O_WRONLY)
    reader, channel = Reader(os.dup(0)), Channel(os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):  # a crash loses no output
        sys.stdout.reconfigure(line_buffering=True)
    return reader, channel


def _write_before_exit(channel):
    """Have os._exit flush the channel: a handler may end the process with it."""
    leave = os._exit

    def _exit(status):
        channel.flush()
        leave(status)

    os._exit = _exit


def _set_up(bridge):
    """Load the target. Raises SetupError."""
    options, here = bridge.options, os.getcwd()
    # Search order: the current folder, then --path, then the rest.
    sys.path[:] = [here] + options.paths + [path for path in sys.path if path not in ("", here)]
    if options.replay:
        from . import recording

        recording.suppress()
    bridge.target = load(options.target, options.factory, options.factory_kwargs, bridge.in_loop)
    bridge.handler = Handler(bridge.target.function, options.target)


def main(words=None):
    """Serve the target named on the command line; return the exit status:
    0 at the end of the input, 2 when the target cannot be loaded, 130 after
    SIGINT."""
    words = sys.argv[1:] if words is None else words
    if "--help" in words:
        print(USAGE, end="")
        return 0
    reader, channel = _claim_descriptors()
    _write_before_exit(channel)
    try:
        bridge = Bridge(channel, reader, Options(words))
        _set_up(bridge)
    except SetupError as error:
        channel.send(b'{"type":"error","code":"setup","error":%s}\n' % encode(str(error)))
        log(error)
        return 2

    def on_interrupt(number, frame):
        bridge.interrupted = True
        raise KeyboardInterrupt

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, on_interrupt)
    parent = os.getpid()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=channel.abandon)
    status = bridge.serve()
    if os.getpid() != parent:  # a forked child has returned from the handler
        os._exit(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
