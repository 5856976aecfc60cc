"""Runs a recipe over sentences: many requests at a time, each paid for once, results in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somex.core.errors import MissingExtraError, ServiceError
from somex.core.types import Document, LabeledDocument
from somex.corpus import read_source, split_labeled
from somex.llm.cache import CACHE_FILE, AnswerCache, CachedChat
from somex.llm.chat import ChatModel, RequestFailedError
from somex.llm.config import EndpointConfig, LlmRecipe
from somex.llm.report import Setting, build_report
from somex.llm.retrieval import ExampleIndex, build_index
from somex.llm.sentence import Labels, SentenceView, view_sentence
from somex.llm.strategies import Outcome, Strategy, build_strategy

MAX_FAILED_IN_A_ROW = 10
"""After so many sentences in a row without an answer the endpoint is taken to be down."""


@dataclass(frozen=True, slots=True)
class LlmResult:
    """What a run gives.

    Attributes:
        labeled: Each document with what was accepted.
        report: Counts, rates and cost, see `somex.llm.report.build_report`.
    """

    labeled: list[LabeledDocument]
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A model ready to answer, and what is to be asked of it when a run ends."""

    chat: ChatModel
    structured: Callable[[], str]
    faults: Callable[[], dict[str, int]]


@contextmanager
def open_model(config: EndpointConfig) -> Iterator[OpenModel]:
    """Open the model of a recipe, with the key in the environment.

    Raises:
        ConfigError: The key can't be sent.
        MissingExtraError: httpx, or for a model in this process torch, is not installed.
    """
    if config.backend == "transformers":
        from somex.llm.local import load_local

        yield OpenModel(load_local(config), lambda: "text", dict)
        return
    try:
        from somex.llm.client import EndpointChat, read_key
    except ImportError as error:
        raise MissingExtraError(
            f"asking an endpoint needs {error.name}; pip install 'somex[llm]'"
        ) from None
    chat = EndpointChat(config, key=read_key(config.key_variable))
    try:
        yield OpenModel(chat, lambda: chat.structured, chat.faults.to_json)
    finally:
        chat.close()


def run_recipe(
    recipe: LlmRecipe,
    documents: Sequence[Document],
    *,
    folder: Path,
    on_sentence: Callable[[Outcome], object] = lambda _: None,
) -> LlmResult:
    """Annotate sentences with a language model.

    Args:
        recipe: The experiment.
        documents: One sentence each.
        folder: Keeps the answers; a run that was stopped goes on from them.
        on_sentence: Told of each sentence in order, when it and those before it are done.

    Raises:
        AnnotationError: A document has not exactly one sentence.
        ServiceError: The endpoint refuses the key or the model, or seems to be down.
    """
    views = [view_sentence(document) for document in documents]
    index, retrieval = _open_examples(recipe, folder)
    cache = AnswerCache(folder / CACHE_FILE)
    try:
        with open_model(recipe.model) as opened:
            chat = CachedChat(opened.chat, cache, parameters=cache_parameters(recipe.model))
            strategy = build_strategy(recipe.prompt, chat)
            n_examples = recipe.prompt.n_examples
            shown = [[] if index is None else index.nearest(v, n_examples) for v in views]
            jobs = list(zip(views, shown, strict=True))
            outcomes = _annotate_all(strategy, jobs, recipe.model, on_sentence)
            setting = Setting(opened.structured(), retrieval, opened.faults())
    finally:
        cache.close()
    labeled = [
        LabeledDocument(document, outcome.annotation)
        for document, outcome in zip(documents, outcomes, strict=True)
    ]
    report = build_report(outcomes, endpoint=recipe.model, setting=setting)
    return LlmResult(labeled, {"recipe": recipe.to_json(), **report})


def cache_parameters(config: EndpointConfig) -> dict[str, Any]:
    """Return what an answer depends on beside the conversation and its form."""
    return {
        "backend": config.backend,
        "url": config.url if config.backend == "endpoint" else "",
        "model": config.name,
        "adapter": config.adapter,
        "structured": config.structured,
        "temperature": config.temperature,
        "max_tokens": config.max_tokens,
        "seed": config.seed,
    }


def _open_examples(recipe: LlmRecipe, folder: Path) -> tuple[ExampleIndex | None, str]:
    source, n_examples = recipe.prompt.examples, recipe.prompt.n_examples
    if source is None or n_examples == 0:
        return None, ""
    labeled = [part for item in read_source(source) for part in split_labeled(item)]
    return build_index(labeled, retrieval=recipe.prompt.retrieval, cache_folder=folder)


def _annotate_all(
    strategy: Strategy,
    jobs: Sequence[tuple[SentenceView, list[Labels]]],
    config: EndpointConfig,
    on_sentence: Callable[[Outcome], object],
) -> list[Outcome]:
    """Annotate all sentences, in order; stop where the endpoint is down."""
    outcomes: list[Outcome] = []
    n_failed = 0
    with ThreadPoolExecutor(config.concurrency) as pool:
        futures: list[Future[Outcome]] = [pool.submit(_annotate, strategy, *job) for job in jobs]
        try:
            for future in futures:
                outcome = future.result()
                outcomes.append(outcome)
                on_sentence(outcome)
                n_failed = n_failed + 1 if outcome.error else 0
                if n_failed >= MAX_FAILED_IN_A_ROW:
                    raise ServiceError(
                        f"{n_failed} sentences in a row got no answer; the last: {outcome.error}. "
                        "What was answered is kept: run the same command again to go on"
                    )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return outcomes


def _annotate(strategy: Strategy, view: SentenceView, examples: list[Labels]) -> Outcome:
    outcome = Outcome()
    try:
        strategy.annotate(view, examples, outcome)
    except RequestFailedError as error:
        outcome.error = str(error)
    return outcome
