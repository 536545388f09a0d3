#!/usr/bin/env python3
"""Prints figures of the C code, to compare with those of another commit.

    tests/figures.py [FOLDER] [--names]

Functions are found by the layout of the source: a name at the start of a line
with its parameters, and a body between braces in the first column. A function's
length counts its lines from the name to the closing brace. A collision is a
function name that two or more files define; a call chain is the longest path
of calls between functions of one file. With --names the collisions are listed.
"""
import collections
import glob
import os
import re
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.S)
LITERAL = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
FUNCTION = re.compile(r"^(\w+)\((?:[^;{}]*?)\)\n\{\n(.*?)^\}", re.S | re.M)
DATA = re.compile(r"(phrases|tables)[^/]*\.[ch]$")


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def functions(path):
    with open(path, encoding="utf-8") as file:
        text = LITERAL.sub(blank, COMMENT.sub(blank, file.read()))
    return [(m[1], m[0].count("\n") + 1, m[2]) for m in FUNCTION.finditer(text)]


def depth(found):
    """The length of the longest chain of calls within a file."""
    calls = {name: set(re.findall(r"\b\w+\b", body)) & {n for n, _, _ in found}
             for name, _, body in found}
    best = {}

    def walk(name, path):
        if name in path:
            return 0
        if name not in best:
            best[name] = 1 + max(
                (walk(n, path | {name}) for n in calls[name]), default=0)
        return best[name]

    return max((walk(n, frozenset()) for n in calls), default=0)


def main(argv):
    args = [a for a in argv[1:] if not a.startswith("-")]
    os.chdir(args[0] if args else os.path.dirname(__file__) + "/..")
    paths = sorted(glob.glob("lib/**/*.c", recursive=True)) + \
        sorted(glob.glob("bin/*.c"))
    found = {p: functions(p) for p in paths}
    where = collections.defaultdict(set)
    for path, funcs in found.items():
        for name, _, _ in funcs:
            if name != "main":
                where[name].add(path)
    total = sum(len(f) for f in found.values())
    collide = sum(len(w) for w in where.values() if len(w) > 1)
    lengths = sorted(n for f in found.values() for _, n, _ in f)
    chains = sorted(((depth(f), p) for p, f in found.items()), reverse=True)
    sizes = sorted(((sum(1 for _ in open(p, encoding="utf-8")), p)
                    for p in paths), reverse=True)
    before = sum(len(re.findall(r"included\s+(?:\*\s*)?before", open(
        h, encoding="utf-8").read()))
        for h in glob.glob("lib/**/*.h", recursive=True))
    print(f"files                    {len(paths)}")
    print(f"functions                {total}")
    print(f"names that collide       {collide}, {100 * collide / total:.1f} %")
    print(f"function lines           median {lengths[total // 2]}, "
          f"p90 {lengths[total * 9 // 10]}, max {lengths[-1]}")
    print(f"over 60 lines            {sum(n > 60 for n in lengths)}")
    print("longest call chains      " + ", ".join(
        f"{n} {p.rsplit('/', 1)[1]}" for n, p in chains[:5]))
    print("longest files            " + ", ".join(
        f"{n} {p.rsplit('/', 1)[1]}" for n, p in
        [s for s in sizes if not DATA.search(s[1])][:5]))
    print(f"headers that need others {before}")
    if "--names" in argv:
        for name, files in sorted(where.items()):
            if len(files) > 1:
                print(f"  {name}: " + " ".join(sorted(files)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
