"""Reading `.env` files: the grammar of fluxloop-setting(5).

The C programs read the same files (lib/config/dotenv.c); one table of cases,
tests/data/dotenv.jsonl, tests both.
"""

import re

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_ASSIGNMENT = re.compile(r"[ \t]*(?:export[ \t]+(?=[^ \t=]))?(%s)[ \t]*=[ \t]*" % _NAME)
_SKIPPED = re.compile(r"[ \t]*(?:[#\r][^\n]*)?(?:\n|\Z)")
_BARE = re.compile(r"(?!#)(?:(?<![ \t])#|[^#\n])*|")
_AFTER_QUOTES = re.compile(r"[ \t]*\r?(?:\n|\Z)|[ \t]*#")
_VARIABLE = re.compile(r"\$\{(%s)(?::-([^$}\n]*))?\}" % _NAME)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'")
_PIECE = re.compile(r"\\(.)|" + _VARIABLE.pattern, re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "'": "'"}


def parse(text, environment):
    """Return ({name: value}, [(line, complaint)]) of the text of a file.

    `text` is a str with the line ends of the file; it may begin with a byte order
    mark. `environment` maps names to the values of ${NAME} for names that the
    file has not set before. Lines count from 1. An invalid line is skipped. A
    missing closing quote ends the reading, since the rest may belong to the
    value.
    """
    values, complaints = {}, []
    if "\0" in text:
        return values, [(1, "NUL byte")]

    def variable(name, default):
        value = values.get(name, environment.get(name))
        return (default or "") if value is None else value

    def piece(match):
        escaped, name, default = match.groups()
        if name:
            return variable(name, default)
        return _ESCAPES.get(escaped, match[0])

    at = 1 if text.startswith("\ufeff") else 0
    while at < len(text):
        skipped = _SKIPPED.match(text, at)
        if skipped:
            at = skipped.end()
            continue
        line = text.count("\n", 0, at) + 1
        assigned = _ASSIGNMENT.match(text, at)
        complaint = None if assigned else "expected NAME=VALUE"
        if assigned:
            at = assigned.end()
            quote = text[at:at + 1]
            if quote in ("'", '"'):
                quoted = (_DOUBLE if quote == '"' else _SINGLE).match(text, at)
                if not quoted:
                    complaints.append((line, "missing closing quote"))
                    break
                value, at = quoted[1], quoted.end()
                if quote == '"':
                    value = _PIECE.sub(piece, value)
                if not _AFTER_QUOTES.match(text, at):
                    complaint = "text after the closing quote"
            else:
                bare = _BARE.match(text, at)
                value = _VARIABLE.sub(lambda m: variable(*m.groups()), bare[0]).rstrip(" \t\r")
        if complaint:
            complaints.append((line, complaint))
        else:
            values[assigned[1]] = value
        end = text.find("\n", at)
        at = len(text) if end < 0 else end + 1
    return values, complaints
