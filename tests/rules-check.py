#!/usr/bin/env python3
"""Compares scores of fl-evaluate's rules with those of the original FluxLoop.

    rules-check.py CASES

A line of CASES is {"rule", "trace", "score"}: a rule of an evaluation.yaml, and the
original's score of the trace. "here" is that of fl-evaluate where it differs on
purpose, null if the rule is not judged. Prints the other cases that differ, and
"N cases, N differ on purpose, N wrong". Takes fl-evaluate from PATH.
"""

import json
import subprocess
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = [json.loads(line) for line in file if not line.startswith("#")]
    rules = {}
    for i, case in enumerate(cases):
        rules.setdefault(json.dumps(case["rule"]), []).append(i)
    purpose = wrong = 0
    for rule, numbers in rules.items():
        with open("rules.yaml", "w", encoding="utf-8") as file:
            json.dump({"evaluators": [{"name": "r", "type": "rule_based", "rules": [json.loads(rule)]}]}, file)
        done = subprocess.run(["fl-evaluate", "-c", "rules.yaml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              input="".join(json.dumps(cases[i]["trace"]) + "\n" for i in numbers).encode(), check=False)
        lines = done.stdout.decode().splitlines()
        if len(lines) != len(numbers):
            sys.exit("%s: %s" % (rule, done.stderr.decode()))
        for i, line in zip(numbers, lines):
            got = json.loads(line)["scores"].get("r")
            want = cases[i].get("here", cases[i]["score"])
            purpose += "here" in cases[i]
            if got is None or want is None:
                same = got is want
            else:
                same = abs(got - want) < 1e-9
            if not same:
                wrong += 1
                print(json.dumps({"case": cases[i], "got": got}, ensure_ascii=False))
    print("%d cases, %d differ on purpose, %d wrong" % (len(cases), purpose, wrong))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
