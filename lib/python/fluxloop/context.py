"""Traces: the running observations, and where finished ones go.

One context variable holds the current trace and its innermost running
observation, the parent of the next one. So parents are right in asyncio.gather,
too, and wherever else contexts are copied.
"""

from contextvars import ContextVar

from .report import visible
from .serialize import excerpt
from .settings import get_config
from .stamps import new_id, utc_now

# (FluxLoopContext, running observation or None), or None outside any trace. A
# running observation is an Observation or another object with an Observation's
# `id`, `observation`, `end_time` and `to_json`.
scope = ContextVar("fluxloop_scope", default=None)
# Function that returns the scope if the variable is None, as in plain threads.
fallback_scope = None


KINDS = ("agent", "tool", "generation", "span", "event", "chain", "evaluation")


def __getattr__(name):
    if name in ("ObservationType", "ObservationLevel"):
        from . import kinds

        return getattr(kinds, name)
    raise AttributeError("module %r has no attribute %r" % (__name__, name))


class _Record:
    """An object that is written as JSON: its slots are the fields, in this order,
    without those that are None."""

    __slots__ = ()

    def to_json(self):
        values = [(name, getattr(self, name)) for name in self.__slots__]
        return b"{%s}" % b",".join(
            [b'"%s":%s' % (name.encode(), excerpt(value)) for name, value in values if value is not None]
        )


class Observation(_Record):
    """A step of a trace.

    `type` is a text or an ObservationType, `level` a text: "debug", "info",
    "warning" or "error". Times are ISO 8601 UTC (str). Input, output and metadata
    may be any values; the decorators set the first two to copies made by
    serialize.capture. `fields` sets further attributes by name; raises
    AttributeError for an unknown one.
    """

    __slots__ = (
        "id",
        "type",
        "name",
        "start_time",
        "end_time",
        "input",
        "output",
        "error",
        "level",
        "status_message",
        "metadata",
        "model",
        "llm_parameters",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "parent_observation_id",
        "trace_id",
    )

    def __init__(self, type, name, input=None, metadata=None, model=None, **fields):
        self.id = new_id()
        self.type = type
        self.name = name
        self.start_time = utc_now()
        self.input = input
        self.level = "info"
        self.metadata = {} if metadata is None else metadata
        self.model = model
        self.end_time = self.output = self.error = self.status_message = None
        self.llm_parameters = None
        self.prompt_tokens = self.completion_tokens = self.total_tokens = None
        self.parent_observation_id = self.trace_id = None
        for field, value in fields.items():
            setattr(self, field, value)

    @property
    def observation(self):
        """This object. Other running observations make their Observation here."""
        return self


class Trace(_Record):
    """The fields of a trace as a whole, without its observations."""

    __slots__ = (
        "id",
        "name",
        "start_time",
        "end_time",
        "session_id",
        "user_id",
        "metadata",
        "tags",
        "iteration",
        "persona",
        "input",
        "output",
        "trace_id",
    )

    def __init__(self, id, name, session_id, user_id, metadata, tags):
        self.id = self.trace_id = id
        self.name = name
        self.start_time = utc_now()
        self.session_id = session_id
        self.user_id = user_id
        self.metadata = metadata
        self.tags = tags
        self.end_time = self.iteration = self.persona = self.input = self.output = None


