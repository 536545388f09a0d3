"""How values of installed libraries are written as JSON and rebuilt: rows of the
table in forms.py, for classes of libraries whose objects are data.

This module is loaded when a value of an installed library is recorded or rebuilt.
Writing imports no library: the program that has such a value has loaded it.
"""

import sys

from .forms import Octets, Pairs, Row, made_of_text, octets, zone_name, zone_of


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


# --- numpy, pandas ----------------------------------------------------------------------------


def _write_array(value):
    form = value.tolist()
    if type(form) not in (list, int, float, bool):  # a time, perhaps
        form = str(value)
    kind = value.dtype
    return form, {"dtype": kind.descr if kind.fields else str(kind)}


def _read_array(kind, form, note):
    import numpy

    dtype = note["dtype"]
    if type(dtype) is list:  # of fields
        dtype = [tuple(field) for field in dtype]
    made = numpy.array(form, dtype=dtype)
    return made if issubclass(kind, numpy.ndarray) else made[()]


def _write_index(value):
    return value.tolist(), {"dtype": str(value.dtype), "names": list(value.names)}


def _index(values, dtype, names):
    import pandas

    if values and type(values[0]) is tuple:
        return pandas.MultiIndex.from_tuples(values, names=names)
    return _typed(pandas.Index(values, name=names[0]), dtype)


def _read_index(kind, form, note):
    return _index(form, note["dtype"], note["names"])


def _write_series(value):
    form = {"data": value.tolist(), "index": value.index, "name": value.name}
    return form, {"dtype": str(value.dtype)}


def _read_series(kind, form, note):
    return _typed(kind(form["data"], form["index"], name=form["name"]), note["dtype"])


def _write_frame(value):
    columns = [value.iloc[:, i] for i in range(value.shape[1])]
    data = [column.tolist() for column in columns]
    names = list(value.columns)
    if all(type(name) is str for name in names) and len(set(names)) == len(names):
        data = dict(zip(names, data))  # secrets are recognized by the names
    form = {"data": data, "index": value.index, "columns": value.columns}
    return form, {"dtypes": [str(column.dtype) for column in columns]}


def _read_frame(kind, form, note):
    import pandas

    data = form["data"]
    columns = [
        # a masked column is one str
        _typed(pandas.Series(values, form["index"]), dtype)
        for values, dtype in zip(data.values() if type(data) is dict else data, note["dtypes"])
    ]
    made = pandas.concat(columns, axis=1) if columns else pandas.DataFrame(index=form["index"])
    made.columns = form["columns"]
    return kind(made)


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


ROWS = {
    "numpy.ndarray": Row(_write_array, _read_array),
    "numpy.generic": Row(_write_array, _read_array),
    "pandas.core.frame.DataFrame": Row(_write_frame, _read_frame),
    "pandas.core.series.Series": Row(_write_series, _read_series),
    "pandas.core.indexes.base.Index": Row(_write_index, _read_index),
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
    "google.protobuf.message.Message": Row(_write_message, _read_message),
    "starlette.datastructures.Headers": Row(
        lambda value: (Pairs(_raw_headers(value)), None), _read_headers
    ),
    "starlette.datastructures.ImmutableMultiDict": _items(_multi_items),
    "werkzeug.datastructures.Headers": _items(list),
    "werkzeug.datastructures.MultiDict": _items(lambda value: list(value.items(multi=True))),
}
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
