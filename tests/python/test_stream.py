import dataclasses
import json
import unittest
from types import SimpleNamespace

import fluxloop
from fluxloop import stream
from fluxloop.context import FluxLoopContext, scope


def objects(value):
    """Return dicts as objects with attributes, as the libraries of models yield."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: objects(item) for name, item in value.items()})
    return [objects(item) for item in value] if isinstance(value, list) else value


def delta(**fields):
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": fields}], "usage": None}


# name: (items, joined text, [prompt, completion, total])
STREAMS = {
    "events of a server": (
        [
            'data: {"choices":[{"delta":{"content":"Hello "}}]}\n\n',
            'event: more\r\ndata: {"choices":[{"delta":{"content":"wor"}}]}\r\n\r\ndata: ld\n\n',
            'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\n',
            ": wait\n\ndata: [DONE]\n\n",
        ],
        "Hello world",
        [5, 2, None],
    ),
    "bytes": ([b"Gr\xc3", b"\xbc\xc3\x9fe"], "Gr\xfc\xdfe", None),
    "text like an event": (["data: is", " what we have\n\n"], "data: is what we have\n\n", None),
    "tokens": ([{"token": "Hello "}, {"token": {"text": "world"}}], "Hello world", None),
    "OpenAI chat": (
        [
            delta(role="assistant", content=""),
            delta(content="Hello "),
            delta(content="world"),
            delta(tool_calls=[{"function": {"arguments": "{"}}]),
            {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}},
        ],
        "Hello world",
        [5, 2, 7],
    ),
    "OpenAI responses": (
        [
            {"type": "response.created", "response": {"output": [], "usage": None}},
            {"type": "response.reasoning_summary_text.delta", "delta": "thinking"},
            {"type": "response.output_text.delta", "delta": "Hello "},
            {"type": "response.output_text.delta", "delta": "world"},
            {"type": "response.output_text.done", "text": "Hello world"},
            {"type": "response.function_call_arguments.delta", "delta": "{"},
            {"type": "response.completed", "response": {"usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}}},
        ],
        "Hello world",
        [3, 4, 7],
    ),
    "OpenAI agents": (
        [
            {"type": "agent_updated_stream_event", "new_agent": {"name": "a"}},
            {"type": "raw_response_event", "data": {"type": "response.output_text.delta", "delta": "Hello world"}},
            {"type": "raw_response_event", "data": {"type": "response.output_text.done", "text": "Hello world"}},
        ],
        "Hello world",
        None,
    ),
    "Anthropic": (
        [
            {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 12, "output_tokens": 1}}},
            {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "hm"}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hello "}},
            {"type": "text", "text": "Hello ", "snapshot": "Hello "},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "world"}},
            {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": "{"}},
            {"type": "content_block_stop", "content_block": {"type": "text", "text": "Hello world"}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 25}},
            {"type": "message_stop"},
        ],
        "Hello world",
        [12, 25, None],
    ),
    "Gemini": (
        [
            {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}, {"text": "Hello "}]}}]},
            {"candidates": [{"content": {"parts": [{"text": "wor"}, {"text": "ld"}]}}],
             "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 6, "totalTokenCount": 10}},
        ],
        "Hello world",
        [4, 6, 10],
    ),
    "Ollama": (
        [
            {"message": {"role": "assistant", "content": "Hello "}, "done": False},
            {"message": {"role": "assistant", "content": "world"}, "done": True, "prompt_eval_count": 8, "eval_count": 9},
        ],
        "Hello world",
        [8, 9, None],
    ),
    "LangChain": (
        [
            {"content": "Hello ", "usage_metadata": {"input_tokens": 7, "output_tokens": 0, "total_tokens": 7}},
            {"content": [{"type": "text", "text": "world"}], "usage_metadata": None},
            {"content": "", "usage_metadata": {"input_tokens": 0, "output_tokens": 5, "total_tokens": 5}},
        ],
        "Hello world",
        [7, 5, 12],
    ),
    "Bedrock": (
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "Hello world"}}},
            {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}},
        ],
        "Hello world",
        [1, 2, 3],
    ),
    "texts": (["Hello ", "world", {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}], "Hello world", [1, 2, None]),
    "dicts with text": ([{"text": "Hello "}, {"delta": "world"}, {"content": "!"}], "Hello world!", None),
    "values": ([1, "two", {"text": "three"}], [1, "two", "three"], None),
    "rows": ([{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 2}], None),
}


class StreamTest(unittest.TestCase):
    def setUp(self):
        self.found = []
        self.context = FluxLoopContext("test", sink=lambda line: self.found.append(json.loads(line)))
        self.token = scope.set((self.context, None))

    def tearDown(self):
        scope.reset(self.token)
        stream.output_path = None

    def observe(self, items):
        @fluxloop.prompt("model")
        def model():
            yield from items

        self.assertEqual(list(model()), items)
        return self.found[-1]

    def test_an_observation_of_a_stream_has_its_text_and_its_tokens(self):
        for name, (items, text, tokens) in STREAMS.items():
            forms = [items] if name in ("rows", "values") else [items, objects(items)]
            for form in forms:
                with self.subTest(name, objects=form is not items):
                    seen = self.observe(form)
                    self.assertEqual(seen["output"], text)
                    counts = [seen.get(k + "_tokens") for k in ("prompt", "completion", "total")]
                    self.assertEqual(counts, tokens or [None] * 3)

    def test_what_a_graph_knows_about_a_chunk_is_no_text(self):
        items = [({"content": one}, {"langgraph_node": "n"}) for one in ("a", "b")]
        self.assertEqual(self.observe(items)["output"], "ab")

    def test_the_path_of_the_configuration_goes_first(self):
        stream.output_path = "payload.say"
        items = [{"payload": {"say": "a"}, "text": "x"}, {"text": "y"}, {"payload": {"say": "b"}}]
        self.assertEqual(self.observe(items)["output"], "ab")

    def test_dataclasses_are_expanded_and_addresses_left_out(self):
        @dataclasses.dataclass
        class Inner:
            n: int

        @dataclasses.dataclass
        class Order:
            name: str
            inner: Inner

        class Plain:
            pass

        @fluxloop.tool()
        def take(order, plain, function):
            if order is None:
                raise ValueError("no %s" % plain)

        take(Order("x", Inner(1)), Plain(), [len, take, Plain().__init__])
        self.assertEqual(self.found[-1]["input"]["order"], {"name": "x", "inner": {"n": 1}})
        with self.assertRaises(ValueError):
            take(None, {Plain(): Plain}, Plain)
        self.assertNotIn("0x", json.dumps(self.found))


if __name__ == "__main__":
    unittest.main()
