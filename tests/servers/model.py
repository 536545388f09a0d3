"""A server of a model on loopback, for tests: model.py FILE [key=value ...]

Writes its base URL to FILE once it listens. Answers chat requests of OpenAI's and
Anthropic's API by the last message: "say X" with X, a judge's prompt with a
verdict, any other text with itself. A message may also be a command:

  fail STATUS N [HEADER: VALUE]   the first N requests of this text get STATUS
  slow SECONDS                    the answer comes later
  wait FILE                       the answer comes when there is such a file
  bad KIND                        one of the replies of bad() below

/log is the number of requests, /log?X of those whose text begins with X, and
/last the last request with its headers.
"""
import collections
import gzip
import http.server
import json
import os
import re
import socket
import sys
import threading
import time
import zlib

TOKENS = (11, 5)
counts = collections.Counter()
lock = threading.Lock()
last = {}
KEY = os.environ.get("SERVER_KEY")


def openai(model, text):
    # reasoning without an end was cut off
    cut = text.count("<think>") > text.count("</think>")
    return {"id": "r", "object": "chat.completion", "model": model, "choices": [
        {"index": 0, "finish_reason": "length" if cut else "stop",
         "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1],
                  "total_tokens": sum(TOKENS)}}


def anthropic(asked, text):
    content = [{"type": "text", "text": text}]
    reason = "end_turn"
    usage = {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]}
    if asked.get("tools"):
        content = [{"type": "tool_use", "id": "t", "name": asked["tools"][0]["name"],
                    "input": {"said": text}}]
        reason = "tool_use"
    if isinstance(asked.get("system"), str) and "cached" in asked["system"]:
        usage.update(cache_creation_input_tokens=100, cache_read_input_tokens=2000)
    return {"type": "message", "role": "assistant", "model": asked["model"],
            "content": content, "stop_reason": reason, "usage": usage}


def verdict(output, count):
    """A judge's verdict on an output: the one that it names, or whether it is good."""
    for word, said in (("fenced", '```json\n{"pass": true, "score": 1, "reason": "f"}\n```'),
                       ("thinks", '<think>{"pass": false}, 1 of 10</think>{"pass": true}'),
                       ("cut", '<think>{"pass": false, "score": 0}'),
                       ("prose", "I like it."),
                       ("moody", json.dumps({"pass": count % 3 != 0, "score": 0.5}))):
        if word in output:
            return said
    good = "good" in output
    return json.dumps({"reason": "it is good" if good else "it is not good",
                       "pass": good, "score": 0.9 if good else 0.1})


