"""json-differential.py [--lines N [--seed S] | --cases FILE | --placed] CHECK...

Gives valid and invalid JSON texts to each CHECK (a build of json-check; several
words if an emulator runs it), to Python and to jq, and reports where they do not
agree: in the verdict, in the layout and the compact form of a value, in its parts,
in the fields of an object. The CHECKs have to agree byte for byte, also in their
reports of mistakes.

The N texts are made at random from the seed S; or they come from FILE, a table of
verdicts and texts (see tests/data/json/cases.txt), whose verdicts have to be right,
too; or (--placed) they have one feature at each offset of a block of 64 bytes.
Exits with 1 after a disagreement."""

import argparse
import json
import os
import random
import re
import shlex
import subprocess
import sys

DEPTH = 1000        # json_depth
NAN, LONE = 1, 2    # flags of what json_scan met
NAMES = ["a", "b", "ab", "input", "input_id", "observations", 'a"\\\n', "é",
         "a key that is longer than sixteen bytes"]
BATCH = 1000
HANGS = 60          # seconds, for a batch that takes an emulator one or two
SHOWN = 20

# --- what Python makes of a text --------------------------------------------------


class Number(str):
    """A number as it was written."""


class Constant(Number):
    """NaN, Infinity or -Infinity."""


class Pairs(list):
    """An object's members in order, repeated keys and all."""


class Refused(Exception):
    pass


DECODER = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=Number,
                           parse_float=Number, parse_constant=Constant)
quote = json.encoder.encode_basestring

# a string; an escape: a surrogate pair, a lone surrogate, or any other
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.S)
ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
                    r"|\\u([dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.S)
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^" \t\n\r]+|[ \t\n\r]+', re.S)
CONSTANT = re.compile(r"-?Infinity|NaN")


def halves(text, put):
    """The text with each escape of a lone surrogate replaced by put(its hex)."""
    return ESCAPE.sub(lambda m: put(m[1]) if m[1] else m[0], text)


def blank(text):
    """The text with its strings replaced by spaces."""
    return STRING.sub(lambda m: " " * len(m[0]), text)


def too_deep(text):
    if text.count("[") + text.count("{") <= DEPTH:
        return False
    depth = deepest = 0
    for c in STRING.sub("", text):
        if c in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif c in "]}":
            depth -= 1
    return deepest > DEPTH


def unused(text):
    """A character that the text does not have, not as an escape, either."""
    low = text.lower()
    for c in range(0x10fffd, 0x10ff00, -1):
        if chr(c) not in text and "\\udbff\\u%04x" % (0xdc00 | c & 0x3ff) not in low:
            return chr(c)
    raise AssertionError("a text with all private characters")


