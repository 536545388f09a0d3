"""make-experiment.py DIR MEGABYTES: an experiment directory of about that size,
the same for the same arguments: texts with escapes and other scripts, numbers,
nested values; 100 observations a trace."""

import json
import os
import random
import sys

WORDS = """the agent answered a question about an order that was late and said
"sorry" twice\n then it looked into C:\\temp für die Größe 한국어 텍스트 日本語
😀 <b>bold</b> a/b résumé""".split(" ")


def text(rng, n):
    return " ".join(rng.choice(WORDS) for _ in range(n))


def payload(rng):
    kind = rng.random()
    if kind < 0.6:
        return {"messages": [{"role": "user", "content": text(rng, 400)}]}
    if kind < 0.9:
        return {"documents": [{"title": text(rng, 6), "score": rng.random(),
                               "body": text(rng, 120)} for _ in range(3)]}
    return {"embedding": [round(rng.uniform(-1, 1), 6) for _ in range(300)]}


def main():
    folder, size = sys.argv[1], int(sys.argv[2]) * 1_000_000
    rng = random.Random(size)
    os.makedirs(folder, exist_ok=True)
    # a few hundred payloads serve for all, in both spellings of non-ASCII
    pool = [json.dumps(payload(rng), ensure_ascii=i % 2 == 0) for i in range(400)]
    written = trace = 0
    with open(folder + "/observations.jsonl", "w", encoding="utf-8") as obs, \
            open(folder + "/trace_summary.jsonl", "w", encoding="utf-8") as rows:
        while written < size:
            trace_id = "%08x-0000-4000-8000-%012x" % (trace, trace)
            for i in range(100):
                time = "2025-10-04T14:%02d:%02d.%06d+00:00"
                start = time % (i // 60, i % 60, trace % 1000000)
                end = time % (i // 60, i % 60, trace % 1000000 + 1)
                written += obs.write(
                    '{"id":"%s-%d","type":"generation","name":"step %d","start_time":"%s",'
                    '"end_time":"%s","input":%s,"output":%s,"level":"info","metadata":{},'
                    '"trace_id":"%s"}\n' % (trace_id, i, i, start, end, rng.choice(pool),
                                            rng.choice(pool), trace_id))
            rows.write('{"trace_id":"%s","iteration":0,"persona":null,"input":%s,"output":"ok",'
                       '"duration_ms":%.3f,"success":true}\n'
                       % (trace_id, json.dumps(text(rng, 12)), rng.uniform(1, 5000)))
            trace += 1


main()