def rewritten(prompt, again):
    """The reply to a prompt of fl-generate, wrapped as models do, or a bad one."""
    def field(name):
        return prompt.partition(f"**{name}:** ")[2].partition("\n")[0]
    text = f"{field('Base Input')} I mean it, said {zlib.crc32(prompt.encode()) % 99991}"
    kind = zlib.crc32(prompt.encode()) // 99991 % 8
    if again:
        return f"Well then: {text} {zlib.crc32(again.encode()) % 99991} times or so"
    return (text, f'"{text}"', f"Sure! Here is the message:\n\n{text}",
            f"<think>hm</think>\n{text}", f"```\n{text}\n```",
            "I'm sorry, but I can't help with that.",
            "Ich warte noch immer auf meine Bestellung und das ist nicht schön.",
            field("Base Input"))[kind]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def reply(self, status, body, headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        if not any(h.lower().startswith("content-type") for h in headers):
            lines.append("Content-Type: application/json")
        head = "\r\n".join(lines + list(headers)) + "\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def do_GET(self):
        path, _, start = self.path.partition("?")
        with lock:
            answer = {"/log": sum(n for text, n in counts.items() if text.startswith(start)),
                      "/last": dict(last)}.get(path)
        self.reply(404 if answer is None else 200, answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = json.loads(body)
        text = asked["messages"][-1]["content"]
        if self.path == "/elsewhere":
            text = "found"
        with lock:
            counts[text] += 1
            count = counts[text]
            last.clear()
            last.update(path=self.path, headers=dict(self.headers), body=asked)
        if KEY and KEY not in (self.headers.get("Authorization", "")[7:],
                               self.headers.get("x-api-key")):
            self.reply(401, {"error": {"message": "wrong key " + self.headers.get(
                "Authorization", "")}})
            return
        self.answer(asked, text, count)

    def answer(self, asked, text, count):
        words = text.split()
        if words[:1] == ["fail"] and count <= int(words[2]):
            header = text.partition(words[2])[2].strip()
            self.reply(int(words[1]), {"error": {"message": f"failed {count}"}},
                       [header] if header else [])
            return
        if words[:1] == ["bad"]:
            self.bad(words[1])
            return
        if words[:1] == ["slow"]:
            time.sleep(float(words[1]))
        while words[:1] == ["wait"] and not os.path.exists(words[1]):
            time.sleep(0.01)
        said = text[4:] if text.startswith("say ") else text
        first = next((m["content"] for m in asked["messages"] if m["role"] == "user"), "")
        if "**Base Input:**" in first:
            said = rewritten(first, text if text != first else "")
        outputs = re.findall(r"<output_(\d+)>\n(.*?)\n</output_\d+>", text, re.S)
        if outputs:
            best = [int(n) for n, output in outputs if "good" in output]
            said = json.dumps({"reason": "it is good", "best": best[0]}) if best else "none"
        if "<output>" in text:
            said = verdict(text.partition("<output>\n")[2].partition("\n</output>")[0], count)
        if self.path.endswith("/messages"):
            self.reply(200, anthropic(asked, said))
        else:
            self.reply(200, openai(asked["model"], said))

    def bad(self, kind):
        whole = json.dumps(openai("m", "x")).encode()
        if kind == "close":
            self.close_connection = True
        elif kind == "middle":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + whole[:40])
            self.close_connection = True
        elif kind == "chunk":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{\"cho")
            self.close_connection = True
        elif kind == "trickle":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            for byte in whole:
                self.wfile.write(bytes([byte]))
                time.sleep(1)
        elif kind == "nolength":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + whole)
            self.close_connection = True
        elif kind == "bomb":
            self.reply(200, gzip.compress(b" " * (100 << 20), 1), ["Content-Encoding: gzip"])
        elif kind == "gzip":
            self.reply(200, gzip.compress(whole), ["Content-Encoding: gzip"])
        elif kind == "notgzip":
            self.reply(200, whole, ["Content-Encoding: gzip"])
        elif kind == "header":
            self.reply(200, whole, ["X-Long: " + "a" * (1 << 20)])
        elif kind == "headers":
            self.reply(200, whole, [f"X-{i}: " + "a" * 1000 for i in range(1000)])
        elif kind == "status":
            self.reply(999, b"odd")
        elif kind == "utf8":
            self.reply(200, whole.replace(b'"x"', b'"caf\xe9 \xff"'))
        elif kind == "lone":
            self.reply(200, whole.replace(b'"x"', b'"a\\ud800b"'))
        elif kind == "html":
            self.reply(200, b"<!doctype html>\n<title>Sign in</title>", ["Content-Type: text/html"])
        elif kind == "empty":
            self.reply(200, b"")
        elif kind == "headless":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Leng")
            self.close_connection = True
        elif kind == "halfstatus":
            self.wfile.write(b"HTTP/1.1 2")
            self.close_connection = True
        elif kind == "bom":
            self.reply(200, b"\xef\xbb\xbf" + whole)
        elif kind in ("number", "boolean", "object"):
            content = {"number": b"42", "boolean": b"true", "object": b'{"a":1}'}[kind]
            self.reply(200, whole.replace(b'"x"', content))
        elif kind == "choices":
            self.reply(200, {"object": "chat.completion", "usage": None})
        elif kind == "nochoice":
            self.reply(200, {"choices": []})
        elif kind == "hidden":
            self.reply(200, {"error": {"code": 402, "message": "pay first"}})
        elif kind == "quota":
            self.reply(429, {"error": {"code": "insufficient_quota", "message": "no money left"}})
        elif kind == "loop":
            self.reply(307, b"", ["Location: " + self.path])
        elif kind == "other":
            port = self.server.server_address[1]
            self.reply(307, b"", [f"Location: http://localhost:{port}/elsewhere"])
        elif kind == "moved":
            self.reply(301, b"", ["Location: https://model.example/v1/chat/completions"])
        elif kind == "nohttp":
            self.wfile.write(b"hello\r\n")
            self.close_connection = True
        elif kind == "parts":
            self.reply(200, {"choices": [{"message": {"content": [
                {"type": "text", "text": "one "}, {"type": "image"},
                {"type": "text", "text": "two"}]}}]})
        elif kind == "tool":
            self.reply(200, {"choices": [{"finish_reason": "tool_calls", "message": {
                "content": None, "tool_calls": [{"id": "c", "function": {"name": "f"}}]}}]})
        elif kind == "null":
            self.reply(200, {"choices": [{"message": {"content": None}}]})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass


def main(argv):
    server = Server(("127.0.0.1", 0), Handler)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with open(argv[1] + ".new", "w", encoding="ascii") as f:
        f.write(f"http://127.0.0.1:{server.server_address[1]}/v1")
    os.rename(argv[1] + ".new", argv[1])
    server.serve_forever()


main(sys.argv)