class Reading:
    """A text as Python reads it; strict and lax are the verdicts."""

    def __init__(self, data):
        self.strict = self.lax = False
        self.bad_utf8 = None
        try:
            self.text = data.decode("utf-8", "strict")
        except UnicodeDecodeError as e:
            self.bad_utf8 = e.start
            self.text = data[:e.start].decode()
        self.too_deep = too_deep(self.text)
        if self.too_deep:
            return
        # lone surrogates are kept as marks
        self.mark = unused(self.text)
        marked = halves(self.text, lambda h: self.mark + h)
        try:
            self.value = DECODER.decode(marked)
        except (ValueError, RecursionError):
            return
        if self.bad_utf8 is not None:
            return
        self.lax = True
        self.met = NAN * bool(CONSTANT.search(blank(self.text))) | \
            LONE * (marked != self.text)
        self.strict = not self.met

    def places(self):
        """The offsets at which the first mistake of lax mode may be reported."""
        text, end = self.text, len(self.text)
        try:
            DECODER.decode(text)
        except json.JSONDecodeError as e:
            at, message = e.pos, e.msg
        else:
            return {end}
        # the escape and the string that the end of the text cuts off
        cut = [m.start() for m in re.finditer(r"\\(u[0-9a-fA-F]{0,3})?$", text)]
        unclosed = [m.start() for m in re.finditer('"', blank(text))]
        if message.startswith("Unterminated string"):
            return {at, *cut} | ({end} if self.bad_utf8 is not None else set())
        if message.startswith("Invalid \\u"):
            # Python reports the u, also if the string is not closed
            return {at - 1, *cut} | (set(unclosed) | {end} if at + 5 >= end else set())
        if message.startswith("Illegal trailing comma"):
            return {re.compile("[ \t\n\r]*").match(text, at + 1).end()}
        if text[at:at + 1] in tuple(".eE0123456789"):
            # a number may be wrong as a whole
            return {at, re.search(r"[-+.0-9eE]*$", text[:at]).start()}
        return {at}

    def strict_places(self):
        """The same for strict mode."""
        text = self.text
        lax = [m.start() for m in ESCAPE.finditer(text) if m[1]][:1]
        outside = blank(text).partition('"')[0]
        lax += [m.start() for m in CONSTANT.finditer(outside)][:1]
        if self.lax:
            return {min(lax)}
        places = self.places()
        before = [at for at in lax if at < min(places)]
        within = [at for at in lax if at > len(outside)]
        return {min(before)} if before else places | set(within)

    def unmark(self, text, put):
        return re.sub(self.mark + "(....)", lambda m: put(m[1]), text)

    def pretty(self):
        return self.unmark(laid_out(self.value, "\n"), lambda h: "\\u" + h)

    def compact(self):
        def one(m):
            if m[0][0] == '"':
                return halves(m[0], lambda h: "\\ufffd")
            return "" if m[0].isspace() else CONSTANT.sub("null", m[0])
        return TOKEN.sub(one, self.text)

    def walked(self, value):
        return self.unmark(laid_out(value, None), lambda h: "\ufffd")

    def fields(self):
        if not isinstance(self.value, Pairs):
            return ""
        last = dict(self.value)
        return "".join("%s=%s\n" % (name, self.walked(last[name]))
                       for name in NAMES if name in last)


def laid_out(v, line):
    """The text as json.dumps lays it out with indent=2, or compact if line is None."""
    if isinstance(v, Number):
        return v
    if isinstance(v, str):
        return quote(v)
    if not isinstance(v, list):
        return {None: "null", True: "true", False: "false"}[v]
    inner = "" if line is None else line + "  "
    colon = ":" if line is None else ": "
    if isinstance(v, Pairs):
        parts = [quote(k) + colon + laid_out(w, line and inner) for k, w in v]
        begin, end = "{", "}"
    else:
        parts = [laid_out(w, line and inner) for w in v]
        begin, end = "[", "]"
    if not parts:
        return begin + end
    return begin + inner + ("," + inner).join(parts) + (line or "") + end


def dumped(reading):
    """The result of json.dumps, or None where that spells a value differently."""
    def plain(v):
        if isinstance(v, Number):
            return v == "0" or re.fullmatch("-?[1-9][0-9]{0,99}", v)
        if isinstance(v, Pairs):
            return len(dict(v)) == len(v) and all(plain(w) for _, w in v)
        return not isinstance(v, list) or all(plain(w) for w in v)
    if not reading.strict or reading.text.count("[") > 99 or not plain(reading.value):
        return None
    return json.dumps(json.loads(reading.text), indent=2, ensure_ascii=False)


# --- what jq makes of it --------------------------------------------------------------

# RFC 8259 lets a parser accept more than the grammar (section 9). Each function
# corrects one thing that jq accepts; the result has to be JSON.


def without_bom(text):
    """8.1: a parser may ignore a byte order mark."""
    return text[1:] if text.startswith("\ufeff") else text


def without_separator(text):
    """2: only white space may surround a text; RFC 7464 has a separator too."""
    return text.rstrip("\x1e")


def without_controls(text):
    """7: control characters in strings are accepted."""
    return STRING.sub(lambda m: re.sub("[\0-\x1f]", " ", m[0]), text)


def without_halves(text):
    """8.2: the meaning of a lone surrogate is undefined."""
    return halves(text, lambda h: "\\ufffd")


