"""Kill fl-llm at random moments, and check its cache and its output.

usage: llm-kill-check.py KILLS [SEED]

The server is that of OPENAI_BASE_URL. Each round sends new requests and is killed
(SIGKILL) after a random time, unless it has ended; in some rounds the end of the
cache is cut off, too. Every reply in the output has to be in the cache, and of the
calls that the server got, at most those in flight may be missing from it. At the
end the remaining requests are sent; then the cache has to answer all.
"""

import itertools
import json
import os
import random
import subprocess
import sys
import time
import urllib.request

JOBS, REQUESTS = 4, 60
CACHE = "cache.jsonl"


def asked(number):
    """The number of calls of a round that the server got so far."""
    url = os.environ["OPENAI_BASE_URL"].removesuffix("/v1") + f"/log?{number}-"
    with urllib.request.urlopen(url) as reply:
        return json.load(reply)


def cached():
    try:
        with open(CACHE, "rb") as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return 0
    return sum(b'"reply":' in line and line.endswith(b"}}") for line in lines)


def requests(number):
    return "".join(json.dumps({"id": f"{number}-{i}", "model": "m", "messages": [
        {"role": "user", "content": f"{number}-{i} é"}]}) + "\n"
        for i in range(REQUESTS))


def run(text, *options, **more):
    return subprocess.Popen(["fl-llm", "-q", "-j", str(JOBS), "--cache", CACHE, *options],
                            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, **more), text.encode()


def finish(process, text, timeout=None):
    try:
        return process.communicate(text, timeout)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def one_round(number, rng, longest):
    """Kill one run. Return its output, and whether it was killed."""
    had = cached()
    with open("out", "wb+") as out:
        process, text = run(requests(number), stdout=out)
        finish(process, text, rng.uniform(0, longest))
        out.seek(0)
        lines = out.read().split(b"\n")[:-1]
    calls, kept = asked(number), cached() - had
    replies = [json.loads(line) for line in lines]
    assert calls - kept <= JOBS, f"round {number}: {calls} calls, {kept} kept"
    assert len(replies) <= kept, f"round {number}: {len(replies)} written, {kept} kept"
    for reply in replies:
        assert reply["reply"]["content"] == reply["id"] + " é", reply
    return process.returncode == -9


def tear(rng):
    size = os.path.getsize(CACHE)
    os.truncate(CACHE, max(0, size - rng.randrange(1, 60)))


def main(argv):
    wanted, seed = int(argv[1]), int(argv[2]) if len(argv) > 2 else 1
    rng, killed = random.Random(seed), 0
    began = time.monotonic()
    finish(*run(requests("warm"), stdout=subprocess.DEVNULL))
    longest = time.monotonic() - began
    for number in itertools.count():
        if killed == wanted or number == 20 * wanted:
            break
        killed += one_round(number, rng, longest)
        if rng.random() < 0.1 and os.path.exists(CACHE):
            tear(rng)
    rounds = number
    text = "".join(map(requests, range(rounds)))
    process, data = run(text, stdout=subprocess.DEVNULL)
    finish(process, data)
    assert process.returncode == 0, process.returncode
    process, data = run(text, "--offline", "--ordered", stdout=subprocess.PIPE)
    lines = finish(process, data).splitlines()
    assert process.returncode == 0
    assert len(lines) == rounds * REQUESTS, len(lines)
    assert all(json.loads(line)["reply"]["cached"] for line in lines)
    assert killed == wanted, f"only {killed} of {rounds} were killed in time"
    print(f"{killed} of {rounds} runs were killed")


main(sys.argv)
