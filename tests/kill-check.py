"""Kill parts of running experiments, resume them, and check their files.

usage: kill-check.py AGENT ROUNDS [SEED]

Each round runs `fluxloop run experiment` in a folder of its own and, at a
random moment, kills (SIGKILL) fl-run, fl-collect, an agent, or the whole
pipeline with the wrapper; sometimes also while the experiment is resumed. In
every fifth round the middle of a file is damaged before it is resumed. At the
end each run has to be in the files exactly once, complete, the summary has to
be right, no process may be left, and no run that was whole and not hit by the
damage may have been done again.
"""

import glob
import json
import os
import random
import signal
import subprocess
import sys
import time

INPUTS, ITERATIONS = 60, 2
SHORTEST, SLOWEST = 2, 100  # milliseconds for a call
TARGETS = ("fl-run", "fl-collect", "agent", "all")
MARK = "FLUXLOOP_KILL_CHECK"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def marked(mark):
    """Return {pid: name} of the processes of this round."""
    wanted, found = ("%s=%s" % (MARK, mark)).encode(), {}
    for folder in glob.glob("/proc/[0-9]*"):
        try:
            if wanted in read(folder + "/environ").split(b"\0"):
                found[int(folder[6:])] = read(folder + "/comm").decode().strip()
        except OSError:
            pass
    return found


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def strike(mark, target, agent, rng, wrapper, longest):
    """Wait for the target, then for a random time of at most longest seconds, and
    kill it. Return whether it was still running."""
    limit = time.monotonic() + 60
    name = agent if target == "agent" else "fl-run" if target == "all" else target
    while wrapper.poll() is None and time.monotonic() < limit:
        victims = [pid for pid, comm in marked(mark).items() if comm == name]
        if victims:
            time.sleep(rng.random() * longest)
            break
    if target == "all":
        # not the agents nor the process that kills leftover agents
        victims = [p for p, comm in marked(mark).items() if comm not in (agent, "fl-guard")]
    else:
        victims = [pid for pid, comm in marked(mark).items() if comm == name][:1]
    for pid in victims:
        end(pid)
    return bool(victims)


