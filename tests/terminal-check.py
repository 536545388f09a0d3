#!/usr/bin/env python3
"""Feeds every program with text that a terminal would obey, in every field and key
of every kind of record and in names of files, and checks that none of it reaches a
terminal or a message.

    terminal-check.py

Works in the current folder, with the programs that come first in PATH. Prints
"programs=N runs=N messages=N" at the end.
"""

import json
import os
import pty
import re
import subprocess
import sys
import threading
import unicodedata

# Titles, colours, a bell, 8-bit controls, directions of text, no width, lines.
PARTS = ["\x1b]0;TITLE\x07", "\x1b[2J", "\x9b31m", "\u202e", "\u200b", "\u2066", "\x7f", "\rX", "\nX", "\x85", "\u2028",
         "\u200f", "\ufeff", "\U000e0041", "\x08", "\t"]
HOSTILE = "e" + "".join(PARTS) + "z"
# What programs print on a terminal on purpose: colours and the progress line.
OWN = re.compile(r"\x1b\[[0-9]*m|\r[^\r\n\x1b]*\x1b\[K")

runs, programs, messages = 0, set(), 0


def acts(c):
    """Whether a terminal might obey the character."""
    return unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\u200c\u200d"


def check(command, what, output, own=False):
    """The output of a program: bytes from pipes, or from a terminal."""
    try:
        text = output.decode("utf-8")
    except UnicodeDecodeError as error:
        sys.exit("%s: %s: not UTF-8: %s" % (command, what, error))
    text = text.replace("\r\n", "\n")
    if own:
        text = OWN.sub("", text)
    bad = {c for c in text if acts(c) and c != "\n" and not (own and c == "\t")}
    if bad:
        sys.exit("%s: %s has %s: %r" % (command, what, sorted(map(hex, map(ord, bad))), text[:2000]))
    # a line of the message that came from the data
    for line in [] if own else text.split("\n"):
        if line.startswith("X"):
            sys.exit("%s: %s has a line of the data: %r" % (command, what, text[:2000]))
    return text


def on_terminal(command, stdin):
    """Runs a command on a terminal, and returns the bytes that it gets."""
    ours, theirs = pty.openpty()
    got = []

    def read():
        try:
            while True:
                part = os.read(ours, 65536)
                if not part:
                    return
                got.append(part)
        except OSError:
            pass

    reader = threading.Thread(target=read)
    reader.start()
    subprocess.run(command, input=stdin, stdout=theirs, stderr=theirs, timeout=300)
    os.close(theirs)
    reader.join()
    os.close(ours)
    return b"".join(got)


def run(*command, stdin=b""):
    """Runs a command twice: with pipes, and on a terminal."""
    global runs, messages
    if isinstance(stdin, str):
        stdin = stdin.encode("utf-8", "surrogatepass")
    programs.add(command[0])
    runs += 1
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    text = check(command, "stderr", done.stderr, own="--progress" in command)
    messages += text.count("\n")
    check(command, "a terminal", on_terminal(command, stdin), own=True)
    return done


def variants(record):
    """Yields the record with hostile text as each value, in each value, as each key,
    and as an additional key, at all levels."""
    yield HOSTILE
    yield [HOSTILE]
    if not isinstance(record, dict):
        return
    yield {**record, HOSTILE: HOSTILE}
    for key, value in record.items():
        yield {**{k: v for k, v in record.items() if k != key}, HOSTILE: value}
        for other in [HOSTILE, [HOSTILE], {HOSTILE: HOSTILE}] + list(variants(value) if isinstance(value, dict) else [
                [item] for item in variants(value[0])] if isinstance(value, list) and value else []):
            yield {**record, key: other}


def lines(record, ascii_only=True):
    return "".join(json.dumps(v, ensure_ascii=ascii_only) + "\n" for v in variants(record))


RECORDING = {"target": "app.handler:f", "kwargs": {"input": "hi", "user": {"id": "u"}}, "timestamp": "2025-10-04T14:09:02",
             "iteration": 0}
