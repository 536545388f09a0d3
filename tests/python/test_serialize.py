import collections
import datetime
import decimal
import enum
import json
import math
import sys
import threading
import time
import types
import unittest
import unittest.mock
import uuid

from fluxloop import jsontext, serialize
from fluxloop.serialize import Captured, Encoder, capture, encode, excerpt, excerpts
from helpers import strict


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Broken:
    def __repr__(self):
        raise RuntimeError("no")

    __str__ = __repr__


class Model:
    def model_dump(self):
        return {"when": datetime.datetime(2025, 1, 2), "inner": [Color.RED]}


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def seen(value):
    """Return a value as an observation has it. Its JSON must be the same in both
    ways to write it, the quick one for small values and Encoder."""
    text = excerpt(value)
    slow = Encoder().encode(value)
    assert text == slow, (text[:200], slow[:200])
    return strict(text)


class RulesTest(unittest.TestCase):
    def test_values_become_json_by_the_rules(self):
        some_id = uuid.UUID(int=5)
        cases = [
            (datetime.datetime(2025, 1, 2, 3, 4, 5), "2025-01-02T03:04:05"),
            (datetime.date(2025, 1, 2), "2025-01-02"),
            (some_id, str(some_id)),
            (decimal.Decimal("1.50"), "1.50"),
            (Color.RED, "red"),
            (Level.LOW, 1),
            ((1, (2,)), [1, [2]]),
            ({3, 1, 2}, [1, 2, 3]),
            (frozenset(["b", "a"]), ["a", "b"]),
            (b"ab\xff", "ab\ufffd"),
            (bytearray(b"ab"), "ab"),
            ({1: {None: "x"}}, {"1": {"None": "x"}}),
            ({1: "a", "1": "b", False: "c"}, {"1": "b", "False": "c"}),
            ({}, {}),
            ([], []),
            (math.nan, None),
            (-math.inf, None),
            ([0.1, -1e300, True, None, -5], [0.1, -1e300, True, None, -5]),
            (2**70, 2**70),
            (collections.OrderedDict(a=1), {"a": 1}),
            (types.SimpleNamespace(a=1), "namespace(a=1)"),
            (Model(), {"when": "2025-01-02T00:00:00", "inner": ["red"]}),
            (Broken(), "<Broken>"),
            ('"\\\b\f\n\r\t\x00\x1f\x7f\u2028é😀', '"\\\b\f\n\r\t\x00\x1f\x7f\u2028é😀'),
        ]
        for value, expected in cases:
            with self.subTest(repr(expected)):
                self.assertEqual(seen(value), expected)

    def test_a_long_text_is_escaped_as_a_short_one(self):
        for piece in ("plain ", 'a "quoted\\ piece" ', "line\n", "\ttab\r", "é", "日本", "😀", "\x07", "\x7f", "\ud800"):
            text = piece * 300
            with self.subTest(piece):
                self.assertEqual(json.loads(jsontext.quote(text).decode("utf-8")), text)
                self.assertEqual(jsontext.quote(text)[1:-1], jsontext.quote(piece)[1:-1] * 300)

    def test_the_cache_of_quoted_texts_has_a_limit(self):
        kept, quote = jsontext._lately, jsontext.quote_in_python
        for n in range(300):
            text = "%d é " % n * 2000
            for _ in range(2):
                self.assertEqual(json.loads(quote(text).decode("utf-8")), text)
            self.assertLessEqual(sum(map(len, kept)), jsontext._ALL)
        self.assertIs(quote(text), quote(text))
        for size in (jsontext._ALL, jsontext._ALL + 1):
            self.assertEqual(len(quote("x" * size)), size + 2)
            self.assertLessEqual(sum(map(len, kept)), jsontext._ALL)

    def test_lone_surrogates_become_escapes(self):
        for write in (encode, excerpt):
            self.assertEqual(write({"a": "é\ud800"}), '{"a":"é\\ud800"}'.encode("utf-8"))
            self.assertEqual(write("\udfff"), b'"\\udfff"')

    def test_a_captured_value_does_not_change(self):
        value = {"items": [1]}
        before = capture(value)
        value["items"].append(2)
        self.assertEqual(strict(before.json), {"items": [1]})
        self.assertEqual(seen([before, Captured(b"5")]), [{"items": [1]}, 5])

    def test_the_same_value_twice_is_not_a_cycle(self):
        one = {"a": 1}
        self.assertEqual(seen([one, one]), [one, one])


