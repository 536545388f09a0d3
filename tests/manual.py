"""Compares the manual pages with the programs and with each other, and prints
what is wrong.

manual.py options FOLDER     each program's table of options, its usage text and
                             its page have the same options
manual.py commands FOLDER    fluxloop(1) has each command and each of its options
manual.py references FOLDER  each page refers to all pages that it names

FOLDER has the folders bin, man and lib/wrapper; the programs come first in PATH.
"""

import os
import re
import subprocess
import sys
from itertools import takewhile

MACROS = set("Ar Cm Dl Dq Er Ev Fl Ic It Li Nm Ns Oc Oo Op Pa Pq Ql Xr".split())
COMMON = {"--help", "--version"}


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout


def section(page, name):
    found = re.search(r"^\.Sh %s\n(.*?)(?=^\.Sh |\Z)" % name, page, re.M | re.S)
    return found.group(1) if found else ""


def flags(text):
    """The options in mdoc; -qr is two."""
    for line in re.findall(r"^\.(.*)", text, re.M):
        is_flag = False
        for word in line.split():
            if word in MACROS:
                is_flag = word == "Fl"
            elif is_flag and word.startswith("-"):
                yield "-" + word
            elif is_flag and word.isalpha():
                yield from ("-" + letter for letter in word)


def listed(page):
    """The options that are items of a page's lists."""
    return flags("\n".join(re.findall(r"^\.It Fl .*", page, re.M)))


def tabled(source):
    """The options of a program's table of struct option, each with its letter."""
    return [("--" + name, "-" + value[1] if value[0] == "'" else "--" + name)
            for name, value in re.findall(
                r'^\t\{ "([a-z-]+)",\s\w+_argument,\sNULL,\s(\S+) \}', source,
                re.M)]


def explained(usage):
    """The options that a usage text explains, each with its letter."""
    return [("--" + name, letter or "--" + name) for letter, name in
            re.findall(r"^ +(?:(-\w), )? *--([a-z-]+)", usage, re.M)]


def check_program(folder, name):
    usage = output(name, "--help")
    page = read(folder, "man", name + ".1")
    options = explained(usage)
    # the table of fl-run, which its usage text is made of, has other rows
    table = tabled(read(folder, "bin", name + ".c")) or options
    for option in sorted(set(table) ^ set(options)):
        yield "%s: the table of options and the usage text differ" % option[0]
    known = {word for option in table for word in option}
    documented, synopsis = set(listed(page)), set(flags(section(page, "SYNOPSIS")))
    for option in sorted(known - documented):
        yield "%s: no list explains it" % option
    for option in sorted(documented - known - COMMON):
        yield "%s: explained, but not an option" % option
    for option in sorted(synopsis - known - set(re.findall(r"--[a-z-]+", usage))):
        yield "%s: in the SYNOPSIS, but not an option" % option
    for option in table:
        if not synopsis & set(option):
            yield "%s: not in the SYNOPSIS" % option[0]


def check_options(folder):
    for file in sorted(os.listdir(os.path.join(folder, "bin"))):
        if file.startswith("fl-") and file.endswith(".c"):
            for problem in check_program(folder, file[:-2]):
                yield "%s.1: %s" % (file[:-2], problem)


def items(page):
    """What the page of fluxloop says about each command."""
    explained = {}
    for item in re.split(r"^\.It Cm ", page, flags=re.M)[1:]:
        words = item.split("\n")[0].replace("|", "").split()
        verb, *nouns = takewhile(lambda word: word not in MACROS, words)
        for noun in nouns or [""]:
            command = (verb + " " + noun).strip()
            explained[command] = explained.get(command, "") + item
    return explained


def check_commands(folder):
    """An option may be explained by the page of the program that has it."""
    explained = items(section(read(folder, "man", "fluxloop.1"), "DESCRIPTION"))
    commands = [row.split("|")[0] for row in
                read(folder, "lib", "wrapper", "commands").splitlines()]
    for command in sorted(set(commands) ^ set(explained)):
        yield "fluxloop.1: %s: no item, or not a command" % command
    for command in sorted(set(commands) & set(explained)):
        item = explained[command]
        options = set(re.findall(r"^--[a-z-]+", output(
            "fluxloop", "--complete", "fluxloop", *command.split(), "--"), re.M))
        here = set(flags("." + item))
        there = {option for program in re.findall(r"Xr (fl-\S+) 1", item)
                 for option in listed(read(folder, "man", program + ".1"))}
        for option in sorted(options - here - there - COMMON - {"--yes", "--config"}):
            yield "fluxloop.1: %s: %s is not explained" % (command, option)
        for option in sorted(set(listed(item)) - options):
            yield "fluxloop.1: %s: has no option %s" % (command, option)


def named(page):
    """The pages that the text of a page names: by Xr, and as programs."""
    text = page.replace(section(page, "SEE ALSO"), "")
    for name, number in re.findall(r"^\.(?:.* )?Xr (\S+) (\d)", text, re.M):
        if name.startswith(("fl-", "fluxloop")):
            yield number, name
    for name in re.findall(r"(?<![\w/.-])fl-[a-z]+(?:-[a-z]+)*(?![\w-])", text):
        if not name.startswith("fl-format-"):
            yield "1", name


def check_references(folder):
    pages = {tuple(reversed(file.rsplit(".", 1)))
             for file in os.listdir(os.path.join(folder, "man"))}
    for number, name in sorted(pages):
        page = read(folder, "man", name + "." + number)
        file = "%s.%s: " % (name, number)
        also = re.findall(r"^\.Xr (\S+) (\d)(.*)", section(page, "SEE ALSO"), re.M)
        shown = [(section_of, other) for other, section_of, _ in also]
        needed = set(named(page)) - {(number, name)}
        ours = {other for other in shown if re.match("fl-|fluxloop", other[1])}
        for other in sorted((needed | ours) - pages):
            yield file + "%s(%s) does not exist" % other[::-1]
        for other in sorted(needed & pages - set(shown)):
            yield file + "SEE ALSO lacks %s(%s)" % other[::-1]
        if shown != sorted(set(shown) - {(number, name)}):
            yield file + "SEE ALSO is not sorted by section and name"
        if [end for *_, end in also] != [" ,"] * (len(also) - 1) + [""] * bool(also):
            yield file + "SEE ALSO has a comma too many or too few"


CHECKS = {"options": check_options, "commands": check_commands,
          "references": check_references}

if __name__ == "__main__":
    problems = list(CHECKS[sys.argv[1]](sys.argv[2]))
    print("".join(line + "\n" for line in problems), end="")
    sys.exit(bool(problems))
