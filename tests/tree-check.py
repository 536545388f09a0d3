"""tree-check.py WIDTH [FILE...]: checks stdin as the output of fl-parse --format tree
in WIDTH cells: no control characters, no line that is wider, and all bars in one
column up to the end of the line. Each step in the files (lines of JSON with
observations or whole traces) has to have one line. Prints the number of lines with
bars. The width of a character comes from Python's unicodedata."""

import json
import sys
import unicodedata

BAR = "·▏▎▍▌▋▊▉█▐▕"
JOINERS = "\u200c\u200d"
FORBIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def need(condition, *message):
    if not condition:
        sys.exit("tree-check: " + " ".join(map(repr, message)))


def cells(text):
    n = 0
    for c in text:
        if unicodedata.category(c) in ("Mn", "Me") or c in JOINERS or 0x1160 <= ord(c) < 0x1200:
            continue
        n += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return n


def steps(files):
    for name in files:
        with open(name, encoding="utf-8") as lines:
            for line in lines:
                r = json.loads(line)
                if isinstance(r.get("observations"), list):
                    yield from (o for o in r["observations"] if isinstance(o, dict))
                elif "trace_id" in r and "type" in r:
                    yield r


def main():
    width, bars = int(sys.argv[1]), 0
    bar = min(max(width // 4, 8), 60)
    for line in sys.stdin.buffer.read().decode("utf-8").split("\n"):
        bad = [c for c in line if unicodedata.category(c) in FORBIDDEN and c not in JOINERS]
        need(not bad, "characters that must not be shown", line, bad)
        need(cells(line) <= width, "wider than", width, line)
        if len(line) > bar and all(c in BAR for c in line[-bar:]):
            need(cells(line) == width, "a bar that does not end at", width, line)
            need(line[-bar - 2:-bar] == "  ", "a bar in the wrong column", line)
            bars += 1
    if sys.argv[2:]:
        need(bars == len(list(steps(sys.argv[2:]))), "not all steps are shown", bars)
    print(bars)


main()
