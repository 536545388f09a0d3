#!/usr/bin/env python3
"""Labels runs with fl-label at a real terminal, key by key.

    label-check.py SCENARIO

Works in the current folder, with the programs that come first in PATH. The screen
is emulated; an escape sequence that fl-label has no reason to write is an error.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata

SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")
SECONDS = 300


class Screen:
    """The screen of a terminal that knows only the sequences of fl-label."""

    def __init__(self, rows, columns):
        self.resize(rows, columns)
        self.other = self.paste = False
        self.cursor = self.wrap = True
        self.lenient = False    # frames of an earlier size may still come

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [[" "] * columns for _ in range(rows)]
        self.y = self.x = 0

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def put(self, c):
        if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp"):
            sys.exit("the terminal got %r" % c)
        width = 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if not width:
            self.cells[self.y][max(self.x - 1, 0)] += c
        elif self.x + width > self.columns and self.lenient:
            pass
        elif self.x + width > self.columns:
            sys.exit("line %d is too long: %r" % (self.y, "".join(self.cells[self.y])))
        else:
            self.cells[self.y][self.x] = c
            if width == 2:
                self.cells[self.y][self.x + 1] = ""
            self.x += width

    def clear(self, y, x):
        self.cells[y][x:] = [" "] * (self.columns - x)

    def obey(self, private, numbers, letter):
        if private:
            for n in numbers.split(";"):
                if n == "1049" and letter == "h":
                    self.kept = self.cells, self.y, self.x
                    self.resize(self.rows, self.columns)
                elif n == "1049" and self.other:
                    cells, y, x = self.kept
                    self.resize(self.rows, self.columns)
                    for i, row in enumerate(cells[:self.rows]):
                        self.cells[i] = (row + [" "] * self.columns)[:self.columns]
                    self.y, self.x = min(y, self.rows - 1), min(x, self.columns - 1)
                name = {"1049": "other", "2004": "paste", "25": "cursor", "7": "wrap"}[n]
                setattr(self, name, letter == "h")
        elif letter == "H":
            y, x = (numbers or "1;1").split(";")
            self.y, self.x = min(int(y), self.rows) - 1, int(x) - 1
        elif letter == "K":
            self.clear(self.y, self.x)
        elif letter == "J":
            self.clear(self.y, self.x)
            for y in range(self.y + 1, self.rows):
                self.clear(y, 0)
        elif letter != "m":
            sys.exit("the terminal got %r" % (private + numbers + letter))

    def write(self, text):
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                self.obey(*found.groups())
                at = found.end()
                continue
            if text[at] == "\r":
                self.x = 0
            elif text[at] == "\n":
                if self.y + 1 == self.rows:
                    self.cells = self.cells[1:] + [[" "] * self.columns]
                else:
                    self.y += 1
            else:
                self.put(text[at])
            at += 1


class Terminal:
    """A terminal with a program that a shell started."""

    def __init__(self, *command, rows=20, columns=60, shell=False):
        self.screen = Screen(rows, columns)
        self.raw = b""
        self.got = b""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            self.fd = 0
            self.size(rows, columns)    # before the program asks for it
            os.environ["TERM"] = "xterm"
            os.environ["LOGNAME"] = "ada"
            words = ["bash", "--norc", "--noediting", "-i"] if shell else command
            os.environ["PS1"] = "$ "
            os.execvp(words[0], words)
        self.before = termios.tcgetattr(self.fd)

    def size(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        self.size(rows, columns)

    def read(self, seconds):
        """Reads the program's output; False at its end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            part = os.read(self.fd, 65536)
        except OSError:
            return False
        self.got += part
        self.raw += part
        # a character or a sequence may lack its end
        whole = re.match(rb"(?s)(.*?)(\x1b(\[[?0-9;]*)?|[\xc0-\xff][\x80-\xbf]*)?$", self.raw)
        try:
            text, rest = self.raw.decode("utf-8"), b""
            if whole[2] and whole[2][:1] == b"\x1b":
                text, rest = whole[1].decode("utf-8"), whole[2]
        except UnicodeDecodeError:
            text, rest = whole[1].decode("utf-8"), whole[2]
        self.screen.write(text)
        self.raw = rest
        return bool(part)

    def expect(self, *patterns, absent=()):
        """Waits until the screen shows all patterns and none of the others."""
        end = time.monotonic() + SECONDS
        while True:
            shown = self.screen.text()
            if all(re.search(p, shown, re.M) for p in patterns) and not any(re.search(p, shown, re.M) for p in absent):
                return shown
            if time.monotonic() > end or not self.read(0.1):
                sys.exit("expected %r without %r, got\n%s" % (patterns, absent, shown))

    def type(self, keys):
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def end(self):
        """Waits for the end of the program; returns its wait status."""
        end = time.monotonic() + SECONDS
        alive = True
        while time.monotonic() < end:
            alive = alive and self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while alive and select.select([self.fd], [], [], 0)[0] and self.read(0):
                    pass
                return status
        sys.exit("the program has not ended:\n%s" % self.screen.text())

    def check_clean(self):
        """Checks that the terminal is as it was."""
        s = self.screen
        if s.other or s.paste or not s.cursor or not s.wrap:
            sys.exit("the terminal is left changed: %r" % vars(s))


