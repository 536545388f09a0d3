"""parse-files.py [--seconds N] [--seed S] --findings DIR FL-PARSE

Run fl-parse, built with the sanitizers, on experiments with mistakes in them:
from a folder, from files and from a pipe, in each format, to stdout and to a
folder, with random options. It has to exit with 0, 1 or 2 without a report of a
sanitizer, and its output must not depend on how the records are read, on the
number of threads, or on the memory. A finding is kept in a folder of its own in
DIR, with a script that reproduces it. Exits with 1 after the first finding."""

import argparse
import glob
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HANGS = 60      # seconds after which fl-parse hangs; it usually needs milliseconds

# Invalid values of fields, as JSON.
ODD = [b"null", b"true", b"false", b"0", b"-1", b"1e999", b"-1e999", b"9007199254740993",
       b"0.1", b"1e308", b"-0", b"NaN", b"Infinity", b"-Infinity", b'""', b'" "', b'"\\u0000"',
       b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\n\\r\\t\\u001b[31m"', b'"`"', b'"```"', b'"a/../b"',
       b'"../../etc/passwd"', b'"' + b"x" * 300 + b'"', b'"' + "é".encode() * 150 + b'"',
       b'"<script>alert(1)</script>"', b'"a,b;c\\"d"', b'"2025-10-04T14:09:02+00:00"',
       b'"2025-10-04"', b'"9999-12-31T23:59:59.999999-23:59"', b'"0001-01-01T00:00:00+23:59"',
       b'"yesterday"', b"1759586942", b"[]", b"{}", b"[[],{}]", b'{"":{"":[]}}', b"[1,[2,[3]]]",
       b'{"role":"user","content":"hi"}', b'[{"role":"user","content":["a",{"text":"b"}]}]',
       b'{"a":1,"a":2}', b"[" * 60 + b"]" * 60, b'"' + b"long " * 3000 + b'"',
       "\"\u202e\u2028\u200b\ufeff😀\U0010ffff\"".encode()]
BYTES = [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r\n", b"\0", b"\x1b", b"\xff",
         b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\\ud800", b"NaN", b"\n\n", b" "]
FIELD = re.compile(rb'"([a-z_]+)": ?("(?:[^"\\]|\\.)*"|[-+.0-9eE]+|null|true|false|\{\}|\[\])')


def read(path):
    with open(path, "rb") as f:
        return f.read()


def references():
    """Return the lines of rows and observations of each reference experiment."""
    for case in sorted(glob.glob(TESTS + "/data/reference/parse/*/")):
        yield (read(case + "trace_summary.jsonl").splitlines(),
               read(case + "observations.jsonl").splitlines())


# --- experiments with mistakes --------------------------------------------------------


def odd_fields(rng, line):
    """Return a line with some fields changed, repeated, renamed or left out."""
    places = list(FIELD.finditer(line))
    for m in sorted(rng.sample(places, min(len(places), rng.choice([1, 1, 2, 4]))),
                    key=lambda m: -m.start()):
        kind = rng.randrange(6)
        name, value = m[1], m[2]
        if kind < 3:
            new = b'"%s":%s' % (name, rng.choice(ODD))
        elif kind == 3:
            new = b'"%s":%s,"%s":%s' % (name, value, name, rng.choice(ODD))
        elif kind == 4:
            new = b'"%s":%s' % (rng.choice([b"id", b"trace_id", b"parent_observation_id", b"type",
                                            b"observations", b"timeline", b"x"]), value)
        else:
            new = b'"x":0'
        line = line[:m.start()] + new + line[m.end():]
    return line


def odd_bytes(rng, data):
    data = bytearray(data)
    at = rng.randrange(len(data) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        data[at:at] = rng.choice(BYTES)
    elif kind == 1:
        data[at:at + 1] = rng.choice(BYTES)
    elif kind == 2:
        del data[at:at + rng.choice([1, 5, 50])]
    elif at < len(data):
        data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def whole(rng, row, observations):
    """Return a trace with its observations, or a per-trace record, if the row can
    hold them."""
    if not row.endswith(b"}") or len(row) < 3:
        return row
    if rng.random() < 0.3:
        entries = [b'{"raw":%s}' % o for o in observations]
        return row[:-1] + b',"summary":{},"timeline":[' + b",".join(entries) + b"]}"
    return row[:-1] + b',"observations":[' + b",".join(observations) + b"]}"


def experiment(rng, known):
    """Return the lines of rows and the lines of observations."""
    rows, observations = [], []
    for _ in range(rng.choice([1, 1, 2, 3])):
        r, o = rng.choice(known)
        rows += r
        observations += o
    if rng.random() < 0.2:
        observations = observations * rng.choice([2, 20])
    rows, observations = list(rows), list(observations)
    if rng.random() < 0.3:
        rows = [whole(rng, r, observations[:rng.randrange(6)]) for r in rows]
    for lines in rows, observations:
        for i in range(len(lines)):
            if rng.random() < 0.25:
                lines[i] = odd_fields(rng, lines[i])
            if rng.random() < 0.03:
                lines[i] = odd_bytes(rng, lines[i])
        if rng.random() < 0.3:
            rng.shuffle(lines)
        if rng.random() < 0.2:
            del lines[rng.randrange(len(lines) + 1):]
    return rows, observations


def text_of(rng, lines):
    text = b"".join(line + b"\n" for line in lines)
    if rng.random() < 0.1:
        text = text[:len(text) - rng.randrange(1, 30)]
    if rng.random() < 0.05:
        text = b"\xef\xbb\xbf" + text
    return text


def write_experiment(rng, known, folder):
    """Write an experiment's folder, and a file with all its lines."""
    rows, observations = experiment(rng, known)
    os.mkdir(folder + "/e")
    files = {"e/trace_summary.jsonl": text_of(rng, rows),
             "e/observations.jsonl": text_of(rng, observations)}
    both = rows + observations
    if rng.random() < 0.5:
        rng.shuffle(both)
    files["all.jsonl"] = text_of(rng, both)
    if rng.random() < 0.1:
        files["e/traces.jsonl"] = files.pop("e/trace_summary.jsonl")
    for name, text in files.items():
        with open(folder + "/" + name, "wb") as f:
            f.write(text)
    return sorted(name for name in files if name.startswith("e/"))[::-1]


# --- runs -------------------------------------------------------------------------------


class Finding(Exception):
    pass


class Tool:
    """fl-parse, with the formats and options in its usage text."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        usage = self.ask("--help").stdout.decode()
        self.threads = bool(re.search(r"(^|\s)-j\b", usage))
        self.memory = "--memory" in usage
        rows = self.ask("--list-formats").stdout.decode().splitlines()
        self.formats = [row.split("\t")[0] for row in rows
                        if "\tthe output of " not in row]
        self.runs = 0

    def ask(self, *args):
        return subprocess.run([self.path, *args], stdin=subprocess.DEVNULL, timeout=HANGS,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, folder, args, stdin=None):
        """Return its output and its status; the command is kept in the folder."""
        self.runs += 1
        command = shlex.join([self.path, *args]) + " <" + (stdin or "/dev/null")
        if stdin:
            # through a pipe
            command = "cat %s | %s" % (stdin, shlex.join([self.path, *args]))
        with open(folder + "/again.sh", "a", encoding="utf-8") as f:
            f.write(command + "\n")
        env = dict(os.environ, ASAN_OPTIONS="exitcode=99:detect_leaks=1",
                   UBSAN_OPTIONS="exitcode=99:print_stacktrace=1", TMPDIR=folder)
        try:
            done = subprocess.run([self.path, *args], cwd=folder, env=env, timeout=HANGS,
                                  input=read(folder + "/" + stdin) if stdin else b"",
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired:
            raise Finding("it hangs: " + command)
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode not in (0, 1, 2) or "Sanitizer" in said or "runtime error" in said:
            raise Finding("status %d of %s\n%s" % (done.returncode, command, said[-4000:]))
        try:
            done.stdout.decode()
        except UnicodeDecodeError as e:
            raise Finding("no UTF-8 (%s) from %s" % (e, command))
        if done.returncode == 2 and not said:
            raise Finding("status 2 without a message from " + command)
        return done.stdout, done.returncode


def tree(folder):
    """Return the contents of all files of an output folder."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            found[os.path.relpath(path, folder)] = read(path)
    return found


def same(what, first, other):
    if first == other:
        return
    if first[1] != other[1]:
        raise Finding("%s: status %d and %d" % (what, first[1], other[1]))
    if isinstance(first[0], dict):
        names = {n for n in first[0].keys() | other[0].keys()
                 if first[0].get(n) != other[0].get(n)}
        raise Finding("%s: these files differ: %s" % (what, sorted(names)[:5]))
    raise Finding("%s: the output differs from byte %d on" % (
        what, len(os.path.commonprefix([first[0], other[0]]))))


def to_folder(tool, folder, name, args, stdin=None):
    """As above with -o: compare the files of the folder, not the output."""
    output, status = tool.run(folder, ["-o", name, *args], stdin)
    if output:
        raise Finding("-o %s, and yet there is output" % name)
    there = os.path.isdir(os.path.join(folder, name))
    if there != (status < 2):
        raise Finding("status %d, and the folder is %sthere" % (status, "" if there else "not "))
    return (tree(os.path.join(folder, name)) if there else {}), status


def variants(tool, rng):
    """Return options that must not change the output."""
    if tool.threads:
        yield ["-j", "1"]
        yield ["-j", rng.choice(["2", "3", "8"])]
    if tool.memory:
        yield ["--memory", rng.choice(["4M", "5M", "16M"])]
    if tool.threads and tool.memory:
        yield ["-j", "2", "--memory", "4M"]


def trial(tool, rng, known, folder):
    files = write_experiment(rng, known, folder)
    options = ["-f", rng.choice(tool.formats)]
    if rng.random() < 0.2:
        options += ["--max-depth", rng.choice(["1", "2", "5", "50", "65536"])]
    if rng.random() < 0.05:
        # wrong usage
        files = files + [rng.choice(["none.jsonl", "/dev/null", ".", "/"])]
    if rng.random() < 0.5:
        first = tool.run(folder, options + files)
        if len(files) == 2:
            same("folder and files", first, tool.run(folder, options + ["e"]))
        for more in variants(tool, rng):
            same(" ".join(more), first, tool.run(folder, options + more + files))
        first = tool.run(folder, options + ["all.jsonl"])
        same("file and pipe", first, tool.run(folder, options, "all.jsonl"))
        same("file and pipe by -", first, tool.run(folder, options + ["-"], "all.jsonl"))
        for more in variants(tool, rng):
            same("pipe, " + " ".join(more), first, tool.run(folder, options + more, "all.jsonl"))
        return
    first = to_folder(tool, folder, "first", options + ["all.jsonl"])
    same("-o, file and pipe", first, to_folder(tool, folder, "pipe", options, "all.jsonl"))
    for i, more in enumerate(variants(tool, rng)):
        same("-o, " + " ".join(more), first,
             to_folder(tool, folder, "more%d" % i, options + more + ["all.jsonl"]))
    same("--overwrite", first, to_folder(tool, folder, "first", options +
                                         ["--overwrite", "all.jsonl"]))
    left = [n for n in os.listdir(folder) if n not in ("e", "all.jsonl", "again.sh", "first", "pipe")
            and not n.startswith("more")]
    if left:
        raise Finding("left behind: %s" % left)


def keep(folder, findings, what):
    """Move a trial to the findings."""
    os.makedirs(findings, exist_ok=True)
    target = tempfile.mkdtemp(prefix="parse-files-", dir=findings)
    for name in os.listdir(folder):
        shutil.move(os.path.join(folder, name), target)
    with open(target + "/finding", "w", encoding="utf-8") as f:
        f.write(what + "\n")
    print("parse-files: %s\n  reproducer: %s" % (what, target))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", default="%x" % random.SystemRandom().getrandbits(32))
    parser.add_argument("--findings", required=True)
    parser.add_argument("tool", metavar="FL-PARSE")
    args = parser.parse_args()
    tool, rng, known = Tool(args.tool), random.Random(args.seed), list(references())
    until, trials = time.monotonic() + args.seconds, 0
    while time.monotonic() < until:
        with tempfile.TemporaryDirectory() as folder:
            try:
                trial(tool, rng, known, folder)
            except Finding as e:
                keep(folder, args.findings, "seed %s, trial %d: %s" % (args.seed, trials, e))
                return 1
        trials += 1
    print("  %d experiments, %d runs, seed %s, formats %s" % (
        trials, tool.runs, args.seed, ", ".join(tool.formats)))
    return 0


sys.exit(main())
