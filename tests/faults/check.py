#!/usr/bin/env python3
"""Lets the nth call of each kind fail in every program, for all n.

    tests/faults/check.py [--short] [--only WORD] LIBRARY BIN

LIBRARY is fault.c, compiled; BIN the folder of the programs. A program whose call
fails has to give the right result nevertheless, or to exit with 1 or 2 and a
message. In no case may it die of a signal that it causes, hang, or leave a
half-written file under its final name. --short lets only some n of each kind fail;
--only runs the scenarios with WORD in their names.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SECONDS = 20        # after which a program hangs
KINDS = ("alloc open read write close fsync truncate rename mkdir pipe spawn "
         "action fork thread flock dup").split()
# foreign libraries that do not survive a failing allocation of their own
FOREIGN = re.compile(r"fault: died in .*/lib(yaml|c)[-.]")

INPUTS = "".join(json.dumps({"input": f"hello {i}"}) + "\n" for i in range(4))
SETTING = """\
name: faults
iterations: 2
runner:
  process: {command: [cat], protocol: lines}
replay_args: {enabled: false}
base_inputs: [{input: one}, {input: "two: 2"}]
"""
INPUTS_YAML = """\
metadata: {total: 2}
inputs:
- input: "folded
    text"
  metadata: {strategy: typo}
- input: |
    a block
  metadata: {strategy: verbose, persona: novice}
