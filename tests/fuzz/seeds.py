"""seeds.py DIR: write the first inputs of the fuzzers to DIR/json and so on: the
JSON cases, the YAML cases, configurations, the reference experiments as streams of
rows, observations and whole traces, the .env files of the table, a manifest,
messages of agents, and files of spans."""

import glob
import gzip
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


def yaml_seeds(folder):
    for i, line in enumerate(read(TESTS + "/data/yaml/cases.txt")):
        text = line.split(b"\t")[0].removeprefix(b"* ")
        if text.strip() and not text.startswith(b"##"):
            write(folder, "case-%d" % i,
                  json.loads(b'"%s"' % text).encode("utf-8", "replace"))


SETTING = b"""\
base_inputs: [&limits {timeout_seconds: 20}, "two
 lines"]
runner:
  <<: *limits
  target: !env "app:run"
  environment_vars:
    A: |
      text
iterations: 010
"""


def setting_seeds(folder):
    write(folder, "small", SETTING)
    write(folder, "example",
          b"".join(read(TESTS + "/../lib/example/setting.yaml")))


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


def dotenv_seeds(folder):
    for i, line in enumerate(read(TESTS + "/data/dotenv.jsonl")):
        write(folder, "env-%d" % i, json.loads(line)["text"].encode())


def manifest_seeds(folder):
    write(folder, "manifest", json.dumps({
        "format": 1, "name": "x", "version": "0.1.0", "config": "setting.yaml",
        "config_hash": "0123456789abcdef", "created_at": "2026-01-02T03:04:05",
        "inputs": "inputs.jsonl", "inputs_hash": "00", "runs": 4,
        "iterations": 2, "resumed_at": ["2026-01-02T03:04:06"],
        "options": {"seed": "1"}}).encode())


def message_seeds(folder):
    for i, message in enumerate((
            {"type": "hello", "pipeline": 8, "concurrency": 2, "clock": True},
            {"type": "start", "id": 1, "clock": 1764000000000000},
            {"type": "delta", "id": 1, "delta": {"text": "caf\u00e9"}},
            {"type": "observation", "observation": {"id": "a", "name": "x"}},
            {"type": "callback", "name": "send", "kind": "send",
             "args": ["\ud800"], "kwargs": {}},
            {"type": "final", "id": 1, "output": [1, None]},
            {"type": "error", "error": "no", "code": "setup"})):
        write(folder, "message-%d" % i, json.dumps(message).encode())
    write(folder, "broken", b'{"type":"final","output":nan(0)}')


def import_seeds(folder):
    for path in sorted(glob.glob(TESTS + "/data/otlp/**/*", recursive=True) +
                       glob.glob(TESTS + "/data/dialects/*.jsonl")):
        if os.path.isdir(path) or path.endswith((".md", ".gz")):
            continue
        with open(path, "rb") as f:
            data = f.read()
        name = os.path.basename(path)
        write(folder, name, data)
        write(folder, name + "-half", data[:len(data) // 2])
        try:
            first = json.loads(data.splitlines()[0])
        except ValueError:
            continue
        write(folder, name + "-pretty", json.dumps(first, indent=1).encode())
        write(folder, name + "-utf16",
              json.dumps(first).encode("utf-16"))
        write(folder, name + "-gz", gzip.compress(json.dumps(first).encode()))


def export_seeds(folder):
    kinds = ("otlp", "promptfoo", "langfuse", "openai",
             "openai-agents", "claude-code")
    for path in sorted(glob.glob(TESTS + "/data/exports/*.*")):
        name = os.path.basename(path)
        for i, kind in enumerate(kinds):
            if name.startswith(kind) and not name.endswith((".txt", ".md")):
                with open(path, "rb") as f:
                    data = f.read()
                write(folder, name, b"%d" % i + data)
                write(folder, name + "-half", b"%d" % i + data[:len(data) // 2])


def http_seeds(folder):
    chunk = b'data: {"choices":[{"delta":{"content":"ab"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    for i, (first, second, text) in enumerate((
            (0, 5, chunk), (0, 4, b"event: x\rdata: a\r\rdata: b\r\n\r\n"),
            (0, 1, b'{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":1}}'),
            (0, 2, b'{"output":[{"type":"message","content":[{"text":"a"}]}]}'),
            (0, 6, b'data: {"type":"response.output_text.delta","delta":"a"}\n\n'),
            (0, 3, b'{"task":{"id":"t","status":{"state":"working"}}}'),
            (0, 7, b'data: {"artifactUpdate":{"artifact":{"parts":[{"text":"a"}]}}}\n\n'),
            (0, 8, b'{"text":"a"}\n{"text":"b"}\n'),
            (1, 0, b"POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
            (1, 0, b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"),
            (2, 0, b"curl -X POST 'http://a/b?c=d' -H \"A: $B\" -d '{\"message\":\"x\"}'"),
            (2, 0, b"curl -G a --data-urlencode $'q=\\u0021' -u a:b"),
            (2, 1, b"a=1&b=%20&a=+"),
            (2, 2, b'{"a":"$.input","b":["{{a[0]}} {{prompt}}","$$"]}'))):
        write(folder, "http-%d" % i, bytes((first, second)) + text)


for kind, make in (("json", json_seeds), ("yaml", yaml_seeds),
                   ("setting", setting_seeds), ("parse", parse_seeds),
                   ("dotenv", dotenv_seeds), ("manifest", manifest_seeds),
                   ("message", message_seeds), ("import", import_seeds),
                   ("import", export_seeds), ("http", http_seeds)):
    target = os.path.join(sys.argv[1], kind)
    os.makedirs(target, exist_ok=True)
    make(target)
