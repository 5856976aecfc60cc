from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from somex.core.types import Annotation, Document, LabeledDocument
from somex.service.batching import Batcher
from somex.service.engine import Options, Stop


class Lane:
    """A batcher whose first call waits until it is let go."""

    def __init__(self, **bounds: int) -> None:
        self.calls: list[list[str]] = []
        self.gate = threading.Event()
        self.batcher = Batcher(self.annotate, name="test", **bounds)

    def annotate(
        self, documents: Sequence[Document], options: Options, stop: Stop
    ) -> list[LabeledDocument]:
        self.calls.append([document.id for document in documents])
        assert self.gate.wait(10)
        if any(document.text == "bad" for document in documents):
            raise ValueError("bad")
        return [LabeledDocument(document, Annotation()) for document in documents]

    async def submit(
        self, id: str, *, text: str = "x", options: Options | None = None, seconds: float = 10
    ) -> list[str]:
        documents = [Document(id, text)]
        found = await self.batcher.submit(documents, options or Options(), seconds=seconds)
        return [labeled.document.id for labeled in found]


def run(lane: Lane, test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        lane.batcher.start()
        try:
            await test()
        finally:
            lane.gate.set()
            await lane.batcher.close()

    asyncio.run(whole())


def test_batching_puts_together_what_waits() -> None:
    lane = Lane()

    async def test() -> None:
        first = asyncio.create_task(lane.submit("first"))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(lane.submit(f"r{n}")) for n in range(5)]
        await asyncio.sleep(0.05)
        lane.gate.set()
        assert await first == ["first"]
        assert await asyncio.gather(*rest) == [[f"r{n}"] for n in range(5)]

    run(lane, test)
    assert lane.calls == [["first"], ["r0", "r1", "r2", "r3", "r4"]]


def test_batching_keeps_options_and_bounds_apart() -> None:
    lane = Lane(max_documents=2, max_chars=10)

    async def test() -> None:
        tasks = [asyncio.create_task(lane.submit("first"))]
        await asyncio.sleep(0.05)
        for id, text, lean in (
            ("a", "x", 0.0),
            ("b", "x", 1.0),
            ("c", "x", 0.0),
            ("d", "x", 0.0),
            ("e", "x" * 50, 0.0),
        ):
            options = Options(lean=lean)
            tasks.append(asyncio.create_task(lane.submit(id, text=text, options=options)))
        await asyncio.sleep(0.05)
        lane.gate.set()
        await asyncio.gather(*tasks)

    run(lane, test)
    assert lane.calls == [["first"], ["a", "c"], ["b"], ["d"], ["e"]]


def test_batching_lets_only_the_bad_request_fail() -> None:
    lane = Lane()

    async def test() -> None:
        first = asyncio.create_task(lane.submit("first"))
        await asyncio.sleep(0.05)
        good = asyncio.create_task(lane.submit("good"))
        bad = asyncio.create_task(lane.submit("bad", text="bad"))
        await asyncio.sleep(0.05)
        lane.gate.set()
        assert await first == ["first"]
        assert await good == ["good"]
        with pytest.raises(ValueError, match="bad"):
            await bad

    run(lane, test)
    assert lane.calls == [["first"], ["good", "bad"], ["good"], ["bad"]]


def test_batching_skips_what_nobody_waits_for_any_more() -> None:
    lane = Lane()

    async def test() -> None:
        first = asyncio.create_task(lane.submit("first"))
        await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            await lane.submit("late", seconds=0.05)
        cancelled = asyncio.create_task(lane.submit("cancelled"))
        await asyncio.sleep(0.05)
        cancelled.cancel()
        last = asyncio.create_task(lane.submit("last"))
        await asyncio.sleep(0.05)
        lane.gate.set()
        await first
        assert await last == ["last"]

    run(lane, test)
    assert lane.calls == [["first"], ["last"]]


def test_batching_finishes_what_waits_when_it_closes() -> None:
    lane = Lane()
    found: list[list[str]] = []

    async def test() -> None:
        async def one(id: str) -> None:
            found.append(await lane.submit(id))

        tasks = [asyncio.create_task(one(str(n))) for n in range(3)]
        await asyncio.sleep(0.05)
        lane.gate.set()
        await lane.batcher.close()
        await asyncio.gather(*tasks)

    run(lane, test)
    assert sorted(found) == [["0"], ["1"], ["2"]]
