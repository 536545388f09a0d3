#!/usr/bin/env python3
"""Writes the files for measuring fl-evaluate, fl-sample and fl-diff.

    make-verdicts.py DIR

verdicts.1k.jsonl: 1,000 traces with four steps each; verdicts.small.jsonl:
100,000 traces without; verdicts.base.jsonl and verdicts.new.jsonl: 100,000 rows
each of the same runs; verdicts.yaml: ten checks; one.yaml: one.
"""

import json
import os
import random
import sys

CHECKS = """\
assert:
- {type: icontains-any, value: [arrives, on its way]}
- {type: not-icontains, value: as an ai}
- {type: regex, value: "order \\\\d+"}
- {type: starts-with, value: Hello}
- {type: word-count, value: {min: 3, max: 80}}
- {type: levenshtein, value: "Hello Ada! Order 1042 is on its way.", threshold: 200}
- {type: latency, threshold: 1500}
- {type: is-refusal, weight: 0}
- {type: trajectory:tool-used, value: {name: find_order, max: 2}}
- {type: trajectory:no-failed-step}
"""


def trace(rng, i, steps):
    output = "Hello Ada! Your order %d is on its way and arrives tomorrow. Or call us, day and night." % (1000 + i)
    result = {"trace_id": "t%d" % i, "run_id": "%016x" % i, "input_id": "%016x" % (i // 2), "iteration": i % 2,
              "persona": ("hurried", "newcomer", None)[i % 3], "input": "Where is my order %d?" % (1000 + i),
              "output": output, "duration_ms": round(rng.lognormvariate(5, 1), 3), "success": rng.random() < 0.97}
    if steps:
        result["metadata"] = {"strategy": "typo"}
        result["observations"] = [
            {"id": "%d.%d" % (i, n), "trace_id": "t%d" % i, "type": kind, "name": name,
             "start_time": "2026-01-02T03:04:05.%06d+00:00" % n, "end_time": "2026-01-02T03:04:06.%06d+00:00" % n,
             "input": {"number": i, "text": "a question of some words"}, "output": {"state": "on its way"}}
            for n, (kind, name) in enumerate([("agent", "support"), ("span", "detect_intent"), ("tool", "find_order"),
                                              ("generation", "write_answer")])]
    return result


def main():
    rng = random.Random(1)
    os.chdir(sys.argv[1])
    with open("verdicts.yaml", "w") as file:
        file.write(CHECKS)
    with open("one.yaml", "w") as file:
        file.write("assert: [{type: icontains, value: order}]\n")
    for name, count, steps in ("1k", 1000, True), ("base", 100000, False), ("new", 100000, False), ("small", 100000, False):
        with open("verdicts.%s.jsonl" % name, "w") as file:
            for i in range(count):
                file.write(json.dumps(trace(rng, i, steps)) + "\n")


if __name__ == "__main__":
    main()
