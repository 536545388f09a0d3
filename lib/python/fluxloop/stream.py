"""The text in the items of a stream, and the token counts in them."""

# The dotted path of the text in the items of a stream, None for the usual places
# (runner.stream_output_path).
output_path = None

# Where the libraries of models put the text, in the order of the search. The value
# at the path is a text, or a list of parts that are texts or have a `text`.
_USUAL = [
    path.split(".")
    for path in (
        "delta delta.content delta.text delta.content_delta update.delta"
        " choices.0.delta.content choices.0.text"  # OpenAI, and what is like it
        " data.choices.0.delta.content"  # Mistral
        " candidates.0.content.parts"  # Gemini
        " message.content"  # Ollama
        " delta.message.content.text"  # Cohere
        " contentBlockDelta.delta.text"  # Bedrock
        " data.chunk.content data.delta"  # events of LangChain, of OpenAI's agents
        " content text response textDelta answer chunk token token.text data.text data.content"
    ).split()
]
# The only events of OpenAI's Responses API whose `delta` is new text for the user:
# others repeat the whole text, or have arguments of tools, reasoning, or sound.
_RESPONSE_TEXT = (
    "response.output_text.delta",
    "response.refusal.delta",
    "response.audio.transcript.delta",
)
# Events that repeat the text of others, or are not for the user.
_REPEATED = frozenset("content_block_stop message_stop input_json thinking signature".split())

# How the lines of server-sent events begin.
_FIELDS = ("data:", "event:", "id:", "retry:", ":")

# Where the token counts are ("": in the item itself), and their names.
_USAGE = [
    path.split(".") if path else []
    for path in (
        "usage,usage_metadata,usageMetadata,response.usage,message.usage,metadata.usage,"
        "data.usage,data.response.usage,data.chunk.usage_metadata,"
    ).split(",")
]
_COUNTS = (
    "prompt_tokens input_tokens prompt_token_count promptTokenCount inputTokens"
    " prompt_eval_count".split(),
    "completion_tokens output_tokens candidates_token_count candidatesTokenCount outputTokens"
    " eval_count".split(),
    "total_tokens total_token_count totalTokenCount totalTokens".split(),
)


class Stream:
    """Collects the items of one call. `path` is the dotted path of the text in an
    item (through mappings, lists and attributes), or several, separated by spaces;
    None for the usual places."""

    def __init__(self, path=None):
        self.paths = [one.split(".") for one in path.split(" ")] if path else None
        self.pieces = []
        self.items = []  # kept only until an item has text
        self._decoder = None

    def add(self, item):
        """Add an item; return its text (str), None if it has none."""
        piece = self.text_of(item)
        if piece is not None:
            self.pieces.append(piece)
        elif not self.pieces:
            self.items.append(item)
        return piece

    def text_of(self, item):
        if isinstance(item, (bytes, bytearray)):
            item = self._decoded(item)
        if isinstance(item, str):
            events = events_of(item)
            return item if events is None else self._text_of_events(events)
        if type(item) is tuple and len(item) == 2 and isinstance(item[1], dict):
            item = item[0]  # the other has what LangGraph knows about it
        if self.paths is None:
            return usual_text(item)
        for path in self.paths:
            value = dig(item, path)
            if isinstance(value, str):
                return value
        return None

    def _decoded(self, item):
        """Return the text of bytes, in which a character may be cut."""
        if self._decoder is None:
            from codecs import getincrementaldecoder

            self._decoder = getincrementaldecoder("utf-8")("replace")
        return self._decoder.decode(item)

    def _text_of_events(self, events):
        texts = [self.text_of(event) for event in events]
        texts = [text for text in texts if text is not None]
        return "".join(texts) if texts else None

    def output(self):
        """Return the joined text, or the list of items if none of them had text."""
        return "".join(self.pieces) if self.pieces or not self.items else self.items


def events_of(text):
    """Return what the server-sent events of a text bring, parsed if it is JSON; None
    if the text is not of whole events."""
    if not text.startswith(_FIELDS) or not text.endswith(("\n\n", "\r\n\r\n")):
        return None
    events = []
    for event in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line for line in event.split("\n") if line]
        if not all(line.startswith(_FIELDS) for line in lines):
            return None
        data = [line[5:] for line in lines if line.startswith("data:")]
        data = "\n".join([one[1:] if one[:1] == " " else one for one in data])
        if data and data != "[DONE]":
            events.append(_parsed(data))
    return events


def _parsed(data):
    if data[0] not in '{["':
        return data
    from json import loads

    try:
        return loads(data)
    except ValueError:
        return data


def usual_text(item):
    """Return the text of an item of a model's stream, None if it has none."""
    kind = dig(item, ["type"])
    if isinstance(kind, str):
        if kind == "raw_response_event":
            item, kind = dig(item, ["data"]), dig(item, ["data", "type"])
        if isinstance(kind, str) and kind.startswith("response."):
            text = dig(item, ["delta"]) if kind in _RESPONSE_TEXT else None
            return text if isinstance(text, str) else None
        if kind in _REPEATED or kind == "text" and dig(item, ["snapshot"]) is not None:
            return None
    for path in _USUAL:
        text = _text(dig(item, path))
        if text is not None:
            return text
    return None


def _text(value):
    if isinstance(value, str):
        return value
    if not isinstance(value, (list, tuple)):
        return None
    texts = [
        part if isinstance(part, str) else dig(part, ["text"])
        for part in value
        if not dig(part, ["thought"])
    ]
    texts = [text for text in texts if isinstance(text, str)]
    return "".join(texts) if texts else None


def usage_of(item):
    """Return the token counts in an item or a result: [prompt, completion, total],
    each None if there is none; None if it has no counts at all."""
    for path in _USAGE:
        usage = dig(item, path)
        if usage is None:
            continue
        counts = [_number(usage, names) for names in _COUNTS]
        if counts != [None, None, None]:
            return counts
    return None


def add_usage(sum, counts):
    """Return the counts after a further item: [prompt, completion, total]. `sum` has
    those before, or is None. Streams report each count once, or so far."""
    joined = [
        new if old is None else old if new is None else max(old, new)
        for old, new in zip(sum or (None, None, None), counts)
    ]
    prompt, completion, total = joined
    if None not in joined and total < prompt + completion:
        joined[2] = prompt + completion
    return joined


def _number(usage, names):
    for name in names:
        value = dig(usage, [name])
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def dig(value, path):
    """Return the value at a path (a list of names) through mappings, lists and
    attributes, None if there is none."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, (list, tuple)):
            # "-1" is the last element
            index = int(name) if name.lstrip("-").isdigit() and name.count("-") < 2 else None
            inside = index is not None and -len(value) <= index < len(value)
            value = value[index] if inside else None
        else:
            try:
                value = getattr(value, name, None)
            except Exception:  # a property of the item
                return None
        if value is None:
            return None
    return value
