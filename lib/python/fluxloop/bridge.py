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
  --revive M:F              call a function to build the recorded arguments that
                            cannot be rebuilt otherwise
  --factory M:F             call a function to get the instance of a class
  --stream-output-path P    find the text of a stream's items at a dotted path
  --drain SECONDS           wait for tasks that a call left running (default 5)
  --concurrency N           run up to N calls of an async target at once
                            (default 1)
  --path DIR                search DIR for modules, too; may be repeated
  --check                   make the arguments of calls, but do not call

The variable FLUXLOOP_FACTORY_KWARGS has the keyword arguments of the factory,
a JSON object. It is removed before the target is loaded.
"""

# Calls that may be sent ahead.
PIPELINE = 64
# A parameter with one of these names gets the input.
INPUT_NAMES = frozenset(("input", "input_text", "message", "query", "text", "content"))

_PLAIN = frozenset((str, dict, list, int, float, bool, type(None)))


def clock():
    """Return the system's monotonic time in microseconds. The program that runs
    the bridge uses the same clock, so the duration of a call does not depend on
    when that program reads the messages."""
    return monotonic_ns() // 1000


class CallError(Exception):
    """A call that cannot be made. The text says why and what to do; `code` is that
    of the error message: "arguments", or "setup" if the arguments of the first call
    cannot be rebuilt."""

    code = "arguments"


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
        """Report a call of a collector; `kind` is "send" or "error"."""
        encoder = Encoder()
        args, kwargs = encoder.encode(args), encoder.encode(kwargs)
        line = b'{"type":"callback","id":%s,"name":%s,"kind":%s,"args":%s,"kwargs":%s}\n'
        self._report(line % (self.id, encode(name), encode(kind), args, kwargs))

    def parameter(self):
        """Return the value of a handler's parameter `context`."""
        return {name: value for name, value in self.about.items() if value is not None}

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
    """The function that the target names, and how to make its arguments.

    function  the callable
    target    its name on the command line, for messages
    module    its module, None if unknown
    revive    function that builds arguments which cannot be rebuilt, or None
    """

    def __init__(self, function, target, module=None, revive=None):
        self.function = function
        self.target = target
        self.has_run = False  # the function was called
        self._module = module
        self._revive = revive
        self._replay = None
        try:
            self.parameters = Parameters(function)
        except Exception:  # a builtin without a signature
            self.parameters = None
        self.is_async = is_coroutine_function(function) or is_async_generator_function(function)
        self._name = self._find_input()
        self._context = self._takes_context()
        self._alone &= not self._context

    def call_nothing(self):
        """Make arguments from now on, but do not call the function."""
        self.replay  # of the function as it is now
        self.function = lambda *args, **kwargs: None
        self.is_async = False

    @property
    def replay(self):
        """The Replay of recorded arguments, loaded when it is first used."""
        if self._replay is None:
            from .rebuild import Classes
            from .replay import Replay

            self._replay = Replay(self.function, Classes(self._module), self._revive)
        return self._replay

    def arguments(self, call):
        """Return (args, kwargs) for a call. Raises CallError."""
        message = call.message
        if self._alone and "kwargs" not in message and "args" not in message:
            value = message.get("input")
            if type(value) is dict:
                value = self._converted(value)
            made = self.parameters.split({self._name: value})
        else:
            made = self._make(call, message.get("kwargs"), message.get("args"))
        self.has_run = True
        return made

    def _make(self, call, kwargs, constants):
        given = {}
        if kwargs is None:
            value = call.message.get("input")
            if self._name:
                given[self._name] = self._converted(value) if type(value) is dict else value
            elif self.parameters is None or self.parameters.var_positional:
                return (value,), self._constants(constants)
        else:
            given = self._recorded(call, kwargs)
        given.update(self._constants(constants))
        if self._context and "context" not in given:
            given["context"] = call.parameter()
        if self.parameters is None or not self.parameters.certain:
            return (), given
        unknown = [name for name in given if not self.parameters.takes(name)]
        missing = [name for name in self.parameters.required() if name not in given]
        if missing and kwargs is None:
            raise CallError(self._refusal(missing))
        if unknown or missing:
            raise CallError(self._misfit(unknown, missing))
        return self.parameters.split(given)

    def _find_input(self):
        """Return the name of the parameter that gets the input, None if there is
        none. Sets `_alone`."""
        self._alone = False  # the input can be the only argument
        parameters = self.parameters
        if parameters is None:
            return None
        name = next((n for n in parameters.named() if n in INPUT_NAMES), None)
        if name is None and not (parameters.var_positional and not parameters.positional):
            name = next(iter(parameters.named()), "input" if parameters.var_keyword else None)
        others = [other for other in parameters.required() if other != name]
        self._alone = name is not None and not (others and parameters.certain)
        return name

    def _takes_context(self):
        """Whether the handler has a parameter `context` that can be a dict and does
        not get the input."""
        parameters = self.parameters
        if parameters is None or self._name == "context" or "context" not in parameters.named():
            return False
        if parameters.defaults.get("context") not in (None, {}):
            return False
        hint = self.replay.hints.get("context")
        return hint is None or hint.is_mapping()

    def _refusal(self, missing):
        return (
            "%s needs more than the input: %s; record a call and replay it"
            " (replay_args in setting.yaml), set runner.args, or give %s a default"
            % (self.target, _quoted(missing), "it" if len(missing) == 1 else "them")
        )

    def _misfit(self, unknown, missing):
        return "the recorded call does not fit %s: it %s; record it again, or edit its kwargs" % (
            self.target,
            " and ".join(
                "%s %s" % (what, _quoted(names))
                for what, names in (("does not take", unknown), ("needs", missing))
                if names
            ),
        )

    def _converted(self, value):
        """Return a mapping that is the input, converted to the type of its parameter's
        annotation, or unchanged if that cannot be done."""
        from .rebuild import RebuildError

        try:
            return self.replay.convert({self._name: value})[self._name]
        except RebuildError:
            return value

    def _constants(self, constants):
        """Return the arguments from the configuration (runner.args), converted."""
        if not constants:
            return {}
        parameters = self.parameters
        if parameters and parameters.certain:
            unknown = [name for name in constants if not parameters.takes(name)]
            if unknown:
                text = "runner.args: %s does not take %s" % (self.target, _quoted(unknown))
                raise CallError(text)
        return self._rebuilt(lambda: self.replay.convert(constants))

    def _recorded(self, call, kwargs):
        if not isinstance(kwargs, dict):
            raise CallError("the kwargs of a call must be an object")
        parameters, callables = self.parameters, call.message.get("callables") or {}
        callables = {
            path: kind
            for path, kind in callables.items()
            if path.partition(".")[0] in kwargs
            or parameters is None
            or parameters.takes(path if path in kwargs else path.partition(".")[0])
        }
        make = self.replay.arguments
        self._rebuilt(lambda: make(kwargs, call.message, callables, call.collector))
        return kwargs

    def _rebuilt(self, make):
        from .rebuild import RebuildError

        try:
            return make()
        except RebuildError as error:
            if error.__cause__ is not None:
                log_error(error.__cause__)
            refusal = CallError(str(error))
            refusal.code = CallError.code if self.has_run else "setup"
            raise refusal from None


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
            if os.getpid() == self._process:  # not a child that the handler forked
                self._close_target()
        self.channel.flush()
        return 130 if self.interrupted else 0

    def _close_target(self):
        """Close the target's instances, and end the event loop."""
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
        """Start the call that a line requests; return it, or None if the line requests
        none. The `start` message is queued until the next flush."""
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
            code, text = error.code, str(error)
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
    """The command line: options and target. Raises SetupError if it is invalid."""

    def __init__(self, words):
        self.target = None
        self.replay = False
        self.check = False
        self.factory = None
        self.revive = None
        self.factory_kwargs = _take_factory_kwargs()
        self.stream_output_path = None
        self.drain = 5.0
        self.concurrency = 1
        self.paths = []
        words = iter(words)
        for word in words:
            if word in ("--replay", "--check"):
                setattr(self, word[2:], True)
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
            elif name == "--revive":
                self.revive = value
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
    if hasattr(sys.stdout, "reconfigure"):  # so that a crash loses no output
        sys.stdout.reconfigure(line_buffering=True)
    return reader, channel


def _write_before_exit(channel):
    """Make os._exit flush the channel: a handler may end the process with it."""
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
    if options.stream_output_path:
        from . import stream

        stream.output_path = options.stream_output_path
    bridge.target = load(options.target, options.factory, options.factory_kwargs, bridge.in_loop)
    revive = load(options.revive).function if options.revive else None
    bridge.handler = Handler(bridge.target.function, options.target, bridge.target.module, revive)
    if options.check:
        bridge.handler.call_nothing()


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
