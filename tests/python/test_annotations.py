"""Recordings without types, and configured values, go by the annotations."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import pathlib
import sys
import typing
import unittest
import uuid
from typing import Any, Dict, List, Optional, Tuple, Union

from fluxloop.annotations import hints_of
from fluxloop.rebuild import Classes, RebuildError
from fluxloop.replay import Replay

if typing.TYPE_CHECKING:
    from nowhere import Unknown


class Tier(enum.Enum):
    GOLD = "gold"
    PAIR = (1, 2)


@dataclasses.dataclass
class Money:
    amount: decimal.Decimal
    tier: Optional[Tier] = None
    parts: List["Money"] = dataclasses.field(default_factory=list)


class Point(typing.NamedTuple):
    x: int
    when: datetime.date


class Typed(typing.TypedDict, total=False):
    when: datetime.datetime
    other: Dict[str, uuid.UUID]


class Plain:
    name: str
    since: datetime.date

    def greet(self):
        return "Dear " + self.name


UserId = typing.NewType("UserId", uuid.UUID)
DAY = datetime.date(2025, 1, 2)
WHEN = datetime.datetime(2025, 1, 2, 3, 4)
U = uuid.UUID(int=7)


def handler(
    text: str,
    number: float,
    when: datetime.datetime,
    day: "Optional[datetime.date]",
    amount: decimal.Decimal,
    tier: Tier,
    pair: Tier,
    money: Money,
    both: Union[int, Money],
    many: list[Money] if sys.version_info >= (3, 9) else List[Money],
    named: Dict[str, Money],
    keyed: Dict[int, str],
    by_tier: Dict[Tier, int],
    point: Point,
    typed: Typed,
    plain: Plain,
    path: pathlib.Path,
    user: UserId,
    blob: bytes,
    number_c: complex,
    tags: typing.Set[str],
    pairs: List[Tuple[int, datetime.date]],
    more: Tuple[datetime.date, ...],
    queue: typing.Deque[int],
    either: Union[str, datetime.date],
    unknown: Unknown,
    any_: Any,
    context: dict,
    literal: typing.Literal["a"],
    bare: set,
    nothing: Optional[Money],
    **rest: int,
):
    pass


RECORDED = {
    "text": "x",
    "number": 1.5,
    "when": "2025-01-02T03:04:00",
    "day": "2025-01-02",
    "amount": "12.30",
    "tier": "gold",
    "pair": [1, 2],
    "money": {"amount": "1.5", "tier": "gold", "parts": [{"amount": "2"}]},
    "both": {"amount": "1"},
    "many": [{"amount": "1"}],
    "named": {"a": {"amount": "1"}},
    "keyed": {"1": "one"},
    "by_tier": {"gold": 1},
    "point": [1, "2025-01-02"],
    "typed": {"when": "2025-01-02T03:04:00", "other": {"a": str(U)}},
    "plain": {"name": "Ada", "since": "2025-01-02"},
    "path": "/a",
    "user": str(U),
    "blob": "<repr:b'ab\\xff'>",
    "number_c": "<repr:1j>",
    "tags": ["a"],
    "pairs": [[1, "2025-01-02"]],
    "more": ["2025-01-02", "2025-01-02"],
    "queue": [1],
    "either": "2025-01-02",
    "unknown": "u",
    "any_": [1],
    "context": {"a": 1},
    "literal": "a",
    "bare": ["a"],
    "nothing": None,
    "rest": 1,
}

EXPECTED = {
    "text": "x",
    "number": 1.5,
    "when": WHEN,
    "day": DAY,
    "amount": decimal.Decimal("12.30"),
    "tier": Tier.GOLD,
    "pair": Tier.PAIR,
    "money": Money(decimal.Decimal("1.5"), Tier.GOLD, [Money(decimal.Decimal(2))]),
    "both": Money(decimal.Decimal(1)),
    "many": [Money(decimal.Decimal(1))],
    "named": {"a": Money(decimal.Decimal(1))},
    "keyed": {1: "one"},
    "by_tier": {Tier.GOLD: 1},
    "point": Point(1, DAY),
    "typed": {"when": WHEN, "other": {"a": U}},
    "path": pathlib.Path("/a"),
    "user": U,
    "blob": b"ab\xff",
    "number_c": 1j,
    "tags": {"a"},
    "pairs": [(1, DAY)],
    "more": (DAY, DAY),
    "queue": collections.deque([1]),
    "either": "2025-01-02",
    "unknown": "u",
    "any_": [1],
    "context": {"a": 1},
    "literal": "a",
    "bare": {"a"},
    "nothing": None,
    "rest": 1,
}


def replayed(function, kwargs, **message):
    kwargs = json.loads(json.dumps(kwargs))
    replay = Replay(function, Classes(sys.modules[__name__]))
    replay.arguments(kwargs, message, {}, None)
    return kwargs


class AnnotationTest(unittest.TestCase):
    def test_values_are_what_the_annotations_say(self):
        found = replayed(handler, RECORDED)
        plain = found.pop("plain")
        self.assertEqual(found, EXPECTED)
        for name, value in EXPECTED.items():
            if type(value) is not dict:  # which is one with attributes
                self.assertIs(type(found[name]), type(value), name)
        self.assertEqual((type(plain), plain.greet(), plain.since), (Plain, "Dear Ada", DAY))

    def test_values_that_were_something_else_are_left_alone(self):
        cases = {"when": "soon", "amount": 1.5, "tags": "a", "many": {"a": 1}, "path": 5, "point": "p"}
        self.assertEqual(replayed(handler, cases), cases)

    def test_what_is_lost_or_gone_is_refused_with_path_and_class(self):
        cases = [
            ({"blob": "<repr:b'\\x89PN>"}, '"blob"', "bytes", "only its beginning"),
            ({"tier": "silver"}, '"tier"', "test_annotations.Tier", "'silver' is not a valid Tier"),
            ({"many": [{"amount": "1"}, {"tier": "gold"}]}, '"many.1"', "Money", '"amount" was not recorded'),
            ({"money": {"amount": "1", "tier": "tin"}}, '"money.tier"', "Tier", "'tin'"),
        ]
        for kwargs, *texts in cases:
            with self.subTest(texts), self.assertRaises(RebuildError) as caught:
                replayed(handler, kwargs)
            for text in texts:
                self.assertIn(text, str(caught.exception))

    def test_objects_of_an_older_recording_have_their_classes(self):
        kwargs = {"u": {"amount": "1.5", "tier": "gold"}, "x": {"a": 1}, "items": [{"name": "n"}]}
        objects = {"u": "test_annotations.Money", "x": "gone.Class", "items.0": "test_annotations.Plain"}
        found = replayed(lambda u, x, items: None, kwargs, objects=objects)
        self.assertEqual(found["u"], Money(decimal.Decimal("1.5"), Tier.GOLD))
        self.assertEqual(found["items"][0].greet(), "Dear n")
        self.assertEqual((found["x"].a, type(found["x"]).__name__), (1, "Class"))

    def test_what_is_not_data_fails_when_it_is_used(self):
        def handle(client: Plain, text: str, other):
            pass

        marks = {"client": "<repr:<h.Plain object>>", "text": "<repr:x>", "other": "<repr:y>"}
        found = replayed(handle, marks)
        self.assertIsInstance(found["client"], Plain)
        self.assertEqual((found["text"], found["other"]), ("<repr:x>", "<repr:y>"))
        with self.assertRaises(AttributeError) as caught:
            found["client"].ask("x")
        self.assertIn('name a provider for "client.ask"', str(caught.exception))

    def test_annotations_of_all_kinds_of_callables_are_found(self):
        import functools

        class Callable:
            def __call__(self, day: datetime.date):
                pass

            def method(self, day: datetime.date):
                pass

        def function(x, day: datetime.date):
            pass

        @functools.wraps(function)
        def wrapper(*args):
            pass

        for one in (Callable(), Callable().method, function, wrapper, functools.partial(function, 1)):
            self.assertEqual(list(hints_of(one)), ["day"])
            self.assertEqual(replayed(one, {"day": "2025-01-02"}), {"day": DAY})


if __name__ == "__main__":
    unittest.main()
