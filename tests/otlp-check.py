#!/usr/bin/env python3
"""Checks OTLP JSON lines: otlp-check.py [FILE ...]

Each line has to be a TracesData in the JSON encoding of the OpenTelemetry
protocol, written from opentelemetry-proto (trace.proto, common.proto,
resource.proto), "JSON Protobuf Encoding" and the file exporter's
specification. It also checks what fl-parse(1) promises: a line is one trace with
one root, ids are in lower case, and all attributes belong to a convention and
have the right type. Reports the first fault of each line, and exits with 1 if
there is one; prints the number of spans in lines without a fault. With
--wrong-types, counts of tokens may have any type.
"""
import json
import re
import sys

UINT64 = 2**64 - 1


class Wrong(Exception):
    pass


def wrong(where, what):
    raise Wrong("%s: %s" % (where, what))


def no_constant(name):
    raise ValueError("%s is not JSON" % name)


def no_doubles(pairs):
    d = dict(pairs)
    if len(d) != len(pairs):
        raise ValueError("a key is there twice: %s" % [k for k, _ in pairs])
    return d


# --- scalar types, as JSON spells them ---


def string(v, where):
    if not isinstance(v, str):
        wrong(where, "not a string: %r" % (v,))
    v.encode("utf-8")


def boolean(v, where):
    if not isinstance(v, bool):
        wrong(where, "not a boolean: %r" % (v,))


def double(v, where):
    if isinstance(v, str) and v in ("NaN", "Infinity", "-Infinity"):
        return
    if isinstance(v, bool) or not isinstance(v, (int, float)):
        wrong(where, "not a double: %r" % (v,))
    if v in (float("inf"), float("-inf")):
        wrong(where, "too large for a double")


def decimal(low, high):
    def check(v, where):
        if not isinstance(v, str) or not re.fullmatch("-?(0|[1-9][0-9]*)", v):
            wrong(where, "not a decimal string: %r" % (v,))
        if not low <= int(v) <= high:
            wrong(where, "out of range: %s" % v)

    return check


int64 = decimal(-(2**63), 2**63 - 1)
fixed64 = decimal(0, UINT64)


def uint32(v, where):
    if isinstance(v, bool) or not isinstance(v, int) or not 0 <= v < 2**32:
        wrong(where, "not a uint32: %r" % (v,))


def enum(n):
    def check(v, where):
        if isinstance(v, bool) or not isinstance(v, int) or not 0 <= v < n:
            wrong(where, "not one of %d enum values: %r" % (n, v))

    return check


def hex_id(size):
    def check(v, where):
        if not isinstance(v, str) or not re.fullmatch("[0-9a-f]{%d}" % (2 * size), v):
            wrong(where, "not %d bytes in lower-case hexadecimal: %r" % (size, v))
        if not v.strip("0"):
            wrong(where, "an id of zeros")

    return check


def base64(v, where):
    if not isinstance(v, str) or not re.fullmatch("[A-Za-z0-9+/]*={0,2}", v) or len(v) % 4:
        wrong(where, "not base64: %r" % (v,))


# --- messages: a field has a type, or a list with the type if it is repeated ---

MESSAGES = {
    "TracesData": {"resourceSpans": ["ResourceSpans"]},
    "ResourceSpans": {"resource": "Resource", "scopeSpans": ["ScopeSpans"], "schemaUrl": string},
    "Resource": {"attributes": ["KeyValue"], "droppedAttributesCount": uint32, "entityRefs": ["EntityRef"]},
    "EntityRef": {"schemaUrl": string, "type": string, "idKeys": [string], "descriptionKeys": [string]},
    "ScopeSpans": {"scope": "InstrumentationScope", "spans": ["Span"], "schemaUrl": string},
    "InstrumentationScope": {
        "name": string, "version": string, "attributes": ["KeyValue"], "droppedAttributesCount": uint32,
    },
    "Span": {
        "traceId": hex_id(16), "spanId": hex_id(8), "traceState": string, "parentSpanId": hex_id(8),
        "flags": uint32, "name": string, "kind": enum(6), "startTimeUnixNano": fixed64,
        "endTimeUnixNano": fixed64, "attributes": ["KeyValue"], "droppedAttributesCount": uint32,
        "events": ["Event"], "droppedEventsCount": uint32, "links": ["Link"], "droppedLinksCount": uint32,
        "status": "Status",
    },
    "Event": {
        "timeUnixNano": fixed64, "name": string, "attributes": ["KeyValue"], "droppedAttributesCount": uint32,
    },
    "Link": {
        "traceId": hex_id(16), "spanId": hex_id(8), "traceState": string, "attributes": ["KeyValue"],
        "droppedAttributesCount": uint32, "flags": uint32,
    },
    "Status": {"message": string, "code": enum(3)},
    "KeyValue": {"key": string, "value": "AnyValue"},
    "AnyValue": {
        "stringValue": string, "boolValue": boolean, "intValue": int64, "doubleValue": double,
        "arrayValue": "ArrayValue", "kvlistValue": "KeyValueList", "bytesValue": base64,
    },
    "ArrayValue": {"values": ["AnyValue"]},
    "KeyValueList": {"values": ["KeyValue"]},
}