def with_numbers(text):
    """6: a number is what strtod accepts, up to a NUL; jq 1.7 takes digits after NaN."""
    loose = re.compile(r"[\t-\r ]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+|nan[0-9]*|inf|infinity)?"
                       r"(e[+-]?[0-9]+)?(\0.*)?", re.I | re.S)
    # between strings, brackets, commas, colons and white space
    return re.sub(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^]["{},: \t\n\r]+', lambda m:
                  m[0] if m[0][0] == '"' or m[0] in ("true", "false", "null") or
                  not loose.fullmatch(m[0]) else "0", text, flags=re.S)


LENIENT = [without_bom, without_separator, without_controls, without_halves, with_numbers]


def jq_may_take(reading):
    """Whether the text has no other mistakes than those that jq accepts. A parser may
    set a limit on depth (9): 1,000 levels here, 10,000 in jq 1.8."""
    text = reading.text
    if text.count("[") + text.count("{") > 1000:
        return True
    for rule in LENIENT:
        text = rule(text)
    return Reading(text.encode("utf-8", "surrogatepass")).strict


def jq_may_refuse(reading):
    """9: a parser may set a limit on depth; jq 1.6 has 256 levels."""
    return reading.text.count("[") + reading.text.count("{") > 200


def ask_jq(readings):
    """Sets jq to jq's verdict in the reading of each text in UTF-8 (8.1)."""
    asked = [r for r in readings if r.bad_utf8 is None]
    done = subprocess.run(
        ["jq", "-r", 'try (fromjson | "y") catch "n"'], check=True,
        input="".join(json.dumps(r.text) + "\n" for r in asked).encode(),
        stdout=subprocess.PIPE)
    said = done.stdout.decode().split()
    assert len(said) == len(asked), "jq has not said something of each text"
    for r, verdict in zip(asked, said):
        r.jq = verdict == "y"


# --- what is compared ------------------------------------------------------------------


def written(data):
    """A text as a line for json-check."""
    return data.replace(b"%", b"%25").replace(b"\n", b"%0A")


def shown(data):
    """A text as a line for people, and for the table of cases."""
    return re.sub(rb"[^ -$&-~]", lambda m: b"%%%02X" % m[0][0], data).decode()


def unwritten(field):
    return re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), field)


def ask(check, texts):
    """The output of a CHECK about each text; exits if it dies or hangs."""
    try:
        done = subprocess.run(shlex.split(check) + ["tell"], timeout=HANGS,
                              input=b"".join(written(t) + b"\n" for t in texts),
                              stdout=subprocess.PIPE)
        status, out = "status %d" % done.returncode, done.stdout
    except subprocess.TimeoutExpired as e:
        status, out = "it hangs", e.stdout or b""
    lines = out.split(b"\n")[:-1]
    if status != "status 0" or len(lines) != len(texts):
        sys.exit("%s: %s at %s" % (check, status, "".join(map(shown, texts[len(lines):][:1]))))
    return lines


def fault_of(data, reading, verdict, places):
    """The fault in the report of a mistake, or None."""
    m = re.fullmatch(rb"n ([0-9]+) ([ -~]+)", verdict)
    if not m or b"!" in verdict:
        return "n"
    at, message, bad = int(m[1]), m[2], reading.bad_utf8
    if message == b"not UTF-8":
        return None if at == bad else "not UTF-8 at %s" % bad
    if reading.too_deep:
        return None if at <= len(data) else "a place in the text"
    places = {len(reading.text[:p].encode()) for p in places()}
    return None if at in places else "n at one of %s" % sorted(places)


