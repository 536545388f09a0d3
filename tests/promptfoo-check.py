#!/usr/bin/env python3
"""Compares verdicts of fl-evaluate with those of promptfoo.

    promptfoo-check.py CASES

A line of CASES is {"assert", "output", "pass"}. If the assertion needs them, it has
"latency_ms", "cost", "finish", and "spans" with a name, milliseconds, arguments of
a tool, an error. "pass" is promptfoo's verdict; "here" is that of fl-evaluate where
it differs on purpose, and "why" the reason. Prints the other cases that differ, and
"N cases, N differ on purpose, N wrong". Takes fl-evaluate from PATH.
"""

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def step(number, span):
    start = START + timedelta(milliseconds=number)
    result = {"id": "s%d" % number, "trace_id": "t", "type": "tool" if span.get("tool") else "span",
              "name": span["name"], "start_time": start.isoformat(timespec="microseconds"),
              "end_time": (start + timedelta(milliseconds=span["ms"])).isoformat(timespec="microseconds")}
    if span.get("tool"):
        result["input"] = span["args"]
    if span.get("error"):
        result["error"] = "failed"
    return result


def trace(case, number):
    result = {"trace_id": "t%d" % number, "input": "q", "output": case["output"], "success": True, "metadata": {
        "assert": [case["assert"]]}, "observations": [step(*s) for s in enumerate(case.get("spans", []))]}
    if "latency_ms" in case:
        result["duration_ms"] = case["latency_ms"]
    if "cost" in case:
        result["metadata"]["cost"] = case["cost"]
    if "finish" in case:
        result["metadata"]["finish_reason"] = case["finish"]
    return result


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = [json.loads(line) for line in file if not line.startswith("#")]
    # a check that always holds, since the assertions are in the traces
    with open("checks.yaml", "w", encoding="utf-8") as file:
        file.write('assert: [{type: word-count, value: {min: 0}, weight: 0}]\n')
    text = "".join(json.dumps(trace(c, i), ensure_ascii=False) + "\n" for i, c in enumerate(cases))
    done = subprocess.run(["fl-evaluate", "-c", "checks.yaml"], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    got = [json.loads(line)["evaluation"] for line in done.stdout.decode().splitlines()]
    if len(got) != len(cases):
        sys.exit("%d of %d cases were judged: %s" % (len(got), len(cases), done.stderr.decode()))
    purpose = wrong = 0
    for case, evaluation in zip(cases, got):
        purpose += "here" in case
        if evaluation["checks"][-1]["pass"] is not case.get("here", case["pass"]):
            wrong += 1
            print(json.dumps({"case": case, "got": evaluation["checks"][-1]}, ensure_ascii=False))
    print("%d cases, %d differ on purpose, %d wrong" % (len(cases), purpose, wrong))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
