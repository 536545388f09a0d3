#!/usr/bin/env python3
"""Measures how often fl-diff finds a regression, where there is one and where not.

    tests/diff-simulation.py [--pairs N] [--runs N] [--seed N]

Makes N pairs of experiments (100) of N runs (1,000) with a true pass rate of 0.85
on both sides, and as many with 0.80 on the new one. At most 5 % of the former may
be reported as regressions. The share of the latter has to be the exact power of
McNemar's test, within the interval of 99.9 % of such simulations. Takes fl-diff
from PATH. Exit status: 0 all is as expected, 1 it is not.
"""

import argparse
import math
import os
import random
import subprocess
import sys
import tempfile

ALPHA = 0.05


def log_choose(n, k):
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def binomial(k, n, p):
    if p <= 0 or p >= 1:
        return float(k == (n if p >= 1 else 0))
    return math.exp(log_choose(n, k) + k * math.log(p) + (n - k) * math.log(1 - p))


def power(n, base, new):
    """The power of the exact test of n independent pairs."""
    worse, better = base * (1 - new), (1 - base) * new
    total = 0
    for flips in range(n + 1):
        chance = binomial(flips, n, worse + better)
        if chance < 1e-12:
            continue
        # the most improvements with which it is significant
        tail, most = 0.0, -1
        for k in range(flips // 2 + 1):
            tail += binomial(k, flips, 0.5)
            if min(2 * tail, 1) >= ALPHA or 2 * k >= flips:
                break
            most = k
        total += chance * sum(binomial(k, flips, better / (worse + better)) for k in range(most + 1))
    return total


def write(path, rng, runs, rate):
    with open(path, "w") as file:
        for i in range(runs):
            file.write('{"run_id":"r%d","input_id":"i%d","success":%s}\n' % (
                i, i, "true" if rng.random() < rate else "false"))


def regressions(folder, rng, pairs, runs, base, new):
    found = 0
    for _ in range(pairs):
        names = [os.path.join(folder, name) for name in ("base", "new")]
        write(names[0], rng, runs, base)
        write(names[1], rng, runs, new)
        status = subprocess.run(["fl-diff", "-f", "json"] + names, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL).returncode
        if status not in (0, 1):
            sys.exit("fl-diff has failed")
        found += status
    return found


def bounds(n, p):
    """The interval of a binomial with 0.05 % on each side."""
    low = high = None
    total = 0
    for k in range(n + 1):
        total += binomial(k, n, p)
        low = k if low is None and total > 0.0005 else low
        high = k if high is None and total > 0.9995 else high
    return low, n if high is None else high


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pairs", type=int, default=100)
    options.add_argument("--runs", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        same = regressions(folder, rng, given.pairs, given.runs, 0.85, 0.85)
        worse = regressions(folder, rng, given.pairs, given.runs, 0.85, 0.80)
    exact, wrong = power(given.runs, 0.85, 0.80), power(given.runs, 0.85, 0.85)
    low, high = bounds(given.pairs, exact)
    print("equal agents: %d of %d called a regression, %.1f expected" % (same, given.pairs, wrong * given.pairs))
    print("5 points less: %d of %d found, %.1f expected, %d to %d allowed" % (
        worse, given.pairs, exact * given.pairs, low, high))
    return not (same <= ALPHA * given.pairs and low <= worse <= high)


if __name__ == "__main__":
    sys.exit(main())
