"""An agent behind aiohttp with a client session made in its constructor, for
replay.bats. As a program it serves a model until its input ends, or, with a
file, one real client of the agent, and records the calls."""

import asyncio
import dataclasses
import datetime
import os
import sys

import aiohttp
import fluxloop
from aiohttp import web


@dataclasses.dataclass
class Question:
    text: str
    asked: datetime.date
    history: list = dataclasses.field(default_factory=list)


class Agent:
    def __init__(self, model=None):
        self.model = model or os.environ["MODEL_URL"]
        self.session = aiohttp.ClientSession()
        self.one_at_a_time = asyncio.Lock()

    async def answer(self, request, question, api_key):
        fluxloop.record_call_args(
            "shop:Agent.answer", request=request, question=question, api_key=api_key
        )
        headers = {"Authorization": "Bearer " + api_key}
        async with self.one_at_a_time:
            body = {"text": question.text, "year": question.asked.year}
            async with self.session.post(self.model, json=body, headers=headers) as response:
                return (await response.json())["answer"]

    async def aclose(self):
        await self.session.close()
        print("closed")


async def make(**kwargs):
    await asyncio.sleep(0)
    return Agent(**kwargs)


async def serve_model(request):
    body = await request.json()
    key = request.headers["Authorization"]
    return web.json_response({"answer": "%s, %s, %s" % (body["text"], body["year"], key)})


async def start(path, handler):
    """Start a server; return it, to be stopped, and its URL."""
    app = web.Application()
    app.router.add_post(path, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, "http://127.0.0.1:%d%s" % (runner.addresses[0][1], path)


async def record(file):
    model, url = await start("/model", serve_model)
    agent = Agent(url)

    async def chat(request):
        question = Question((await request.json())["text"], datetime.date(2025, 1, 2))
        return web.json_response(await agent.answer(request, question, "key-of-then"))

    server, url = await start("/chat", chat)
    fluxloop.configure(record_args=True, recording_file=file)
    async with aiohttp.ClientSession() as client:
        async with client.post(url, json={"text": "Where is my order 1042?"}) as response:
            print(await response.json())
    await agent.aclose()
    await server.cleanup()
    await model.cleanup()


async def main():
    if len(sys.argv) > 1:
        return await record(sys.argv[1])
    runner, url = await start("/model", serve_model)
    print(url, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
