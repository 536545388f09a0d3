"""seeds.py DIR: write the first inputs of the fuzzers to DIR/json and DIR/parse:
the JSON cases, and the reference experiments as streams of rows, observations
and whole traces."""

import glob
import json
import os
import re
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def read(path):
    with open(path, "rb") as f:
        return f.read().splitlines(keepends=True)


def json_seeds(folder):
    for i, line in enumerate(read(TESTS + "/data/json/cases.txt")):
        m = re.match(rb"[yln] (.*)\n", line)
        if m:
            write(folder, "case-%d" % i, re.sub(
                rb"%([0-9A-F]{2})", lambda h: bytes([int(h[1], 16)]), m[1]))


def whole_traces(rows, observations):
    for row in map(json.loads, rows):
        row["observations"] = [o for o in map(json.loads, observations)
                               if o["trace_id"] == row["trace_id"]]
        yield json.dumps(row).encode() + b"\n"


def parse_seeds(folder):
    for case in sorted(glob.glob(TESTS + "/data/reference/parse/*/")):
        name = os.path.basename(case.rstrip("/"))
        rows = read(case + "trace_summary.jsonl")
        observations = read(case + "observations.jsonl")
        write(folder, name, b"".join(rows[:4] + observations[:12]))
        write(folder, name + "-rowless", b"".join(observations[:4]))
        for i, line in enumerate(whole_traces(rows[:2], observations)):
            write(folder, "%s-whole-%d" % (name, i), line)


for kind, make in ("json", json_seeds), ("parse", parse_seeds):
    target = os.path.join(sys.argv[1], kind)
    os.makedirs(target, exist_ok=True)
    make(target)
