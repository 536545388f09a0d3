"""Judge traces by a Python function, for fl-evaluate's assertion "python".

    python3 -m fluxloop.check FILE.py[:FUNCTION]

Reads lines {"trace":...,"config":...} from stdin and answers each with one line
of JSON on stdout. The function, get_assert by default, is called with the
trace's output (a str or another JSON value) and a context, a dict with "trace",
"config", "vars" (the trace's metadata) and "input". It returns True or False, a
score from 0 to 1, or a dict or object with "pass", "score" and "reason". Its own
output goes to stderr. If it raises an exception, the answer has only the reason:
the check was not judged.
"""

import importlib.util
import json
import os
import sys


def load(spec):
    path, _, name = spec.partition(":")
    if not os.path.exists(path):
        raise SystemExit(f"fluxloop.check: {path}: no such file")
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    module = importlib.util.spec_from_file_location("fluxloop_check", path)
    loaded = importlib.util.module_from_spec(module)
    module.loader.exec_module(loaded)
    function = getattr(loaded, name or "get_assert", None)
    if not callable(function):
        raise SystemExit(f"fluxloop.check: {path} has no function "
                         f"{name or 'get_assert'}")
    return function


def judge(function, question):
    trace = question["trace"]
    context = {"trace": trace, "config": question.get("config"),
               "vars": trace.get("metadata") or {},
               "input": trace.get("input")}
    try:
        answer = function(trace.get("output"), context)
    except Exception as error:  # pylint: disable=broad-except
        return {"reason": f"{type(error).__name__}: {error}"}
    if isinstance(answer, (bool, int, float, dict)):
        return answer
    if hasattr(answer, "__dict__"):
        return vars(answer)
    return {"reason": f"it returned {type(answer).__name__}, not a verdict"}


def encode(answer):
    try:
        return json.dumps(answer, default=str, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return json.dumps({"reason": f"the verdict is not JSON: {error}"})


def main():
    if len(sys.argv) != 2:
        raise SystemExit("usage: python3 -m fluxloop.check FILE.py[:FUNCTION]")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)       # print() is not an answer
    function = load(sys.argv[1])
    for line in sys.stdin.buffer:
        answers.write(encode(judge(function, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
