"""Recipes of language models: endpoint, prompt and prices, checked as a whole when read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from somex.core.config import build_config, check_ranges
from somex.core.errors import ConfigError
from somex.recipe import Source, read_values

KEY_VARIABLE = "SOMEX_LLM_API_KEY"
Structured = Literal["json_schema", "grammar", "json_object", "text"]
STRUCTURED: tuple[Structured, ...] = ("json_schema", "grammar", "json_object", "text")
"""Ways to hold an answer to its form, the strictest first."""


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """The model that is asked.

    Attributes:
        name: The model's name, as the endpoint knows it; with ``backend: transformers`` a folder
            or hub name.
        url: Base URL of an OpenAI-compatible endpoint, up to and with ``/v1``.
        backend: ``endpoint``, or ``transformers``: a causal model in this process (needs
            ``somex[llm-train]``).
        adapter: Folder of LoRA weights on top of it (``transformers`` only).
        key_variable: Environment variable that holds the API key; not set, none is sent.
        structured: How answers are held to their form; ``auto`` begins with ``json_schema`` and
            takes the next of ``grammar`` (llama.cpp), ``json_object`` and ``text`` where the
            server says that it lacks one.
        temperature: Of the sampling; 0 takes the likeliest token.
        max_tokens: Longest answer.
        seed: Sent where it is given.
        timeout: Seconds to wait for an answer.
        concurrency: Requests at a time.
        retries: How often a request is sent again after a fault of network or server.
        first_wait: Seconds before the first repetition; each further wait is twice as long,
            unless the server says how long (``Retry-After``).
        max_wait: Longest wait in seconds; a server that asks for more is given up.
        input_price: Price of a million tokens of prompt.
        output_price: Price of a million tokens of answer.
        currency: Of the prices.
    """

    name: str
    url: str = "http://127.0.0.1:8080/v1"
    backend: Literal["endpoint", "transformers"] = "endpoint"
    adapter: str | None = None
    key_variable: str = KEY_VARIABLE
    structured: Literal["auto", "json_schema", "grammar", "json_object", "text"] = "auto"
    temperature: float = 0.0
    max_tokens: int = 1024
    seed: int | None = None
    timeout: float = 120.0
    concurrency: int = 4
    retries: int = 5
    first_wait: float = 1.0
    max_wait: float = 120.0
    input_price: float = 0.0
    output_price: float = 0.0
    currency: str = "USD"

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "temperature": (0.0, 2.0),
            "max_tokens": (16, 1 << 20),
            "timeout": (0.01, 86400.0),
            "concurrency": (1, 256),
            "retries": (0, 100),
            "first_wait": (0.0, 3600.0),
            "max_wait": (0.0, 86400.0),
            "input_price": (0.0, 1e9),
            "output_price": (0.0, 1e9),
        }
        check_ranges(self, ranges)
        if self.adapter is not None and self.backend != "transformers":
            raise ConfigError("adapter needs backend: transformers; an endpoint has its own models")
        _check_url(self.url)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"url is {url!r}; valid: http://... or https://...")
    if parts.username is not None or parts.query:
        raise ConfigError(
            f"the url of host {parts.hostname} holds a password or a query; keys come from the "
            "environment alone, see key_variable"
        )


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """How it is asked.

    Attributes:
        strategy: ``joint`` (mentions and relations in one answer) or ``staged`` (mentions first,
            then for each a choice among the relations that the schema allows).
        n_examples: Solved sentences shown before each question; 0 is zero-shot.
        examples: Labelled corpus that they come from.
        retrieval: How the nearest are found: ``encoder`` (somex's embedded model) or ``lexical``
            (rare words in common); ``auto`` takes the encoder where it is there.
        spans: What a quote may be: ``free`` text that is then looked up, or ``listed``: the form
            holds the runs of whole tokens of the sentence, so that a model that is held to it can
            invent nothing (a form for each sentence, which some endpoints compile slowly).
        corrections: How often the model is asked again with its errors named.
    """

    strategy: Literal["joint", "staged"] = "joint"
    n_examples: int = 0
    examples: Source | None = None
    retrieval: Literal["auto", "encoder", "lexical"] = "auto"
    spans: Literal["free", "listed"] = "free"
    corrections: int = 1

    def __post_init__(self) -> None:
        check_ranges(self, {"n_examples": (0, 100), "corrections": (0, 10)})
        if self.n_examples and self.examples is None:
            raise ConfigError(f"n_examples is {self.n_examples}, but examples names no corpus")


@dataclass(frozen=True, slots=True)
class LlmRecipe:
    """One experiment with a language model.

    Attributes:
        name: Of the experiment.
        model: The model that is asked.
        prompt: How it is asked.
    """

    name: str
    model: EndpointConfig
    prompt: PromptConfig = field(default_factory=PromptConfig)

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain values; it holds no key."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, slots=True)
class TuningConfig:
    """How LoRA weights are trained.

    Attributes:
        rank: Rank of the added matrices.
        alpha: Their scale is ``alpha / rank``.
        dropout: Rate before them, 0 to 1.
        modules: Names of the layers that get them; ``all-linear`` is every linear layer but the
            last.
        epochs: Passes over the training answers.
        batch_size: Answers a batch.
        accumulation: Batches whose gradients are added up before a step.
        learning_rate: Peak rate.
        warmup: Share of the steps over which the rate climbs; it then falls linearly to 0.
        clip_norm: Greatest norm of the gradient.
        max_length: Longest prompt with answer, in tokens; longer ones are left out and counted.
        checkpointing: Compute activations twice to save memory (8 billion weights on 24 GB).
        seed: Of weights, order and dropout.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    modules: tuple[str, ...] = ("all-linear",)
    epochs: int = 3
    batch_size: int = 1
    accumulation: int = 16
    learning_rate: float = 2e-4
    warmup: float = 0.03
    clip_norm: float = 1.0
    max_length: int = 2048
    checkpointing: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "rank": (1, 1024),
            "alpha": (1, 4096),
            "dropout": (0.0, 0.9),
            "epochs": (1, 1000),
            "batch_size": (1, 4096),
            "accumulation": (1, 4096),
            "learning_rate": (0.0, 1.0),
            "warmup": (0.0, 1.0),
            "clip_norm": (0.0, 1e6),
            "max_length": (16, 1 << 20),
        }
        check_ranges(self, ranges)