def labels(name="labels.jsonl"):
    with open(name, encoding="utf-8") as file:
        text = file.read()
    if text and not text.endswith("\n"):
        sys.exit("a label is cut: %r" % text)
    return [json.loads(line) for line in text.splitlines()]


def runs(count, **more):
    with open("runs.jsonl", "w", encoding="utf-8") as file:
        for i in range(count):
            file.write(json.dumps(dict({"trace_id": "t%d" % i, "run_id": "r%d" % i, "input": "question %d" % i,
                                        "output": "answer %d" % i, "success": True, "iteration": 0,
                                        "persona": "novice"}, **more)) + "\n")


def eq(got, want):
    if got != want:
        sys.exit("expected %r, got %r" % (want, got))


def label():
    """Pass, fail with a note, skip, back, again; every label at once."""
    runs(3)
    t = Terminal("fl-label", "runs.jsonl")
    t.expect("1 of 3, 0 labelled   iteration 0   novice", "Input\n  question 0", "Output\n  answer 0", "p pass  f fail")
    eq(labels(), [])
    t.type("p")
    t.expect("2 of 3, 1 labelled", "question 1")
    (one,) = labels()
    eq({k: one[k] for k in ("run_id", "label", "who")}, {"run_id": "r0", "label": "pass", "who": "ada"})
    eq(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", one["at"]) is not None, True)
    eq(len(one["output_hash"]), 16)
    t.type("n")
    t.expect("^note:")
    t.type("rude é 注文x\x7f, twice")
    t.expect("note: rude é 注文, twice")
    eq(t.screen.cursor, True)
    t.type("\r")
    t.expect(r"\[note: rude é 注文, twice\]")
    eq(len(labels()), 1)
    t.type("f")
    t.expect("3 of 3, 2 labelled")
    eq([labels()[-1][k] for k in ("run_id", "label", "note")], ["r1", "fail", "rude é 注文, twice"])
    t.type("s")
    t.expect("1 run has no label: s shows the first of them")
    t.type("b")
    t.expect("3 of 3")
    t.type("\x1b[D")
    t.expect(r"2 of 3", r"\[labelled: fail\] \[note: rude")
    t.type("p")
    # labelled answers are not shown again
    t.expect("3 of 3, 2 labelled")
    eq([labels()[-1][k] for k in ("run_id", "label", "note")], ["r1", "pass", "rude é 注文, twice"])
    t.type("p")
    t.expect("All runs are labelled")
    t.type("q")
    eq(t.end(), 0)
    t.expect("fl-label: 3 of 3 runs are labelled")
    t.check_clean()


def resume():
    """The second time only answers without a label are shown, and cut lines stay
    apart."""
    runs(4)
    t = Terminal("fl-label", "-l", "mine", "runs.jsonl")
    t.expect("1 of 4")
    t.type("pf")
    t.expect("3 of 4, 2 labelled")
    t.type("q")
    eq(t.end(), 0)
    with open("mine", "a") as file:
        file.write('{"run_id":"r2","la')
    t = Terminal("fl-label", "-l", "mine", "runs.jsonl")
    t.expect("3 of 4, 2 labelled")
    t.type("p")
    t.expect("4 of 4, 3 labelled")
    t.type("q")
    eq(t.end(), 0)
    with open("mine") as file:
        lines = file.read().splitlines()
    eq([len(lines), lines[2], json.loads(lines[3])["run_id"]], [4, '{"run_id":"r2","la', "r2"])
    # another person sees all of them
    t = Terminal("fl-label", "--labels", "mine", "--who", "bob", "runs.jsonl")
    t.expect("1 of 4, 0 labelled")
    t.type("q")
    t.end()
    # another answer of the same run has no label
    runs(4, output="another")
    t = Terminal("fl-label", "-l", "mine", "runs.jsonl")
    t.expect("1 of 4, 0 labelled")
    t.type("q")
    t.end()


def hidden():
    """Wide, hidden and hostile characters: the terminal obeys none of them."""
    hostile = "a\x1b]0;T\x07\x1b[2J\x9b31m\u202e\u200b\u2066\x7f\rX\u2028\ufeff\U000e0041\ttab\u0301\nnext " + "注文" * 40 + " end"
    runs(1, input=hostile, output={"key " + hostile: [hostile]}, persona=hostile, metadata={"expected": hostile},
         error=hostile, callback_messages={"send": [hostile, "b"]},
         evaluation={"pass": False, "checks": [{"name": hostile, "pass": False, "reason": hostile}]},
         observations=[{"id": "1", "type": "tool", "name": hostile, "input": hostile, "output": hostile}])
    t = Terminal("fl-label", "runs.jsonl", rows=60, columns=43)
    shown = t.expect(r"a\\u001b\]0;T\\u0007\\u001b\[2J\\u009b31m\\u202e", "注文注文", "next", "Expected", "Error", "Messages")
    eq("Checks" in shown, False)
    t.type("ct\x1b[F")
    t.expect("Checks", "^  fail:$", "Steps", "^  tool$")
    t.type("n" + "x注" * 60 + "\x1b[200~\x1b[31mred\np\x1b[201~")
    t.expect("note: .*注red p$")
    eq(labels(), [])
    t.type("\x1b")
    t.expect("p pass", absent=["^note"])
    # a pasted text is not a command
    t.type("\x1b[200~pppq\x1b[201~")
    t.type("?")
    t.expect("the answer is right", "press a key")
    t.type("x")
    t.expect("p pass")
    eq(labels(), [])
    for rows, columns in (24, 80), (5, 20), (3, 10), (2, 5), (1, 1), (50, 132), (60, 43):
        t.screen.lenient = True
        t.resize(rows, columns)
        t.type("gG")
        deadline = time.monotonic() + SECONDS
        while not t.screen.text().strip() and time.monotonic() < deadline:
            t.read(0.1)
    t.expect("注文注文")
    t.type("?")
    t.expect("the answer is right")
    t.screen.lenient = False
    t.type("?")
    t.expect("注文注文")
    t.type("q")
    eq(t.end(), 0)
    t.check_clean()


def scroll():
    """Long answers are scrolled through, at any size of the window."""
    runs(1, output="\n".join("line %d" % i for i in range(1, 101)))
    t = Terminal("fl-label", "runs.jsonl", rows=12, columns=60)
    t.expect("lines 1 to 10 of 104", "  line 6$", absent=["line 7"])
    t.type(" ")
    t.expect("lines 11 to 20", "line 7\n", "line 16")
    t.type("\x1b[B\x1b[6~")
    t.expect("lines 22 to 31")
    t.type("\x1b[F")
    t.expect("lines 95 to 104", "line 100")
    t.resize(22, 60)
    t.expect("lines 85 to 104 of 104", "line 100")
    t.type("\x1b[5~k\x1bOA")
    t.expect("lines 63 to 82")
    t.type("\x1b[H")
    t.expect("lines 1 to 20")
    t.type("q")
    eq(t.end(), 0)


def interrupt():
    """Signals that end the program leave the terminal clean, and the labels."""
    runs(3)
    for how in "\x03", "\x1c", signal.SIGTERM, signal.SIGHUP:
        t = Terminal("fl-label", "-l", "l%d" % (ord(how) if isinstance(how, str) else how), "runs.jsonl")
        t.expect("1 of 3")
        t.type("p")
        t.expect("2 of 3")
        t.type("nabc")
        t.expect("note: abc")
        if isinstance(how, str):
            t.type(how)
            want = signal.SIGINT if how == "\x03" else signal.SIGQUIT
        else:
            os.kill(t.pid, how)
            want = how
        eq(t.end() & 0x7f, want)
        t.check_clean()
        eq(len(labels("l%d" % (ord(how) if isinstance(how, str) else how))), 1)


def suspend():
    """Ctrl-Z gives the shell a clean terminal, and fg draws the screen anew."""
    runs(3)
    t = Terminal(shell=True)
    t.expect(r"^\$$")
    before = termios.tcgetattr(t.fd)
    t.type("fl-label runs.jsonl\r")
    t.expect("1 of 3")
    t.type("\x1a")
    t.expect(r"Stopped.*\n\$$")
    t.check_clean()
    t.type("stty -a | grep -o ' icanon\\|echo '; echo ready\r")
    t.expect("icanon\n", "ready\n")
    t.type("fg\r")
    t.expect("1 of 3", "question 0")
    t.type("nhello")
    t.expect("note: hello")
    t.type("\x1a")
    # keys pressed before the shell has the terminal again are lost
    t.expect(r"Stopped[\s\S]*Stopped.*\n\$$", absent=["^note"])
    t.type("fg\r")
    t.expect("note: hello")
    t.type("\rpp")
    t.expect("3 of 3, 2 labelled")
    t.type("q")
    t.expect(r"2 of 3 runs are labelled\n\$$")
    t.check_clean()
    # from a pipe, and with the output elsewhere
    t.type("cat runs.jsonl | fl-label -l other - >out 2>&1\r")
    t.expect("1 of 3, 0 labelled")
    t.type("pppq")
    t.expect(r"^\$ cat .*\n\$$")
    eq(len(labels("other")), 3)
    after = termios.tcgetattr(t.fd)
    eq(after[:4], before[:4])
    t.type("exit\r")
    t.end()


def full():
    """A label that cannot be saved is not shown as saved, and no part of it stays."""
    import resource
    runs(2)
    with open("labels.jsonl", "w") as file:
        file.write("\n" * 1000)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1010, limit[1]))
    t = Terminal("fl-label", "runs.jsonl")
    t.expect("1 of 2")
    t.type("p")
    t.expect("1 of 2, 0 labelled", "not saved: labels.jsonl: ")
    t.type("q")
    eq(t.end(), 0)
    eq(os.path.getsize("labels.jsonl"), 1000)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