# Required fields: by the comments in trace.proto, or to make a span useful.
REQUIRED = {
    "TracesData": ["resourceSpans"],
    "ResourceSpans": ["resource", "scopeSpans", "schemaUrl"],
    "ScopeSpans": ["scope", "spans", "schemaUrl"],
    "InstrumentationScope": ["name", "version"],
    "Span": ["traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"],
    "KeyValue": ["key", "value"],
}


def check(v, kind, where):
    if isinstance(kind, list):
        if not isinstance(v, list):
            wrong(where, "not an array: %r" % (v,))
        for i, each in enumerate(v):
            check(each, kind[0], "%s[%d]" % (where, i))
        if kind[0] == "KeyValue":
            keys = [each["key"] for each in v]
            if len(set(keys)) != len(keys):
                wrong(where, "attributes that are there twice: %s" % sorted(keys))
        return
    if not isinstance(kind, str):
        kind(v, where)
        return
    if not isinstance(v, dict):
        wrong(where, "not an object: %r" % (v,))
    for key, value in v.items():
        if key not in MESSAGES[kind]:
            wrong(where, "%s has no field %r" % (kind, key))
        check(value, MESSAGES[kind][key], "%s.%s" % (where, key))
    for key in REQUIRED.get(kind, []):
        if key not in v:
            wrong(where, "%s is missing" % key)
    if kind == "AnyValue" and len(v) != 1:
        wrong(where, "an AnyValue has one value: %r" % (v,))
    if kind == "KeyValue" and not v["key"]:
        wrong(where, "an empty key")
    if kind == "Span" and not v["name"]:
        wrong(where, "a span without a name")
    if kind == "Status" and v.get("message") and v.get("code") != 2:
        wrong(where, "a message that is not for an error")


# --- attributes of the conventions ---

ANY = None  # fluxloop.*: any type that the record had
SPAN_ATTRIBUTES = {
    # semantic conventions for generative AI, 1.41
    "gen_ai.operation.name": "stringValue", "gen_ai.agent.name": "stringValue", "gen_ai.tool.name": "stringValue",
    "gen_ai.conversation.id": "stringValue", "gen_ai.request.model": "stringValue",
    "gen_ai.usage.input_tokens": "intValue", "gen_ai.usage.output_tokens": "intValue", "error.type": "stringValue",
    # OpenInference
    "openinference.span.kind": "stringValue", "input.value": "stringValue", "input.mime_type": "stringValue",
    "output.value": "stringValue", "output.mime_type": "stringValue", "metadata": "stringValue",
    "agent.name": "stringValue", "tool.name": "stringValue", "llm.model_name": "stringValue",
    "llm.invocation_parameters": "stringValue", "llm.token_count.prompt": "intValue",
    "llm.token_count.completion": "intValue", "llm.token_count.total": "intValue",
}
OWN = [
    "record", "trace_id", "observation_id", "parent_observation_id", "type", "name", "level", "status_message",
    "start_time", "end_time", "run_id", "iteration", "persona", "duration_ms", "error_kind", "observation_count",
    "token_usage", "conversation", "conversation_state", "termination_reason",
]
SPAN_ATTRIBUTES.update(("fluxloop." + name, ANY) for name in OWN)
KINDS = ["LLM", "EMBEDDING", "CHAIN", "RETRIEVER", "RERANKER", "TOOL", "AGENT", "GUARDRAIL", "EVALUATOR", "PROMPT"]
OPERATIONS = [
    "chat", "create_agent", "embeddings", "execute_tool", "generate_content", "invoke_agent", "invoke_workflow",
    "retrieval", "text_completion",
]
# Attributes whose type is wrong if the record's value has a wrong type.
AS_GIVEN = re.compile(r"gen_ai\.usage\.|llm\.token_count\.")