def disagreements(data, reading, line):
    """Yields each difference and its two sides."""
    fields = line.split(b"\t")
    for taken, name, verdict, met, places in (
            (reading.strict, "strict verdict", fields[0], 0, reading.strict_places),
            (reading.lax, "lax verdict", fields[1], reading.lax and reading.met,
             reading.places)):
        if taken and verdict != b"y %d" % met:
            yield name, verdict, "y %d" % met
        elif not taken:
            wrong = fault_of(data, reading, verdict, places)
            if wrong:
                yield name, verdict, wrong
    if reading.bad_utf8 is None and reading.jq != reading.strict and not (
            jq_may_take(reading) if reading.jq else jq_may_refuse(reading)):
        yield "jq's verdict", fields[0], "y" if reading.jq else "n"
    if not reading.lax or len(fields) < 7:
        return
    found = [unwritten(f) for f in fields[2:]]
    pretty = reading.pretty()
    for name, got, wanted in (
            ("fields", found[0], reading.fields()), ("layout", found[1], pretty),
            ("compact form", found[2], reading.compact()),
            ("walk", found[3], reading.walked(reading.value)),
            ("contradictions", found[4], "")):
        if got != wanted.encode("utf-8", "surrogatepass"):
            yield name, got, wanted
    own = dumped(reading)
    if own is not None and own != pretty:
        yield "Python's own layout", pretty, own


class Comparison:
    def __init__(self, checks):
        self.checks = checks
        self.bad = 0
        self.counts = {"texts": 0, "strict": 0, "lax": 0, "refused": 0}

    def report(self, data, what, *sides):
        self.bad += 1
        if self.bad > SHOWN:
            return
        print("%s of %s" % (what, shown(data)))
        sides = [s if isinstance(s, bytes) else s.encode("utf-8", "surrogatepass")
                 for s in sides]
        same = len(os.path.commonprefix(sides)) if len(sides) > 1 else 0
        for side in sides:
            print("    from byte %d: %r" % (max(0, same - 20), side[max(0, same - 20):][:200]))

    def run(self, texts):
        readings = [Reading(t) for t in texts]
        ask_jq(readings)
        told = [ask(check, texts) for check in self.checks]
        for i, (data, reading) in enumerate(zip(texts, readings)):
            self.counts["texts"] += 1
            self.counts["strict" if reading.strict else
                        "lax" if reading.lax else "refused"] += 1
            for what, *sides in disagreements(data, reading, told[0][i]):
                self.report(data, what, *sides)
            for check, lines in zip(self.checks[1:], told[1:]):
                if lines[i] != told[0][i]:
                    self.report(data, "what %s says" % check, lines[i], told[0][i])
        return readings


# --- random texts --------------------------------------------------------------------------

PLAIN = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJ 0123456789 .,;:!?'()[]{}<>/%&#-_"
OTHERS = ["\x7f", "\x80", "é", "ß", "\u07ff", "\u0800", "한", "日", "\u2028", "\u2029",
          "\ud7ff", "\ue000", "\ufeff", "\ufffd", "\ufffe", "\uffff", "😀",
          "\U00010000", "\U0001ffff", "\U00020000", "\U000e0001", "\U000f0000",
          "\U0010fffd", "\U0010ffff", "\u200d", "e\u0301"]
