"""Agents of Agent2Agent for service.py, in each binding and version.

They answer as @a2a-js/sdk 0.2.5, 0.3.14 and 1.3.0 did, and are as strict: anything
that does not belong to the binding and the version is an error.

  /agents/BINDING/VERSION     an agent, below which its card is; "none" has no
                              card, and speaks HTTP+JSON
  /rpc/VERSION                an agent whose card is at the root of the host
  /above/BINDING/VERSION      an agent whose card is below /above/BINDING
  /card/JSON.json             that card; URL in it is the server's own
"""
import json
from urllib.parse import unquote

polls = {}
STATES = {"ask": "input-required", "auth": "auth-required", "reject": "rejected",
          "cancel": "canceled", "fail": "failed"}


class Wrong(Exception):
    pass


class Speech:
    """The spelling of messages in a binding and a version."""

    def __init__(self, binding, version):
        self.rpc = binding == "JSONRPC"
        self.old = version == "0.3"
        self.kinds = self.rpc and self.old
        self.proto = self.old and not self.rpc

    def state(self, name):
        if self.kinds:
            return name
        name = name.replace("canceled", "cancelled") if self.proto else name
        return "TASK_STATE_" + name.upper().replace("-", "_")

    def part(self, kind, value):
        if self.kinds:
            return {"kind": kind, kind: value}
        if kind == "data" and self.proto:
            return {"data": {"data": value}}
        if kind == "file":
            return {"file": {"fileWithBytes": value["bytes"]}} if self.proto else {"raw": value["bytes"]}
        return {kind: value}

    def message(self, text, role="agent"):
        return {**({"kind": "message"} if self.kinds else {}), "messageId": "m",
                "role": role if self.kinds else "ROLE_" + role.upper(),
                "content" if self.proto else "parts": [self.part("text", text)]}

    def status(self, name, text=None):
        return {"state": self.state(name), **({"message": self.message(text)} if text else {})}

    def wrap(self, name, kind, value):
        return {"kind": kind, **value} if self.kinds else {name: value}

    def artifact(self, id, parts):
        return {"artifactId": id, "parts": [self.part(*p) for p in parts]}

    def artifact_event(self, id, parts, append=False):
        return self.wrap("artifactUpdate", "artifact-update", {
            "taskId": "t/1", "contextId": "c", "append": append, "lastChunk": True,
            "artifact": self.artifact(id, parts)})

    def status_event(self, status):
        return self.wrap("statusUpdate", "status-update", {
            "taskId": "t/1", "contextId": "c", "status": status,
            **({"final": "WORKING" not in status["state"].upper()} if self.old else {})})

    def task(self, status, artifacts=(), history=("agent", "found it")):
        return {**({"kind": "task"} if self.kinds else {}), "id": "t/1", "contextId": "c",
                "status": status, "artifacts": list(artifacts),
                "history": [self.message("what was asked", "user"), self.message(history[1], history[0])]}

    def said(self, message):
        """The text of a message's first part, which must have this spelling."""
        ours = self.message("x", "user")
        for key in ours.keys() - {"messageId", "content", "parts"}:
            if message.get(key) != ours[key]:
                raise Wrong(f"message.{key} is {message.get(key)!r}")
        part = message["content" if self.proto else "parts"][0]
        for kind in ("text", "data"):
            if kind in part:
                value = part[kind]["data"] if self.proto and kind == "data" else part[kind]
                if part != self.part(kind, value):
                    raise Wrong(f"the part is {part}")
                return value if kind == "text" else "{" + ",".join(value) + "}"
        raise Wrong(f"the part is {part}")


def artifacts_of(verb):
    """Artifacts as (id, parts, append) in the order of a stream."""
    return {
        "chunks": [("a", [("text", "Hel")], False), ("a", [("text", "lo")], True),
                   ("b", [("text", "second")], False)],
        "again": [("a", [("text", "first")], False), ("a", [("text", "better")], False)],
        "data": [("a", [("data", {"n": 1})], False)],
        "files": [("a", [("file", {"bytes": "aGk="}), ("data", {"n": 2})], False)],
        "{q}": [("a", [("text", "of data")], False)],
    }.get(verb, [("a", [("text", "an artifact")], False)])


def joined(s, verb):
    out = {}
    for id, parts, append in artifacts_of(verb):
        out[id] = (out.get(id, []) if append else []) + parts
    return [s.artifact(id, parts) for id, parts in out.items()]


def whole(s, verb):
    """The reply to a message."""
    if verb == "message":
        return s.message("a message") if s.kinds else {"message": s.message("a message")}
    if verb in STATES:
        task = s.task(s.status(STATES[verb], "which order?"))
    elif verb == "task":
        task = s.task(s.status("working"))
    elif verb == "status":
        task = s.task(s.status("completed", "by status"))
    elif verb in ("history", "nothing"):
        task = s.task(s.status("completed"), history=("user" if verb == "nothing" else "agent", "found it"))
    else:
        task = s.task(s.status("completed"), joined(s, verb))
    return task if s.kinds else {"task": task}