def attributes(pairs):
    return {p["key"]: p["value"] for p in pairs}


def check_conventions(span, where, lenient):
    a = attributes(span.get("attributes", []))
    for key, value in a.items():
        if key not in SPAN_ATTRIBUTES:
            wrong(where, "unknown attribute %r" % key)
        wanted = SPAN_ATTRIBUTES[key]
        if wanted and wanted not in value and not (lenient and AS_GIVEN.match(key)):
            wrong(where, "%s is not of type %s" % (key, wanted))
    text = {k: v["stringValue"] for k, v in a.items() if "stringValue" in v}
    if text.get("openinference.span.kind") not in KINDS:
        wrong(where, "openinference.span.kind is %r" % text.get("openinference.span.kind"))
    if text.get("gen_ai.operation.name", "chat") not in OPERATIONS:
        wrong(where, "gen_ai.operation.name is %r" % text["gen_ai.operation.name"])
    if text.get("gen_ai.operation.name") == "execute_tool" and not text.get("gen_ai.tool.name"):
        wrong(where, "a tool without a name")
    for side in "input", "output":
        if (side + ".value" in a) != (side + ".mime_type" in a):
            wrong(where, "%s without its type" % side)
        if text.get(side + ".mime_type", "text/plain") not in ("text/plain", "application/json"):
            wrong(where, "type of %s" % side)
        if text.get(side + ".mime_type") == "application/json":
            json.loads(text[side + ".value"], parse_constant=no_constant)
    for key in "metadata", "llm.invocation_parameters":
        if key in text:
            json.loads(text[key], parse_constant=no_constant)
    if ("error.type" in a) != (span.get("status", {}).get("code") == 2):
        wrong(where, "error.type and the status do not agree")


def check_trace(data, where, lenient):
    spans = [s for r in data["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]]
    if len({s["traceId"] for s in spans}) != 1:
        wrong(where, "not one trace")
    ids = [s["spanId"] for s in spans]
    if len(set(ids)) != len(ids):
        wrong(where, "span ids are not unique")
    if [s for s in spans if "parentSpanId" not in s] != spans[:1]:
        wrong(where, "not one root, at the beginning")
    parents = {s["spanId"]: s.get("parentSpanId") for s in spans}
    known = {spans[0]["spanId"]}
    for s in spans:
        if "parentSpanId" in s and s["parentSpanId"] not in parents:
            wrong(where, "the parent of %s is not in the trace" % s["spanId"])
        if int(s["endTimeUnixNano"]) < int(s["startTimeUnixNano"]):
            wrong(where, "%s ends before it begins" % s["spanId"])
        way = []
        at = s["spanId"]
        while at not in known:
            if at in way:
                wrong(where, "parents in a circle")
            way.append(at)
            at = parents[at]
        known.update(way)
        check_conventions(s, "%s span %s" % (where, s["spanId"]), lenient)
    for r in data["resourceSpans"]:
        if not attributes(r["resource"].get("attributes", [])).get("service.name", {}).get("stringValue"):
            wrong(where, "a resource without service.name")
        for url in [r["schemaUrl"]] + [c["schemaUrl"] for c in r["scopeSpans"]]:
            if not re.fullmatch(r"https://opentelemetry\.io/schemas/[0-9]+\.[0-9]+\.[0-9]+", url):
                wrong(where, "no schema URL: %r" % url)
    return len(spans)


def check_line(line, where, lenient):
    if not line.endswith("\n"):
        wrong(where, "the line is cut off")
    try:
        data = json.loads(line, parse_constant=no_constant, object_pairs_hook=no_doubles)
        check(data, "TracesData", where)
        return check_trace(data, where, lenient)
    except ValueError as e:
        wrong(where, str(e))


def main(args):
    lenient = args[:1] == ["--wrong-types"]
    files = args[1:] if lenient else args
    spans = status = 0
    sys.setrecursionlimit(20000)
    for name in files or ["/dev/stdin"]:
        with open(name, encoding="utf-8", newline="\n") as f:
            for number, line in enumerate(f, 1):
                try:
                    spans += check_line(line, "%s:%d" % (name, number), lenient)
                except Wrong as e:
                    print(str(e)[:1000], file=sys.stderr)
                    status = 1
    print(spans)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
