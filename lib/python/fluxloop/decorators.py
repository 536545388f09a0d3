"""Decorators that make an observation of each call of a function.

They take functions, coroutine functions, generators and async generators, and
may be written without parentheses. Outside a trace a decorated function is
called as if it were not decorated.

name                            of the observation; by default the function's
metadata                        a dict, copied into each observation
capture_input, capture_output   whether the arguments and the result are kept
"""

import functools

from . import stream
from .context import KINDS, Observation, current_scope, scope
from .introspect import (
    Parameters,
    is_async_generator_function,
    is_coroutine_function,
    is_generator_function,
)
from .serialize import Captured, Encoder, capture, capture_all, describe, excerpt, observation
from .serialize import type_name, without_addresses
from .stamps import new_id, utc_now


def agent(name=None, metadata=None, capture_input=True, capture_output=True):
    """Observe the entry point of an agent, as type `agent`."""
    return _decorator(_Plan("agent", name, metadata, capture_input, capture_output))


def prompt(name=None, model=None, capture_tokens=True):
    """Observe a call of a language model, as type `generation`. `model` is its name.
    With `capture_tokens`, the token counts are read from the `usage` of the result
    or of the items of a stream."""
    return _decorator(_Plan("generation", name, model=model, capture_tokens=capture_tokens))


def tool(name=None, description=None):
    """Observe a call of a tool, as type `tool`. `description` becomes metadata."""
    return _decorator(_Plan("tool", name, {"description": description} if description else None))


def trace(
    name=None,
    observation_type="span",
    metadata=None,
    capture_input=True,
    capture_output=True,
):
    """Observe any call. `observation_type` is a member of ObservationType or its
    text; raises ValueError for another type."""
    if observation_type not in KINDS:
        raise ValueError(
            "invalid observation_type %r: expected one of %s" % (observation_type, ", ".join(KINDS))
        )
    kind = KINDS[KINDS.index(observation_type)]  # the text of an enum's member
    return _decorator(_Plan(kind, name, metadata, capture_input, capture_output))


class _Plan:
    """The arguments of a decorator."""

    def __init__(
        self,
        kind,
        name,
        metadata=None,
        capture_input=True,
        capture_output=True,
        model=None,
        capture_tokens=False,
    ):
        self.kind = kind
        self.name = name
        self.metadata = dict(metadata or {})
        self.capture_input = capture_input
        self.capture_output = capture_output
        self.model = model
        self.capture_tokens = capture_tokens


def _decorator(plan):
    if callable(plan.name):  # written without parentheses: @fluxloop.tool
        function, plan.name = plan.name, None
        return _observe(function, plan)
    return lambda function: _observe(function, plan)


def _observe(function, plan):
    """Return `function` wrapped according to its kind."""
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(_observe(function.__func__, plan))
    open_span = _Opener(function, plan).open
    if is_async_generator_function(function):
        wrapper = _wrap_async_generator(function, open_span)
    elif is_generator_function(function):
        wrapper = _wrap_generator(function, open_span)
    elif is_coroutine_function(function):
        wrapper = _wrap_coroutine(function, open_span)
    else:
        wrapper = _wrap_plain(function, open_span)
    wrapper = functools.wraps(function)(wrapper)
    wrapper.__fluxloop_observed__ = True  # it passes its arguments on unchanged
    return wrapper


def _wrap_plain(function, open_span):
    def wrapper(*args, **kwargs):
        span = open_span(args, kwargs)
        if not span:
            return function(*args, **kwargs)
        with span:
            return span.keep(function(*args, **kwargs))

    return wrapper


def _wrap_coroutine(function, open_span):
    async def wrapper(*args, **kwargs):
        span = open_span(args, kwargs)
        if not span:
            return await function(*args, **kwargs)
        with span:
            return span.keep(await function(*args, **kwargs))

    return wrapper


def _wrap_generator(function, open_span):
    """The span is current only while the generator runs, not while it waits."""

    def wrapper(*args, **kwargs):
        span = open_span(args, kwargs)
        generator = function(*args, **kwargs)
        if not span:
            return (yield from generator)
        step, argument, error = generator.send, None, None
        try:
            while True:
                with span.step():
                    item = step(argument)
                span.keep_item(item)
                try:
                    step, argument = generator.send, (yield item)
                except GeneratorExit:
                    raise
                except BaseException as thrown:
                    step, argument = generator.throw, thrown
        except StopIteration as stop:
            return stop.value
        except BaseException as raised:
            error = raised
            raise
        finally:
            with span.step():
                generator.close()
            span.finish_items(error)

    return wrapper


