"""An agent that accepts 64 requests ahead. Its calls take no time by its own
clock; "slow" takes 0.1 seconds, "wait" waits until a file "go" exists."""

import json
import os
import sys
import time


def say(*messages):
    sys.stdout.write("".join(json.dumps(message) + "\n" for message in messages))
    sys.stdout.flush()


say({"type": "hello", "protocol": 1, "pipeline": 64})
for line in sys.stdin:
    request = json.loads(line)
    about = {"id": request["id"], "clock": time.monotonic_ns() // 1000}
    start = {"type": "start", **about}
    text = str(request["input"])
    if text.startswith("slow"):
        say(start)
        start = {}
        time.sleep(0.1)
        about["clock"] = time.monotonic_ns() // 1000
    elif text.startswith("wait"):
        say(start)
        start = {}
        open("waits", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
    say(*[start] if start else [], {"type": "final", **about, "output": request["input"]})