"""
CHECKS = """\
evaluators:
- {name: a, type: rule_based, rules: [{check: contains, keywords: [answer]}]}
assert:
- {type: regex, value: "ans.er"}
- {type: similarity, value: "an answer", threshold: 0}
- {type: is-json, value: {type: object, properties: {a: {pattern: x}}}, weight: 0}
- {type: trajectory:tool-used, value: look}
- {type: exec, value: "while read -r l; do echo true; done"}
"""
JUDGE = """\
assert:
- {type: llm-rubric, value: is it polite}
- {type: contains, value: answer}
"""
RECORDING = "".join(json.dumps({
    "_version": "1", "iteration": 0, "target": "app:handle",
    "kwargs": {"content": f"please help me with order {i}"},
    "timestamp": "2026-01-02T03:04:05"}) + "\n" for i in range(3))
TRACES = "".join(json.dumps({
    "trace_id": f"t{i}", "run_id": f"{i:016x}", "iteration": i,
    "input": "question", "output": "answer", "success": True,
    "duration_ms": 1.5, "observation_count": 2, "observations": [
        {"id": f"{i}a", "trace_id": f"t{i}", "type": "agent", "name": "root",
         "input": {"q": "question"}, "output": "answer",
         "start_time": "2026-01-02T03:04:05.000000+00:00",
         "end_time": "2026-01-02T03:04:06.000000+00:00"},
        {"id": f"{i}b", "trace_id": f"t{i}", "parent_observation_id": f"{i}a",
         "type": "tool", "name": "look", "output": ["x", "y"],
         "start_time": "2026-01-02T03:04:05.200000+00:00",
         "end_time": "2026-01-02T03:04:05.600000+00:00"}]}) + "\n"
    for i in range(4))


ASKED = "".join(json.dumps({
    "id": str(i), "model": "m", "messages": [
        {"role": "user", "content": f"question {i}"}],
    "reply": {"content": "answer"}}) + "\n" for i in range(3))


def text(result, name):
    """The text of a file of the result, "" if it does not exist."""
    return result["files"].get(name, "")


def same(good, got):
    return good["stdout"] == got["stdout"] and good["files"] == got["files"]


def same_runs(good, got):
    """Traces without their order, ids and times."""
    def runs(result):
        return sorted((t["run_id"], str(t["input"]), str(t["output"]),
                       t["success"]) for t in map(
                           json.loads, result["stdout"].splitlines()))
    return runs(good) == runs(got)


def same_experiment(good, got):
    """The files of an experiment that do not depend on times."""
    return all(text(good, n) == text(got, n) for n in (
        "exp/trace_summary.jsonl", "exp/traces.jsonl",
        "exp/observations.jsonl")) and good["stdout"] == got["stdout"]


def nothing_half(good, got):
    """Every file has its whole text, or the earlier one, or does not exist."""
    for name, now in got["files"].items():
        if now not in (good["files"].get(name), good["before"].get(name)) \
                and not re.search(r"\.new(-\w+)?(/|$)", name):
            return f"{name} is half-written"
    return None


def whole_rows(good, got):
    """An experiment that was interrupted: its files are prefixes."""
    for name in ("trace_summary.jsonl", "traces.jsonl", "observations.jsonl"):
        if not text(good, "exp/" + name).startswith(text(got, "exp/" + name)):
            return f"{name} is no prefix"
    return None


def whole_verdicts(good, got):
    """All traces have their lines: a check that failed to run is not judged."""
    name = "out/per_trace.jsonl"
    if name not in got["files"]:
        return None
    lines = [json.loads(line) for line in text(got, name).splitlines()]
    if len(lines) != len(text(good, name).splitlines()):
        return f"{name} lacks traces"
    return None


def failed_run(got):
    """Whether a trace of the output has a failed run, or fl-doctor found a fault."""
    return re.search('"success":false|^missing ', got["stdout"], re.M)


def formats(programs):
    """The names of the formats that fl-parse has."""
    listed = subprocess.run([f"{programs}/fl-parse", "--list-formats"],
                            stdout=subprocess.PIPE, check=True, text=True)
    return [line.split("\t")[0] for line in listed.stdout.splitlines()]


def scenarios(programs):
    """name, program, arguments, standard input, and two functions (good, got):
    whether the result is right, and what is wrong with the files after a failure."""
    yield ("extract", "fl-record-extract", ["rec.jsonl"], "", same,
           nothing_half)
    yield ("generate", "fl-generate", ["--seed", "1", "--limit", "6"],
           INPUTS, same, nothing_half)
    yield ("yaml to jsonl", "fl-yaml", ["in.yaml"], "", same, nothing_half)
    yield ("jsonl to yaml", "fl-yaml", ["--to-yaml"], INPUTS, same,
           nothing_half)
    for verb in (["check"], ["show"], ["get", "replay_args.enabled"],
                 ["inputs"], ["env"], ["set", "iterations", "5"]):
        yield ("config " + verb[0], "fl-config",
               ["-f", "setting.yaml", *verb], "", same, nothing_half)
    yield ("run", "fl-run", ["-j", "2", "--protocol", "lines", "--command",
                             "cat"], INPUTS, same_runs, nothing_half)
    yield ("run configured", "fl-run", ["-c", "setting.yaml", "--stderr-dir",
                                        "err", "--log", "log.jsonl"],
           INPUTS, same_runs, lambda good, got: None)
    yield ("collect", "fl-collect", ["exp"], TRACES, same_experiment,
           whole_rows)
    yield ("collect more", "fl-collect", ["--continue", "--anyway", "begun"],
           TRACES, lambda good, got: good["stdout"] == got["stdout"],
           lambda good, got: None)
    yield ("import", "fl-import", ["otlp", "otlp.jsonl"], "", same,
           nothing_half)
    yield ("import inputs", "fl-import", ["-i", "otlp", "otlp.jsonl"], "",
           same, nothing_half)
    yield ("import apart", "fl-import", ["-s", "otlp", "otlp.jsonl"], "",
           same, nothing_half)
    yield ("status", "fl-status", ["--text", "--errors", "begun"], "", same,
           nothing_half)
    yield ("status of all", "fl-status", ["--in", "."], "", same, nothing_half)
    yield ("status options", "fl-status", ["--options", "begun"], "", same,
           nothing_half)
    yield ("doctor", "fl-doctor", ["-c", "setting.yaml"], "", same,
           nothing_half)
    for kind in formats(programs):
        yield ("parse " + kind, "fl-parse", ["-f", kind, "-j", "2", "-o",
                                             "out", "whole.jsonl"], "", same,
               nothing_half)
    yield ("evaluate", "fl-evaluate", ["-c", "checks.yaml", "-o", "out",
                                       "--min-pass-rate", "0",
                                       "whole.jsonl"], "", same,
           whole_verdicts)
    yield ("llm", "fl-llm", ["--base-url", "http://127.0.0.1:1/v1", "--cache",
                             "replies", "--ordered"], ASKED, same,
           nothing_half)
    yield ("evaluate a pipe", "fl-evaluate", ["-c", "checks.yaml"], TRACES,
           same, nothing_half)
    yield ("evaluate prompts", "fl-evaluate", ["-c", "judge.yaml",
                                               "--prompts"], TRACES, same,
           nothing_half)
    yield ("diff", "fl-diff", ["whole.jsonl", "whole.jsonl"], "", same,
           nothing_half)
    yield ("diff a pipe", "fl-diff", ["-f", "jsonl", "-", "begun"], TRACES,
           same, nothing_half)
    yield ("sample", "fl-sample", ["--per", "input", "1", "-n", "2",
                                   "whole.jsonl"], "", same, nothing_half)
    yield ("labels left", "fl-label", ["--left", "-l", "labels",
                                       "whole.jsonl"], "", same, nothing_half)
    for kind in "html junit md github tap".split():
        yield ("report " + kind, "fl-report", ["-f", kind, "-o", "report",
                                               "whole.jsonl"], "", same,
               nothing_half)
    yield ("diff directories", "fl-diff", ["-f", "md", "begun", "begun"], "",
           same, nothing_half)
    yield ("report a directory", "fl-report", ["-f", "junit", "begun"], "",
           same, nothing_half)
    yield ("report a folder", "fl-report",
           ["-f", "html", "-o", "report", "--diff", "whole.jsonl", "begun"], "",
           same, nothing_half)
    yield ("parse a folder", "fl-parse", ["-j", "2", "begun"], "", same,
           nothing_half)
    yield ("parse a pipe", "fl-parse", ["-j", "1"], TRACES, same,
           nothing_half)


class Check:
    def __init__(self, library, programs):
        self.library = library
        self.programs = programs
        root = pathlib.Path(__file__).parent.parent
        self.otlp = (root / "data/otlp/genai.jsonl").read_text()
        self.base = tempfile.mkdtemp(prefix="faults-")
        self.model = pathlib.Path(self.base) / "model"
        self.prepare(self.model)

    def prepare(self, folder):
        folder.mkdir()
        for name, content in (("setting.yaml", SETTING),
                              ("in.yaml", INPUTS_YAML),
                              ("checks.yaml", CHECKS),
                              ("judge.yaml", JUDGE),
                              (".env", "A=1\nTOKEN='a b'\n"),
                              ("rec.jsonl", RECORDING),
                              ("whole.jsonl", TRACES),
                              ("otlp.jsonl", self.otlp)):
            (folder / name).write_text(content)
        subprocess.run([f"{self.programs}/fl-collect", "-q", "begun"],
                       input="".join(TRACES.splitlines(True)[:2]), text=True,
                       cwd=folder, check=True, stderr=subprocess.DEVNULL)

    def run(self, scenario, kind="", nth=0):
        """Runs a program in a folder of its own; returns the outcome."""
        _, program, args, stdin, _, _ = scenario
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.base))
        shutil.copytree(self.model, folder, dirs_exist_ok=True)
        before = self.read(folder)
        env = dict(os.environ, FAULT_PROGRAM=program, FAULT_KIND=kind,
                   FAULT_NTH=str(nth), LD_PRELOAD=self.library,
                   PATH=f"{self.programs}:{os.environ['PATH']}")
        env.pop("FAULT_COUNT", None)
        if not nth:
            env["FAULT_COUNT"] = self.base + "/count"
        try:
            p = subprocess.run([f"{self.programs}/{program}", *args],
                               input=stdin.encode(), capture_output=True,
                               cwd=folder, env=env, timeout=SECONDS,
                               check=False)
            status, out, err = p.returncode, p.stdout, p.stderr
        except subprocess.TimeoutExpired:
            status, out, err = "hangs", b"", b""
        files = self.read(folder)
        shutil.rmtree(folder, ignore_errors=True)
        return {"status": status, "stdout": out.decode(errors="replace"),
                "stderr": err.decode(errors="replace"), "files": files,
                "before": before}

    @staticmethod
    def read(folder):
        return {str(p.relative_to(folder)): p.read_text(errors="replace")
                for p in sorted(folder.rglob("*"))
                if p.is_file() and not p.is_symlink()}

    def count(self, scenario):
        """The result without a fault, and the number of calls of each kind."""
        counts = pathlib.Path(self.base + "/count")
        counts.unlink(missing_ok=True)
        good = self.run(scenario)
        if good["status"] != 0:
            sys.exit(f"{scenario[0]}: without a fault: {good}")
        calls = dict.fromkeys(KINDS, 0)
        for line in counts.read_text().splitlines():
            kind, n = line.split()
            calls[kind] = max(calls[kind], int(n))
        return good, calls

    def judge(self, scenario, good, kind, nth):
        """What is wrong with this fault's outcome, or None."""
        name, _, _, _, is_same, after = scenario
        got = self.run(scenario, kind, nth)
        status = got["status"]
        if status == 0:
            fault = None if is_same(good, got) else "status 0, wrong result"
        elif status in (1, 2):
            fault = after(good, got)
            if not got["stderr"].strip() and not failed_run(got):
                fault = f"status {status} without a message"
        elif isinstance(status, int) and FOREIGN.search(got["stderr"]):
            fault = None
        else:
            fault = f"status {status}"
        if fault:
            fault = f"{name}: {kind} {nth}: {fault}\n" + "".join(
                f"    {line}\n" for line in got["stderr"].splitlines()[:4])
        return fault


def some(n, most):
    """At most `most` numbers from 1 to n, the first and the last among them."""
    if n <= most:
        return range(1, n + 1)
    return sorted({1 + i * (n - 1) // (most - 1) for i in range(most)})


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--short", action="store_true")
    p.add_argument("--only", default="")
    p.add_argument("library")
    p.add_argument("programs")
    args = p.parse_args()
    check = Check(os.path.abspath(args.library),
                  os.path.abspath(args.programs))
    faults = ran = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for s in scenarios(args.programs):
                if args.only not in s[0]:
                    continue
                good, calls = check.count(s)
                todo = [(k, n) for k in KINDS
                        for n in some(calls[k], 3 if args.short else 10**9)]
                for fault in pool.map(
                        lambda t, s=s, g=good: check.judge(s, g, *t), todo):
                    if fault:
                        faults += 1
                        print(fault, end="", flush=True)
                ran += len(todo)
    finally:
        shutil.rmtree(check.base, ignore_errors=True)
    print(f"{ran} faults, {faults} wrong outcomes")
    return faults > 0


if __name__ == "__main__":
    sys.exit(main())
