"""How values of installed libraries are written as JSON and rebuilt: rows of the
table in forms.py, for classes of libraries whose objects are data.

This module is loaded when a value of an installed library is recorded or rebuilt.
Writing imports no library: the program that has such a value has loaded it.
"""

import copyreg
import sys

from .forms import Octets, Pairs, Row, made_of_text, octets, zone_name, zone_of
from .objects import set_attributes


def _items(read, base=None):
    """Return the row of a mapping that is made of pairs: `read(value)` returns
    them. `base(kind)` returns the class that takes them, if that is not `kind`."""

    def make(kind, form, note):
        pairs = [tuple(pair) for pair in form]
        return kind(base(kind)(pairs)) if base else kind(pairs)

    return Row(lambda value: (Pairs(read(value)), None), make)


def _all_items(value):
    return list(value.items())


def _multi_items(value):
    return list(value.multi_items())


def _unproxied(kind):
    """Return the class of the mapping behind a proxy of multidict."""
    multidict = sys.modules["multidict"]
    return multidict.CIMultiDict if kind.__name__.startswith("CI") else multidict.MultiDict


# --- values that are copied as their classes say ----------------------------------------------


def _write_reduced(value):
    """Return what the class of a value gives to pickle: the arguments of the class
    or of its __new__, and the state. Other functions are not noted: a recording
    must not decide what is called."""
    function, args, state, items, pairs = (tuple(value.__reduce_ex__(2)) + (None,) * 3)[:5]
    form, by = {}, "call"
    if function in (copyreg.__newobj__, getattr(copyreg, "__newobj_ex__", None)):
        by = "new"
        if function is not copyreg.__newobj__:
            form["names"] = dict(args[2])
        args = args[1:] if function is copyreg.__newobj__ else args[1]
    elif function is not type(value):
        raise TypeError("its class gives pickle a function")
    form["args"] = list(args)
    if state is not None:
        form["state"] = state
    if items is not None:
        form["items"] = list(items)
    if pairs is not None:
        form["pairs"] = list(pairs)
    return form, {"by": by}


def _read_reduced(kind, form, note):
    make = kind if note.get("by") == "call" else kind.__new__
    args = form["args"] if make is kind else [kind] + form["args"]
    made, state = make(*args, **form.get("names", {})), form.get("state")
    if state is not None and hasattr(made, "__setstate__"):
        made.__setstate__(state)
    elif state is not None:
        for attributes in state if type(state) is tuple else (state,):
            set_attributes(made, attributes or {})
    if form.get("items"):
        made.extend(form["items"])
    for key, item in form.get("pairs", ()):
        made[key] = item
    return made


_reduced = Row(_write_reduced, _read_reduced)

# --- numpy, pandas ----------------------------------------------------------------------------


def _write_array(value):
    kind = value.dtype
    form = value.astype("int64").tolist() if kind.kind == "m" else value.tolist()
    if type(form) not in (list, int, float, bool):  # a time, perhaps
        form = str(value)
    note = {"dtype": kind.descr if kind.fields else str(kind)}
    if not value.size:
        note["shape"] = list(value.shape)
    return form, note


def _read_array(kind, form, note):
    import numpy

    dtype = note["dtype"]
    if type(dtype) is list:  # of fields
        dtype = [tuple(field) for field in dtype]
    made = numpy.array(form, dtype=dtype)
    if "shape" in note:  # which a list does not have if it is empty
        made = made.reshape(note["shape"])
    if not issubclass(kind, numpy.ndarray):
        return made[()]
    return made if kind is numpy.ndarray else made.view(kind)


def _write_dtype(value):
    if not value.fields:
        return str(value), {}
    return list(value.descr), {"fields": True}


def _read_dtype(kind, form, note):
    import numpy

    return numpy.dtype(form)


def _write_masked(value):
    return {"data": value.data, "mask": value.mask, "fill": value.fill_value}, {}


def _read_masked(kind, form, note):
    return kind(form["data"], mask=form["mask"], fill_value=form["fill"])


def _write_generator(value):
    return {"state": value.bit_generator.state}, {}


def _read_generator(kind, form, note):
    import numpy

    name = form["state"]["bit_generator"]
    bits = {one.__name__: one for one in numpy.random.BitGenerator.__subclasses__()}[name]()
    bits.state = form["state"]
    return kind(bits)


def _write_index(value):
    note = {"dtype": str(value.dtype), "names": list(value.names)}
    frequency = getattr(value, "freqstr", None)  # of times
    if frequency:
        note["freq"] = frequency
    return value.tolist(), note