class LimitsTest(unittest.TestCase):
    def test_cycles_and_deep_values_are_cut(self):
        cycle = {}
        cycle["self"] = [cycle]
        self.assertEqual(seen(cycle), {"self": ["<cycle: dict>"]})
        self.assertIn(b"<too deep: list>", excerpt(nested(5000)))
        self.assertNotIn(b"<too deep", excerpt(nested(Encoder.max_depth - 1)))

    def test_objects_whose_fields_never_end_are_cut(self):
        class Itself:
            def model_dump(self):
                return {"me": self}

        class Others:
            def dict(self):
                return {"left": Others(), "right": Others()}

        self.assertEqual(seen(Itself()), {"me": "<cycle: Itself>"})
        text = excerpt(Others())
        strict(text)
        self.assertIn(b"<too deep: Others>", text)
        self.assertLess(len(text), 3 * Encoder.max_total)

    def test_long_text_and_large_containers_are_cut_with_a_mark(self):
        text = seen("x" * (Encoder.max_text + 7))
        self.assertEqual(text, "x" * Encoder.max_text + "…[cut, 7 characters]")
        data = seen(b"x" * (Encoder.max_text + 8))
        self.assertEqual(data, "x" * Encoder.max_text + "…[cut, 8 bytes]")
        items = seen(list(range(Encoder.max_items + 3)))
        self.assertEqual(len(items), Encoder.max_items + 1)
        self.assertEqual(items[-1], "…[cut, 3 elements]")
        self.assertEqual(seen(set(range(Encoder.max_items + 4)))[-1], "…[cut, 4 elements]")
        entries = seen({str(n): n for n in range(Encoder.max_items + 2)})
        self.assertIn("…[cut, 2 entries]", entries)
        key = list(seen({"k" * (Encoder.max_text + 1): 1}))[0]
        self.assertEqual(key, "k" * Encoder.max_text + "…[cut, 1 characters]")

    def test_a_value_has_a_total_limit(self):
        text = "é" * Encoder.max_text
        row = list(range(10000))
        cases = [
            [text] * 10000,
            {n: text for n in range(10000)},
            {"%d%s" % (n, text): n for n in range(100)},
            [row] * 10000,
            [[[row] * 50] * 50] * 50,
            [{"a": 1, "b": [2] * 9}] * 10000,
            [[]] * 10000 + [[[[]] * 10000] * 10000],
            [2**4000] * 10000,
            ["\x01" * Encoder.max_text] * 10000,
            [text.encode()] * 10000,
            [Broken()] * 10000,
        ]
        for number, value in enumerate(cases):
            with self.subTest(number):
                begin = time.process_time()
                found = excerpt(value)
                self.assertLess(time.process_time() - begin, 5)  # usually a hundredth of it
                self.assertLess(len(found), 7 * Encoder.max_total)
                strict(found)
                if number not in (6, 10):  # these are small enough
                    self.assertIn("…[cut, ", found[-100:].decode("utf-8", "ignore"))

    def test_arguments_share_the_total_limit(self):
        self.assertEqual(excerpts({"a": 1, 'b"': "x" * 300}), b'{"a":1,"b\\"":"%s"}' % (b"x" * 300))
        self.assertEqual(excerpts({}), b"{}")
        many = {"a%d" % n: ["x" * 200000] * 20 for n in range(50)}
        found = excerpts(many)
        strict(found)
        self.assertLess(len(found), 1.1 * Encoder.max_total)
        self.assertIn("…[cut, ", found[-100:].decode("utf-8", "ignore"))

    def test_small_values_after_a_large_one_are_written(self):
        found = seen({"context": ["x" * 100000] * 30, "question": "short"})
        self.assertEqual(found["question"], "short")
        self.assertEqual(len(found["context"]), 30)

    def test_numbers_with_too_many_digits_become_text(self):
        for value in (10**10000, -(10**10000), [10**6000]):
            self.assertIn("0x", str(seen(value)))
        self.assertEqual(seen(2**4095), 2**4095)