SHORT = ['\\"', "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]
TOKENS = ["{", "}", "[", "]", ",", ":", '"', '""', '"a"', '"a":', "0", "-1", "1.5", "1e5",
          "true", "false", "null", "NaN", "Infinity", "-Infinity", " ", "\t", "\n", "\r",
          "\\", "\\u", "'", "-", "+", ".", "e", "//", "/*", "*/", "\0", "\x0b", "\xa0"]
BYTES = [b'"', b"\\", b"\\\\", b'\\"', b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"0",
         b"1", b"-", b"+", b".", b"e", b"E", b"u", b"/", b"%", b"'", b"#", b"\xc3", b"\xa9",
         b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf0\x9f\x98\x80", b"\x80", b"\xbf", b"\xc0",
         b"\xc1", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf5",
         b"\xfe", b"\xff", b"\x00", b"\x01", b"\x1f", b"\x20", b"\x7f", b"\t", b"\r", b"\x0b",
         b"\x0c", b"\xef\xbb\xbf", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b"\\u00",
         b"\\u12G4", b"\\x41", b"NaN", b"Infinity", b"-Infinity", b"nan", b"true", b"null",
         b"True", b"[]", b"{}", b'"a":1', b",,", b"00", b"1e", b".5", b"5."]


class Maker:
    """Makes texts; the same for the same seed."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def length(self):
        """A length, mostly near the end of a block of 16, 32 or 64 bytes."""
        r = self.rng
        if r.random() < 0.5:
            return r.randrange(12)
        return max(0, r.choice([8, 16, 32, 48, 64, 80, 128, 192]) + r.randrange(-3, 4))

    def escape(self):
        r = self.rng
        kind = r.randrange(8)
        if kind < 3:
            return r.choice(SHORT)
        if kind < 4:
            # a long run of backslashes, even or with a quotation mark
            return "\\\\" * r.randrange(1, 40) + r.choice(["", '\\"', "\\n"])
        c = r.choice([r.randrange(0x20), r.randrange(0x80), r.randrange(0x800),
                      r.randrange(0xd800), r.randrange(0xe000, 0x10000),
                      r.randrange(0x10000, 0x110000)])
        if r.random() < 0.02:
            c = r.randrange(0xd800, 0xe000)
        form = r.choice(["\\u%04x", "\\u%04X"])
        if c < 0x10000:
            return form % c
        return form % (0xd7c0 + (c >> 10)) + form % (0xdc00 | c & 0x3ff)

    def string(self):
        """A string with its quotes: filler, with other things here and there."""
        r = self.rng
        parts = []
        for _ in range(r.choice([0, 1, 1, 1, 2, 3, 6])):
            n, kind = self.length(), r.randrange(10)
            if kind < 5:
                start = r.randrange(len(PLAIN))
                parts.append((PLAIN[start:] + PLAIN * (n // len(PLAIN) + 1))[:n])
            elif kind < 7:
                parts.append("".join(r.choice(OTHERS) for _ in range(n % 24)))
            else:
                parts.append("a" * (n % 67))
            if r.random() < 0.6:
                parts.append("".join(self.escape() for _ in range(r.choice([1, 1, 2, 9]))))
        return '"' + "".join(parts) + '"'

    def number(self):
        r = self.rng
        text = r.choice(["", "", "-"])
        text += "0" if r.random() < 0.2 else str(r.randrange(1, 10 ** r.choice([1, 2, 5, 17, 40])))
        if r.random() < 0.4:
            text += "." + "".join(r.choice("0123456789") for _ in range(r.choice([1, 2, 17])))
        if r.random() < 0.3:
            text += r.choice("eE") + r.choice(["", "+", "-"]) + \
                str(r.randrange(10 ** r.choice([1, 2, 4])))
        return text

    def scalar(self):
        r = self.rng
        kind = r.randrange(20)
        if kind == 0 and r.random() < 0.2:
            return r.choice(["NaN", "Infinity", "-Infinity"])
        if kind < 4:
            return r.choice(["true", "false", "null"])
        return self.number() if kind < 9 else self.string()

    def space(self):
        r = self.rng
        if r.random() < self.tight:
            return ""
        n = r.choice([1, 1, 1, 2, 3, 15, 16, 17, 31, 63, 65]) if r.random() < 0.3 else 1
        return "".join(r.choice(" \n\t\r") for _ in range(n))

    def key(self):
        r = self.rng
        if r.random() < 0.5:
            return self.string()
        name = r.choice(NAMES)
        if r.random() < 0.2:
            # a key that is nearly the same
            name = r.choice([name[:-1], name[1:], name + "a", name + " ", name + "\0",
                             name[:-1] + "\0", name.upper()])
        if r.random() < 0.7:
            return quote(name)
        return '"' + "".join("\\u%04x" % ord(c) if r.random() < 0.4 or c in '"\\\n\0' else c
                             for c in name) + '"'

    def value(self, depth):
        r = self.rng
        if depth == 0 or r.random() < 0.4:
            return self.scalar()
        members = r.choice([0, 1, 1, 2, 3, 5])
        if r.random() < 0.5:
            parts = [self.value(depth - 1) for _ in range(members)]
            begin, end = "[", "]"
        else:
            parts = [self.key() + self.space() + ":" + self.space() + self.value(depth - 1)
                     for _ in range(members)]
            begin, end = "{", "}"
        comma = self.space() + "," + self.space()
        return begin + self.space() + comma.join(parts) + self.space() + end

    def record(self):
        r = self.rng
        parts = [self.space() + self.key() + self.space() + ":" + self.space() +
                 self.value(r.randrange(4)) for _ in range(r.randrange(12))]
        return "{" + ",".join(parts) + self.space() + "}"

    def dense(self):
        r = self.rng
        return "[" + ",".join(r.choice(["[]", "{}", "null", "[[]]", "true"]) if r.random() < 0.2
                              else self.number() for _ in range(r.randrange(120))) + "]"

    def deep(self):
        r = self.rng
        n = r.choice([32, 63, 64, 65, 128, 200]) if r.random() < 0.2 else r.randrange(40)
        if r.random() < 0.02:
            n = r.choice([DEPTH, DEPTH + 1])
        begin = [r.choice(["[", '{"a":', '[0,', '{"":[],"b":']) for _ in range(n)]
        end = ["]" if b[0] == "[" else "}" for b in reversed(begin)]
        return "".join(begin) + self.scalar() + "".join(end)

    def valid(self):
        r = self.rng
        self.tight = r.choice([1, 1, 0.9, 0.5])
        kind = r.randrange(20)
        text = self.record() if kind < 9 else self.value(5) if kind < 14 else \
            self.scalar() if kind < 16 else self.dense() if kind < 18 else self.deep()
        text = self.space() + text + self.space()
        return text.encode()

    def soup(self):
        r = self.rng
        return "".join(r.choice(TOKENS) for _ in range(r.randrange(1, 20))).encode()

    def mutated(self, data):
        r = self.rng
        data = bytearray(data)
        for _ in range(r.choice([1, 1, 1, 2, 3, 8])):
            at, how = r.randrange(len(data) + 1), r.randrange(9)
            if how == 0 and at < len(data):
                data[at] ^= 1 << r.randrange(8)
            elif how == 1 and at < len(data):
                data[at] = r.randrange(256)
            elif how == 2:
                del data[at:at + r.choice([1, 1, 1, 2, 7, 16])]
            elif how in (3, 4):
                data[at:at] = r.choice(BYTES)
            elif how == 5:
                data[at:at + 1] = r.choice(BYTES)
            elif how == 6:
                del data[at:]
            elif how == 7:
                other = self.valid()
                cut = r.randrange(len(other) + 1)
                data[at:at + r.choice([0, 0, 1, 40])] = other[cut:cut + r.randrange(1, 60)]
            else:
                end = at + r.randrange(1, 30)
                data[at:at] = data[at:end]
        return bytes(data)

    def text(self):
        kind = self.rng.randrange(20)
        if kind < 10:
            return self.valid()
        return self.soup() if kind < 12 else self.mutated(self.valid())


# --- texts of every alignment ----------------------------------------------------------------

# Features that a scanner of 16, 32 or 64 bytes at a time might miss at one offset in
# a block, and the text around them: begin, filler, end.
IN_STRING = (b'"', b"a", b'"', [
    b'"', b"\\", b'\\"', b"\\\\", b'\\\\"', b'\\\\\\"', b"\\" * 32, b"\\" * 33, b"\\n", b"\\x",
    b"\\u0061", b"\\u006", b"\\u00g1", b"\\ud83d\\ude00", b"\\ud83d", b"\\ude00",
    b"\0", b"\n", b"\x1f", b" ", b"\x7f", b"{[:,]}", b"\xc3\xa9", b"\xe6\x97\xa5",
    b"\xf0\x9f\x98\x80", b"\xf4\x8f\xbf\xbf", b"\x80", b"\xc3", b"\xc0\xaf", b"\xe6\x97",
    b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xf0\x80\x80\xaf",
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff"])
IN_SPACE = (b"", b" ", b"", [
    b"0", b"-1.5e+3", b"01", b"1e", b"true", b"tru", b"nulll", b"NaN", b"-Infinity", b'"a"',
    b'"', b"[]", b"[1", b"]", b"{}", b'{"a":1}', b'{"a"}', b"\t", b"\x0b", b"\0", b",", b":",
    b"\xc2\xa0", b"\xff"])
IN_NUMBER = (b"[", b"1", b"]", [
    b".", b"e", b"e-", b"-", b"..", b",", b",,", b", ", b"[", b"]", b":", b" ", b"a", b"\0",
    b"\xc3\xa9", b"\xff", b'"', b',"a",', b',{"a":'])
IN_ARRAY = (b"[", b"[],", b"0]", [
    b",", b"]", b"[", b"1", b"1,", b":", b'"a":1,', b'"",', b"{},", b"{,", b"}", b"[[[[]]]],"])
IN_OBJECT = (b"{", b'"a":"",', b'"b":0}', [
    b",", b"}", b'"ab":', b'"a",', b'"a"', b'"ab":{},', b'"":[1,{}],', b"]", b":", b'"\\u0061":1,'])


def placed():
    for begin, filler, end, things in IN_STRING, IN_SPACE, IN_NUMBER, IN_ARRAY, IN_OBJECT:
        for thing in things:
            for n in range(68):
                for behind in 0, 67:
                    yield begin + filler * n + thing + filler * behind + end


def compare_placed(comparison):
    texts = list(placed())
    for at in range(0, len(texts), BATCH):
        comparison.run(texts[at:at + BATCH])


# --- the table ------------------------------------------------------------------------------


def expanded(text):
    """The bytes of a case: %HH is a byte, %[x]{N} is x N times."""
    text = re.sub(rb"%\[(.*?)\]\{([0-9]+)\}", lambda m: m[1] * int(m[2]), text)
    return unwritten(text)


def cases(path):
    """The table's texts, with whether they are strict and lax JSON."""
    with open(path, "rb") as f:
        for line in f:
            m = re.fullmatch(rb"([ylnYLN])(?: (.*))?\n", line)
            if m:
                text, strict, lax = expanded(m[2] or b""), m[1] in b"yY", m[1] in b"ylYL"
                yield text, strict, lax
                if m[1].islower():
                    yield b"[" + text + b"]", strict, lax
                    yield b'{"a":' + text + b"}", strict, lax
            elif line.strip() and not line.startswith(b"#"):
                sys.exit("%s: not a case: %r" % (path, line))


def compare_table(comparison, path):
    table = list(cases(path))
    readings = comparison.run([text for text, _, _ in table])
    for (text, *verdict), reading in zip(table, readings):
        if verdict != [reading.strict, reading.lax]:
            comparison.report(text, "the table's verdict", "strict %s, lax %s" % tuple(verdict))


def compare_chance(comparison, lines, seed):
    for at in range(0, lines, BATCH):
        maker = Maker("%s:%d" % (seed, at))
        comparison.run([maker.text() for _ in range(min(BATCH, lines - at))])
    n = comparison.counts
    # with too few of a kind the comparison would prove nothing
    if min(n["strict"], n["refused"]) * 5 < n["texts"] or not n["lax"]:
        sys.exit("the texts are of one kind: %s" % n)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=4000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--cases")
    parser.add_argument("--placed", action="store_true")
    parser.add_argument("checks", nargs="+", metavar="CHECK")
    args = parser.parse_args()
    sys.setrecursionlimit(20000)
    comparison = Comparison(args.checks)
    if args.cases:
        compare_table(comparison, args.cases)
    elif args.placed:
        compare_placed(comparison)
    else:
        compare_chance(comparison, args.lines, args.seed)
    print("%s; %d disagreements" % (", ".join(
        "%d %s" % (n, what) for what, n in comparison.counts.items()), comparison.bad))
    return comparison.bad > 0


sys.exit(main())