@dataclass(frozen=True, slots=True)
class TuneRecipe:
    """One fine-tuning of a causal language model.

    Attributes:
        name: Of the experiment.
        model: The model in this process, and the limits that its answers will have.
        train: Labelled corpus.
        prompt: How it is asked; with ``staged`` it learns the choices too.
        tuning: How it is trained.
    """

    name: str
    model: EndpointConfig
    train: Source
    prompt: PromptConfig = field(default_factory=PromptConfig)
    tuning: TuningConfig = field(default_factory=TuningConfig)

    def __post_init__(self) -> None:
        if self.model.backend != "transformers":
            raise ConfigError("fine-tuning needs model.backend: transformers")

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as plain values."""
        return dataclasses.asdict(self)


def read_tune_recipe(path: Path, *, overrides: tuple[str, ...] = ()) -> TuneRecipe:
    """Read and check a recipe of a fine-tuning; see `read_llm_recipe`.

    Raises:
        ConfigError: As `somex.recipe.read_recipe`.
    """
    return build_config(TuneRecipe, read_values(path, overrides=overrides), where=str(path))


def read_llm_recipe(path: Path, *, overrides: tuple[str, ...] = ()) -> LlmRecipe:
    """Read and check a recipe of a language model.

    Args:
        path: A YAML file.
        overrides: Changes such as ``model.concurrency=8``, as ``--set`` gives them.

    Raises:
        ConfigError: As `somex.recipe.read_recipe`.
    """
    return build_config(LlmRecipe, read_values(path, overrides=overrides), where=str(path))
