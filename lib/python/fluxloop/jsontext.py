"""JSON by the C functions of the `json` module, without the module: it imports
`re` and `enum`, which take as long to load as Python takes to start."""

from .native import fast

_SPACE = " \t\r\n"


def _refuse(value):
    raise TypeError("%s is not a JSON type" % type(value).__name__)


class _Rules:
    strict = True
    object_hook = object_pairs_hook = None
    parse_float = parse_constant = float
    parse_int = int


try:
    from _json import encode_basestring as escape
    from _json import make_encoder, make_scanner

    _scan = make_scanner(_Rules)
    _encode = make_encoder(None, _refuse, escape, None, ":", ",", False, False, False)
except (ImportError, TypeError):  # not CPython, or these functions have changed
    from json import JSONEncoder, loads
    from json.encoder import encode_basestring as escape

    _encode = JSONEncoder(
        ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
    ).iterencode

    def _scan(text, start):
        return loads(text), len(text)


def decode(text):
    """Return the value of a JSON text. Raises ValueError and RecursionError."""
    text = text.strip(_SPACE)
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("no value") from None
    except SystemError:  # _json expects the module of its exception to be loaded
        import json.decoder  # noqa: F401

        value, end = _scan(text, 0)
    if end != len(text):
        raise ValueError("more than one value")
    return value


def compact(value):
    """Return a value of JSON types as text (str). Raises TypeError for other
    types, ValueError for NaN and infinities, and what iterating over the value
    raises."""
    return "".join(_encode(value, 0))


# Maps control characters other than \n, \r and \t, which are rare and take more
# work to escape, to 0xFF, which UTF-8 does not use: a text that this changes has
# one of them.
_NO_RARE = bytes(255 if n < 32 and n not in b"\n\r\t" else n for n in range(256))
_ESCAPES = [(one.encode(), escape(one)[1:-1].encode()) for one in '\\"\n\r\t']

# A conversation or a document is often an argument of several steps, so quoted
# texts of at least _LONG characters are cached, up to _ALL characters in all.
_lately = {}
_kept = 0
_LONG = 200
_ALL = 1 << 20


def quote(text):
    """Return a str as JSON (bytes, UTF-8). A lone surrogate becomes its escape."""
    if len(text) < _LONG:
        try:
            return escape(text).encode()
        except UnicodeEncodeError:
            return escape(text).encode("utf-8", "backslashreplace")
    quoted = _lately.get(text)
    if quoted is None:
        quoted = _quote_long(text)
        _keep(text, quoted)
    return quoted


def _quote_long(text):
    """Return a long str as JSON. Replacing in bytes is several times as fast as
    escaping each character."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = b""
    if not data or data.translate(_NO_RARE) != data:
        return escape(text).encode("utf-8", "backslashreplace")
    for character, escaped in _ESCAPES:
        data = data.replace(character, escaped)
    return b'"%s"' % data


def _keep(text, quoted):
    global _kept
    _kept += len(text)
    if _kept > _ALL:
        _lately.clear()
        _kept = len(text)
    if _kept <= _ALL:
        _lately[text] = quoted


quote_in_python = quote
if fast:
    quote = fast.quote