def _read_index(kind, form, note):
    import pandas

    names = note["names"]
    if form and type(form[0]) is tuple:
        return pandas.MultiIndex.from_tuples(form, names=names)
    made = _typed(pandas.Index(form, name=names[0]), note["dtype"])
    if note.get("freq") and getattr(made, "freq", note) is None:
        made.freq = note["freq"]
    return made


def _write_steps(value):
    return {"range": [value.start, value.stop, value.step], "name": value.name}, {}


def _read_steps(kind, form, note):
    return kind(*form["range"], name=form["name"])


def _write_series(value):
    form = {"data": value.tolist(), "index": value.index, "name": value.name}
    return _with_more(form, value, [value.dtype]), {"dtype": str(value.dtype)}


def _read_series(kind, form, note):
    made = kind(form["data"], form["index"], name=form["name"])
    made = _typed(made, _categories(form, 0) or note["dtype"])
    made.attrs.update(form.get("attrs", {}))
    return made


def _with_more(form, value, dtypes):
    """Add to the form of a series or frame what few of them have: the categories
    of columns, by their place, and attributes."""
    found = {str(i): one for i, one in enumerate(dtypes) if str(one) == "category"}
    if found:
        form["categories"] = found
    if value.attrs:
        form["attrs"] = dict(value.attrs)
    return form


def _categories(form, place):
    return form.get("categories", {}).get(str(place))


def _write_frame(value):
    columns = [value.iloc[:, i] for i in range(value.shape[1])]
    data = [column.tolist() for column in columns]
    names = list(value.columns)
    if all(type(name) is str for name in names) and len(set(names)) == len(names):
        data = dict(zip(names, data))  # secrets are recognized by the names
    form = {"data": data, "index": value.index, "columns": value.columns}
    dtypes = [column.dtype for column in columns]
    return _with_more(form, value, dtypes), {"dtypes": [str(one) for one in dtypes]}


def _read_frame(kind, form, note):
    import pandas

    data = form["data"]
    data = data.values() if type(data) is dict else data
    columns = [
        # a masked column is one text
        _typed(pandas.Series(values, form["index"]), _categories(form, place) or dtype)
        for place, (values, dtype) in enumerate(zip(data, note["dtypes"]))
    ]
    made = pandas.concat(columns, axis=1) if columns else pandas.DataFrame(index=form["index"])
    made.columns = form["columns"]
    made = kind(made)
    made.attrs.update(form.get("attrs", {}))
    return made


def _typed(column, dtype):
    """Return a column or index converted to `dtype`, or unchanged if it cannot be,
    as with intervals."""
    if str(column.dtype) == dtype:
        return column
    try:
        return column.astype(dtype)
    except (TypeError, ValueError):
        return column


def _write_timestamp(value):
    zone = zone_name(value.tzinfo)
    return value.isoformat(), {"zone": zone} if zone else {}


def _read_timestamp(kind, form, note):
    made = kind(form)  # with nanoseconds
    zone = note.get("zone") and zone_of(note["zone"], kind)
    return made.tz_convert(zone) if zone else made


def _missing(name):
    """Return the row of a missing value of pandas: NaT or NA."""

    def read(kind, form, note):
        return getattr(sys.modules["pandas"], name)

    return Row(lambda value: (name, {}), read)


# --- others -----------------------------------------------------------------------------------

# Modes of images that a PNG file can have.
_PNG = ("1", "L", "LA", "P", "RGB", "RGBA")


def _write_image(value):
    from io import BytesIO

    if value.mode not in _PNG:
        return Octets(value.tobytes()), {"mode": value.mode, "size": list(value.size)}
    file = BytesIO()
    value.save(file, "PNG")
    return Octets(file.getvalue()), {}


def _read_image(kind, form, note):
    from io import BytesIO

    from PIL import Image

    if "mode" in note:
        return Image.frombytes(note["mode"], tuple(note["size"]), octets(form))
    made = Image.open(BytesIO(octets(form)))
    made.load()
    return made.copy()  # an Image, whatever it was opened from


def _write_arrow(value):
    return {"moment": value.datetime}, {}


def _read_arrow(kind, form, note):
    return kind.fromdatetime(form["moment"])


def _write_timedelta(value):
    return value.value, {}


def _read_timedelta(kind, form, note):
    return kind(form, unit="ns")


def _write_message(value):
    return Octets(value.SerializePartialToString()), {}


def _read_message(kind, form, note):
    made = kind()
    made.ParseFromString(octets(form))
    return made


def _raw_headers(value):
    return [(name.decode("latin-1"), text.decode("latin-1")) for name, text in value.raw]


def _read_headers(kind, form, note):
    return kind(raw=[(name.encode("latin-1"), text.encode("latin-1")) for name, text in form])


# --- documents --------------------------------------------------------------------------------


