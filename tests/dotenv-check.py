#!/usr/bin/env python3
"""Reads each .env file of data/dotenv.jsonl with fl-config, in this folder.

    dotenv-check.py TABLE

A line of the table has a name, the text of a file, the variables expected from it
("want"), the numbers of its invalid lines ("bad"), and variables of the environment
("have"). Prints the differences; exits with 1 if there are any.
"""

import json
import os
import re
import subprocess
import sys


def fl_config(env, *words):
    return subprocess.run(["fl-config", *words], capture_output=True, env=env,
                          check=False)


def main():
    count = wrong = 0
    with open("setting.yaml", "w", encoding="utf-8") as file:
        file.write("name: x\n")
    with open(sys.argv[1], encoding="utf-8") as table:
        for case in map(json.loads, table):
            with open(".env", "wb") as file:
                file.write(case["text"].encode())
            have = case.get("have", {})
            env = {"PATH": os.environ["PATH"], **have}
            # the file does not add a variable of the environment
            want = "".join(f"{k}={v}\n" for k, v in case["want"].items()
                           if k not in have)
            got = fl_config(env, "env").stdout.decode()
            said = fl_config(env, "check").stderr.decode()
            bad = [int(n) for n in re.findall(r"\.env:(\d+)", said)]
            count += 1
            if got != want or bad != case.get("bad", []):
                wrong += 1
                print(f"{case['name']}: {case['text']!r}\n"
                      f"  expected {want!r}, bad lines {case.get('bad', [])}\n"
                      f"  got      {got!r}, bad lines {bad}")
    print(f"{count} files, {wrong} differ")
    return wrong > 0 or count < 100


sys.exit(main())