class FluxLoopContext:
    """A trace and its observations.

    The arguments are the fields of the trace: `metadata` a dict, `tags` a list of
    texts. `trace_id_override` takes precedence over `trace_id`; without either, a
    new UUID is made.

    `sink` is called with each finished observation (bytes: one line of JSON
    without its newline), children before parents. If it is None, the
    observations are written to the offline store when the trace ends. A context
    that is made inside one with a sink joins the outer trace: the owner of the
    sink expects a single trace.
    """

    config = get_config()
    sink = root = None
    is_sampled = True

    def __init__(
        self,
        trace_name,
        trace_id=None,
        session_id=None,
        user_id=None,
        metadata=None,
        tags=None,
        trace_id_override=None,
        sink=None,
    ):
        self.sink = sink
        identity = trace_id_override or trace_id
        outer = None if sink else current_scope()
        if outer and outer[0].sink:
            self.sink, self.root = outer[0].sink, outer[1]
            identity = outer[0].trace_id
        self.trace_id = str(identity) if identity else new_id()
        self.trace = Trace(
            self.trace_id,
            trace_name,
            None if session_id is None else str(session_id),
            user_id,
            dict(metadata or {}),  # copies: a decorator has the same for each call
            list(tags or ()),
        )
        self.observations = []  # finished ones for the offline store (JSON, bytes)
        self.is_sampled = bool(self.sink) or _is_sampled(self.config.sample_rate)
        self._open = {}  # id -> (running observation, the scope around it)

    def is_enabled(self):
        """Whether observations are kept."""
        return self.is_sampled and self.config.enabled

    @property
    def observation_stack(self):
        """The running observations around the current place, outermost first."""
        here, stack = scope.get(), []
        while here and here[0] is self and here[1] is not self.root:
            stack.append(here[1].observation)
            here = self._open.get(here[1].id, (None, None))[1]
        return stack[::-1]

    def push_observation(self, observation):
        """Start an observation: it becomes the parent of the next one."""
        if self.is_enabled():
            here = scope.get()
            inside = here and here[0] is self
            parent = here[1] if inside else self.root
            observation.trace_id = self.trace_id
            if parent is not None:
                observation.parent_observation_id = parent.id
            self.begin(observation, here)
            scope.set((self, observation))

    def pop_observation(self):
        """End the innermost observation; return it, or None if there is none."""
        here = scope.get()
        if not (here and here[0] is self and here[1] and here[1].id in self._open):
            return None
        scope.set(self._open[here[1].id][1])
        self.end(here[1])
        return here[1].observation

    def begin(self, running, outer):
        """Add a running observation; `outer` is the scope around it."""
        self._open[running.id] = (running, outer)

    def end(self, running):
        """Pass a finished observation to the sink or the offline store, once."""
        if self._open.pop(running.id, None) is None:
            return
        if running.end_time is None:
            running.end_time = utc_now()
        if self.sink:
            self.sink(running.to_json())
        else:
            self.observations.append(self._masked(running.to_json()))

    def _masked(self, data):
        """Return JSON for the offline store with its secrets masked. Observations for
        a sink are masked by the program that writes them."""
        if not self.config.mask_secrets:
            return data
        from .masking import mask_json

        return mask_json(data)

    def add_metadata(self, key, value):
        """Set one key of the metadata of the trace; `value` may be any value."""
        if self.is_enabled():
            self.trace.metadata[key] = value

    def add_tag(self, tag):
        """Add a tag to the trace."""
        if self.is_enabled() and tag not in self.trace.tags:
            self.trace.tags.append(tag)

    def set_user(self, user_id):
        """Set the user of the trace."""
        if self.is_enabled():
            self.trace.user_id = user_id

    def finalize(self):
        """End the trace, and append it to the offline store unless it has a sink. An
        OSError becomes a RuntimeWarning."""
        self.end_open()
        if self.trace.end_time is None:
            self.trace.end_time = utc_now()
        if not self.sink and self.is_enabled() and self.config.offline_store_enabled:
            self._store()

    def end_open(self):
        """End the observations that are still running as unfinished, innermost first."""
        for running, _ in reversed(list(self._open.values())):
            running.observation.status_message = "unfinished"
            self.end(running)

    def _store(self):
        from os.path import abspath, join

        from .files import append_lines

        folder = abspath(self.config.offline_store_dir)
        lines = b"".join([one + b"\n" for one in self.observations])
        self.observations = []
        try:
            append_lines(join(folder, "observations.jsonl"), lines)
            append_lines(join(folder, "traces.jsonl"), self._masked(self.trace.to_json()) + b"\n")
        except OSError as error:
            import warnings

            message = visible("fluxloop could not store a trace: %s" % error)
            warnings.warn(message, RuntimeWarning)


def _is_sampled(rate):
    if rate >= 1:
        return True
    from os import urandom

    return int.from_bytes(urandom(4), "big") < rate * (1 << 32)


def current_scope():
    """Return (context, innermost observation or None), or None outside any trace."""
    here = scope.get()
    if here is None and fallback_scope:
        here = fallback_scope()
    return here


def get_current_context():
    """Return the FluxLoopContext of the trace that runs here, or None."""
    here = current_scope()
    return here and here[0]


class instrument:
    """Makes a trace of a `with` block, or of each call of a decorated function or
    coroutine function.

    name                 of the trace
    session_id, user_id  texts or None
    metadata, tags       a dict and a list of texts, or None
    trace_id             the trace's id; a new UUID if it is None

    `with` returns the FluxLoopContext. Outside the bridge, if
    `offline_store_enabled`, the trace is appended to traces.jsonl and its
    observations to observations.jsonl in `offline_store_dir`.
    """

    def __init__(
        self, name, session_id=None, user_id=None, metadata=None, tags=None, trace_id=None
    ):
        self._about = (name, None, session_id, user_id, metadata, tags, trace_id)

    def __enter__(self):
        self._context = FluxLoopContext(*self._about)
        self._outer = scope.get()
        scope.set((self._context, self._context.root))
        return self._context

    def __exit__(self, *error):
        scope.set(self._outer)
        self._context.finalize()

    def __call__(self, function):
        from functools import wraps

        from .introspect import is_coroutine_function

        name, _, *others = self._about

        def plain(*args, **kwargs):
            with instrument(name, *others):
                return function(*args, **kwargs)

        async def coroutine(*args, **kwargs):
            with instrument(name, *others):
                return await function(*args, **kwargs)

        return wraps(function)(coroutine if is_coroutine_function(function) else plain)
