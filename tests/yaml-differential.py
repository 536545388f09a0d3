"""yaml-differential.py (--texts N | --scalars N | --tokens N) [--seed S] FL_YAML
yaml-differential.py --cases FILE FL_YAML
yaml-differential.py --files FL_YAML FILE...

Compares what fl-yaml reads with what PyYAML reads, and reports where they
differ:

--texts     N texts of all kinds, written by PyYAML in each of its styles and at
            several widths
--scalars   N random plain, quoted and block scalars, as far as PyYAML accepts them
--tokens    N random sequences of tokens, likewise
--cases     a table of texts and their values (see tests/data/yaml/cases.txt)
--files     files of any origin

PyYAML decides on the structure and the text of scalars; their types are those of
fluxloop-setting(5). Exits with 1 after a difference."""

import argparse
import json
import random
import re
import subprocess
import sys

import yaml

SHOWN = 20
bad = 0


def report(*what):
    global bad
    bad += 1
    if bad <= SHOWN:
        print(*what)


# --- PyYAML's reading -------------------------------------------------------------


class Loader(yaml.SafeLoader):
    """Resolves only the key "<<"."""
    yaml_implicit_resolvers = {}

    def compose_scalar_node(self, anchor):
        tagged = not any(self.peek_event().implicit)
        node = super().compose_scalar_node(anchor)
        node.is_text = node.style is not None or tagged and node.tag.endswith(":str")
        return node


Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile("^<<$"), ["<"])

WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True,
         "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)$")
HEX = re.compile(r"0x[0-9a-fA-F]{1,1000}$")
FLOAT = re.compile(r"([-+]?[0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?$")


class Unusable(Exception):
    """A value that JSON cannot hold."""


def scalar(node):
    text = node.value
    if node.tag == "tag:yaml.org,2002:merge":
        raise Unusable("'<<' as a value")
    if node.is_text:
        return text
    if text in WORDS:
        return WORDS[text]
    if NOT_JSON.match(text):
        return None
    if INTEGER.match(text):
        return int(text)
    if HEX.match(text):
        return int(text, 16)
    return float(text) if FLOAT.match(text) else text


def value(loader, node, around=()):
    if node in around:
        raise Unusable("a value that contains itself")
    around += node,
    if isinstance(node, yaml.ScalarNode):
        return scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [value(loader, n, around) for n in node.value]
    for key, n in node.value:
        if key.tag.endswith(":merge") and any(x in around for x in [n, *n.value]):
            raise Unusable("a mapping that is merged with itself")
    loader.flatten_mapping(node)
    if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
        raise Unusable("a key that is not text")
    return {key.value: value(loader, n, around) for key, n in node.value}


def documents(text):
    """The documents of a text, or None if PyYAML or JSON refuses it."""
    try:
        loader = Loader(text)
        found = []
        while loader.check_node():
            found.append(value(loader, loader.get_node()))
        return replaced(found)
    except (yaml.YAMLError, Unusable, ValueError, OverflowError):
        return None


def replaced(v):
    """v with surrogate pairs joined to characters, and U+FFFD for lone ones."""
    if isinstance(v, str):
        return v.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(v, list):
        return [replaced(x) for x in v]
    if isinstance(v, dict):
        return {replaced(k): replaced(x) for k, x in v.items()}
    return v


# --- fl-yaml's reading ------------------------------------------------------------


def read(text, *options):
    """fl-yaml's lines, and its message if it failed."""
    done = subprocess.run([args.fl_yaml, *options], input=text.encode(),
                          capture_output=True, check=False)
    lines = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    error = [line for line in done.stderr.decode().split("\n") if " warning: " not in line]
    return lines, "\n".join(error) if done.returncode else None


def same(a, b):
    """Whether two values are equal down to types and the order of keys."""
    return json.dumps(a) == json.dumps(b)


def compare(texts):
    """Compares documents, which PyYAML has to accept, all in one text."""
    wrapped = ["---\n%s\n...\n" % text for text in texts]
    wanted = [documents(w) for w in wrapped]
    wrapped = [w for w, d in zip(wrapped, wanted) if d is not None]
    wanted = [d for d in wanted if d is not None]
    while wrapped:
        # a text may have several documents
        lines, error = read("".join(wrapped), "--documents")
        at = 0
        for i, (text, found) in enumerate(zip(wrapped, wanted)):
            got = lines[at:at + len(found)]
            at += len(found)
            if error and at > len(lines):
                report("refused:", ascii(text), error, "PyYAML:", found)
                break
            if not same(got, found):
                report("differs:", ascii(text), "got", got, "PyYAML:", found)
        else:
            break
        wrapped, wanted = wrapped[i + 1:], wanted[i + 1:]
    return len(wanted)


# --- texts that PyYAML writes -----------------------------------------------------

