"""Dynamic batching: short texts that wait at the same time go to the model together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from somex.core.types import Document, LabeledDocument
from somex.service.engine import Options, Stop, StoppedError

Annotate = Callable[[Sequence[Document], Options, Stop], list[LabeledDocument]]
MAX_DOCUMENTS = 32
MAX_CHARS = 20_000


@dataclass(slots=True)
class _Item:
    """A request that waits: its documents and where their annotation goes."""

    documents: Sequence[Document]
    options: Options
    answer: asyncio.Future[list[LabeledDocument]]
    deadline: float
    n_chars: int = field(init=False)

    def __post_init__(self) -> None:
        self.n_chars = sum(len(document.text) for document in self.documents)

    def is_over(self) -> bool:
        return self.answer.done() or time.monotonic() > self.deadline


class Batcher:
    """A lane of work: one thread, requests in order, those of like options together.

    Nobody is made to wait for others: the first request starts at once, and those that come while
    it runs make the next batch.

    Args:
        annotate: Annotates documents; called in the lane's thread.
        name: Name of the thread.
        max_documents: Most documents of a batch, unless one request has more.
        max_chars: Most characters of a batch, unless one request has more.
        on_batch: Told the number of requests of each batch.
    """

    def __init__(
        self,
        annotate: Annotate,
        *,
        name: str,
        max_documents: int = MAX_DOCUMENTS,
        max_chars: int = MAX_CHARS,
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._annotate = annotate
        self._max_documents, self._max_chars = max_documents, max_chars
        self._on_batch = on_batch
        self._waiting: list[_Item] = []
        self._is_working = False
        self._has_work = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work; needs a running event loop."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Finish what waits, then stop."""
        while self._waiting or self._is_working:
            await asyncio.sleep(0.01)
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown(wait=True)

    async def submit(
        self, documents: Sequence[Document], options: Options, *, seconds: float
    ) -> list[LabeledDocument]:
        """Annotate documents in the lane.

        Raises:
            TimeoutError: It took longer than ``seconds``, waiting included; the work is stopped.
        """
        answer: asyncio.Future[list[LabeledDocument]] = asyncio.get_running_loop().create_future()
        item = _Item(documents, options, answer, time.monotonic() + seconds)
        self._waiting.append(item)
        self._has_work.set()
        try:
            return await asyncio.wait_for(answer, seconds)
        except StoppedError:
            raise TimeoutError from None

    async def _run(self) -> None:
        while True:
            await self._has_work.wait()
            batch = self._take()
            if batch:
                self._on_batch(len(batch))
                self._is_working = True
                await self._work(batch)
                self._is_working = False
            if not self._waiting:
                self._has_work.clear()

    def _take(self) -> list[_Item]:
        """Take the requests that go together from those that wait, the oldest first."""
        batch: list[_Item] = []
        left: list[_Item] = []
        n_documents = n_chars = 0
        for item in self._waiting:
            if item.is_over():
                if not item.answer.done():
                    item.answer.set_exception(TimeoutError())
                continue
            fits = not batch or (
                item.options == batch[0].options
                and n_documents + len(item.documents) <= self._max_documents
                and n_chars + item.n_chars <= self._max_chars
            )
            if fits:
                batch.append(item)
                n_documents += len(item.documents)
                n_chars += item.n_chars
            else:
                left.append(item)
        self._waiting = left
        return batch

    async def _work(self, batch: Sequence[_Item]) -> None:
        """Annotate a batch; where it fails, each request by itself, so that only the bad fail."""
        documents = [document for item in batch for document in item.documents]

        def stop() -> bool:
            return all(item.is_over() for item in batch)

        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._thread, self._annotate, documents, batch[0].options, stop)
        try:
            labeled = await call
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, StoppedError):
                for item in batch:
                    await self._work([item])
                return
            for item in batch:
                if not item.answer.done():
                    item.answer.set_exception(error)
            return
        start = 0
        for item in batch:
            end = start + len(item.documents)
            if not item.answer.done():
                item.answer.set_result(labeled[start:end])
            start = end