def _write_mail(value):
    import email.policy

    names = ["default"] + [name for name in email.policy.__all__ if name.isupper()] + ["compat32"]
    for name in names:
        if getattr(email.policy, name, None) == value.policy:
            break
    return value.as_bytes().decode("latin-1"), {"policy": name}


def _read_mail(kind, form, note):
    import email.policy

    policy = getattr(email.policy, str(note.get("policy")), email.policy.default)
    parsed = email.message_from_bytes(form.encode("latin-1"), policy=policy)
    made = kind.__new__(kind)
    set_attributes(made, vars(parsed))
    return made


def _write_element(value):
    from copy import copy

    alone, library = copy(value), sys.modules[type(value).__module__]
    alone.tail = None
    return {"text": library.tostring(alone, encoding="unicode"), "tail": value.tail}, {}


def _read_element(kind, form, note):
    library, more = sys.modules[kind.__module__], ()
    if not library.__name__.startswith("xml."):
        more = (library.XMLParser(resolve_entities=False),)
    made = library.fromstring(form["text"], *more)
    made.tail = form["tail"]
    return made


def _write_page(value):
    return str(value), {"parser": _parser_of(value)}


def _parser_of(value):
    builder = getattr(value, "builder", None)
    return getattr(builder, "NAME", None) or ("xml" if value.is_xml else "html.parser")


def _read_page(kind, form, note):
    from bs4 import BeautifulSoup

    if issubclass(kind, BeautifulSoup):
        return kind(form, note["parser"])
    return BeautifulSoup(form, note["parser"]).find(True).extract()


def _write_config(value):
    sections = {"DEFAULT": dict(value.defaults())}
    for name in value.sections():
        sections[name] = dict(value._sections[name])
    return sections, {}


def _read_config(kind, form, note):
    made = kind(allow_no_value=True)
    made.read_dict(form)
    return made


# --- rows of databases, graphs ----------------------------------------------------------------


def _write_row(value):
    return Pairs(zip(value.keys(), value)), {}


def _read_sqlite_row(kind, form, note):
    import sqlite3

    # A row gets the names from a cursor.
    names = ['? AS "%s"' % str(name).replace('"', '""') for name, _ in form]
    memory = sqlite3.connect(":memory:")
    try:
        cursor = memory.execute("SELECT " + ", ".join(names), [None] * len(form))
        return kind(cursor, tuple(item for _, item in form))
    finally:
        memory.close()


def _read_row(kind, form, note):
    from sqlalchemy.engine import result_tuple

    made = result_tuple([name for name, _ in form])([item for _, item in form])
    return made._mapping if kind.__name__ == "RowMapping" else made


def _write_graph(value):
    edges = value.edges(keys=True, data=True) if value.is_multigraph() else value.edges(data=True)
    form = {"nodes": [list(one) for one in value.nodes(data=True)]}
    form["edges"] = [list(one) for one in edges]
    form["attributes"] = dict(value.graph)
    return form, {}


def _read_graph(kind, form, note):
    made = kind(**form["attributes"])
    made.add_nodes_from(map(tuple, form["nodes"]))
    made.add_edges_from(map(tuple, form["edges"]))
    return made


# --- time zones -------------------------------------------------------------------------------


def _zone(base, make):
    """Return the row of time zones that `make(name)` returns; `base` is the name of
    a class of them that can be imported."""

    def write(value):
        return zone_name(value) or str(value), {"class": base}

    return Row(write, lambda kind, form, note: make(form))