INPUT = {"input": "hi", "input_id": "i", "persona": "p", "metadata": {"strategy": "s", "template_kwargs": {"a": "b"},
         "objects": {"user": "app.User"}, "input_path": "a"}}
OBSERVATION = {"trace_id": "t", "id": "o", "type": "tool", "name": "n", "start_time": "2025-10-04T14:09:02Z",
               "end_time": "2025-10-04T14:09:03Z", "input": {"a": 1}, "output": "x", "level": "info", "error": "e",
               "status_message": "m", "model": "gpt", "parent_observation_id": "p", "prompt_tokens": 1,
               "completion_tokens": 2, "total_tokens": 3, "metadata": {"a": 1}}
ROW = {"trace_id": "t", "iteration": 0, "persona": "p", "input": "i", "output": "o", "duration_ms": 1.5, "success": True,
       "error": "e", "error_kind": "error", "observation_count": 1, "token_usage": {"prompt_tokens": 1}}
TRACE = dict(ROW, name="n", observations=[OBSERVATION])
SPAN = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "b7ad6b7169203332",
        "name": "n", "kind": 1, "startTimeUnixNano": "1", "endTimeUnixNano": "2", "status": {"code": 2, "message": "m"},
        "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}],
        "events": [{"name": "exception", "timeUnixNano": "1", "attributes": [
            {"key": "exception.message", "value": {"stringValue": "m"}}]}]}
OTLP = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]},
        "scopeSpans": [{"scope": {"name": "n"}, "spans": [SPAN]}]}]}
SETTING = {"name": "demo", "iterations": 1, "parallel_runs": 1, "output_directory": "out", "inputs_file": "in.yaml",
           "base_inputs": [{"input": "hi"}], "personas": [{"name": "p", "description": "d"}],
           "variation_strategies": ["rephrase"], "runner": {"target": "app:f", "working_directory": ".",
           "timeout_seconds": 5, "environment_vars": {"A": "b"}, "on_error": "continue", "retry_on": ["error"]},
           "replay_args": {"enabled": False, "recording_file": "rec.jsonl", "callable_providers": {"cb": "builtin:x"},
           "override_param_path": "a"}}
# Texts that are not records.
BROKEN = ["{\"a\":%s}\n" % HOSTILE, HOSTILE + "\n", "[\"" + HOSTILE, "{\"%s\"" % HOSTILE, "\x9b\udc9b\n"]


def hostile_records(record):
    return lines(record) + lines(record, False) + "".join(BROKEN)


def formats():
    """The names of the formats but html, which needs a folder."""
    listed = subprocess.run(["fl-parse", "--list-formats"], stdout=subprocess.PIPE, text=True, check=True)
    return [line.split("\t")[0] for line in listed.stdout.splitlines() if not line.startswith("html\t")]


def filters():
    recordings, inputs = hostile_records(RECORDING), hostile_records(INPUT)
    run("fl-record-extract", stdin=recordings)
    run("fl-record-extract", "--unique", "--target", HOSTILE, stdin=recordings)
    run("fl-record-extract", "--path", HOSTILE, stdin=recordings)
    run("fl-generate", "--strategy", "typo", "--limit", "200", stdin=inputs)
    run("fl-generate", "--strategy", HOSTILE, stdin=inputs)
    run("fl-generate", "--personas", HOSTILE, stdin=inputs)
    run("fl-sample", stdin=hostile_records(TRACE))
    run("fl-sample", "--per", HOSTILE, "1", stdin="")
    run("fl-import", stdin=hostile_records(OTLP))
    run("fl-import", "--inputs", stdin=hostile_records(OTLP))
    run("fl-yaml", "--to-yaml", stdin=inputs)
    run("fl-yaml", "--to-yaml", "--header", HOSTILE, stdin=inputs)
    for record in TRACE, ROW, OBSERVATION:
        for form in formats() + [HOSTILE]:
            run("fl-parse", "-f", form, stdin=hostile_records(record))
    run("fl-parse", "-f", "tree", "-j", HOSTILE, stdin="")
    run("fl-collect", "--config", HOSTILE, "--name", HOSTILE, "exp", stdin=hostile_records(TRACE))
    run("fl-status", "--text", "exp")
    run("fl-status", "exp")