WORD = ("how do I reset my password order refund please the and 42 1.5 yes no null ~ "
        "true user@example.com https://example.com/a?b=c#d key: value - item # comment "
        "a,b [x] {y} 'single' \"double\" & * ! | > % @ ` \\ \\\\ C:\\Users\\ada\\new\\table "
        "C:\\temp\\ \\frac{a}{b} \\\\ \\begin{x} $x_i$ \\n \\t \\u0041 {\"a\": [1, \"b\\n\"]} "
        "résumé 😀 👨‍👩‍👧 日本語の文章 한국어 مرحبا e\u0301 \u00a0 \u200b \ufeff ... --- ? : :: "
        "\u202e x\u2028y x\u2029y x\x85y \x1b[31m \x07 \x00 \x7f \U0010ffff <<: =").split(" ")
SPACE = [" "] * 12 + ["  ", "\n", "\n\n", "\n  ", "\t", " \n", "\n\t", "   ", "\r\n", "\r", ""]


def text_of_words(rnd):
    n = rnd.choice([0, 1, 2, 5, 12, 40])
    text = "".join(rnd.choice(WORD) + rnd.choice(SPACE) for _ in range(n))
    shape = rnd.randrange(20)
    if shape == 0:
        text = rnd.choice(WORD) * rnd.choice([50, 3000])
    elif shape == 1:
        text = "".join(chr(rnd.choice([rnd.randrange(0x80), rnd.randrange(0x800),
                                       rnd.randrange(0xd800), rnd.randrange(0x10000, 0x110000)]))
                       for _ in range(rnd.randrange(30)))
    elif shape == 2:
        text = "".join(rnd.choice(" \n\t'\"\\a:#-") for _ in range(rnd.randrange(120)))
    elif shape == 3:
        text = json.dumps({rnd.choice(WORD): text}, ensure_ascii=rnd.random() < .5)
    # YAML has no noncharacters, and PyYAML escapes none
    return text.replace("\ufffe", "").replace("\uffff", "")


def written(rnd, texts):
    """A document written by PyYAML, with texts in several places."""
    entries = []
    for text in texts:
        place = rnd.randrange(6)
        entries.append(text if place < 3 else {"input": text} if place < 5
                       else {"a": [[text], {"b": text, text[:100]: [text]}]})
    text = yaml.dump(
        entries, explicit_start=True, sort_keys=False,
        default_style=rnd.choice([None, None, None, "'", '"', "|", ">", ""]),
        default_flow_style=rnd.choice([False, False, None, True]),
        width=rnd.choice([None, None, 20, 40, 120, 1 << 30]),
        indent=rnd.choice([None, None, 3, 4, 9]),
        allow_unicode=rnd.choice([True, True, False]),
        line_break=rnd.choice([None, None, None, "\r\n", "\r"]))
    # PyYAML writes a few wrong: with U+0085, or blanks where a line is folded
    return yaml.safe_load(text), text


def check_texts(count, rnd):
    wanted, chunks = [], []
    while count > 0:
        n = min(count, rnd.choice([1, 10, 30]))
        entries, text = written(rnd, [text_of_words(rnd) for _ in range(n)])
        wanted += entries
        chunks.append(text)
        count -= n
    lines, error = read("".join(chunks))
    for got, entry in zip(lines, wanted):
        if not same(got, entry):
            report("differs: got", ascii(got), "PyYAML reads", ascii(entry))
    if error or len(lines) != len(wanted):
        report("%d of %d entries: %s" % (len(lines), len(wanted), error))
    return len(wanted)


# --- random texts -----------------------------------------------------------------


def some(rnd, pieces, most):
    return "".join(rnd.choice(pieces) for _ in range(rnd.randrange(most)))


QUOTED = ["a", "b", "word", " ", "  ", "\t", "\n", "\n\n", "\n ", "\n  ", "\n\t", "''", "\\\\",
          '\\"', "\\n", "\\ ", "\\\n", "\\\n  ", "\\t", "\\\t", "\\x41", "\\u00e9", "\\U0001F600",
          "\\ud83d\\ude00", "\\ud83d", "é", "😀", "\u2028", "\x85", "\r\n", "#", " #", ": ", "- ",
          "\\N", "\\L", "\\P", "\\_", "\\/", "\\e", "\\0", "---", "...", "\\\r\n", ",", "]", "}"]
LINES = ["a", "b c", "  x", "\tx", "- y", "", "", "   ", "\t", "#c", "k: v", "é", "x ", "\u2028z",
         "q\x85r", "word word", '"', "'", " ", " y", "...", "---", "%x"]
PLAIN = ["a", "b", "c", " ", "  ", "\n", "\n ", "\n  ", "\n\n  ", ":", "::", " :", ": ", "#", " #",
         "-", "- ", "&", "*", "%", "@", "`", '"', "'", ",", "[", "]", "{", "}", "\\", "é", "😀",
         "http://x/y?z=1#k", "1", "=", "<<", ">", "|", "---", "...", "\u2028", "~", "?"]
TOKENS = ["a", "b", "c d", " ", " ", "\n", "\n", "\n  ", "\n ", "\n    ", "\t", ":", ": ", "- ", "-",
          '"', "'", "[", "]", "{", "}", ",", ", ", "#", " #", "|", ">", "? ", "&a ", "*a", "!t ",
          "%", "\\", "\\\n", "1", "|-\n", "|+2\n", "  ", "---\n", "...\n", "é", "\u2028", "<<: ",
          "@", "`", "a: ", "b: ", "\r\n", "\r", 'x: "', "y: '", '"\n', ">-\n", "|+\n", "- - ",
          "\n- ", "\na: ", "\nb: ", "\n  b: ", "null", "~", "\n\n", '"a b"', "'a'", "{a: b}",
          "[a, b]", "\ufeff", "*a: ", "<<: *a\n", "<<: [*a, *a]\n", "&a {a: 1}\n"]
