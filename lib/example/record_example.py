"""Call the handler as a server would, and record the calls:
PYTHONPATH="$(fluxloop --python-path)" python3 record_example.py"""

import asyncio

import fluxloop
from app.handler import MessageHandler, UserConnection

fluxloop.configure(record_args=True, recording_file="./recordings/args.jsonl")


async def send(message):
    print("agent:", message)


async def error(message):
    print("error:", message)


async def main():
    handler = MessageHandler()
    user = UserConnection(user_id="u-7", name="Ada", plan="premium")
    for question in ("How do I reset my password?", "Where is my order 1042?"):
        print("user: ", question)
        data = {"content": question, "conversation_id": "c-1"}
        await handler.handle_message("conn-1", data, user, send, error)


asyncio.run(main())