class Lying(list):
    def __iter__(self):
        while True:
            yield 1


class Endless(dict):
    def items(self):
        while True:
            yield ("k", "v")


class NoPairs(dict):
    def items(self):
        return [1, 2]


class Long(list):
    def __len__(self):
        return sys.maxsize // 2


class NoLength(list):
    def __len__(self):
        raise ValueError("no")


class Text(str):
    def __str__(self):
        raise ValueError("no")

    def __len__(self):
        return sys.maxsize // 2


class Number(int):
    def __repr__(self):
        return "no number"

    __str__ = __repr__

    def __lt__(self, other):
        raise ValueError("no")


class Real(float):
    def __repr__(self):
        return "NaN"


class NoText:
    def __str__(self):
        return 5


class Recurses:
    def __str__(self):
        return str(self)


class Long_text:
    def __str__(self):
        return "x" * 10**6


class Nameless(type):
    @property
    def __name__(cls):
        raise ValueError("no")


class Unnamed(metaclass=Nameless):
    def __str__(self):
        raise ValueError("no")


class NoClass:
    @property
    def __class__(self):
        raise ValueError("no")


class Dumps:
    def __init__(self, error):
        self.error = error

    def model_dump(self):
        raise self.error

    def __str__(self):
        return "its text"


class NoAttributes:
    def __getattribute__(self, name):
        raise RuntimeError(name)


class Compares:
    def __eq__(self, other):
        raise ValueError("no")

    def __lt__(self, other):
        raise ValueError("no")

    def __hash__(self):
        return 5

    def __str__(self):
        return "compares"


class Array:
    """An object with a text and many other methods, like an array of a library."""

    def __array__(self):
        raise AssertionError("it was asked for its numbers")

    def __len__(self):
        return 10**9

    def __iter__(self):
        raise AssertionError("it was gone through")

    def __bool__(self):
        raise ValueError("the truth of an array is ambiguous")

    def __eq__(self, other):
        return self

    __hash__ = None

    def __str__(self):
        return "[1 2 3]"


