"""chrome-check.py TRACE.json [FILE...]: checks that Perfetto and chrome://tracing
show all of a trace, and that it has each observation of the files (lines of JSON
with rows, observations or whole traces) once. Prints counts, or the first fault.

The rules are those of the Trace Event Format, and of Perfetto's importer where
that is stricter. Events are sorted by time, then by length with the longest first,
then by their order in the file. An event is dropped if it overlaps the event that
it lies on, if it lies on 512 others, or if its time is below 0. An arrow belongs to
the topmost event of its thread at its time. Old versions find ts and dur only if
no text with escapes comes before them."""

import collections
import datetime
import json
import sys

EXACT = 2**53  # JavaScript rounds greater integers
STACK = 512
DEEP = 200


def need(condition, *message):
    if not condition:
        sys.exit("chrome-check: " + " ".join(map(str, message)))


def no_constant(name):
    need(False, name, "is not JSON")


def unique(pairs):
    keys = [k for k, v in pairs]
    need(len(set(keys)) == len(keys), "a key is repeated:", keys)
    return dict(pairs)


def is_int(v, low, high):
    return type(v) is int and low <= v < high


def depth(v):
    level, values = 0, [v]
    while values:
        level += 1
        values = [w for v in values if isinstance(v, (dict, list))
                  for w in (v.values() if isinstance(v, dict) else v)]
    return level


def check_event(e):
    need(isinstance(e, dict), "not an object:", e)
    ph = e.get("ph")
    need(ph in ("M", "X", "s", "f"), "unknown ph:", e)
    need(is_int(e.get("pid"), 1, 2**31), "pid:", e)
    need(is_int(e.get("tid"), 1, 2**31), "tid:", e)
    need(isinstance(e.get("name"), str) and e["name"], "name:", e)
    if ph == "M":
        need(isinstance(e.get("args"), dict) and len(e["args"]) == 1, "args:", e)
        if e["name"] in ("process_name", "thread_name"):
            need(isinstance(e["args"].get("name"), str) and e["args"]["name"], "args.name:", e)
        else:
            need(e["name"] in ("process_sort_index", "thread_sort_index"), "unknown metadata:", e)
            need(is_int(e["args"].get("sort_index"), 0, 2**31), "args.sort_index:", e)
        return
    need(is_int(e.get("ts"), 0, EXACT), "ts:", e)
    need(isinstance(e.get("cat"), str) and e["cat"], "cat:", e)
    if ph == "X":
        need(list(e)[:5] == ["ph", "pid", "tid", "ts", "dur"], "order of keys:", list(e))
        need(is_int(e.get("dur"), 0, EXACT) and e["ts"] + e["dur"] < EXACT, "dur:", e)
        need(isinstance(e.get("args"), dict), "args:", e)
        need(depth(e["args"]) < DEEP, "args are too deep")
    else:
        need(is_int(e.get("id"), 0, EXACT), "id:", e)
        need(ph == "s" or e.get("bp") == "e", "bp:", e)


def check_names(events):
    """Check that each process and thread has one name and one sort index."""
    have = collections.Counter()
    for e in events:
        if e["ph"] == "M":
            tid = e["tid"] if e["name"].startswith("thread") else None
            have[e["pid"], tid, e["name"]] += 1
    for key, count in have.items():
        need(count == 1, "named", count, "times:", key)
    for e in events:
        for key in ((e["pid"], None, "process_name"), (e["pid"], e["tid"], "thread_name"),
                    (e["pid"], e["tid"], "thread_sort_index")):
            need(key in have, "not named:", key)


def close(stack, e):
    while stack:
        top = stack[-1]
        end = top["ts"] + top["dur"]
        if end > e["ts"] or (end == e["ts"] and top["dur"] == 0 and e.get("dur") == 0):
            return
        stack.pop()


def is_child(e, parent):
    named = e["args"].get("parent_observation_id")
    return named is not None and named == parent["args"].get("id")


