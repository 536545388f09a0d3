"""A chat bot behind a WebSocket of FastAPI, for replay.bats. As a program it serves
one real client, records the calls, and prints what the client received."""

import asyncio
import base64
import contextlib
import dataclasses
import datetime
import decimal
import enum
import json
import socket
import sys
import typing

import fluxloop
import uvicorn
import websockets
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel


class Tier(enum.Enum):
    GOLD = "gold"
    BASIC = "basic"


class Attachment(BaseModel):
    name: str
    data: bytes


class Message(BaseModel):
    content: str
    sent_at: datetime.datetime
    attachments: typing.List[Attachment] = []

    def size(self):
        return sum(len(one.data) for one in self.attachments)


@dataclasses.dataclass(frozen=True)
class User:
    name: str
    tier: Tier
    balance: decimal.Decimal
    tags: typing.FrozenSet[str] = frozenset()

    def greeting(self):
        return "Dear " + self.name


class Rooms:
    """What the service keeps: connections and a lock, which are not data."""

    def __init__(self, lobby):
        self.lock = asyncio.Lock()
        self.connections = {"lobby": lobby}
        self.names = ("lobby",)


@fluxloop.prompt("write", model="template")
async def write(message, user):
    assert isinstance(message, Message) and isinstance(user, User)
    return "%s: %s (%s, %d bytes, %s)" % (
        user.greeting(),
        message.content,
        message.sent_at.strftime("%Y"),
        message.size(),
        user.balance + 1,
    )


class Bot:
    async def handle(self, websocket, message: Message, user: User, rooms):
        fluxloop.record_call_args(
            "chatbot:Bot.handle", websocket=websocket, message=message, user=user, rooms=rooms
        )
        assert isinstance(websocket, WebSocket)
        async with rooms.lock:
            await websocket.send_text(await write(message, user))
        await websocket.send_json({"tags": sorted(user.tags), "rooms": len(rooms.names)})


app = FastAPI()
bot = Bot()
user = User("Ada", Tier.GOLD, decimal.Decimal("9.50"), frozenset({"b", "a"}))


@app.websocket("/ws")
async def ws(websocket: WebSocket):
    await websocket.accept()
    rooms = Rooms(websocket)
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            message = Message.parse_obj(await websocket.receive_json())
            await bot.handle(websocket, message, user, rooms)


async def talk(port):
    """Send two messages as a client; print what comes back."""
    headers = {"Authorization": "Bearer a-secret-that-nobody-writes-down"}
    name = "additional_headers" if int(websockets.__version__.split(".")[0]) >= 14 else "extra_headers"
    async with websockets.connect("ws://127.0.0.1:%d/ws" % port, **{name: headers}) as client:
        for text in ("How do I reset my password?", "Where is my order 1042?"):
            data = base64.b64encode(b"\x89PNG").decode()
            message = {"content": text, "sent_at": "2025-01-02T03:04:05+00:00"}
            message["attachments"] = [{"name": "a.png", "data": data}]
            await client.send(json.dumps(message))
            print(json.dumps([await client.recv(), json.loads(await client.recv())]))


async def main():
    fluxloop.configure(record_args=True, recording_file=sys.argv[1])
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, server, "should_exit", True)
        await talk(listener.getsockname()[1])
    await serving


if __name__ == "__main__":
    asyncio.run(main())