def _wrap_async_generator(function, open_span):
    async def wrapper(*args, **kwargs):
        # Without a span, too: an async generator has no `yield from`.
        span = open_span(args, kwargs) or _NO_SPAN
        generator = function(*args, **kwargs)
        step, argument, error = generator.asend, None, None
        try:
            while True:
                with span.step():
                    item = await step(argument)
                span.keep_item(item)
                try:
                    step, argument = generator.asend, (yield item)
                except GeneratorExit:
                    raise
                except BaseException as thrown:
                    step, argument = generator.athrow, thrown
        except StopAsyncIteration:
            return
        except BaseException as raised:
            error = raised
            raise
        finally:
            with span.step():
                await generator.aclose()
            span.finish_items(error)

    return wrapper


class _Opener:
    """Opens a span for each call of one function."""

    def __init__(self, function, plan):
        self.function = function
        self.plan = plan
        self.name = plan.name or getattr(function, "__name__", type_name(function))
        self.parameters = None
        self.instance = None  # the name of the parameter that is the instance or class
        # The fields that all its observations share, in JSON.
        self.head = b'"type":%s,"name":%s' % (excerpt(plan.kind), excerpt(self.name))
        self.tail = b',"level":"info","metadata":%s' % excerpt(plan.metadata)
        if plan.model is not None:
            self.tail += b',"model":%s' % excerpt(plan.model)

    def open(self, args, kwargs):
        """Return the span of a call, None outside a trace."""
        here = current_scope()
        if here is None or not here[0].is_enabled():
            return None
        return _Span(here, self, self.capture(args, kwargs) if self.plan.capture_input else None)

    def capture(self, args, kwargs):
        """Return a copy of the arguments by name (Captured)."""
        try:
            if self.parameters is None:
                self.parameters = Parameters(self.function)
                self.instance = _instance_name(self.function, self.parameters)
            bound = self.parameters.bind(args, kwargs)
            if self.instance is not None:
                bound.pop(self.instance, None)
        except (TypeError, ValueError):  # the call itself will raise
            bound = {"args": args, "kwargs": kwargs}
        return capture_all(bound)


def _instance_name(function, parameters):
    """Return "self" or "cls" if it is the first parameter of a method, else None."""
    scope_name, _, name = getattr(function, "__qualname__", "").rpartition(".")
    first = parameters.positional[0] if parameters.positional else None
    in_class = scope_name and not scope_name.endswith("<locals>")
    return first if in_class and first in ("self", "cls") else None


class _Span:
    """An observation while its function runs.

    A function runs in `with span:`. A generator runs in several
    `with span.step():` and ends with `finish_items`.

    An Observation is made only if the program uses it or if it has an error or
    token counts: without one, the JSON is written in half the time.
    """

    __slots__ = (
        "context",
        "opener",
        "id",
        "parent",
        "input",
        "output",
        "start_time",
        "end_time",
        "inner",
        "outer",
        "items",
        "_observation",
    )

    def __init__(self, here, opener, input):
        self.context, self.parent = here
        self.opener = opener
        self.id = new_id()
        self.input = input
        self.inner = (self.context, self)
        self.output = self.end_time = self.items = self._observation = None
        self.context.begin(self, here)
        self.start_time = utc_now()

    @property
    def observation(self):
        """The Observation, made when it is first used; then it is what is written."""
        made = self._observation
        if made is None:
            plan = self.opener.plan
            made = Observation(
                plan.kind,
                self.opener.name,
                self.input,
                dict(plan.metadata),
                plan.model,
                id=self.id,
                start_time=self.start_time,
                output=self.output,
                trace_id=self.context.trace_id,
            )
            if self.parent is not None:
                made.parent_observation_id = self.parent.id
            self._observation = made
        return made

    def to_json(self):
        made = self._observation
        if made is not None:
            if made.end_time is None:
                made.end_time = self.end_time
            return made.to_json()
        parent = self.parent
        return observation(
            self.id,
            self.opener.head,
            self.start_time,
            self.end_time,
            self.input,
            self.output,
            self.opener.tail,
            parent if parent is None else parent.id,
            self.context.trace_id,
        )

    def __enter__(self):
        self.outer = scope.get()
        scope.set(self.inner)

    def __exit__(self, kind, error, traceback):
        scope.set(self.outer)
        self.finish(error)

    def step(self):
        return _Step(self)

    def keep(self, result):
        """Store the result of the function, and return it."""
        plan = self.opener.plan
        if plan.capture_output:
            self.output = capture(result)
            if self._observation is not None:
                self._observation.output = self.output
        if plan.capture_tokens:
            self.count_tokens(result)
        return result

    def keep_item(self, item):
        """Store an item that the generator yielded."""
        if self.items is None:
            self.items = _Items(self.opener.plan.capture_tokens)
        self.items.add(item)

    def finish_items(self, error):
        """End the observation of a generator; `error` as in `finish`."""
        self.keep(self.items.joined() if self.items else [])
        if self.items and self.items.usage:
            self.set_tokens(self.items.usage)
        self.finish(error)

    def count_tokens(self, result):
        usage = stream.usage_of(result)
        if usage:
            self.set_tokens(usage)

    def set_tokens(self, counts):
        made = self.observation
        made.prompt_tokens, made.completion_tokens, made.total_tokens = counts

    def finish(self, error=None):
        """End the observation. `error` is the exception that the function raised, or
        None."""
        self.end_time = utc_now()
        self.inner = None  # it refers to this span
        if error is not None and not isinstance(error, GeneratorExit):
            from traceback import format_exception

            made = self.observation
            name = type_name(error)
            text = describe(str, error)
            made.error = text or name
            made.level = "error"
            made.status_message = "%s: %s" % (name, text) if text else name
            made.metadata["error_type"] = name
            lines = format_exception(type(error), error, error.__traceback__)
            made.metadata["traceback"] = without_addresses("".join(lines))
        self.context.end(self)


