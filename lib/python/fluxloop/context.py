"""Traces: which observation is under way, and where finished ones go.

The current trace and its innermost running observation, the parent of what
comes next, are one context variable, so that parents stay right in
asyncio.gather and wherever else contexts are copied.
"""

import enum
from contextlib import contextmanager
from contextvars import ContextVar

from .config import get_config
from .serialize import Converter, encode
from .stamps import new_id, utc_now

# (FluxLoopContext, Observation or None), or None outside any trace.
scope = ContextVar("fluxloop_scope", default=None)
# Asked for the scope where the variable has none, as in plain threads.
fallback_scope = None


class ObservationType(str, enum.Enum):
    SPAN = "span"
    EVENT = "event"
    GENERATION = "generation"
    TOOL = "tool"
    AGENT = "agent"
    CHAIN = "chain"
    EVALUATION = "evaluation"


class ObservationLevel(str, enum.Enum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class _Record:
    """Fields in the order in which they are written; a field that is None is not."""

    __slots__ = ()

    def to_dict(self):
        pairs = [(name, getattr(self, name)) for name in self.__slots__]
        return {name: value for name, value in pairs if value is not None}


class Observation(_Record):
    """One step of a trace. Times are ISO 8601 UTC text; input, output and
    metadata may be anything that serialize.encode takes, which is everything."""

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


class Trace(_Record):
    """What is known of a trace as a whole."""

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
    """One trace and its observations.

    `sink` is called with each finished observation as a line of JSON without
    its newline, children before parents; None writes them to the offline
    store when the trace ends. A context made inside one that has a sink joins
    that one's trace: the sink's owner is waiting for a single trace.
    """

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
        self.config = get_config()
        self.sink = sink
        self.root = None
        identity = trace_id_override or trace_id
        outer = None if sink else current_scope()
        if outer and outer[0].sink:
            self.sink, self.root = outer[0].sink, outer[1]
            identity = outer[0].trace.id
        self.trace = Trace(
            str(identity) if identity else new_id(),
            trace_name,
            None if session_id is None else str(session_id),
            user_id,
            {} if metadata is None else metadata,
            [] if tags is None else tags,
        )
        self.observations = []  # finished ones that wait for the offline store
        self.is_sampled = bool(self.sink) or _is_sampled(self.config.sample_rate)
        self._open = {}  # id -> observation that has begun, and its outer scope

    def is_enabled(self):
        """Whether observations are kept."""
        return self.is_sampled and self.config.enabled

    @property
    def observation_stack(self):
        """The running observations around the current place, outermost first."""
        here, stack = scope.get(), []
        while here and here[0] is self and here[1] is not self.root:
            stack.append(here[1])
            here = self._open.get(here[1].id, (None, None))[1]
        return stack[::-1]

    def push_observation(self, observation):
        """Begin an observation: it becomes the parent of what comes next."""
        if self.is_enabled():
            here = scope.get()
            inside = here and here[0] is self
            self.begin(observation, here[1] if inside else self.root, here)
            scope.set((self, observation))

    def pop_observation(self):
        """End the innermost observation and return it, None if there is none."""
        here = scope.get()
        if not (here and here[0] is self and here[1] and here[1].id in self._open):
            return None
        scope.set(self._open[here[1].id][1])
        self.end(here[1])
        return here[1]

    def begin(self, observation, parent, outer):
        """Note that `observation` runs, inside `parent` (or None)."""
        observation.trace_id = self.trace.id
        if parent is not None:
            observation.parent_observation_id = parent.id
        self._open[observation.id] = (observation, outer)

    def end(self, observation):
        """Hand on an observation that has ended, once."""
        if self._open.pop(observation.id, None) is None:
            return
        if observation.end_time is None:
            observation.end_time = utc_now()
        if self.sink:
            self.sink(encode(observation.to_dict()))
        else:
            self.observations.append(observation)

    def add_metadata(self, key, value):
        """Add to the metadata of the trace."""
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
        """End the trace: what still runs is handed on as it is, innermost first."""
        for observation, _ in reversed(list(self._open.values())):
            observation.status_message = "unfinished"
            self.end(observation)
        if self.trace.end_time is None:
            self.trace.end_time = utc_now()
        if not self.sink and self.is_enabled() and self.config.offline_store_enabled:
            self._store()

    def _store(self):
        from os.path import abspath, join

        from .files import append

        folder = abspath(self.config.offline_store_dir)
        lines = "".join(encode(one.to_dict()) + "\n" for one in self.observations)
        self.observations = []
        try:
            append(join(folder, "observations.jsonl"), lines)
            append(join(folder, "traces.jsonl"), encode(self.trace.to_dict()) + "\n")
        except OSError as error:
            import warnings

            warnings.warn("fluxloop could not store a trace: %s" % error, RuntimeWarning)


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


@contextmanager
def instrument(name, session_id=None, user_id=None, metadata=None, tags=None, trace_id=None):
    """Make the block, or the function it decorates, a trace called `name`.

    Gives the FluxLoopContext. Without a bridge around it the trace goes to
    traces.jsonl and its observations to observations.jsonl in
    `offline_store_dir`, if `offline_store_enabled`.
    """
    context = FluxLoopContext(
        name,
        session_id=session_id,
        user_id=user_id,
        metadata=metadata,
        tags=tags,
        trace_id_override=trace_id,
    )
    outer = scope.get()
    scope.set((context, context.root))
    try:
        yield context
    finally:
        scope.set(outer)
        context.finalize()


def capture(value):
    """Return `value` as it is now, as JSON types: later changes do not reach it."""
    kind = type(value)
    if value is None or kind is bool or (kind is str and len(value) <= Converter.max_text):
        return value
    try:
        return Converter().convert(value)
    except RecursionError:  # the program itself is about to run out of stack
        return "<too deep: %s>" % kind.__name__
