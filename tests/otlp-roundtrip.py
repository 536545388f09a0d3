#!/usr/bin/env python3
"""Compares traces before and after a round trip: otlp-roundtrip.py BEFORE AFTER

BEFORE is an experiment's folder or a file of records, AFTER a file of whole
traces. Times are equal if they are the same moment, other texts if they are the
same text. NaN and lone surrogates, which JSON cannot hold, come back as null and
U+FFFD. Prints the first difference and exits with 1, or prints the number of
traces and observations.
"""
import datetime
import json
import os
import sys


def clean(v):
    if isinstance(v, float) and (v != v or v in (float("inf"), float("-inf"))):
        return None
    if isinstance(v, str):
        return v.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(v, list):
        return [clean(x) for x in v]
    if isinstance(v, dict):
        return {clean(k): clean(x) for k, x in v.items()}
    return v


def read(name):
    with open(name, encoding="utf-8", newline="\n") as f:
        return [clean(json.loads(line)) for line in f if line.strip()]


def moment(v):
    """Return a time as a number that can be compared, or another value as it is."""
    try:
        t = datetime.datetime.fromisoformat(v.replace("Z", "+00:00"))
        return t.timestamp() if t.tzinfo else v
    except (AttributeError, ValueError):
        return v or None


def text(v):
    return v if v is None or isinstance(v, str) else json.dumps(v, sort_keys=True, ensure_ascii=False)


def observation(o):
    same = ["input", "output", "model", "prompt_tokens", "completion_tokens", "total_tokens", "level", "status_message"]
    d = {k: o[k] for k in same if k in o}
    d = {k: v for k, v in d.items() if v is not None or k in ("input", "output")}
    for k in "id", "parent_observation_id", "name", "error", "metadata", "llm_parameters":
        if o.get(k):
            d[k] = o[k]
    # fl-import gives every observation a type
    d["type"] = o.get("type") or "span"
    d["start_time"] = moment(o.get("start_time"))
    d["end_time"] = moment(o.get("end_time"))
    return d


def row(r):
    same = ["iteration", "persona", "input", "output", "duration_ms", "success", "run_id", "name", "error_kind",
            "token_usage", "conversation", "error", "metadata", "input_id", "attempts",
            "callback_messages", "stdout", "stderr", "scores", "evaluation"]
    d = {k: r[k] for k in same if r.get(k) not in (None, {}, "")}
    for k in "input", "output":
        if k in r:
            d[k] = r[k]
    d.setdefault("iteration", 0)
    for k in "start_time", "end_time":
        if k in r:
            d[k] = moment(r[k])
    return d


def load(name):
    """Return a dict from trace id to (row or None, observations)."""
    records = []
    if os.path.isdir(name):
        for part in "trace_summary.jsonl", "observations.jsonl":
            records += read(os.path.join(name, part))
    else:
        records = read(name)
    rows, observations = {}, {}
    for r in records:
        trace = text(r.get("trace_id")) or ""
        if isinstance(r.get("observations"), list):
            rows[trace] = r
            observations.setdefault(trace, []).extend(r["observations"])
        elif "type" in r:
            observations.setdefault(trace, []).append(r)
        else:
            rows[trace] = r
    return {t: (rows.get(t), observations.get(t, [])) for t in {**rows, **observations}}


def main(before, after):
    before, after = load(before), load(after)
    if set(before) != set(after):
        print("traces differ: %s" % sorted(set(before) ^ set(after)), file=sys.stderr)
        return 1
    for trace, (wanted_row, wanted) in before.items():
        got_row, got = after[trace]
        if wanted_row is not None:
            wanted_row = row(wanted_row)
            got_row = row(got_row)
            # rows gain the times of their runs
            gained = set(got_row) - set(wanted_row)
            for k in gained & {"start_time", "end_time", "duration_ms"}:
                del got_row[k]
            if wanted_row != got_row:
                print("row of %s:\n%s\n%s" % (trace, wanted_row, got_row), file=sys.stderr)
                return 1
        key = lambda o: json.dumps(o, sort_keys=True)
        wanted = sorted((observation(o) for o in wanted), key=key)
        got = sorted((observation(o) for o in got), key=key)
        for w, g in zip(wanted, got):
            if w != g:
                print("observation of %s:\n%s\n%s" % (trace, w, g), file=sys.stderr)
                return 1
        if len(wanted) != len(got):
            print("%s has %d observations, not %d" % (trace, len(got), len(wanted)), file=sys.stderr)
            return 1
    print(len(before), sum(len(o) for _, o in before.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