ROWS = {
    "numpy.ndarray": Row(_write_array, _read_array),
    "numpy.generic": Row(_write_array, _read_array),
    "numpy.dtype": Row(_write_dtype, _read_dtype),
    "numpy.ma.core.MaskedArray": Row(_write_masked, _read_masked),
    "numpy.ma.MaskedArray": Row(_write_masked, _read_masked),  # of numpy 2
    "numpy.random._generator.Generator": Row(_write_generator, _read_generator),
    "pandas.core.frame.DataFrame": Row(_write_frame, _read_frame),
    "pandas.core.series.Series": Row(_write_series, _read_series),
    "pandas.core.indexes.base.Index": Row(_write_index, _read_index),
    "pandas.core.indexes.range.RangeIndex": Row(_write_steps, _read_steps),
    "pandas.core.dtypes.dtypes.CategoricalDtype": Row(
        lambda value: ({"categories": value.categories, "ordered": value.ordered}, {}),
        lambda kind, form, note: kind(form["categories"], form["ordered"]),
    ),
    "pandas._libs.tslibs.timestamps.Timestamp": Row(_write_timestamp, _read_timestamp),
    "pandas._libs.tslibs.period.Period": Row(
        lambda value: (str(value), {"freq": value.freqstr}),
        lambda kind, form, note: kind(form, freq=note["freq"]),
    ),
    "pandas._libs.tslibs.nattype.NaTType": _missing("NaT"),
    "pandas._libs.missing.NAType": _missing("NA"),
    "pandas._libs.tslibs.timedeltas.Timedelta": Row(_write_timedelta, _read_timedelta),
    "PIL.Image.Image": Row(_write_image, _read_image),
    "arrow.arrow.Arrow": Row(_write_arrow, _read_arrow),
    "email.message.Message": Row(_write_mail, _read_mail),
    "xml.etree.ElementTree.Element": Row(_write_element, _read_element),
    "lxml.etree._Element": Row(_write_element, _read_element),
    "bs4.element.Tag": Row(_write_page, _read_page),
    "configparser.RawConfigParser": Row(_write_config, _read_config),
    "sqlite3.Row": Row(_write_row, _read_sqlite_row),
    "sqlalchemy.engine.row.Row": Row(
        lambda value: (Pairs(value._mapping.items()), {}), _read_row
    ),
    "sqlalchemy.engine.row.RowMapping": Row(
        lambda value: (Pairs(value.items()), {}), _read_row
    ),
    "networkx.classes.graph.Graph": Row(_write_graph, _read_graph),
    "pytz.tzinfo.BaseTzInfo": _zone(
        "pytz.tzinfo.BaseTzInfo", lambda name: sys.modules["pytz"].timezone(name)
    ),
    "dateutil.tz.tz.tzfile": _zone(
        "dateutil.tz.tz.tzfile", lambda name: sys.modules["dateutil.tz"].gettz(name)
    ),
    "dateutil.tz.tz.tzutc": _zone(
        "dateutil.tz.tz.tzutc", lambda name: sys.modules["dateutil.tz"].UTC
    ),
    "pendulum.tz.timezone.Timezone": _zone(
        "pendulum.tz.timezone.Timezone", lambda name: sys.modules["pendulum"].timezone(name)
    ),
    "google.protobuf.message.Message": Row(_write_message, _read_message),
    "starlette.datastructures.Headers": Row(
        lambda value: (Pairs(_raw_headers(value)), None), _read_headers
    ),
    "starlette.datastructures.ImmutableMultiDict": _items(_multi_items),
    "werkzeug.datastructures.Headers": _items(list),
    "werkzeug.datastructures.MultiDict": _items(lambda value: list(value.items(multi=True))),
}
# Values whose classes say what they are made of.
for _name in (
    "string.Template subprocess.CompletedProcess statistics.NormalDist logging.LogRecord"
    " random.Random decimal.Context traceback.FrameSummary operator.itemgetter"
    " operator.attrgetter itertools.count"
    " dateutil.relativedelta.relativedelta dateutil._common.weekday"
    " pendulum.period.Period pendulum.interval.Interval scipy.sparse._base._spbase"
    " scipy.sparse._base.spmatrix pandas._libs.interval.Interval"
    " pandas._libs.tslibs.offsets.BaseOffset bson.decimal128.Decimal128"
    " bson.timestamp.Timestamp bson.regex.Regex bson.dbref.DBRef bson.min_key.MinKey"
    " bson.max_key.MaxKey"
).split():
    ROWS[_name] = _reduced
# Mappings with all of their pairs in items(), by their modules in several versions.
for _name in (
    "multidict._multidict.MultiDict multidict._multidict_py.MultiDict multidict.MultiDict"
    " requests.structures.CaseInsensitiveDict frozendict.frozendict frozendict.core.frozendict"
    " immutables.Map immutables._map.Map"
).split():
    ROWS[_name] = _items(_all_items)
for _name in ("multidict._multidict", "multidict._multidict_py", "multidict"):
    for _kind in ("CIMultiDict", "MultiDictProxy", "CIMultiDictProxy"):
        ROWS["%s.%s" % (_name, _kind)] = _items(
            _all_items, _unproxied if _kind.endswith("Proxy") else None
        )
for _name in ("httpx", "httpx._models"):
    ROWS[_name + ".Headers"] = ROWS[_name + ".QueryParams"] = _items(_multi_items)
ROWS["httpx._urls.QueryParams"] = ROWS["httpx.QueryParams"]
for _name in ("werkzeug.datastructures.headers.Headers", "werkzeug.datastructures.structures.MultiDict"):
    ROWS[_name] = ROWS["werkzeug.datastructures." + _name.rpartition(".")[2]]
# Types with a text that their constructors take.
for _name in (
    "yarl.URL yarl._url.URL httpx.URL httpx._urls.URL starlette.datastructures.URL"
    " bson.objectid.ObjectId pydantic.networks._BaseUrl pydantic_core._pydantic_core.Url"
).split():
    ROWS[_name] = made_of_text
