"""service.py FILE [LOG [ADDRESS]]: a service that behaves well or badly.

Listens on ADDRESS, by default on loopback. Writes its URL to FILE, and each request
to LOG as a line of JSON. The path of a request decides on the reply.
"""
import asyncio
import gzip
import json
import os
import sys
from urllib.parse import unquote

import a2a

log = open(sys.argv[2] if len(sys.argv) > 2 else "/dev/null", "a", buffering=1)
address = sys.argv[3] if len(sys.argv) > 3 else "127.0.0.1"
seen = {}
read = asyncio.Event()      # the client has read the first event of a stream
waiting = []
connections = 0


def head(status, headers, length=None):
    lines = [f"HTTP/1.1 {status} X"] + [f"{k}: {v}" for k, v in headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def reply(body, status=200, kind="application/json", headers=()):
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
    return head(status, [("Content-Type", kind), *headers], len(body)) + body


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def sse(events, end="\n", finish=b"0\r\n\r\n", kind="text/event-stream"):
    data = "".join(e + end + end for e in events).encode()
    return head(200, [("Content-Type", kind), ("Transfer-Encoding", "chunked")]) + chunk(data) + finish


def deltas(*words, done=True, finish="stop"):
    out = ["data: " + json.dumps({"id": "c", "model": "m-1", "choices": [
        {"index": 0, "delta": {"content": w}, "finish_reason": None}]}) for w in words]
    if finish:
        out.append("data: " + json.dumps({"model": "m-1", "choices": [
            {"index": 0, "delta": {}, "finish_reason": finish}]}))
        out.append("data: " + json.dumps({"model": "m-1", "choices": [], "usage": {
            "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}))
    return out + (["data: [DONE]"] if done else [])


def text_of(body):
    if isinstance(body, dict):
        for key in ("input", "message", "text", "prompt"):
            if isinstance(body.get(key), str):
                return body[key]
        if body.get("messages"):
            return body["messages"][-1]["content"]
    return json.dumps(body)


def chat(body):
    message = {"role": "assistant", "content": "chat: " + text_of(body)}
    if "tool" in text_of(body):
        message = {"role": "assistant", "content": None, "tool_calls": [{
            "id": "t1", "type": "function",
            "function": {"name": "order", "arguments": '{"number": "7"}'}}]}
    return {"id": "c", "model": "m-1", "choices": [{
        "index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}


def responses(body):
    return {"id": "r", "object": "response", "model": "m-1", "status": "completed", "output": [
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": "resp: " + text_of(body)}]},
        {"type": "function_call", "call_id": "f1", "name": "order", "arguments": "{}"}],
        "usage": {"input_tokens": 4, "output_tokens": 1, "total_tokens": 5}}


def count(path):
    seen[path] = seen.get(path, 0) + 1
    return seen[path]


class Close(Exception):
    pass


async def answer(path, body, write):
    """Sends the answer for a path; Close ends the connection."""
    where, _, more = path.partition("?")
    more = unquote(more)
    name = where.split("/")[1]
    if name in ("cr", "crlf", "nodone", "cut", "torn", "open", "nochoices", "reported", "said"):
        pass
    elif where.endswith("/chat/completions"):
        if body.get("stream"):
            if "slow" in text_of(body):
                write(head(200, [("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")]))
                for e in deltas("one ", "two"):
                    write(chunk((e + "\n\n").encode()))
                    await read.wait()
                read.clear()
                return write(b"0\r\n\r\n")
            return write(sse(deltas("chat: ", text_of(body))))
        return write(reply(chat(body)))
    elif where.endswith("/responses"):
        if body.get("stream"):
            return write(sse([f"event: {d['type']}\ndata: " + json.dumps(d) for d in (
                {"type": "response.output_text.delta", "delta": "resp: "},
                {"type": "response.output_text.delta", "delta": text_of(body)},
                {"type": "response.completed", "response": responses(body)})]))
        return write(reply(responses(body)))
    if name in ("agents", "above", "rpc", "card", ".well-known"):
        status, said = a2a.answer(where, seen["headers"], body)
        if isinstance(said, list):
            return write(sse(["data: " + json.dumps(e) for e in said]))
        return write(reply(said, status))
    if name == "read":
        read.set()
        return write(reply({}))
    if name == "echo":
        return write(reply({"answer": text_of(body), "got": body}))
    if name == "mirror":
        return write(reply({"answer": " ".join(seen["headers"].values())}))
    if name == "plain":
        return write(reply("just text", kind="text/plain"))
    if name == "status":
        return write(reply("order table missing", int(more), kind="text/plain"))
    if name == "429":     # twice, then an answer
        if count(path) <= 2:
            return write(reply({"error": "slow down"}, 429, headers=[("Retry-After", "1")]))
        return write(reply({"answer": "at last"}))
    if name == "always429":
        return write(reply({"error": "slow down"}, 429, headers=[("retry-after-ms", "20")]))
    if name == "long429":
        return write(reply({"error": "slow down"}, 429, headers=[("Retry-After", "3600")]))
    if name == "middle":
        write(head(200, [("Content-Type", "application/json")], 1000) + b'{"answer": "ha')
        raise Close
    if name == "chunk":
        write(head(200, [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]) +
              b'400\r\n{"answer": "ha')
        raise Close
    if name == "slow":
        write(head(200, [("Content-Type", "application/json")], 1000))
        for _ in range(1000):
            write(b" ")
            await asyncio.sleep(1)
    if name == "silent":
        await asyncio.sleep(100)
    if name == "bomb":
        data = gzip.compress(b'{"answer": "' + bytes(30_000_000), 1)
        return write(reply(data, headers=[("Content-Encoding", "gzip")]))
    if name == "gzip":
        return write(reply(gzip.compress(b'{"answer": "small"}'), headers=[("Content-Encoding", "gzip")]))
    if name == "notgzip":
        return write(reply(b'{"answer": "small"}', headers=[("Content-Encoding", "gzip")]))
    if name == "headers":
        return write(reply({"answer": 1}, headers=[(f"X-{i}", "y" * 1000) for i in range(1000)]))
    if name == "header":
        return write(reply({"answer": 1}, headers=[("X-Big", "y" * 1_000_000)]))
    if name == "nolength":
        write(head(200, [("Content-Type", "application/json")]) + b'{"answer": "until the end"}')
        raise Close
    if name == "utf8":
        return write(reply(b'{"answer": "\xff\xfe"}'))
    if name == "html":
        return write(reply("<html>Please log in</html>", kind="text/html"))
    if name == "garbage":
        write(b"this is not HTTP\r\n\r\n")
        raise Close
    if name == "headless":
        write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        raise Close
    if name == "empty":
        raise Close
    if name == "loop":
        return write(head(302, [("Location", "/loop")], 0))
    if name == "moved":
        return write(head(307, [("Location", "/echo")], 0))
    if name == "elsewhere":
        return write(head(307, [("Location", more)], 0))
    if name == "nochoices":
        return write(reply({"object": "chat.completion", "choices": []}))
    if name == "reported":
        return write(reply({"error": {"message": "the model is overloaded", "type": "overloaded"}}))
    if name == "said":
        return write(reply({"error": "no such model"}))
    if name == "cr":
        return write(sse(deltas("a", "b\u00e9"), end="\r"))
    if name == "crlf":
        return write(sse(["\ufeffevent: x\r\n: comment\r\n" + deltas("a")[0], *deltas("b")], end="\r\n"))
    if name == "nodone":
        return write(sse(deltas("a", "b", done=False)))
    if name == "cut":
        return write(sse(deltas("a", "b", done=False, finish=None)))
    if name == "torn":
        write(sse(deltas("a", "b", done=False, finish=None), finish=b""))
        raise Close
    if name == "open":      # ends the stream, but not the connection
        write(sse(deltas("a", "b"), finish=b""))
        await asyncio.sleep(100)
    if name == "big":
        return write(sse(['data: {"text": "' + "x" * 50_000_000 + '"}']))
    if name == "errorevent":
        return write(sse(['data: {"text": "a"}', 'event: error\ndata: {"error": {"message": "overloaded"}}']))
    if name == "typed":
        return write(sse(['event: ping\ndata: {"text": "no"}',
                          'event: content_block_delta\ndata: {"delta": {"text": "yes"}}']))
    if name == "lines":
        return write(reply('{"message":{"content":"a "}}\n\n{"message":{"content":"b"}}\n{"done":true}\n',
                           kind="application/x-ndjson"))
    if name == "together":      # answers when N requests have come
        waiting.append(asyncio.get_running_loop().create_future())
        if len(waiting) == int(more):
            for future in waiting:
                future.set_result(None)
            waiting.clear()
            return write(reply({"answer": "together"}))
        await waiting[-1]
        return write(reply({"answer": "together"}))
    if name == "gone":          # the server ends
        write(reply({"answer": "bye"}))
        os._exit(0)
    if name == "words":
        return write(sse(["data: one ", "data: two", "data: [DONE]"]))
    write(reply({"error": "no such path"}, 404))


async def read_request(reader, connection):
    line = await reader.readline()
    if not line.strip():
        return None
    method, path, _ = line.decode().split()
    headers = {}
    while (line := (await reader.readline()).decode("latin-1").rstrip("\r\n")):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    data = b""
    if headers.get("transfer-encoding") == "chunked":
        while (n := int(await reader.readline(), 16)):
            data += (await reader.readexactly(n + 2))[:-2]
        await reader.readline()
    data += await reader.readexactly(int(headers.get("content-length", 0)))
    try:
        body = json.loads(data) if data else None
    except ValueError:
        body = data.decode()
    seen["headers"] = headers
    log.write(json.dumps({"connection": connection, "method": method, "path": path,
                          "headers": headers, "body": body}) + "\n")
    return path, body


async def serve(reader, writer):
    global connections
    connections += 1
    try:
        me = connections
        while (request := await read_request(reader, me)):
            await answer(*request, writer.write)
            await writer.drain()
    except (Close, OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, address, 0, limit=1 << 27)
    port = server.sockets[0].getsockname()[1]
    host = f"[{address}]" if ":" in address else address
    with open(sys.argv[1] + ".new", "w") as f:
        f.write(f"http://{host}:{port}\n")
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    await server.serve_forever()

asyncio.run(main())
