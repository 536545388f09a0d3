"""make-runs.py DIR RUNS SEED SLOWER: make an evaluated experiment of RUNS short runs,
five of each input, always the same for the same arguments. Two with the same RUNS
and another SEED are two experiments with the same inputs; SLOWER is the share by
which durations are longer, and by which more runs of the strategy "typo" fail."""

import datetime
import hashlib
import json
import os
import random
import sys

STRATEGIES = ["rephrase", "typo", "verbose", "concise", "adversarial"]
PERSONAS = ["newcomer", "hurried", "expert", None]
WORDS = """order parcel refund password account late arrive address change cancel
invoice the my where is how do I when will it please thanks""".split()
START = datetime.datetime(2026, 11, 28, 3, 50, 54, tzinfo=datetime.timezone.utc)
STEPS = [("agent", "support_agent", 0, 1), ("tool", "search_faq", 0.05, 0.3),
         ("generation", "write_answer", 0.32, 0.9), ("span", "format", 0.9, 0.98)]


def at(begin, ms):
    return (begin + datetime.timedelta(milliseconds=ms)).isoformat(
        timespec="microseconds")


def digest(text):
    return hashlib.md5(text.encode()).hexdigest()[:16]


def check(name, kind, score, weight, reason):
    found = {"name": name, "type": kind, "pass": score > 0.5, "score": score,
             "weight": weight}
    return found if score > 0.5 else dict(found, reason=reason)


def verdict(ms, good, similarity):
    checks = [check("polite", "contains", 1, 1, ""),
              check("understood", "not-contains", int(good), 2,
                    "it contains 'did not understand'"),
              check("similar", "similar", similarity, 1, ""),
              check("latency", "latency", int(ms < 800), 1,
                    "%g ms, more than 800" % ms)]
    return {"pass": all(c["pass"] for c in checks), "threshold": 0.5,
            "score": round(sum(c["score"] * c["weight"] for c in checks) / 5, 4),
            "config_hash": "37d1214fcb895ab5", "checks": checks}


def observations(row, begin, ms, crashed):
    for i, (kind, name, first, last) in enumerate(STEPS):
        step = {"id": "%s-%d" % (row["trace_id"], i), "type": kind, "name": name,
                "start_time": at(begin, ms * first), "end_time": at(begin, ms * last),
                "input": {"q": row["input"]}, "output": row["output"],
                "trace_id": row["trace_id"]}
        if i:
            step["parent_observation_id"] = row["trace_id"] + "-0"
        if crashed and i == 2:
            step.update(level="error", error="ValueError: no such order")
        yield json.dumps(step) + "\n"


def rows(runs, seed, slower):
    """Yield each row, its strategy, the time it began, and its similarity."""
    same, own = random.Random(1), random.Random(seed)
    begin = START
    for i in range(runs):
        if i % 5 == 0:
            text = " ".join(same.choice(WORDS) for _ in range(same.randrange(4, 16)))
            strategy, persona = same.choice(STRATEGIES), same.choice(PERSONAS)
            fails = 0.03 + 0.5 * (same.random() > 0.85) + slower * (strategy == "typo")
        ms = round(own.lognormvariate(5 + (strategy == "verbose"), 0.5) *
                   (1 + slower), 3)
        crashed, good = own.random() < 0.02, own.random() > fails
        output = "Hello Ada! " + (
            "Order %d is on its way and arrives tomorrow." % (1000 + i // 5) if good
            else "I did not understand that. Please call us.") + " Day and night."
        row = {"trace_id": "%08x-0000-4000-8000-%012x" % (own.getrandbits(32), i),
               "iteration": i % 5, "persona": persona, "input": text + "?",
               "output": None if crashed else output, "duration_ms": ms,
               "success": not crashed, "run_id": digest("run %d" % i),
               "input_id": digest("input %d" % (i // 5)), "attempts": 1,
               "start_time": at(begin, 0), "end_time": at(begin, ms),
               "observation_count": len(STEPS),
               "token_usage": {"total_tokens": 200 + len(output)}}
        if crashed:
            row.update(error="Traceback\n  File \"app.py\"\nValueError: no such order",
                       error_kind=own.choice(["error", "timeout"]))
        yield row, strategy, begin, own.uniform(0.6, 1)
        begin += datetime.timedelta(milliseconds=ms + 1)


def main():
    folder, runs, seed, slower = sys.argv[1], *map(float, sys.argv[2:])
    os.makedirs(folder + "/evaluation")
    names = ["trace_summary.jsonl", "evaluation/trace_summary.jsonl", "traces.jsonl",
             "observations.jsonl"]
    files = [open(folder + "/" + name, "w", encoding="utf-8") for name in names]
    place = passed = 0
    for row, strategy, begin, similarity in rows(int(runs), int(seed), slower):
        crashed = not row["success"]
        evaluation = verdict(row["duration_ms"], not crashed and
                             "Order" in row["output"], round(similarity, 3))
        passed += evaluation["pass"]
        steps = "".join(observations(row, begin, row["duration_ms"], crashed))
        for f, line in zip(files, [
                dict(row, observations_at=place, observations_bytes=len(steps)),
                dict(row, evaluation=evaluation),
                dict(row, metadata={"strategy": strategy})]):
            f.write(json.dumps(line) + "\n")
        files[3].write(steps)
        place += len(steps)
    for f in files:
        f.close()
    rate = passed / runs
    with open(folder + "/evaluation/summary.json", "w", encoding="utf-8") as f:
        json.dump({"gates": [{"name": "the pass rate", "value": rate, "at_least": 0.75,
                              "met": rate >= 0.75}]}, f)


main()