def run(words, mark, folder):
    """Start the wrapper in a session of its own."""
    environment = dict(os.environ, **{MARK: mark})
    with open(os.path.join(folder, "said"), "ab") as said:
        return subprocess.Popen(
            ["fluxloop", "run", "experiment"] + words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def await_none(mark):
    """Wait until no process of the round is left; return those that stay."""
    limit = time.monotonic() + 60
    while True:
        left = marked(mark)
        if not left or time.monotonic() > limit:
            return left
        time.sleep(0.005)


def lines(path):
    data = read(path)
    assert data.endswith(b"\n"), "%s does not end in a newline" % path
    return [json.loads(line) for line in data.splitlines()]


def trace_of(line):
    try:
        return json.loads(line)["trace_id"]
    except ValueError:  # cut off
        return None


def whole_runs(directory):
    """Return the trace_ids of the runs that are in all three files."""
    found = [
        [trace_of(line) for line in read("%s/%s.jsonl" % (directory, name)).splitlines(True)
         if line.endswith(b"\n")]
        for name in ("trace_summary", "traces", "observations")
    ]
    return {i for i in found[0] if i and i in found[1] and found[2].count(i) == 2}


def damage(directory, rng):
    """Damage a file before its last line. Return what was done and the
    trace_ids of the lines that were hit; None if the files are too short."""
    name = rng.choice(("trace_summary", "traces", "observations"))
    path = "%s/%s.jsonl" % (directory, name)
    kind = rng.choice(("byte", "zeros", "empty", "merge", "delete"))
    if not os.path.exists(path):
        return None
    lines = read(path).splitlines(True)
    if len(lines) < 4:
        return None
    at = rng.randrange(len(lines) - 2)
    hit, line = lines[at : at + 1], lines[at]
    if kind == "byte":
        place = rng.randrange(len(line) - 1)
        lines[at] = line[:place] + b"\x01" + line[place + 1 :]
    elif kind == "zeros":
        # from within a line to within the next one
        hit = lines[at : at + 2]
        place, end = rng.randrange(len(line)), rng.randrange(1, len(lines[at + 1]))
        lines[at] = line[:place] + bytes(len(line) - place + end)
        lines[at + 1] = lines[at + 1][end:]
    elif kind == "empty":
        hit, lines[at] = [], b"\n" + line
    elif kind == "merge":
        hit, lines[at] = lines[at : at + 2], line[:-1]
    else:
        del lines[at]
    with open(path, "wb") as file:
        file.write(b"".join(lines))
    return "%s in %s at %d" % (kind, name, at + 1), {trace_of(line) for line in hit}


def check(directory):
    rows = lines(directory + "/trace_summary.jsonl")
    traces = lines(directory + "/traces.jsonl")
    wanted = sorted(("input %d" % i, n) for i in range(INPUTS) for n in range(ITERATIONS))
    assert sorted((row["input"], row["iteration"]) for row in rows) == wanted, "runs"
    assert len({row["run_id"] for row in rows}) == len(wanted), "run ids"
    assert [row["trace_id"] for row in rows] == [trace["trace_id"] for trace in traces]
    observations, at = read(directory + "/observations.jsonl"), 0
    for row in rows:
        assert row["success"] and row["output"] == "done", row
        assert row["observation_count"] == 2 and row["observations_at"] == at, row
        mine = observations[at : at + row["observations_bytes"]]
        at += row["observations_bytes"]
        names = [(o["trace_id"], o["name"]) for o in map(json.loads, mine.splitlines())]
        assert names == [(row["trace_id"], "first"), (row["trace_id"], "second")], names
    assert at == len(observations), "more observations than rows tell of"
    results = json.loads(read(directory + "/summary.json"))["results"]
    assert results["total_runs"] == results["successful"] == len(wanted), results
    inputs = [json.loads(line) for line in read(directory + "/inputs_summary.jsonl").splitlines()]
    assert len({i["input_id"] for i in inputs}) == len(inputs) == INPUTS, inputs
    assert {(i["runs"], i["passed"]) for i in inputs} == {(ITERATIONS, ITERATIONS)}, inputs
    assert not os.path.exists(directory + "/errors.json")
    assert not os.path.exists(directory + "/.spill")


def one_round(number, target, agent, rng, base, ms):
    """Run one round with calls of that many milliseconds; return the number of
    kills, and whether a file was damaged."""
    folder, mark = os.path.join(base, str(number)), "%d-%d" % (os.getpid(), number)
    name, kills = os.path.basename(agent)[:15], 0
    os.makedirs(folder)
    with open(folder + "/setting.yaml", "w") as file:
        file.write(
            "name: killed\nparallel_runs: 2\niterations: %d\nbase_inputs:\n%s"
            "runner:\n  max_retries: 9\n  retry_delay: 0.01\n"
            "  process: {command: [%s, '%d']}\n"
            % (ITERATIONS, "".join("  - input %d\n" % i for i in range(INPUTS)), json.dumps(agent), ms)
        )
    words, kept, harm = [], set(), number % 5 == 0
    for attempt in range(20):
        wrapper = run(words, mark, folder)
        if attempt == 0 or rng.random() < 0.3 * 0.8**attempt:
            # two agents make the calls
            kills += strike(mark, target, name, rng, wrapper, INPUTS * ITERATIONS * ms / 2000)
            target = rng.choice(TARGETS)
        status = wrapper.wait(timeout=300)
        left = await_none(mark)
        assert not left, "left running: %s" % left
        made = glob.glob(folder + "/experiments/*")
        words = ["--resume", made[0]] if made else []
        assert len(made) <= 1, made
        before = whole_runs(made[0]) if harm and made and os.path.exists(
            made[0] + "/observations.jsonl") else None
        done = damage(made[0], rng) if before else None
        if done:
            kept, harm = before - done[1], False
            with open(folder + "/said", "a") as said:
                print("damaged:", done, file=said)
        elif status == 0:
            break
    else:
        raise AssertionError("it is never complete")
    (directory,) = glob.glob(folder + "/experiments/*")
    check(directory)
    again = kept - {row["trace_id"] for row in lines(directory + "/trace_summary.jsonl")}
    assert not again, "%d whole runs were done again: %s" % (len(again), again)
    return kills, bool(kept)


def main():
    agent, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    base = os.path.abspath("rounds-%d" % os.getpid())
    kills = harms = 0
    ms = SHORTEST
    for number in range(rounds):
        rng = random.Random("%d %d" % (seed, number))
        target = TARGETS[number % len(TARGETS)]
        try:
            killed, harmed = one_round(number, target, agent, rng, base, ms)
            kills += killed
            # on a busy machine, this program needs time to find its victims
            ms = ms if killed else min(2 * ms, SLOWEST)
            harms += harmed
        except Exception:
            print("round %d of seed %d, %s:" % (number, seed, target))
            print(read(os.path.join(base, str(number), "said")).decode())
            raise
    assert kills >= rounds // 2, "only %d of %d rounds killed anything" % (kills, rounds)
    assert harms >= rounds // 10, "only %d of %d rounds damaged anything" % (harms, rounds)
    print("%d rounds, %d kills, %d times damage: all runs are there once (seed %d)"
          % (rounds, kills, harms, seed))


main()
