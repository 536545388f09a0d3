import datetime
import decimal
import enum
import json
import math
import unittest
import uuid

from fluxloop.context import capture
from fluxloop.serialize import Converter, encode
from helpers import strict


class Color(enum.Enum):
    RED = "red"


class Broken:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


class Model:
    def model_dump(self):
        return {"when": datetime.datetime(2025, 1, 2), "inner": [Color.RED]}


class SerializeTest(unittest.TestCase):
    def test_values_become_json_by_the_rules(self):
        some_id = uuid.UUID(int=5)
        cases = [
            (datetime.datetime(2025, 1, 2, 3, 4, 5), "2025-01-02T03:04:05"),
            (datetime.date(2025, 1, 2), "2025-01-02"),
            (some_id, str(some_id)),
            (decimal.Decimal("1.50"), "1.50"),
            (Color.RED, "red"),
            ((1, (2,)), [1, [2]]),
            ({3, 1, 2}, [1, 2, 3]),
            (b"ab\xff", "ab\ufffd"),
            ({1: {None: "x"}}, {"1": {"None": "x"}}),
            (math.nan, None),
            (-math.inf, None),
            (Model(), {"when": "2025-01-02T00:00:00", "inner": ["red"]}),
            (Broken(), "<Broken>"),
        ]
        for value, expected in cases:
            with self.subTest(repr(expected)):
                self.assertEqual(capture(value), expected)

    def test_cycles_and_depth_end(self):
        cycle = {}
        cycle["self"] = [cycle]
        self.assertEqual(capture(cycle), {"self": ["<cycle: dict>"]})
        deep = []
        for _ in range(5000):
            deep = [deep]
        self.assertIn("<too deep: list>", encode(capture(deep)))

    def test_the_same_value_twice_is_no_cycle(self):
        one = {"a": 1}
        self.assertEqual(capture([one, one]), [one, one])

    def test_long_text_and_large_containers_are_cut_and_say_so(self):
        text = capture("x" * (Converter.max_text + 7))
        self.assertEqual(text, "x" * Converter.max_text + "…[cut, 7 characters]")
        items = capture(list(range(Converter.max_items + 3)))
        self.assertEqual(len(items), Converter.max_items + 1)
        self.assertEqual(items[-1], "…[cut, 3 elements]")
        entries = capture({str(n): n for n in range(Converter.max_items + 2)})
        self.assertIn("…[cut, 2 entries]", entries)

    def test_encode_writes_json_whatever_it_is_given(self):
        cycle = []
        cycle.append(cycle)
        deep = []
        for _ in range(300):
            deep = [deep]
        for value in (cycle, deep, math.nan, {"a": math.inf}, {(1, 2): 3}, 10**6000, Broken(), "\ud800"):
            with self.subTest(type(value).__name__):
                strict(encode(value).encode("utf-8", "backslashreplace"))

    def test_encode_shortens_nothing(self):
        value = {"items": list(range(20000)), "when": datetime.date(2025, 1, 2)}
        self.assertEqual(len(json.loads(encode(value))["items"]), 20000)

    def test_lone_surrogates_become_escapes(self):
        data = encode({"a": "é\ud800"}).encode("utf-8", "backslashreplace")
        self.assertEqual(data, '{"a":"é\\ud800"}'.encode("utf-8"))


if __name__ == "__main__":
    unittest.main()
