"""make-lines.py KIND MEGABYTES: write about MEGABYTES of JSONL to stdout, always the
same for the same arguments. KIND is one of

  text      messages of agents: long English strings with few escapes
  japanese  messages in Japanese, in UTF-8
  escaped   messages in Japanese, with \\uXXXX for each character outside ASCII
  mixed     English messages and a few escaped ones: \\uXXXX makes up a quarter of
            the bytes
  dense     numbers, brackets and short words
  records   log lines of about 150 bytes"""

import json
import random
import sys

ENGLISH = """the agent looked into the order and found that it had been sent on Tuesday so
it told the customer that the parcel would be there by Friday and asked whether anything else
was wanted because a refund takes up to five days once the goods are back in our warehouse and
nobody should have to wait for longer than that without hearing from us first""".split()
JAPANESE = """ご注文の商品は 火曜日に 発送されました。 お届けは 金曜日の 予定です。 返金には 最大で 五日ほど かかります。
ほかに 何か お手伝い できることは ありますか。 パスワードの 再設定は ログイン画面から お願いいたします。 住所の 変更も
承っております。 少々 お待ちください。 カタログ 第3版 を ご覧ください""".split()


class Maker:
    def __init__(self, kind):
        self.rng = random.Random(kind)
        # Japanese sentences
        self.share = {"japanese": 1, "escaped": 1, "mixed": 0.1}.get(kind, 0)

    def prose(self, words):
        r = self.rng
        if self.share and (self.share == 1 or r.random() < self.share):
            return "".join(r.choice(JAPANESE) for _ in range(words))
        text = " ".join(r.choice(ENGLISH) for _ in range(words))
        # a line break or a quotation mark every few hundred characters
        return text.capitalize().replace(" nobody ", '\n\n"Nobody" ') + "."

    def messages(self):
        r = self.rng
        messages = []
        for i in range(r.randrange(2, 7)):
            messages.append({"type": ("human", "ai")[i % 2], "content": self.prose(
                r.choice([20, 60, 200, 500])), "additional_kwargs": {}, "id": "run-%08x" %
                r.getrandbits(32)})
        return {"id": "%032x" % r.getrandbits(128), "trace_id": "%032x" % r.getrandbits(128),
                "type": "generation", "name": "ChatModel",
                "start_time": "2025-10-04T14:09:02.458196+00:00",
                "input": {"messages": messages},
                "output": {"generations": [[{"text": self.prose(300), "type": "ChatGeneration"}]]},
                "metadata": {"ls_provider": "local", "ls_temperature": 0.2},
                "prompt_tokens": r.randrange(4000), "completion_tokens": r.randrange(900)}

    text = japanese = escaped = mixed = messages

    def dense(self):
        r = self.rng
        return {"id": r.getrandbits(40), "ok": True, "box": [[r.randrange(640), r.randrange(480)]
                                                             for _ in range(40)],
                "embedding": [round(r.uniform(-1, 1), 6) for _ in range(200)],
                "tree": [[[], [r.randrange(10)], {"a": None}] for _ in range(40)],
                "odds": [r.choice([0, -1, 1e-7, 2.5e300, False, None]) for _ in range(60)]}

    def records(self):
        r = self.rng
        return {"ts": 1759586942 + r.random(), "level": r.choice(["info", "warning", "debug"]),
                "logger": "app.handler", "msg": self.prose(r.randrange(4, 10)),
                "request": r.getrandbits(32), "ms": round(r.uniform(0, 900), 2)}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in (
            "text", "japanese", "escaped", "mixed", "dense", "records"):
        sys.exit(__doc__)
    kind, size = sys.argv[1], int(sys.argv[2]) * 1_000_000
    maker = Maker(kind)
    pool, pooled = [], 0
    # a megabyte of different lines, repeated in random order
    while pooled < 1_000_000:
        line = json.dumps(getattr(maker, kind)(), ensure_ascii=kind in ("escaped", "mixed"),
                          separators=(",", ":")).encode() + b"\n"
        pool.append(line)
        pooled += len(line)
    written = 0
    while written < size:
        written += sys.stdout.buffer.write(maker.rng.choice(pool))


main()
