"""run-stress.py [--seconds N] [--seed S] [--trials N] --findings DIR FL-RUN AGENT

Run fl-run on agents that answer, fail, crash, hang and leave processes running
as their inputs say (stress-agent.c), with random options, readers, writers and
signals, and check the result: each run has one trace, or none if the experiment
was stopped before the run; attempts, order, exit status and the log are as in
fluxloop-protocol(7); no line is torn; no process is left, hangs or loops. A
finding is kept in a folder of its own in DIR. Exits with 1 after the first
finding."""

import argparse
import json
import os
import random
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HANGS = 60      # seconds after which fl-run hangs; it usually needs two or three
GOOD = ["ok", "slow", "noise", "twice", "fork", "die3", "deaf", "big"]
BIG = 300000    # bytes of a big answer
BAD = ["err", "die0", "die1", "die2", "hang", "hang0", "term", "close", "stray"]
ENDS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT]
KINDS = ["error", "timeout", "crash", "protocol"]


class Finding(Exception):
    pass


def need(condition, *what):
    if not condition:
        raise Finding(" ".join(str(w) for w in what))


# --- trials -------------------------------------------------------------------------


class Trial:
    """The random options and inputs of a run of fl-run."""

    def __init__(self, rng, agent):
        self.rng = rng
        self.inputs = rng.choice([0, 1, 2, 7, 30, 30, 120, 400])
        self.iterations = rng.choice([1, 1, 1, 2, 3])
        self.pipeline = rng.choice([0, 0, 1, 2, 8, 64])
        self.concurrency = rng.choice([1, 1, 2, 4, 16]) if self.pipeline else 1
        self.jobs = rng.randint(1, 8)
        self.retries = rng.choice([0, 0, 1, 2, 3])
        self.retry_on = rng.choice([None, None, "error", "crash,timeout", "error,protocol"])
        self.ordered = rng.random() < 0.4
        self.shard = rng.choice([None, None, None, (1, 1), (1, 2), (2, 3)])
        self.done = rng.random() < 0.2
        self.agent = [agent, str(self.pipeline), str(self.concurrency), str(rng.getrandbits(30))]
        self.limits = rng.choice([[], [], [], [], ["--max-failures", str(rng.randint(1, 4))],
                                  ["--max-tokens", str(rng.randint(1, 30))],
                                  ["--max-time", "%.2f" % rng.uniform(0.01, 0.6)],
                                  ["--on-error", "fail_fast"]])
        self.stdin = rng.choice(["file", "file", "pipe", "trickle", "trickle"])
        self.stdout = rng.choice(["file", "append", "pipe", "slow", "late", "socket", "fifo"])
        self.closes = rng.random() < 0.05 and self.stdout in ("pipe", "slow", "socket")
        self.signals = self.choose_signals()
        self.words = self.choose_words()
        self.setting = (
            "runner: {retry_delay: %.6f, kill_timeout: %.2f, kill_signal: %s, isolation: %s}\n"
            "run_delay_seconds: %.6f\n" % (
                rng.choice([0, 0.000005, 0.00002, 0.001, 0.02]), rng.choice([0, 0.02, 0.1]),
                rng.choice(["SIGTERM", "SIGTERM", "SIGINT", "SIGKILL"]),
                rng.choice(["none", "none", "none", "call"]),
                rng.choice([0, 0, 0, 0.000005, 0.00003, 0.002])))

    def choose_signals(self):
        """Return pairs (seconds to wait, signal to send then)."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.55:
            return []
        if kind < 0.65:
            return [(rng.uniform(0, 0.3), signal.SIGUSR1) for _ in range(5)]
        if kind < 0.75:
            return [(0.00002, signal.SIGCHLD) for _ in range(5000)]
        if kind < 0.8:
            return [(rng.uniform(0, 0.2), signal.SIGSTOP), (rng.uniform(0, 0.4), signal.SIGCONT)]
        if kind < 0.84:
            return [(rng.uniform(0, 0.4), signal.SIGKILL)]
        first = rng.choice([rng.uniform(0, 0.01), rng.uniform(0, 0.5)])
        signals = [(first, rng.choice(ENDS))]
        if rng.random() < 0.4:
            signals.append((rng.choice([0, 0.15, rng.uniform(0, 0.5)]), rng.choice(ENDS)))
        return signals

    def choose_words(self):
        """Return the words of each input: what the agent does at each attempt."""
        rng, share = self.rng, self.rng.choice([0, 0.02, 0.1, 0.4])
        few = ["err", "die0", "die1", "die2"] + rng.sample(BAD, 2)
        # a process in its own session outlives a fl-run that gets SIGKILL
        good = [w for w in GOOD if w != "fork" or not self.killed()]
        common = rng.choice([["ok"], ["ok", "ok", "slow"], good])
        if self.inputs * self.iterations < 100 and rng.random() < 0.3:
            common = ["big"]

        def word():
            return rng.choice(few) if rng.random() < share else rng.choice(common)

        return ["%d %s" % (i, ",".join(word() for _ in range(self.retries + 1)))
                for i in range(self.inputs)]

    def killed(self):
        return any(sig == signal.SIGKILL for _, sig in self.signals)

    def ends(self):
        return [sig for _, sig in self.signals if sig in ENDS]

    def options(self):
        shown = ["-c", "setting.yaml", "--log", "log", "-j", self.jobs, "-n", self.iterations,
                 "--timeout", "0.4", "--grace", self.rng.choice(["0", "0.1", "0.5"]),
                 "--retries", self.retries, "--command", shlex.join(self.agent)] + self.limits
        if self.retry_on:
            shown += ["--retry-on", self.retry_on]
        if self.ordered:
            shown += ["--ordered"]
        if self.shard:
            shown += ["--shard", "%d/%d" % self.shard]
        if self.done:
            shown += ["--done", "done"]
        return [str(o) for o in shown]


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def prepare(tool, trial, folder):
    """Write the files of a trial; return the expected runs in order."""
    write(folder + "/in", "".join('{"input":"%s"}\n' % w for w in trial.words))
    write(folder + "/setting.yaml", trial.setting)
    all_runs = subprocess.run(
        [tool, "--protocol", "lines", "-n", str(trial.iterations), "--command", "cat", "in"],
        cwd=folder, stdout=subprocess.PIPE, check=True, timeout=HANGS).stdout.decode().splitlines()
    wanted, done = {}, []
    for line in all_runs:
        run = json.loads(line)
        if trial.done and trial.rng.random() < 0.3:
            done.append(line)
        elif not trial.shard or int(run["run_id"], 16) % trial.shard[1] == trial.shard[0] - 1:
            wanted[run["run_id"]] = run["input"]
    write(folder + "/done", "".join(line + "\n" for line in done) +
          (all_runs[0][:50] if all_runs else ""))
    return wanted


# --- running it -------------------------------------------------------------------------


def feed(trial, folder, pipe):
    """Write the inputs, at once or in pieces."""
    with open(folder + "/in", "rb") as f:
        text = f.read()
    try:
        if trial.stdin == "trickle":
            for _ in range(20):
                cut = trial.rng.randint(0, len(text))
                pipe.write(text[:cut // 8])
                pipe.flush()
                text = text[cut // 8:]
                time.sleep(trial.rng.uniform(0, 0.02))
        pipe.write(text)
        pipe.close()
    except (BrokenPipeError, ValueError):
        pass


def take(trial, fd, got):
    """Read the traces, and close the pipe early if the trial says so."""
    if trial.stdout == "late":
        time.sleep(0.3)
    left = trial.rng.randint(0, 20000) if trial.closes else 1 << 40
    while left > 0:
        try:
            data = os.read(fd, 20000 if trial.stdout == "slow" else 65536)
        except OSError:
            break
        if not data:
            break
        got.append(data)
        left -= len(data)
        if trial.stdout == "slow":
            time.sleep(0.001)
    os.close(fd)


def open_output(trial, folder):
    """Return the file that fl-run writes to, and the one to read, or None."""
    path = folder + "/out"
    if trial.stdout in ("file", "append"):
        flags = os.O_APPEND if trial.stdout == "append" else 0
        return os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600), None
    if trial.stdout == "socket":
        ours, theirs = socket.socketpair()
        return theirs.detach(), ours.detach()
    if trial.stdout == "fifo":
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(path, os.O_WRONLY)
        os.set_blocking(reader, True)
        return writer, reader
    reader, writer = os.pipe()
    return writer, reader


def cpu_seconds(pid):
    """Return the processor seconds of a process alone, None if it ended."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
            fields = f.read().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def send_signals(trial, run, log):
    """Send the trial's signals; return those that reached a running process."""
    sent = []
    for wait, sig in trial.signals:
        time.sleep(wait)
        # before fl-run has its handlers, this signal ends it
        while sig == signal.SIGUSR1 and run.poll() is None and not (
                os.path.exists(log) and os.path.getsize(log)):
            time.sleep(0.001)
        if run.poll() is not None:
            break
        run.send_signal(sig)
        sent.append(sig)
    return sent


