"""Handlers for replay.bats, each with values of installed libraries. As a program it
calls them, records the calls, and prints the results: {"name","output"}."""

import configparser
import datetime
import email.message
import http.cookies
import random
import sqlite3
import statistics
import string
import subprocess
import sys
import xml.etree.ElementTree as tree
import zoneinfo

import arrow
import bs4
import dateutil.relativedelta
import dateutil.tz
import django
import fluxloop
import httpx
import lxml.etree
import multidict
import networkx
import numpy
import pandas
import pendulum
import pytz
import requests
import sqlalchemy
import starlette.datastructures
import werkzeug.datastructures
import werkzeug.exceptions
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


def _mail():
    made = email.message.EmailMessage()
    made["Subject"] = "Grüße"
    made.set_content("Where is my order 1042?")
    made.add_attachment(b"\x00\xff", maintype="a", subtype="b", filename="c")
    return made


def _cookie():
    made = http.cookies.SimpleCookie()
    made["a"] = "1"
    made["a"]["path"] = "/b"
    return made


def _sqlite():
    memory = sqlite3.connect(":memory:")
    memory.row_factory = sqlite3.Row
    return memory.execute("SELECT 1 AS a, 'x' AS \"b\"\"c\"").fetchone()


def _sqlalchemy():
    memory = sqlalchemy.create_engine("sqlite://").connect()
    found = memory.execute(sqlalchemy.text("SELECT 1 AS a, 'x' AS b")).fetchone()
    return found, found._mapping


def _settings():
    made = configparser.ConfigParser()
    made.read_string("[DEFAULT]\na = 1\n[b]\nc = %(a)s2\n")
    return made


def _graph(kind):
    made = kind(name="g")
    made.add_node((1, 2), size=numpy.float32("1.5"))
    made.add_edge("a", "b", weight=3)
    return made


def _raised(raiser):
    try:
        raiser()
    except Exception as error:
        return error


def _chain():
    try:
        open("/nowhere/at/all")
    except OSError as error:
        raise werkzeug.exceptions.NotFound("no file") from error