class HostileTest(unittest.TestCase):
    def test_values_whose_methods_raise_become_marks(self):
        ones = [1] * Encoder.max_items
        cases = [
            (Lying([1, 2]), ones),
            (Endless(), {"k": "v"}),
            (NoPairs(a=1), "<NoPairs>"),
            (Long([1, 2]), [1, 2, "…[cut, %d elements]" % (sys.maxsize // 2 - 2)]),
            (NoLength([1]), "<NoLength>"),
            (Text("text"), "text"),
            (Number(7), 7),
            (Real(0.5), 0.5),
            (NoText(), "<NoText>"),
            (Recurses(), "<Recurses>"),
            (Long_text(), "x" * Encoder.max_text + "…[cut, %d characters]" % (10**6 - Encoder.max_text)),
            (Unnamed(), "<Unnamed>"),
            (NoClass(), "<NoClass>"),
            (Dumps(ValueError("no")), "its text"),
            (Dumps(RecursionError("no")), "its text"),
            (NoAttributes(), "<NoAttributes>"),
            ({Compares()}, ["compares"]),
            ({Compares(): 1}, {"compares": 1}),
            ({NoText(): 1, Broken(): 2}, {"<NoText>": 1, "<Broken>": 2}),
            (Array(), "[1 2 3]"),
            ({"a": Array()}, {"a": "[1 2 3]"}),
        ]
        for value, expected in cases:
            with self.subTest(type(value)):
                self.assertEqual(seen(value), expected)
                self.assertEqual(seen([value])[0], expected)

    def test_generators_are_not_consumed(self):
        def count():
            yield 1

        generator, iterator = count(), iter([1])
        for value in (generator, iterator):
            self.assertIn("object", seen(value))
            self.assertEqual(next(value), 1)

    def test_a_mock_becomes_text_and_is_not_called(self):
        for kind in (unittest.mock.Mock, unittest.mock.MagicMock):
            mock = kind()
            self.assertIn("Mock", seen(mock))
            self.assertEqual([c for c in mock.mock_calls if "__" not in str(c)], [])

    def test_exceptions_that_are_not_an_Exception_are_raised(self):
        for error in (KeyboardInterrupt, SystemExit):

            class Ends:
                def __str__(self):
                    raise error

            for value in (Ends(), [{"a": Ends()}]):
                with self.subTest(error.__name__), self.assertRaises(error):
                    excerpt(value)

    def test_values_are_written_near_the_end_of_the_stack(self):
        found = []

        def dive():
            found.append(excerpt([[Model()]]))
            dive()

        with self.assertRaises(RecursionError):
            dive()
        for text in found:
            strict(text)

    def test_values_are_written_while_a_thread_changes_them(self):
        shared, stop = {"list": []}, []

        def change():
            n = 0
            while not stop:
                n += 1
                shared[n % 50] = shared["list"]
                shared["list"].append(n)
                if n % 1000 == 0:
                    shared["list"].clear()
                    shared.pop(n % 50, None)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(50):
                self.assertIn("list", strict(excerpt(shared)))
        finally:
            stop.append(True)
            thread.join()


class WholeTest(unittest.TestCase):
    def test_encode_writes_any_value_as_json(self):
        cycle = []
        cycle.append(cycle)
        values = [cycle, nested(300), math.nan, {"a": math.inf}, {(1, 2): 3}, 10**6000, Broken()]
        for value in values + ["\ud800", NoPairs(a=1), NoLength([1]), NoAttributes(), Array()]:
            with self.subTest(type(value).__name__):
                strict(encode(value))

    def test_encode_shortens_nothing(self):
        value = {"items": list(range(20000)), "when": datetime.date(2025, 1, 2), "text": ["x" * 300000] * 20}
        found = strict(encode(value))
        self.assertEqual(len(found["items"]), 20000)
        self.assertEqual(found["text"], value["text"])


class DecodeTest(unittest.TestCase):
    def test_decode_reads_what_json_reads(self):
        for text in ('{"a":[1,-2.5e3,true,null,"\\u00e9\\n"]}', ' [ ] \r', "5", '"x"', "NaN", "-Infinity"):
            self.assertEqual(repr(jsontext.decode(text)), repr(json.loads(text)))

    def test_decode_refuses_what_is_not_json(self):
        for text in ("", " ", "{", "[1] 2", "{'a':1}", "nul", "\ufeff1", '"\n"', "[1,]", "\x0b1"):
            with self.subTest(text), self.assertRaises(ValueError):
                jsontext.decode(text)

    def test_the_results_are_the_same_without_the_c_functions(self):
        """Runs in a Python without the C functions."""
        import importlib.util
        import sys

        with unittest.mock.patch.dict(sys.modules, {"_json": None}):
            spec = importlib.util.spec_from_file_location("fluxloop.other", jsontext.__file__)
            other = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(other)
        self.assertIsNot(other._encode, jsontext._encode)
        value = {"a": [1, 2.5, None, True, 'é"\n\x01'], "b": {}}
        self.assertEqual(other.compact(value), jsontext.compact(value))
        self.assertEqual(other.decode(other.compact(value)), value)
        text = "é\ud800" * 100
        self.assertEqual(other.quote_in_python(text), jsontext.quote_in_python(text))
        for wrong in (math.nan, {1, 2}):
            with self.assertRaises((TypeError, ValueError)):
                other.compact(wrong)
        for wrong in ("", "[1] 2"):
            with self.assertRaises(ValueError):
                other.decode(wrong)


if __name__ == "__main__":
    unittest.main()