def events(s, verb):
    """The events of a stream."""
    if verb == "message":
        return [whole(s, verb)]
    first = s.task(s.status("submitted"), history=("user", "x"))
    out = [first if s.kinds else {"task": first}, s.status_event(s.status("working", "thinking"))]
    if verb in STATES:
        return out + [s.status_event(s.status(STATES[verb], "which order?"))]
    if verb == "task":      # the stream ends before the task
        return out
    if verb == "nothing":
        return [out[0], s.status_event(s.status("completed"))]
    if verb == "status":
        return out + [s.status_event(s.status("completed", "by status"))]
    if verb == "history":
        return out + [s.status_event(s.status("working", "found it")), s.status_event(s.status("completed"))]
    return out + [s.artifact_event(*a) for a in artifacts_of(verb)] + [s.status_event(s.status("completed"))]


def polled(s, id):
    if unquote(id) != "t/1":
        raise Wrong(f"there is no task {id}")
    polls[id] = polls.get(id, 0) + 1
    # in HTTP+JSON of 1.0 only the second request finds it completed
    done = s.rpc or s.old or polls[id] % 2 == 0
    return s.task(s.status("completed" if done else "working"), joined(s, "") if done else [])


def reply(s, path, headers, body):
    """The name of the operation, and the result: one value, or a list of events."""
    if headers.get("a2a-version") != ("0.3" if s.old else "1.0"):
        raise Wrong(f"A2A-Version is {headers.get('a2a-version')}")
    if s.rpc:
        names = ["message/send", "message/stream", "tasks/get"] if s.old else [
            "SendMessage", "SendStreamingMessage", "GetTask"]
        if path or body["jsonrpc"] != "2.0" or body["method"] not in names:
            raise Wrong("Method not found")
        what, body = names.index(body["method"]), body["params"]
        if what == 2:
            return polled(s, body["id"])
    else:
        start = "/v1" if s.old else ""
        path = path.removeprefix("/a%2Fb")      # a tenant
        if path.startswith(start + "/tasks/"):
            return polled(s, path.rpartition("/")[2])
        what = [start + "/message:send", start + "/message:stream"].index(path)
    verb = s.said(body["message"])
    if verb == "throw":
        raise Wrong("the agent broke")
    return events(s, verb) if what else whole(s, verb)


def card(binding, version, url):
    if version == "1.0":
        return {"name": "a", "supportedInterfaces": [
            {"url": "grpc.invalid:443", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
            {"url": url, "protocolBinding": binding, "protocolVersion": "1.0", "tenant": ""}],
            "capabilities": {"streaming": True}}
    if binding == "JSONRPC":
        return {"name": "a", "url": url, "protocolVersion": "0.3.0"}
    return {"name": "a", "url": url + "/grpc", "preferredTransport": "GRPC", "protocolVersion": "0.3.0",
            "additionalInterfaces": [{"url": url, "transport": binding}]}


def find_card(path, base):
    if path.startswith("/card/"):
        return json.loads(unquote(path[6:-5]).replace("URL", base))
    where, _, file = path.partition("/.well-known/")
    names = where.split("/")[1:]
    if file == "agent-card.json" and not names:
        return {"supportedInterfaces": [{"url": f"{base}/rpc/{v}", "protocolBinding": "JSONRPC",
                "protocolVersion": v} for v in ("0.3", "1.0")]}
    if file == "agent-card.json" and names[0] == "above" and len(names) == 2:
        return card(names[1], "1.0", f"{base}{where}/1.0")
    if names[:1] != ["agents"] or len(names) != 3 or names[1] == "none" or file != (
            "agent-card.json" if names[2] == "1.0" else "agent.json"):
        return None
    # 0.0.0.0: as agents in containers have in their cards
    return card(names[1], names[2], base.replace("localhost", "0.0.0.0") + where)


def answer(path, headers, body):
    """The status for a path, and JSON or a list of events."""
    names = path.split("/")[1:]
    if "/.well-known/" in path or names[0] == "card":
        found = find_card(path, "http://" + headers["host"].replace("127.0.0.1", "localhost"))
        return (200, found) if found is not None else (404, {"error": "no such path"})
    if names[0] == "rpc":
        names.insert(1, "JSONRPC")
    if names[2] not in ("0.3", "1.0"):
        return 404, {"error": "no such path"}
    s = Speech(names[1], names[2])
    try:
        r = reply(s, "".join("/" + n for n in names[3:]), headers, body)
    except (Wrong, KeyError, ValueError) as e:
        error = {"code": -32603, "message": str(e), "data": {"why": "wrong"}}
        return (200, {"jsonrpc": "2.0", "id": 1, "error": error}) if s.rpc else (400, error)
    if not s.rpc:
        return 200, r
    box = [{"jsonrpc": "2.0", "id": body["id"], "result": v} for v in (r if isinstance(r, list) else [r])]
    return 200, box if isinstance(r, list) else box[0]
