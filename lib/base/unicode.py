#!/usr/bin/env python3
"""Prints the tables of unicode.c, made of the Unicode Character Database.

    unicode.py [FOLDER] >unicode_tables.h

FOLDER holds the database's files as Debian's package unicode-data installs
them (/usr/share/unicode).
"""

import re
import sys


def fields(name):
    """The fields of each line of a file of the database, comments left out."""
    with open(f"{FOLDER}/{name}", encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line:
                yield [f.strip() for f in line.split(";")]


def span(text):
    """"0041" or "0041..005A" as a range of numbers."""
    first, _, last = text.partition("..")
    return range(int(first, 16), int(last or first, 16) + 1)


def characters():
    """(number, category, has a numeric value, upper, lower) of UnicodeData.txt,
    in which "First" and "Last" stand for all characters between them."""
    first = None
    for f in fields("UnicodeData.txt"):
        c = int(f[0], 16)
        if f[1].endswith(", First>"):
            first = c
            continue
        numeric = any(f[6:9])
        upper, lower = (int(x, 16) if x else None for x in f[12:14])
        for each in range(c if first is None else first, c + 1):
            yield each, f[2], numeric, upper, lower
        first = None


def property_of(name, values):
    """The characters whose property in the file is one of the values."""
    return {c for f in fields(name) if f[1] in values for c in span(f[0])}


def ranges(found, between=()):
    """Runs of numbers; those of between may be taken in to join two runs."""
    runs = []
    for c in sorted(found):
        if runs and all(x in between for x in range(runs[-1][1] + 1, c)):
            runs[-1][1] = c
        else:
            runs.append([c, c])
    return runs


def print_rows(head, rows):
    print(f"\n{head} = {{")
    line = "\t"
    for row in rows:
        if len(line.expandtabs(8)) + len(row) > 78:
            print(line.rstrip())
            line = "\t"
        line += row + " "
    print(line.rstrip() + "\n};")


def print_ranges(name, comment, runs):
    print(f"\n/* {comment} */", end="")
    print_rows(f"static const struct unicode_range {name}[]",
               [f"{{ {a:#x}, {b:#x} }}," for a, b in runs])


def print_mapping(name, comment, pairs):
    """Runs of characters, each or every second, whose other case is as far."""
    runs = []
    for c, other in sorted(pairs.items()):
        last = runs[-1] if runs else None
        if last and other - c == last[3] and (
                c - last[1] == last[2] or
                (last[0] == last[1] and c - last[1] == 2)):
            last[2] = c - last[1]
            last[1] = c
        else:
            runs.append([c, c, 1, other - c])
    print(f"\n/* {comment} */", end="")
    print_rows(f"static const struct unicode_mapping {name}[]",
               [f"{{ {a:#x}, {b:#x}, {step}, {delta} }}," for
                a, b, step, delta in runs])


def main():
    with open(f"{FOLDER}/EastAsianWidth.txt", encoding="utf-8") as file:
        version = re.search(r"-([0-9.]+)\.txt", file.readline())[1]
    alnum, letters, marks, control = set(), set(), set(), set()
    known, to_upper, to_lower = set(), {}, {}
    for c, category, numeric, upper, lower in characters():
        known.add(c)
        if category[0] == "L" or numeric:
            alnum.add(c)
        if category[0] in "LM":
            letters.add(c)
        if category in ("Mn", "Me"):
            marks.add(c)
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            control.add(c)
        if upper:
            to_upper[c] = upper
        if lower:
            to_lower[c] = lower
    cluster = property_of("auxiliary/GraphemeBreakProperty.txt",
                          ("Extend", "SpacingMark", "ZWJ", "V", "T"))
    jamo = property_of("auxiliary/GraphemeBreakProperty.txt", ("V", "T"))
    wide = property_of("EastAsianWidth.txt", ("W", "F")) - marks
    prepended = property_of("auxiliary/GraphemeBreakProperty.txt",
                            ("Prepend",))
    joiners = {0x200c, 0x200d}
    unknown = set(range(0x110000)) - known
    print(f"""\
#ifndef UNICODE_TABLES_H
#define UNICODE_TABLES_H

/*
 * Made by unicode.py of the Unicode Character Database {version}: do not edit.
 */
#include <stdint.h>

struct unicode_range {{
	uint32_t from, to;
}};

/* Every step-th character of the range has its other case delta away. */
struct unicode_mapping {{
	uint32_t from, to, step;
	int32_t delta;
}};""")
    print_ranges("alnum", "UnicodeData.txt: categories L*, or a numeric value.",
                 ranges(alnum))
    print_ranges("letters", "UnicodeData.txt: categories L* and M*.",
                 ranges(letters))
    print_ranges("extending", "GraphemeBreakProperty.txt: Extend, "
                 "SpacingMark, ZWJ, V, T.", ranges(cluster))
    print_ranges("zero_width", "UnicodeData.txt: categories Mn and Me; Hangul "
                 "V and T; the joiners.", ranges(marks | jamo | joiners))
    print_ranges("double_width", "EastAsianWidth.txt: W and F, and what is "
                 "unassigned between.", ranges(wide, unknown))
    print_ranges("hidden", "UnicodeData.txt: Cc, Cf, Cs, Zl, Zp, but no "
                 "joiners or prepended signs.",
                 ranges(control - joiners - prepended |
                        set(range(0xfdd0, 0xfdf0)) | {0xfffe, 0xffff} |
                        {c for c in unknown if 0xe0000 <= c < 0xe0100},
                        unknown))
    print_mapping("to_lower", "UnicodeData.txt: simple lowercase mappings.",
                  to_lower)
    print_mapping("to_upper", "UnicodeData.txt: simple uppercase mappings.",
                  to_upper)
    print("\n#endif")


FOLDER = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode"
main()