def watch(run):
    """Wait for fl-run; return its processor time."""
    used, until = 0, time.monotonic() + HANGS
    while run.poll() is None:
        used = cpu_seconds(run.pid) or used
        if time.monotonic() > until:
            stack = open("/proc/%d/syscall" % run.pid).read().strip()
            run.kill()
            run.wait()
            raise Finding("hangs, %.1f s of processor time, in system call %s" % (used, stack))
        time.sleep(0.005)
    return used


def marked(mark):
    """Return the processes with the mark in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/environ" % pid, "rb") as f:
                if mark in f.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def nothing_left(mark, killed):
    """Check that no process is left; after SIGKILL, their killer needs a moment."""
    until = time.monotonic() + (10 if killed else 0.5)
    left = marked(mark)
    while left and time.monotonic() < until:
        time.sleep(0.02)
        left = marked(mark)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    need(not left, "left running:", len(left))


class Result:
    """The result of fl-run in a trial."""

    def __init__(self, tool, trial, folder):
        mark = "STRESS_MARK=%s" % os.path.basename(folder)
        command = [tool] + trial.options() + ([] if trial.stdin != "file" else ["in"])
        write(folder + "/command", shlex.join(command) + "\nstdin %s, stdout %s, signals %s\n" % (
            trial.stdin, trial.stdout, [(t, s.name) for t, s in trial.signals[:5]]))
        out, reader = open_output(trial, folder)
        got = []
        with open(folder + "/err", "wb") as err:
            run = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err,
                                   stdin=subprocess.DEVNULL if trial.stdin == "file"
                                   else subprocess.PIPE,
                                   env=dict(os.environ, STRESS_MARK=os.path.basename(folder)))
        os.close(out)
        helpers = []
        if reader is not None:
            helpers.append(threading.Thread(target=take, args=(trial, reader, got)))
        if run.stdin:
            helpers.append(threading.Thread(target=feed, args=(trial, folder, run.stdin)))
        for helper in helpers:
            helper.start()
        try:
            self.sent = send_signals(trial, run, folder + "/log")
            self.cpu = watch(run)
        finally:
            self.status = run.poll()
            try:
                nothing_left(mark.encode(), self.status == -signal.SIGKILL)
            finally:
                for helper in helpers:
                    helper.join()
        if reader is not None:
            with open(folder + "/got", "wb") as f:
                f.write(b"".join(got))
        self.output = open(folder + ("/got" if reader is not None else "/out"), "rb").read()
        self.messages = open(folder + "/err", "rb").read().decode(errors="replace")
        # an fl-run that was signalled at once has not opened its log
        path = folder + "/log"
        self.log = open(path, "rb").read() if os.path.exists(path) else b""
        self.torn = self.status < 0


# --- checks -------------------------------------------------------------------------------


def records(text, torn_is_well):
    """Return the records of lines. The last may be cut off if torn_is_well."""
    lines = text.split(b"\n")
    last = lines.pop()
    need(torn_is_well or not last, "a torn line:", last[-80:])
    return [json.loads(line) for line in lines]


def check_status(trial, result, traces, stopped):
    need("AddressSanitizer" not in result.messages and "runtime error" not in result.messages,
         "a sanitizer has something to say")
    ends = [sig for sig in result.sent if sig in ENDS]
    failed = any(not t["success"] for t in traces)
    if result.status == -signal.SIGKILL:
        need(trial.killed(), "it was killed")
    elif result.status == -signal.SIGPIPE:
        need(trial.closes, "SIGPIPE")
    elif result.status < 0:
        # it ended before fl-run had its handlers
        need(-result.status in ends and not traces, "ended by signal", -result.status)
    elif result.status > 2:
        need(result.status - 128 in ends, "status", result.status, "signals", ends)
        need("SIG" in stopped or not stopped or trial.limits, "stopped without a word")
    else:
        need(result.status == (1 if failed or stopped else 0) or trial.closes,
             "status", result.status, "failed", failed, "stopped", stopped)


def check_trace(trial, wanted, trace):
    need(trace["run_id"] in wanted, "a trace of a run that was not to be done", trace["run_id"])
    text = wanted[trace["run_id"]]
    need(trace["input"] == text, "another input")
    words = text.partition(" ")[2].split(",")
    word = words[min(trace["attempts"], len(words)) - 1]
    failures = [a["error_kind"] for a in trace.get("failed_attempts", [])]
    need(len(failures) == trace["attempts"] - 1, "attempts", trace["attempts"], failures)
    need(trace["attempts"] <= trial.retries + 1, "too many attempts")
    for kind in failures:
        need(kind in (trial.retry_on or ",".join(KINDS)).split(","), "tried again after", kind)
    need(trace["duration_ms"] >= 0 and trace["start_time"] <= trace["end_time"], "time runs back")
    if trace["success"]:
        need(word in GOOD, "success of", word)
        answer = "%s %d" % (text, trace["attempts"])
        need(trace["output"] == answer + "x" * (BIG if word == "big" else 0),
             "output", trace["output"][:80])
    elif trace["error_kind"] == "error":
        need(word == "err" and trace["error"] == "%s %d" % (text, trace["attempts"]),
             "error of", word)
    else:
        need(trace["error_kind"] in KINDS + ["cancelled"], "kind", trace["error_kind"])


# The events that may follow each event of a run. When the experiment stops, a run
# that waits is done without being sent; a returned request waits again.
NEXT = {
    None: {"sent"},
    "sent": {"started", "late", "done", "failed", "returned"},
    "started": {"late", "done", "failed"},
    "late": {"done", "failed"},
    "failed": {"waits"},
    "waits": {"sent", "done"},
    "returned": {"sent", "done"},
    "done": set(),
}


def check_agents(trial, log):
    """Check the events of agents in the log, which is whole if fl-run exited."""
    living, flying, most = {}, {}, max(1, trial.pipeline, trial.concurrency)
    for event in log:
        name, agent, run = event["event"], event.get("agent"), event.get("run_id")
        if name == "spawned":
            need(agent not in living, "agent", agent, "was started twice")
            living[agent] = True
        elif name == "ended":
            need(living.get(agent), "agent", agent, "ended twice")
            living[agent] = False
        elif name == "sent":
            need(living.get(agent), "sent to agent", agent, "which is not there")
            need(run not in flying, "run", run, "was sent twice")
            flying[run] = agent
            need(list(flying.values()).count(agent) <= most, "agent", agent, "has too many")
            need(len(set(flying.values())) <= trial.jobs, "too many agents work")
        elif name in ("done", "failed", "returned"):
            flying.pop(run, None)
    need(not any(living.values()) and not flying, "not ended:", living, flying)


def check_runs(log, stopped, traces):
    state, attempts = {}, {}
    for event in log:
        name, run = event["event"], event.get("run_id")
        if run is None:
            continue
        need(name in NEXT[state.get(run)], "run", run, "was", state.get(run), "and is", name)
        need(name != "done" or state.get(run) not in ("waits", "returned") or stopped,
             "run", run, "was done when it was", state.get(run))
        if name == "sent":
            need(event["attempt"] == attempts.get(run, 0) + 1, "run", run, "attempt",
                 event["attempt"], "after", attempts.get(run, 0))
        if name == "failed":
            attempts[run] = event["attempt"]
        state[run] = name
    for trace in traces:
        run = trace["run_id"]
        need(state.get(run) == "done", "a trace of a run that is", state.get(run))
        need(trace["attempts"] == attempts.get(run, 0) + 1, "attempts in the log")
    for run, now in state.items():
        need(now == "done" or (stopped and now == "returned" and run not in attempts),
             "run", run, "is left as", now)


def check_log(trial, result, traces):
    """Return why fl-run stopped, or None."""
    log = records(result.log, result.torn)
    need([e["t"] for e in log] == sorted(e["t"] for e in log), "the log's time runs back")
    stopped = "".join(e["why"] for e in log if e["event"] == "stopping")
    if not result.torn:
        check_agents(trial, log)
        check_runs(log, stopped, traces)
    return stopped


def check(trial, wanted, result):
    # after a second signal some output may be missing
    twice = len([s for s in result.sent if s in ENDS]) > 1
    traces = records(result.output, result.torn or twice)
    ids = [t["run_id"] for t in traces]
    need(len(set(ids)) == len(ids), "a run was done twice")
    for trace in traces:
        check_trace(trial, wanted, trace)
    stopped = check_log(trial, result, traces)
    check_status(trial, result, traces, stopped)
    # a reader that closes leaves what the pipe holds unread
    if not stopped and result.status in (0, 1) and not trial.closes:
        need(set(ids) == set(wanted), "no trace of", len(set(wanted) - set(ids)), "runs")
    if stopped and not result.torn and not twice and not trial.closes:
        begun = {e["run_id"] for e in records(result.log, False) if e["event"] == "done"}
        need(begun == set(ids), "begun, but without a trace:", begun - set(ids))
    if trial.ordered:
        order = list(wanted)
        places = [order.index(i) for i in ids]
        need(places == sorted(places), "not in order")
    need(result.cpu < 2 + len(result.log) / 20000, "took", result.cpu, "s of processor time")


# --- main -----------------------------------------------------------------------------------


def keep(folder, findings, what):
    """Move a trial to the findings."""
    os.makedirs(findings, exist_ok=True)
    target = tempfile.mkdtemp(prefix="run-stress-", dir=findings)
    for name in os.listdir(folder):
        shutil.move(os.path.join(folder, name), target)
    write(target + "/finding", what + "\n")
    print("run-stress: %s\n  reproducer: %s" % (what, target))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", default="%x" % random.SystemRandom().getrandbits(32))
    parser.add_argument("--trial", type=int, help="only this one of the seed")
    parser.add_argument("--findings", required=True)
    parser.add_argument("tool", metavar="FL-RUN")
    parser.add_argument("agent", metavar="AGENT")
    args = parser.parse_args()
    tool, agent = os.path.abspath(args.tool), os.path.abspath(args.agent)
    until, number, runs = time.monotonic() + args.seconds, args.trial or 0, 0
    while time.monotonic() < until:
        trial = Trial(random.Random("%s %d" % (args.seed, number)), agent)
        with tempfile.TemporaryDirectory() as folder:
            try:
                wanted = prepare(tool, trial, folder)
                result = Result(tool, trial, folder)
                check(trial, wanted, result)
            except (Finding, ValueError, KeyError) as e:
                keep(folder, args.findings, "seed %s, trial %d: %s" % (
                    args.seed, number, e if isinstance(e, Finding) else repr(e)))
                return 1
        number += 1
        runs += len(wanted)
        if args.trial is not None:
            break
    print("  %d experiments, %d runs, seed %s" % (number, runs, args.seed))
    return 0


sys.exit(main())