def configurations():
    shown = list(variants(SETTING))
    # JSON is YAML; every tenth value, for the programs that start others
    for i, setting in enumerate(shown):
        with open("setting.yaml", "w", encoding="utf-8") as file:
            json.dump(setting, file)
        run("fl-config", "check")
        if i % 10:
            continue
        for command in ["fl-config", "show"], ["fl-config", "inputs"], ["fl-config", "env"], [
                "fl-config", "get", "name"], ["fl-config", "get", "runner.target"], [
                "fl-run", "-c", "setting.yaml", "--explain"], ["fl-doctor", "-c", "setting.yaml"], [
                "fluxloop", "status"], ["fluxloop", "config", "validate"], ["fluxloop", "run", "experiment", "--dry-run"]:
            run(*command)
        run("fl-run", "-c", "setting.yaml", "--check")
    for text in BROKEN + ["name: \"%s\n" % HOSTILE, "%s: {a: b\n" % HOSTILE, "? [%s]\n: x\n" % HOSTILE,
                          "\"a\\e\\x9b\\u202e\\n\": 1\n", "&%s x\n" % HOSTILE, "!<%s> x\n" % HOSTILE, "*%s\n" % HOSTILE]:
        with open("setting.yaml", "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
        run("fl-config", "check")
        run("fl-yaml", "setting.yaml")
    os.remove("setting.yaml")


def experiments():
    agent = "while IFS= read -r l; do printf '%%s\\n' \"$l\" >&2; printf '%s\\n'; done" % HOSTILE.replace("'", "")
    inputs = hostile_records(INPUT)
    run("fl-run", "--command", "sh -c \"exit 1\"", "--max-failures", "2", stdin=inputs)
    run("fl-run", "--protocol", "lines", "--command", "cat", "--progress", stdin=inputs)
    run("fl-run", "--command", agent, "--max-failures", "3", stdin=inputs)
    run("fl-run", "--command", HOSTILE, stdin=inputs)
    run("fl-run", "--target", HOSTILE, stdin=inputs)
    with open("rec.jsonl", "w", encoding="utf-8") as file:
        file.write(json.dumps(dict(RECORDING, target=HOSTILE)) + "\n")
    with open("replay.yaml", "w", encoding="utf-8") as file:
        file.write("runner: {target: 'app.handler:X'}\nreplay_args: {enabled: true, recording_file: rec.jsonl}\n")
    run("fl-run", "-c", "replay.yaml", stdin=lines(INPUT))


def verdicts():
    """Programs that judge, compare and report; checks, and the names in them."""
    with open("checks.yaml", "w", encoding="utf-8") as file:
        json.dump({"assert": [
            {"type": "contains", "value": HOSTILE, "metric": HOSTILE}, {"type": "regex", "value": "x("},
            {"type": "equals", "value": HOSTILE}, {"type": "is-json"}, {"type": "trajectory:tool-used", "value": HOSTILE},
            {"type": "similarity", "value": HOSTILE, "threshold": 0.9},
            {"type": "exec", "value": "printf '%s' '" + HOSTILE.replace("'", "") + "'"}]}, file)
    judged = {**ROW, "run_id": "r", "input_id": "i", "metadata": {"strategy": "s"}, "evaluation": {
        "pass": False, "score": 0.5, "checks": [{"name": "n", "type": "t", "pass": False, "score": 0, "reason": "r"}]}}
    for record in TRACE, judged:
        records = hostile_records(record)
        with open("judged.jsonl", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(records.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape"))
        run("fl-evaluate", "-c", "checks.yaml", "judged.jsonl")
        run("fl-evaluate", "-c", "checks.yaml", "--prompts", "judged.jsonl")
        run("fl-evaluate", "-c", "checks.yaml", "--judged", "judged.jsonl", "judged.jsonl")
        with open("base.jsonl", "w", encoding="utf-8") as file:
            file.write(json.dumps({**judged, "output": HOSTILE, "evaluation": {"pass": True, "checks": [
                {"name": HOSTILE, "type": "t", "pass": True, "score": 1, "reason": HOSTILE}]}}) + "\n")
        for form in "text", "md", "json", "jsonl", HOSTILE:
            run("fl-diff", "-f", form, "base.jsonl", "judged.jsonl")
        run("fl-diff", "--metric", HOSTILE, "base.jsonl", "judged.jsonl")
        for form in "junit", "md", "github", "tap", HOSTILE:
            run("fl-report", "-f", form, "--name", HOSTILE, "judged.jsonl")
    for i, check in enumerate(variants({"type": "contains", "value": "x", "metric": "m", "threshold": 1, "weight": 1})):
        with open("checks.yaml", "w", encoding="utf-8") as file:
            json.dump({"assert": [check]}, file)
        run("fl-evaluate", "-c", "checks.yaml", stdin=json.dumps(TRACE) + "\n")
    for i, rule in enumerate(variants({"name": "n", "type": "rule_based", "rules": [{"check": "contains", "keywords": ["x"]}]})):
        with open("checks.yaml", "w", encoding="utf-8") as file:
            json.dump({"evaluators": [rule]}, file)
        run("fl-evaluate", "-c", "checks.yaml", stdin=json.dumps(TRACE) + "\n")


def names():
    """Names of files and folders, of options and of commands."""
    for name in ["e" + p.replace("/", "") + "z" for p in PARTS] + [HOSTILE, "-" + HOSTILE, "--" + HOSTILE]:
        for command in ["fl-parse", name], ["fl-import", name], ["fl-yaml", name], ["fl-record-extract", name], [
                "fl-generate", name], ["fl-config", "-f", name, "check"], ["fl-status", "--text", name], [
                "fl-collect", name + "/x"], ["fl-run", "-c", name], ["fl-doctor", "-c", name], [
                "fl-evaluate", "-c", name], ["fl-evaluate", "-c", name, "-o", name + "/x"], ["fl-diff", name, name], [
                "fl-report", "-f", "md", name], ["fl-report", "-f", "md", "-o", name + "/x", "/dev/null"], [
                "fluxloop", "evaluate", "experiment", name], ["fluxloop", "diff", name, name], ["fluxloop", "report", name], [
                "fluxloop", "baseline", name], ["fluxloop", "parse", "experiment", name], ["fluxloop", name], ["fluxloop", "status", "--config", name], [
                "fluxloop", "record", "enable", "--file", name + "/"]:
            run(*command)
    os.makedirs(HOSTILE + "/exp_20260101_000000")
    with open(HOSTILE + "/setting.yaml", "w") as file:
        file.write("name: x\nrunner: {target: 'app:f'}\noutput_directory: .\n")
    with open(HOSTILE + "/exp_20260101_000000/trace_summary.jsonl", "w") as file:
        file.write(json.dumps(ROW) + "\n{\n")
    config = HOSTILE + "/setting.yaml"
    for command in ["fl-parse", HOSTILE + "/exp_20260101_000000"], ["fl-parse", "-o", HOSTILE, HOSTILE + "/exp_20260101_000000"], [
            "fl-parse", HOSTILE], ["fl-status", "--text", "--in", HOSTILE], ["fl-status", "--in", HOSTILE], [
            "fluxloop", "status", "--config", config], ["fluxloop", "record", "status", "--config", config], [
            "fluxloop", "record", "disable", "--config", config], [
            "fluxloop", "-x", "run", "experiment", "--config", config, "--dry-run"], [
            "fluxloop", "-x", "parse", "experiment", HOSTILE + "/exp_20260101_000000", "--overwrite"], [
            "fluxloop", "run", "experiment", "--config", config, "--resume", HOSTILE + "/exp_20260101_000000"], [
            "fluxloop", "init", "project", "--name", "p", "--path", HOSTILE]:
        run(*command)


def main():
    filters()
    configurations()
    experiments()
    verdicts()
    names()
    print("programs=%d runs=%d messages=%d" % (len(programs), runs, messages))


if __name__ == "__main__":
    main()
