"""make-spans.py LAYOUT MEGABYTES: write about MEGABYTES of OTLP JSON to stdout, always
the same for the same arguments: a document for each trace, with six spans of a
chat and its messages. LAYOUT is one of

  lines   one document on each line
  pretty  the same documents, each over several lines; the file is larger"""

import json
import sys

TEXT = 'The parcel left Hamburg on Friday, "said" the carrier, and is due on Monday.\n' * 9


def attribute(key, kind, value):
    return {"key": key, "value": {kind: value}}


def messages(role):
    return json.dumps([{"role": role,
                        "parts": [{"type": "text", "content": TEXT}]}])


def span(trace, n):
    start = 1788795791003811000 + trace * 1000000000 + n * 1000
    return {
        "traceId": "%032x" % trace, "spanId": "%016x" % (trace * 10 + n),
        "parentSpanId": "%016x" % (trace * 10 + 1) if n > 1 else "",
        "name": "chat m", "kind": 1, "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 500000000),
        "attributes": [
            attribute("gen_ai.operation.name", "stringValue", "chat"),
            attribute("gen_ai.request.model", "stringValue", "m"),
            attribute("gen_ai.input.messages", "stringValue",
                      messages("user")),
            attribute("gen_ai.output.messages", "stringValue",
                      messages("assistant")),
            attribute("gen_ai.usage.input_tokens", "intValue", "40"),
            attribute("gen_ai.usage.output_tokens", "intValue", "5")],
        "status": {}}


def main():
    layout, size = sys.argv[1], int(sys.argv[2]) * 1000000
    trace = 0
    while size > 0:
        trace += 1
        document = {"resourceSpans": [{
            "resource": {"attributes": [
                attribute("service.name", "stringValue", "parcel-desk")]},
            "scopeSpans": [{"scope": {"name": "lib"}, "spans": [
                span(trace, n) for n in range(1, 7)]}]}]}
        line = json.dumps(document)
        size -= len(line) + 1
        print(json.dumps(document, indent=2) if layout == "pretty" else line)


main()