class _Items:
    """The output of a generator: the joined text of a stream, which may have events
    without text; otherwise the list of items, each as it was when it was yielded.
    Both up to the size limits of an Encoder; further items are counted."""

    def __init__(self, counts_tokens):
        self.encoder = Encoder()
        self.stream = stream.Stream(stream.output_path)
        self.counts_tokens = counts_tokens
        self.usage = None
        self.kept = []
        self.texts = 0  # number of texts in `kept`
        self.has_events = False  # an item that is not a text had one
        self.has_others = False  # an item was neither a text nor an event
        self.dropped = 0

    def add(self, item):
        text = self.text_of(item)
        if text is _EVENT:
            return
        encoder = self.encoder
        # One element is left for the mark of the cut.
        if encoder.room <= 0 or len(self.kept) == encoder.max_items - 1:
            self.dropped += 1
        elif text is None:
            self.has_others |= isinstance(item, _VALUES)
            self.kept.append(Captured(encoder.encode(item)))
        else:
            encoder.room -= encoder.item_cost + len(text)
            self.kept.append(str.__str__(text))
            self.texts += 1

    def text_of(self, item):
        """Return the text of an item, _EVENT if it is an event of a stream without
        text, None if it is neither. Count its tokens."""
        if isinstance(item, str):
            events = stream.events_of(item)
            if events is None:
                return item
        else:
            events = (item,)
        text, counts = self.stream.text_of(item), None
        if text is None or self.counts_tokens:
            for event in events:
                counts = stream.usage_of(event)
                if counts and self.counts_tokens:
                    self.usage = stream.add_usage(self.usage, counts)
        if text is not None:
            self.has_events = True
        elif (self.has_events or counts) and not isinstance(item, _VALUES):
            return _EVENT
        return text

    def joined(self):
        """Return the joined text of a stream, else the list of items."""
        if self.has_events and not self.has_others:
            self.kept = [one for one in self.kept if isinstance(one, str)]
        is_text = self.texts == len(self.kept)
        if self.dropped:
            self.kept.append("…[cut, %d items]" % self.dropped)
        return "".join(self.kept) if is_text else self.kept


_EVENT = object()
# Types of items that are not events of a stream.
_VALUES = (int, float, complex, bytes, list, tuple, set, frozenset)


class _Step:
    """Makes a span current for one step of its generator. The next step begins with
    the scope in which this one ends."""

    __slots__ = ("span",)

    def __init__(self, span):
        self.span = span

    def __enter__(self):
        self.span.__enter__()

    def __exit__(self, *error):
        self.span.inner = scope.get()
        scope.set(self.span.outer)


class _NoSpan:
    """Stands in for a span outside a trace."""

    def step(self):
        return self

    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass

    def keep_item(self, item):
        pass

    def finish_items(self, error):
        pass


_NO_SPAN = _NoSpan()
