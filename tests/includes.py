#!/usr/bin/env python3
"""Checks that each .c file includes the project headers that it uses.

    tests/includes.py [--fix] ROOM...

Rooms are named lowest layer first. A file uses a header when it names a
function, a struct, an enumerator, a macro or a variable that the header
declares. What its own header includes need not be included again. With --fix
the include lines are rewritten: in layer order, a file's own header last.
"""
import glob
import re
import sys

PLAIN = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^#include "(.*)"\n', re.M)


def code(path):
    """The file's text without comments and literals, but with includes."""
    text = open(path, encoding="utf-8").read()
    return re.sub(PLAIN, lambda m: m[0] if m[0][0] == '"' and
                  m[0].endswith('.h"') else " ", text)


def declared(path):
    """The names that a header declares; struct tags with "struct " before."""
    text = INCLUDE.sub("", code(path))
    text = re.sub(r"__attribute__\(\(.*\)\)", " ", text)
    names = set(re.findall(r"^#define (\w+)", text, re.M))
    names = {n for n in names if not n.endswith("_H")}
    # the text of a macro declares nothing
    flat = re.sub(r"^#define (?:.*\\\n)*.*", " ", text, flags=re.M)
    while True:     # inner braces out, so that members are not taken for names
        for body in re.findall(r"\benum(?: \w+)? \{([^{}]*)\}", flat):
            names |= set(re.findall(r"(?:^|,)\s*(\w+)", body))
        less = re.sub(r"\{[^{}]*\}", "@", flat)
        if less == flat:
            break
        flat = less
    names |= set(re.findall(r"(struct \w+) @", flat))
    names |= set(re.findall(r"(enum \w+) @", flat))
    names |= set(re.findall(r"\b(\w+)\((?!\()", flat)) - {"defined", "sizeof"}
    names |= set(re.findall(r"^extern [^;(]*?(\w+)(?:\[.*\])*;", flat, re.M))
    return {n for n in names if not n.startswith("__")}


def members(path):
    """The names of the members of a header's structs."""
    text = INCLUDE.sub("", code(path))
    return {n for body in re.findall(r"struct \w+ \{(.*?)\n\}", text, re.S)
            for n in re.findall(r"(\w+)(?:\[[^\]]*\])*[;,]", body)}


def accessed(path):
    return set(re.findall(r"(?:->|\.)\s*(\w+)", code(path)))


def used(path):
    text = INCLUDE.sub("", code(path))
    text = re.sub(r"(?:->|\.)\s*\w+", " ", text)
    return set(re.findall(r"\w+", text)) | set(
        re.findall(r"(?:struct|enum) \w+", text))


def header(include, directory):
    return "lib/" + include if "/" in include else directory + "/" + include


def includes(path):
    directory = path.rsplit("/", 1)[0]
    return [header(i, directory) for i in INCLUDE.findall(
        open(path, encoding="utf-8").read())]


def main(argv):
    fix = argv[1:2] == ["--fix"]
    rooms = argv[2 if fix else 1:]
    headers = [h for r in rooms for h in sorted(glob.glob(f"lib/{r}/*.h"))]
    names = {h: declared(h) for h in headers}
    inside = {h: members(h) for h in headers}
    bad = 0
    for path in [c for r in rooms for c in sorted(glob.glob(f"lib/{r}/*.c"))] \
            + sorted(glob.glob("bin/*.c")):
        own = path[:-1] + "h"
        has = [h for h in includes(path) if h in names]
        uses = used(path)
        local = set(re.findall(r"^(?:static [^;=]*?)?\b(\w+)\(", INCLUDE.sub(
            "", code(path)), re.M))
        local |= {n for body in re.findall(
            r"\benum(?: \w+)? \{([^{}]*)\}", code(path))
            for n in re.findall(r"(?:^|,)\s*(\w+)", body)}
        free = set(includes(own)) if own in names else set()
        need = []
        for h in headers:
            hits = (names[h] & uses) - (local if h != own else set())
            if h == own or (hits and h not in free):
                # a tag alone is not a reason to include: it may be passed on
                if h == own or any(
                        not n.startswith(("struct ", "enum ")) for n in hits):
                    need.append(h)
                    continue
            # kept where members of its structs may be what is used
            if h in has and h not in free and (hits or
                                               inside[h] & accessed(path)):
                need.append(h)
        extra = [h for h in has if h not in need]
        lacks = [h for h in need if h not in has]
        if not extra and not lacks:
            continue
        if not fix:
            for h in extra:
                print(f"{path}: includes {h} without need")
            for h in lacks:
                print(f"{path}: uses {h} without including it")
            bad = 1
            continue
        here = path.rsplit("/", 1)[0]
        lines = [h for h in need if h != own] + [h for h in need if h == own]
        block = "".join('#include "%s"\n' % (
            h.rsplit("/", 1)[1] if h.rsplit("/", 1)[0] == here else h[4:])
            for h in lines)
        text = open(path, encoding="utf-8").read()
        other = "".join(f'#include "{i}"\n' for i in INCLUDE.findall(text)
                        if header(i, here) not in names)
        at = INCLUDE.search(text)
        start = at.start() if at else len(text)
        text = text[:start] + block + other + INCLUDE.sub("", text[start:])
        open(path, "w", encoding="utf-8").write(text)
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv))
