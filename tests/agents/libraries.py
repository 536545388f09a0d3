"""Handlers for replay.bats, each with values of installed libraries. As a program it
calls them, records the calls, and prints the results: {"target","output"}."""

import sys

import arrow
import django
import fluxloop
import httpx
import multidict
import numpy
import pandas
import pendulum
import requests.structures
import starlette.datastructures
import werkzeug.datastructures
from django.conf import settings
from django.db import models
from fluxloop.serialize import encode
from google.protobuf import struct_pb2
from PIL import Image
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()
settings.configure()
django.setup()


class Hero(Base):
    __tablename__ = "heroes"
    id = Column(Integer, primary_key=True)
    name = Column(String)

    def title(self):
        return "#%d %s" % (self.id, self.name)


class Order(models.Model):
    number = models.IntegerField()
    note = models.TextField(default="none")

    class Meta:
        app_label = "shop"

    def title(self):
        return "#%d %s" % (self.number, self.note)


def _structure():
    made = struct_pb2.Struct()
    made.update({"a": [1, "x"]})
    return made


CALENDAR = pandas.DataFrame(
    {
        "day": pandas.to_datetime(["2026-01-01", None]),
        "kind": pandas.Categorical(["x", "y"]),
        "size": [1.5, float("nan")],
        "more": [{"k": 1}, (2,)],
        "whole": pandas.array([1, None], dtype="Int64"),
    },
    index=["first", "second"],
)
HANDLERS = {
    "frames": [
        CALENDAR,
        pandas.DataFrame({("a", 1): [1], ("a", 2): [2]}),
        pandas.DataFrame(),
        pandas.Series([1, 2, 3], name="s"),
        pandas.date_range("2026-01-01", periods=3, tz="Europe/Berlin"),
    ],
    "moments": [
        pandas.Timestamp("2026-01-02T03:04:05.000000006", tz="Europe/Berlin"),
        pandas.Timedelta("1 days 00:00:00.000000005"),
        pandas.NaT,
        pandas.Period("2026-01", freq="M"),
        arrow.get("2026-01-02T03:04:05", tzinfo="Europe/Berlin"),
        pendulum.datetime(2026, 1, 2, tz="Europe/Berlin"),
    ],
    "arrays": [
        numpy.arange(6).reshape(2, 3),
        numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        numpy.array(["2026-01-01"], dtype="datetime64[D]"),
        numpy.array([1 + 2j]),
        numpy.int16(7),
    ],
    "mappings": [
        multidict.CIMultiDictProxy(multidict.CIMultiDict([("A", "1"), ("a", "2")])),
        httpx.Headers({"X-A": "1"}),
        httpx.QueryParams("a=1&a=2"),
        requests.structures.CaseInsensitiveDict({"Content-Type": "text"}),
        starlette.datastructures.Headers({"X-A": "\xe9"}),
        starlette.datastructures.QueryParams("a=1&a=2"),
        werkzeug.datastructures.Headers([("A", "1"), ("A", "2")]),
        werkzeug.datastructures.ImmutableMultiDict([("A", "1"), ("A", "2")]),
    ],
    "rows": [Hero(id=1, name="Ada"), Order(number=4, id=3)],
    "images": [Image.new("RGB", (2, 3), "red"), Image.new("CMYK", (1, 2), (1, 2, 3, 4))],
    "messages": [_structure()],
}


def frames(text, x):
    calendar, doubled, empty, series, days = x
    return (
        [str(kind) for kind in calendar.dtypes],
        calendar.loc["first", "day"].year,
        calendar["more"].tolist()[1] == (2,),
        calendar["whole"].isna().tolist(),
        calendar["kind"].cat.categories.tolist(),
        doubled["a"][2].tolist(),
        empty.shape,
        (series.name, series.mean()),
        days[2].isoformat(),
    )


def moments(text, x):
    stamp, delta, none, period, moment, other = x
    return (
        (stamp.nanosecond, stamp.tz_convert("UTC").hour, (stamp + pandas.Timedelta("180 days")).hour),
        (delta.nanoseconds, delta.days),
        none is pandas.NaT,
        str(period + 1),
        moment.shift(months=6).isoformat(),
        other.add(months=6).isoformat(),
    )


def arrays(text, x):
    numbers, fields, days, unreal, one = x
    return (
        (numbers.shape, numbers.sum().item(), numbers.dtype.name),
        fields["b"].tolist(),
        str(days[0]),
        unreal[0].imag.item(),
        (one.dtype.name, one + 1 == 8),
    )


def mappings(text, x):
    return (
        (type(x[0]).__name__, x[0].getall("A")),
        x[1]["x-a"],
        x[2].get_list("a"),
        (x[3]["content-type"], list(x[3])),
        x[4]["x-a"],
        x[5].getlist("a"),
        x[6].getlist("a"),
        x[7].getlist("A"),
    )


def rows(text, x):
    hero, order = x
    return hero.title(), order.title(), str(order), order == order


def images(text, x):
    return [(one.mode, one.size, one.getpixel((0, 0))) for one in x]


def messages(text, x):
    return x[0]["a"][1], x[0].SerializeToString().hex()


def main():
    fluxloop.configure(record_args=True, recording_file=sys.argv[1])
    for name, x in HANDLERS.items():
        fluxloop.record_call_args("libraries:" + name, text="hello", x=x)
        output = encode(globals()[name]("hello", x)).decode()
        print('{"target":"libraries:%s","output":%s}' % (name, output))


if __name__ == "__main__":
    main()