def check_nesting(events):
    """Import the events as Perfetto does. Return the highest stack, and the arrows."""
    stacks = collections.defaultdict(list)
    ends = collections.defaultdict(dict)
    highest = 0
    order = sorted((e for e in events if e["ph"] != "M"),
                   key=lambda e: (e["ts"], -e["dur"] if e["ph"] == "X" else 0))
    for e in order:
        stack = stacks[e["pid"], e["tid"]]
        if e["ph"] != "X":
            need(stack, "an arrow without an event:", e)
            need(e["ph"] not in ends[e["id"]], "two arrows have one id:", e)
            need(e["ph"] == "s" or "s" in ends[e["id"]], "an arrow ends before it begins:", e)
            ends[e["id"]][e["ph"]] = stack[-1]
            continue
        close(stack, e)
        if stack:
            top = stack[-1]
            need(e["ts"] + e["dur"] <= top["ts"] + top["dur"], "overlap:", top, e)
            if e["dur"] and e["tid"] > 1:
                need(is_child(e, top), "lies on an event that is not its parent:", top, e)
        stack.append(e)
        need(len(stack) <= STACK, "too high a stack:", e)
        highest = max(highest, len(stack))
    for flow, pair in ends.items():
        need(set(pair) == {"s", "f"}, "half an arrow:", flow)
        need(is_child(pair["f"], pair["s"]), "an arrow to an event that is not a child:", pair)
    return highest, len(ends)


def read(files):
    """Yield the observations in the files."""
    for name in files:
        with open(name, encoding="utf-8") as lines:
            for line in lines:
                r = json.loads(line) if line.strip() else {}
                if isinstance(r.get("observations"), list):
                    yield from (o for o in r["observations"] if isinstance(o, dict))
                elif "trace_id" in r and "type" in r:
                    yield r


def time_of(text):
    if not isinstance(text, str):
        return None
    try:
        t = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    utc = datetime.timezone.utc
    t = t.replace(tzinfo=utc) if t.tzinfo is None else t
    return (t - datetime.datetime(1970, 1, 1, tzinfo=utc)) // datetime.timedelta(microseconds=1)


def shown(v):
    """Return a value as the format writes it: lone surrogates replaced, NaN as null."""
    if isinstance(v, float) and v - v != 0:
        v = None
    text = json.dumps(v, sort_keys=True, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def label(v):
    """Return a name or type as the format writes it, or None if it is not text."""
    if not v:
        return shown("unknown")
    return shown(v) if isinstance(v, str) else None


def wanted(o):
    """Return name, cat, ts and dur of an observation's event; None accepts any value."""
    start, end = time_of(o.get("start_time")), time_of(o.get("end_time"))
    if start is None or not 0 <= start < EXACT:
        start = None
    if start is None or end is None or not start <= end < EXACT:
        end = None
    return label(o.get("name")), label(o.get("type")), start, end if end is None else end - start


def check_observations(events, observations):
    """Check that each observation has one event, at its time if that is known."""
    left = collections.defaultdict(list)
    for e in events:
        if e["ph"] == "X" and e["tid"] > 1:
            left[shown(e["args"].get("id"))].append((shown(e["name"]), shown(e["cat"]), e["ts"], e["dur"]))
    wants = [(shown(o.get("id")), wanted(o)) for o in observations]
    # match the observations that fit one event only before the others
    for id, want in sorted(wants, key=lambda w: w[1].count(None)):
        for have in left[id]:
            if all(w is None or w == h for w, h in zip(want, have)):
                left[id].remove(have)
                break
        else:
            need(False, "no event for", id, want, "among", left[id][:3])
    for id, have in left.items():
        need(not have, "an event without an observation:", id, have[:1])
    return len(wants)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        trace = json.load(f, parse_constant=no_constant, object_pairs_hook=unique)
    need(isinstance(trace, dict) and isinstance(trace.get("traceEvents"), list), "no traceEvents")
    need(trace.get("displayTimeUnit") in ("ms", "ns"), "displayTimeUnit")
    events = trace["traceEvents"]
    for e in events:
        check_event(e)
    check_names(events)
    highest, arrows = check_nesting(events)
    count = check_observations(events, read(sys.argv[2:])) if sys.argv[2:] else None
    print("processes=%d lanes=%d observations=%s highest=%d arrows=%d" % (
        len({e["pid"] for e in events}),
        len({(e["pid"], e["tid"]) for e in events if e["ph"] == "X" and e["tid"] > 1}),
        count, highest, arrows))


main()
