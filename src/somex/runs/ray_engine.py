"""Sources to labelled documents on Ray: an actor a worker, each with the model loaded once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from somex.core.errors import ConfigError, MissingExtraError
from somex.core.types import LabeledDocument
from somex.pipeline import Failure
from somex.readers.inputs import Source
from somex.readers.papers import SourceReader
from somex.runs.work import Opener, Outcome, Totals, Worker, death_of

AHEAD_PER_WORKER = 8
"""So many documents are worked on, or ready and waiting for those before them, for each worker."""

_MAX_DEATHS = 2
_MAX_LOST_STARTS = 8


class RayWorker(Worker):
    """A worker in a process of Ray, in the folder that paths count from."""

    def __init__(
        self, open_extractor: Opener, n_threads: int, grobid: str | None, folder: str
    ) -> None:
        if os.path.isdir(folder):
            os.chdir(folder)
        super().__init__(open_extractor, n_threads, grobid)

    def is_ready(self) -> bool:
        """Tell that the model is loaded."""
        return True


class RayEngine:
    """Annotates on Ray, on this machine or on a cluster whose nodes see the same files.

    An actor works on one document at a time. Where it dies (killed, out of memory, its machine
    gone), another takes its place and the document is done again; one that two actors died of is a
    failure. Documents are handed out only while few results wait for those before them.

    Args:
        open_extractor: Loads the model in each actor.
        n_workers: So many actors.
        n_threads: Threads of the network in each, and CPUs that Ray counts for it.
        grobid: URL of a GROBID service that is to read the PDFs.
        address: Address of a cluster; one is started on this machine by default.
        n_gpus: GPUs that Ray sets aside for each actor.

    Raises:
        ConfigError: The URL is none of HTTP, or there is no cluster at the address.
        MissingExtraError: Ray is not installed.
    """

    def __init__(
        self,
        open_extractor: Opener,
        *,
        n_workers: int,
        n_threads: int = 1,
        grobid: str | None = None,
        address: str | None = None,
        n_gpus: int = 0,
    ) -> None:
        SourceReader(grobid=grobid).close()  # a wrong address is told before any work
        self._ray = _import_ray()
        self.model: Mapping[str, Any] = open_extractor(n_threads=1).to_json()
        self.totals = Totals()
        self.n_workers = n_workers
        self._n_threads, self._grobid, self._address = n_threads, grobid, address
        self._n_gpus = n_gpus
        self._arguments = (open_extractor, n_threads, grobid, os.getcwd())

    def annotate(self, sources: Iterable[Source]) -> Iterator[LabeledDocument | Failure]:
        """Yield the labelled document of each source, or why there is none, in order."""
        is_ours = not self._ray.is_initialized()
        if is_ours:
            self._connect()
        try:
            yield from self._annotate(sources)
        finally:
            if is_ours:
                self._ray.shutdown()

    def _connect(self) -> None:
        options: dict[str, Any] = {"logging_level": "ERROR", "configure_logging": True}
        if self._address is None:
            n_cpus = self.n_workers * self._n_threads
            options |= {"num_cpus": n_cpus, "include_dashboard": False, "log_to_driver": False}
        else:
            options["address"] = self._address
        try:
            self._ray.init(**options)
        except (ConnectionError, ValueError, RuntimeError) as error:
            told = str(error).splitlines()[0] if str(error) else repr(error)
            raise ConfigError(
                f"Ray can't be reached at {self._address or 'here'}: {told}"
            ) from None

    def _annotate(self, sources: Iterable[Source]) -> Iterator[LabeledDocument | Failure]:
        board = _Board(self._ray, self._start_actor, self.n_workers)
        try:
            for source, outcome in board.run(sources):
                if outcome is None:
                    yield death_of(source, grobid=self._grobid)
                    continue
                self.totals.add(outcome.totals)
                yield outcome.result
        finally:
            board.close()

    def _start_actor(self) -> Any:
        actor_class = self._ray.remote(RayWorker).options(
            num_cpus=self._n_threads, num_gpus=self._n_gpus
        )
        return actor_class.remote(*self._arguments)


class _Board:
    """Who works on what."""

    def __init__(self, ray: Any, start_actor: Any, n_workers: int) -> None:
        self._ray, self._start_actor = ray, start_actor
        self._n_ahead = n_workers * AHEAD_PER_WORKER
        self._busy: dict[Any, tuple[Any, int | None]] = {}
        """Reference to what comes -> the actor, and its document's number; None while it loads."""
        self._idle: list[Any] = []
        self._again: list[int] = []
        self._deaths: Counter[int] = Counter()
        self._sources: dict[int, Source] = {}
        self._done: dict[int, Outcome | None] = {}
        for _ in range(n_workers):
            self._add_actor()

    def run(self, sources: Iterable[Source]) -> Iterator[tuple[Source, Outcome | None]]:
        """Yield sources in order with their outcomes, None where actors died of them."""
        rest = enumerate(sources)
        n_given = 0
        is_more = True
        while True:
            while n_given in self._done:
                yield self._sources.pop(n_given), self._done.pop(n_given)
                n_given += 1
            while is_more and len(self._sources) < self._n_ahead and self._idle:
                if not self._again:
                    number, source = next(rest, (-1, None))
                    if source is None:
                        is_more = False
                        break
                    self._sources[number] = source
                    self._again.append(number)
                self._hand_out()
            while self._again and self._idle:
                self._hand_out()
            if not is_more and not self._sources:
                return
            self._wait()

    def close(self) -> None:
        """End the actors."""
        for actor in [*self._idle, *(actor for actor, _ in self._busy.values())]:
            self._ray.kill(actor)

    def _add_actor(self) -> None:
        actor = self._start_actor()
        self._busy[actor.is_ready.remote()] = (actor, None)

    def _hand_out(self) -> None:
        actor, number = self._idle.pop(), self._again.pop(0)
        self._busy[actor.work.remote([self._sources[number]])] = (actor, number)

    def _wait(self) -> None:
        """Take in one thing that came to its end."""
        (ready, *_), _ = self._ray.wait(list(self._busy), num_returns=1)
        actor, number = self._busy.pop(ready)
        try:
            found = self._ray.get(ready)
        except self._ray.exceptions.RayActorError as error:
            if error.actor_init_failed:
                told = str(error).strip().splitlines()[-1]
                raise ConfigError(f"a worker of Ray can't load the model: {told}") from None
            self._take_death(number)
            return
        self._idle.append(actor)
        if number is not None:
            (self._done[number],) = found

    def _take_death(self, number: int | None) -> None:
        key = -1 if number is None else number
        self._deaths[key] += 1
        if number is None and self._deaths[key] > _MAX_LOST_STARTS:
            raise ConfigError("workers of Ray die again and again while they load the model")
        if number is not None:
            if self._deaths[key] < _MAX_DEATHS:
                self._again.append(number)
            else:
                self._done[number] = None
        self._add_actor()


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # this process only waits for the workers
    try:
        import ray
        import ray.exceptions
    except ImportError:
        message = "the engine Ray is not installed; install it with: pip install 'somex[ray]'"
        raise MissingExtraError(message) from None
    return ray
