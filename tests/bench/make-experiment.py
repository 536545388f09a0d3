"""make-experiment.py DIR MEGABYTES: make an experiment directory of about MEGABYTES,
always the same for the same size. Each trace has 100 observations of about 10 KB,
with the fields in the order of the Python package; whole.jsonl has the same as
whole traces.

The observations are a mixture like that of real agents: English conversations
with line breaks and quotes, retrieved documents, source code, JSON inside
strings, tool results with small fields, embeddings, and Japanese, Korean and
German texts. Every fourth payload has \\u escapes instead of UTF-8."""

import json
import os
import random
import sys

ENGLISH = """the agent answered a question about an order that was late and said
sorry then it looked into the knowledge base for the policy on returns which
depends on the country the customer lives in before it wrote a reply""".split()
GERMAN = """die Größe der Bestellung für den Käufer ändert sich später während
natürlich über dem Schlüssel""".split()
JAPANESE = "お問い合わせありがとうございます。ご注文の商品は明日発送される予定です。"
KOREAN = "안녕하세요 주문하신 상품은 내일 도착할 예정입니다 감사합니다 "


def sentences(rng, words, n):
    out = []
    for _ in range(n):
        s = " ".join(rng.choice(words) for _ in range(rng.randrange(6, 18)))
        if rng.random() < 0.15:
            s = '"%s"' % s
        out.append(s + rng.choice([". ", ". ", ".\n", "?\n\n"]))
    return "".join(out)


def code(rng, lines):
    return "\n".join("    " * rng.randrange(4) + '%s(%s, "%s")' % tuple(
        rng.choice(ENGLISH) for _ in range(3)) for _ in range(lines))


def payload(rng):
    kind = rng.random()
    if kind < 0.40:
        return {"messages": [{"role": role, "content": sentences(rng, ENGLISH, 18)}
                             for role in ("system", "user", "assistant")]}
    if kind < 0.60:
        return {"documents": [{"id": i, "title": sentences(rng, ENGLISH, 1),
                               "score": rng.random(), "page_content":
                               sentences(rng, ENGLISH, 14)} for i in range(4)]}
    if kind < 0.70:
        return {"file": "app/handler.py", "content": code(rng, 120)}
    if kind < 0.76:
        return {"arguments": json.dumps({"rows": [{"id": i, "name": rng.choice(
            ENGLISH), "open": True} for i in range(70)]})}
    if kind < 0.84:
        return {"content": "".join(JAPANESE[rng.randrange(20):] for _ in range(70))}
    if kind < 0.88:
        return {"content": "".join(KOREAN[rng.randrange(20):] for _ in range(70))}
    if kind < 0.92:
        return {"content": sentences(rng, GERMAN, 50)}
    if kind < 0.97:
        return {"rows": [{"id": i, "status": "late", "amount": round(
            rng.uniform(1, 999), 2), "tags": ["a", "b"], "note": None}
            for i in range(55)]}
    return {"embedding": [round(rng.uniform(-1, 1), 6) for _ in range(450)]}


def main():
    folder, size = sys.argv[1], int(sys.argv[2]) * 1_000_000
    rng = random.Random(1)
    os.makedirs(folder, exist_ok=True)
    # all observations share a thousand payloads
    pool = [json.dumps(payload(rng), ensure_ascii=i % 4 == 3) for i in range(1000)]
    at = trace = 0
    with open(folder + "/observations.jsonl", "wb") as obs, \
            open(folder + "/trace_summary.jsonl", "w", encoding="utf-8") as rows, \
            open(folder + "/rows-only.jsonl", "w", encoding="utf-8") as bare, \
            open(folder + "/whole.jsonl", "wb") as whole:
        while at < size:
            trace_id = "%08x-0000-4000-8000-%012x" % (trace, trace)
            lines = []
            for i in range(100):
                time = "2025-10-04T14:%02d:%02d.%06d+00:00"
                start = time % (i // 60, i % 60, trace % 1000000)
                end = time % (i // 60, i % 60, trace % 1000000 + 1)
                lines.append(
                    '{"id":"%s-%d","type":"generation","name":"step %d",'
                    '"start_time":"%s","end_time":"%s","input":%s,"output":%s,"level":"info",'
                    '"metadata":{},"trace_id":"%s"}\n' % (trace_id, i, i, start, end,
                                                         rng.choice(pool), rng.choice(pool),
                                                         trace_id))
            text = "".join(lines).encode()
            obs.write(text)
            row = ('{"trace_id":"%s","iteration":0,"persona":null,"input":%s,"output":"ok",'
                   '"duration_ms":%.3f,"success":true,"observation_count":100'
                   % (trace_id, json.dumps(sentences(rng, ENGLISH, 1)),
                      rng.uniform(1, 5000)))
            bare.write(row + "}\n")
            whole.write(row.encode() + b',"observations":[' +
                        b",".join(line[:-1].encode() for line in lines) + b"]}\n")
            rows.write(row + ',"observations_at":%d,"observations_bytes":%d}\n'
                       % (at, len(text)))
            at += len(text)
            trace += 1


main()