CLOSED = {"[": "]", "{a: ": "}", "{": "}", "[a, ": "]", "{a: {b: ": "}}"}


def quoted(rnd):
    quote = rnd.choice("\"'")
    before = rnd.choice(["", "a: ", "- ", "a:\n  ", "- - ", "[", "{a: ", "  - ", "? "])
    return before + quote + some(rnd, QUOTED, 14) + quote + CLOSED.get(before, "") + \
        rnd.choice(["", "\n", " # c\n", "\n\n"])


def block(rnd):
    step = rnd.choice([1, 2, 3, 4])
    before, column = rnd.choice([("a: ", 0), ("- ", 0), ("", 0), ("a:\n  b: ", 2), ("- - ", 2),
                                 ("? ", 0), ("a:\n- ", 0), ("a: !t ", 0)])
    head = rnd.choice("|>") + rnd.choice(["", "", "+", "-"]) + \
        rnd.choice(["", "", "", str(step)]) + rnd.choice(["", " ", " # c"])
    lines = [" " * (column + step + rnd.choice([0] * 12 + [-1, 1, -step])) + rnd.choice(LINES)
             for _ in range(rnd.randrange(7))]
    return before + head + "\n" + "\n".join(line if line.strip(" ") or rnd.random() < .5 else ""
                                            for line in lines) + \
        rnd.choice(["", "\n", "\n\n", "\nb: 1\n", "\n# c\n"])


def plain(rnd):
    before = rnd.choice(["", "a: ", "- ", "a:\n  ", "[", "{a: ", "{", "- a: ", "[a, "])
    return before + some(rnd, PLAIN, 9) + CLOSED.get(before, "") + \
        rnd.choice(["", "\n", "\nb: 1\n"])


# Texts that fl-yaml reads differently, by its manual: '!' alone, '?' in brackets
# without a blank after it, anchors with other characters than letters, digits, '-'
# and '_', and directives after a document without "..."; and tags with brackets or
# commas, which PyYAML does not know.
OTHERWISE = re.compile(r"![\s,\]}]|!$|!\S*[]\[{},]|[\[{,\s]\?\S|&[-\w]*[^-\w\s,\[\]{}]|(^|[\n\r\u2028])%")


def check_random(count, rnd, kinds):
    texts = [rnd.choice(kinds)(rnd) for _ in range(count)]
    return compare([t for t in texts if not OTHERWISE.search(t)])


# --- tables and files -------------------------------------------------------------


def check_cases(name):
    """Each line has the text, with escapes such as \\n, a tab, and its documents as
    JSON, or '! LINE:COL' for an error there. A '*' before the text means that PyYAML
    reads it differently, or refuses it."""
    with open(name, encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f]
    cases = [line.split("\t") for line in lines if line and not line.startswith("##")]
    for text, wanted in cases:
        odd = text.startswith("*")
        text = json.loads('"%s"' % text[2 if odd else 0:])
        lines, error = read(text, "--documents")
        theirs = documents(text)
        if wanted.startswith("!"):
            place = "fl-yaml: <stdin>:%s: " % wanted[2:]
            if not error or not error.startswith(place):
                report(ascii(text), "got", error or lines, "expected", place)
            found = None
        else:
            found = json.loads("[%s]" % wanted)
            if error or not same(lines, found):
                report(ascii(text), "got", error or lines, "expected", found)
        if same(theirs, found) == odd:
            report(ascii(text), "PyYAML reads", theirs)
    return len(cases)


def check_files(names):
    taken = 0
    for name in names:
        with open(name, encoding="utf-8", errors="replace", newline="") as f:
            text = f.read()
        theirs = documents(text)
        if theirs is None:
            continue
        taken += 1
        lines, error = read(text, "--documents")
        if error:
            report(name, "refused:", error)
        elif not same(lines, theirs):
            report(name, "differs")
    return taken


parser = argparse.ArgumentParser()
parser.add_argument("--texts", type=int)
parser.add_argument("--scalars", type=int)
parser.add_argument("--tokens", type=int)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--cases")
parser.add_argument("--files", action="store_true")
parser.add_argument("fl_yaml")
parser.add_argument("names", nargs="*")
args = parser.parse_args()
chance = random.Random(args.seed)
if args.texts:
    compared = check_texts(args.texts, chance)
elif args.scalars:
    compared = check_random(args.scalars, chance, [quoted, quoted, block, block, plain])
elif args.tokens:
    compared = check_random(args.tokens, chance, [lambda rnd: some(rnd, TOKENS, 16)])
elif args.cases:
    compared = check_cases(args.cases)
else:
    compared = check_files(args.names)
print("%d compared, %d differences" % (compared, bad))
sys.exit(bad > 0)
