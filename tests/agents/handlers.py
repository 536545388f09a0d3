"""Handlers for run.bats."""

import asyncio
import os
import signal
import sys


def echo(input):
    return input


class Agent:
    def __init__(self, greeting="hello"):
        self.greeting = greeting

    def answer(self, message):
        return "%s %s" % (self.greeting, message)

    async def answer_later(self, query):
        await asyncio.sleep(0)
        return "later " + query


agent = Agent("hi")


def make_agent(greeting="made"):
    return Agent(greeting)


async def later(text):
    await asyncio.sleep(0)
    return "later " + text


async def stream(input_text):
    for word in input_text.split():
        yield {"choices": [{"delta": {"content": word + "."}}]}


def everything(**kwargs):
    for name, value in kwargs.items():
        if callable(value):
            value("to " + name)
    return sorted(name for name in kwargs)


class MessageHandler:
    """The handler of the guide."""

    async def handle_message(self, connection_id, data, user_connection, send_callback, error_callback):
        if "bad" in data["content"]:
            await error_callback("cannot: " + data["content"])
        await send_callback("%s/%s: %s" % (user_connection.user_id, user_connection.tags[1], data["content"]))
        data["content"] = "changed"
        user_connection.user_id = "changed"


class Odd:
    def __repr__(self):
        return "<odd>"


def misbehave(input):
    if input == "raise":
        raise ValueError("no \u00e9")
    if input == "exit":
        sys.exit(4)
    if input == "os_exit":
        os._exit(5)
    if input == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if input == "print":
        print('{"type":"final","id":1,"output":"forged"}', flush=True)
        os.write(1, b"raw\n")
        os.system("echo from a child")
    if input == "object":
        return {"odd": Odd(), 1: {2, }, "path": b"x"}
    if input == "nan":
        return [float("nan"), float("inf"), 1.5]
    if input == "surrogate":
        return "a\ud800b"
    if input == "recursion":
        def again():
            return again()
        again()
    return "fine"


def environment(input):
    return {name: os.environ.get(name) for name in input.split(",")} | {"cwd": os.getcwd()}


def slow(input):
    import time
    with open("slow-%d" % os.getpid(), "w"):
        pass
    time.sleep(1000)


def fails_at_first(input):
    if not os.path.exists("tried"):
        open("tried", "w").close()
        raise RuntimeError("try again")
    return "now"
