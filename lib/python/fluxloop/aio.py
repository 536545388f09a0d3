"""The bridge's event loop: for async targets, and for awaitables that plain
functions return."""

import asyncio
from contextvars import ContextVar

from . import context as tracing
from .report import log, log_error

# Lines that are read ahead.
READ_AHEAD = 256
# Seconds that cancelled tasks may take to end.
CANCEL_SECONDS = 1.0

_call = ContextVar("fluxloop_call", default=None)


class Loop:
    """One event loop for the life of the process."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.reader = bridge.reader
        self.channel = bridge.channel
        self.loop = _current_loop()
        asyncio.set_event_loop(self.loop)
        self.loop.set_task_factory(_make_task)
        self._limit = 1
        self._done = None
        self._listening = False
        self._polled = True

    def serve(self, concurrency):
        """Run calls, at most `concurrency` at a time, until the input ends."""
        self._limit = concurrency
        self._done = self.loop.create_future()
        self._listen()
        while not self._done.done():
            try:
                self.loop.run_until_complete(self._done)
            except (SystemExit, KeyboardInterrupt) as error:
                # asyncio raises these here, too, besides in the call that awaits
                # the task; they may come from any task.
                if self.bridge.interrupted:
                    raise
                log_error(error)

    def run(self, function):
        """Call a function in the loop; return its result, awaited if it can be."""

        async def main():
            result = function()
            while hasattr(type(result), "__await__"):
                result = await result
            return result

        return self.loop.run_until_complete(asyncio.Task(main(), loop=self.loop))

    def run_briefly(self, function):
        """Call a function as run() does, for at most CANCEL_SECONDS; its result is
        discarded."""

        async def main():
            result = function()
            if hasattr(type(result), "__await__"):
                await asyncio.wait_for(result, CANCEL_SECONDS)

        self.run(main)

    def end(self):
        """Cancel the remaining tasks, such as those that an instance started."""

        async def main():
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=CANCEL_SECONDS)
            await self.loop.shutdown_asyncgens()

        self.run(main)

    def finish(self, call, result):
        """Return the output of a call whose plain function returned `result`, an
        awaitable or an async generator."""
        call.tasks = set()
        _call.set(call)
        task = asyncio.Task(self._complete(call, result), loop=self.loop)
        try:
            return self.loop.run_until_complete(task)
        finally:
            task.cancel()

    def _listen(self):
        """Have the event loop call `_read` when there is input."""
        self._listening = True
        if self._polled:
            try:
                self.loop.add_reader(self.reader.descriptor, self._read)
                return
            except OSError:  # a regular file cannot be polled, and never blocks
                self._polled = False
        self.loop.call_soon(self._read)

    def _read(self):
        self.reader.fill()
        if not self._polled:
            self._listening = False
        elif self.reader.ended or len(self.reader.ready) > READ_AHEAD:
            self.loop.remove_reader(self.reader.descriptor)
            self._listening = False
        self._pump()

    def _pump(self):
        """Start calls up to the limit, and flush the output."""
        ready, running = self.reader.ready, self.bridge.running
        while ready and len(running) < self._limit and not self.bridge.interrupted:
            call = self.bridge.open(ready.popleft())
            if call:
                self._start(call)
        self.channel.flush()
        over = self.reader.ended and not ready or self.bridge.interrupted or self.channel.broken
        if over and (not running or self.channel.broken):
            if not self._done.done():
                self._done.set_result(None)
        elif not self._listening and not self.reader.ended and len(ready) <= READ_AHEAD // 2:
            self._listen()

    def _start(self, call):
        call.tasks = set()
        # The task copies the current context when it is made.
        tracing.scope.set((call, None))
        _call.set(call)
        task = asyncio.Task(self._run(call), loop=self.loop)
        tracing.scope.set(None)
        _call.set(None)
        call.task = task  # the event loop itself keeps only a weak reference

    async def _run(self, call):
        bridge = self.bridge
        try:
            args, kwargs = bridge.handler.arguments(call)
            result = bridge.handler.function(*args, **kwargs)
            output = await self._complete(call, result)
        except BaseException as error:
            bridge.fail(call, error)
        else:
            bridge.succeed(call, output)
        call.task = None  # a cycle: the task's context refers to the call
        self._pump()

    async def _complete(self, call, result):
        """Wait for the result of a call and the tasks it started; return its output."""
        try:
            while hasattr(type(result), "__await__"):
                result = await result
            if hasattr(type(result), "__aiter__"):
                return await self._join(call, result)
            if hasattr(type(result), "__next__"):
                return self.bridge.join(call, result)
            return result
        finally:
            if call.tasks:
                await self._drain(call)

    async def _join(self, call, items):
        stream = self.bridge.stream()
        async for item in items:
            piece = stream.add(item)
            if piece:
                call.delta(piece)
        return stream.output()

    async def _drain(self, call):
        """Wait for the tasks that a call left running; cancel them after
        options.drain seconds."""
        end = self.loop.time() + self.bridge.options.drain
        while call.tasks and self.loop.time() < end:
            await _wait(call, end - self.loop.time())
        if not call.tasks:
            return
        log(
            "call %s left %d tasks that were still running after %g s: cancelled"
            % (call.id.decode(), len(call.tasks), self.bridge.options.drain)
        )
        for task in tuple(call.tasks):
            task.cancel()
        await _wait(call, CANCEL_SECONDS)


def _current_loop():
    """Return the event loop that the target's module used when it was imported, since
    its objects may belong to that one; a new loop if there is none."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loop = asyncio.get_event_loop()
        if not loop.is_closed():
            return loop
    except RuntimeError:
        pass
    return asyncio.new_event_loop()


async def _wait(call, seconds):
    """Wait for the tasks of a call; log the exceptions of those that ended."""
    done, _ = await asyncio.wait(set(call.tasks), timeout=seconds)
    call.tasks -= done
    for task in done:
        if not task.cancelled() and task.exception():
            log_error(task.exception())


def _make_task(loop, coroutine, **options):
    """Make a task and add it to the tasks of its call."""
    task = asyncio.Task(coroutine, loop=loop, **options)
    call = _call.get()
    if call is not None and not call.over:
        call.tasks.add(task)
        task.add_done_callback(call.tasks.discard)
    return task
