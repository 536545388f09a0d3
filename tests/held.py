"""Reads an event log of fl-run. For each request sent, finds the number of requests
that the agent then held, of runs sent before the agent's latest series of requests,
and of calls that had ended by then."""

import json
import sys


def sent(path):
    held, agents, before, n, done, last = {}, {}, 0, 0, 0, None
    for event in map(json.loads, open(path)):
        if event["event"] == "sent":
            agent = agents[event["run_id"]] = event["agent"]
            held[agent] = held.get(agent, 0) + 1
            before = before if agent == last else n
            last = agent
            n += 1
            yield held[agent], before, done, event["run_id"]
        elif event["event"] == "done":
            held[agents[event["run_id"]]] -= 1
            done += 1
            last = None


def check(path, runs, agents):
    """Check that no agent held more than half of its share of the runs left."""
    for held, before, done, run in sent(path):
        assert held <= max(1, (runs - before) // (2 * agents)), (held, before, run)