def _with_attributes(frame):
    frame.attrs["source"] = {"x"}
    return frame


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
    "documents": [
        _mail(),
        tree.fromstring("<a b='c'>d<e/>f</a>"),
        lxml.etree.fromstring("<a xmlns:p='q'><p:b/>c</a>")[0],
        bs4.BeautifulSoup("<p>a<b>c</b></p>", "html.parser"),
        bs4.BeautifulSoup("<p>a<b>c</b></p>", "html.parser").b,
        _settings(),
        _cookie(),
        string.Template("$a!"),
    ],
    "records": [_sqlite(), *_sqlalchemy(), subprocess.CompletedProcess(["a"], 3, b"\xff", None)],
    "graphs": [_graph(networkx.DiGraph), _graph(networkx.Graph), _graph(networkx.MultiGraph)],
    "chances": [random.Random(5), numpy.random.default_rng(5), statistics.NormalDist(1, 2)],
    "zones": [
        pytz.timezone("Europe/Berlin"),
        dateutil.tz.gettz("Europe/Berlin"),
        pendulum.timezone("Europe/Berlin"),
        datetime.time(3, 4, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        datetime.datetime(2026, 1, 1, tzinfo=dateutil.tz.tzoffset("MINE", 5400)),
        dateutil.relativedelta.relativedelta(months=1, weekday=dateutil.relativedelta.MO(2)),
        pendulum.datetime(2026, 1, 1).diff(pendulum.datetime(2026, 1, 3)),
    ],
    "errors": [
        _raised(_chain),
        _raised(lambda: open("/nowhere/at/all")),
        _raised(lambda: b"\xff".decode()),
        _raised(lambda: __import__("nowhere")),
        _raised(lambda: requests.models.complexjson.loads("{")),
        httpx.ConnectError("refused"),
        SystemExit(3),
    ],
    "more_frames": [
        pandas.Series(pandas.Categorical(["a"], ["b", "a"], ordered=True)),
        pandas.DataFrame({"k": pandas.Categorical(["a"], ["b", "a"]), "v": [1]}),
        _with_attributes(pandas.DataFrame({"a": [1]})),
        pandas.RangeIndex(0, 6, 2, name="r"),
        pandas.Series([1, 2], index=pandas.date_range("2026-01-01", periods=2)),
        pandas.Interval(1, 2, closed="left"),
        pandas.offsets.MonthEnd(2),
        pandas.CategoricalDtype(["b", "a"], True),
    ],
    "more_arrays": [
        numpy.ma.array([1, 2], mask=[0, 1]),
        numpy.matrix([[1, 2]]),
        numpy.rec.array([(1, "a")], names="x,y"),
        numpy.timedelta64(3, "D"),
        numpy.array([5, "NaT"], dtype="timedelta64[s]"),
        numpy.zeros((0, 3)),
        numpy.dtype("f4"),
        numpy.dtype([("a", "i4")]),
    ],
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


def documents(text, x):
    mail, element, other, page, tag, settings, cookie, template = x
    return (
        (mail["subject"], mail.get_body().get_content(), type(mail).__name__),
        [part.get_payload(decode=True) for part in mail.iter_attachments()][0].hex(),
        (element.get("b"), element[0].tail, tree.tostring(element).decode()),
        (other.tag, other.tail, len(other)),
        (str(page), page.b.text),
        (str(tag), tag.name),
        (settings.get("b", "c"), settings.sections()),
        (cookie["a"].value, cookie["a"]["path"], type(cookie["a"]).__name__),
        template.substitute(a=text),
    )


def records(text, x):
    first, second, third, process = x
    return (
        (first["a"], first['b"c'], first.keys(), tuple(first)),
        (second.a, second[1], second._mapping["b"], isinstance(second, sqlalchemy.engine.Row)),
        (third["a"], list(third)),
        (process.returncode, process.stdout.hex()),
    )


def graphs(text, x):
    for one in x:
        one.add_edge("b", "a", more=1)
    return [
        (type(one).__name__, one.graph, one.nodes[1, 2]["size"].dtype.name, sorted(map(str, one.edges(data=True))))
        for one in x
    ]


def chances(text, x):
    return x[0].random(), x[1].random(), x[2].cdf(3)


def zones(text, x):
    first, second, third, time, moment, delta, period = x
    day = datetime.datetime(2026, 7, 1)
    return (
        first.localize(day).isoformat(),
        [day.replace(tzinfo=zone).isoformat() for zone in (second, third, time.tzinfo)],
        (time.isoformat(), moment.tzname(), moment.isoformat()),
        (day + delta).isoformat(),
        (period.in_days(), period.start.isoformat()),
    )


def errors(text, x):
    return (
        (x[0].description, x[0].code, repr(x[0].__cause__), x[0].__cause__.filename),
        (x[1].errno, x[1].strerror, str(x[1])),
        (x[2].start, x[2].reason, str(x[2])),
        (x[3].name, str(x[3])),
        (x[4].pos, x[4].doc, str(x[4])),
        str(x[5]),
        x[6].code,
    )


def more_frames(text, x):
    return (
        [repr(one) for one in x],
        (x[0] < "a").tolist(),
        x[1]["k"].cat.categories.tolist(),
        list(x[2].attrs["source"]),
        x[4].index.freqstr,
    )


def more_arrays(text, x):
    return [(type(one).__name__, repr(one), str(getattr(one, "shape", None))) for one in x]


def handle(text, name, x):
    """Call one of the above: what it takes to import this module is paid once."""
    return globals()[name](text, x)


def main():
    fluxloop.configure(record_args=True, recording_file=sys.argv[1])
    for name, x in HANDLERS.items():
        fluxloop.record_call_args("libraries:handle", text="hello", name=name, x=x)
        output = encode(handle("hello", name, x)).decode()
        print('{"name":"%s","output":%s}' % (name, output))


if __name__ == "__main__":
    main()
