"""The border to language models: messages and a form go in, text and what it cost come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from somex.core.errors import ServiceError

Schema = Mapping[str, Any]
"""A JSON Schema; the parts of it that are used stand in `somex.llm.grammar`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str

    def to_json(self) -> dict[str, str]:
        """Return the message as an endpoint takes it."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request, as the model counts them."""

    n_prompt: int = 0
    n_completion: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(self.n_prompt + other.n_prompt, self.n_completion + other.n_completion)


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer.

    Attributes:
        text: What the model wrote; nothing about its form is checked.
        usage: Its tokens.
        is_cut: Whether the model was stopped at its token limit.
        from_cache: Whether it was given before and cost nothing now.
    """

    text: str
    usage: Usage = Usage()
    is_cut: bool = False
    from_cache: bool = False


class RequestFailedError(ServiceError):
    """One request is refused or got no answer; others may still get theirs."""


class ChatModel(Protocol):
    """Anything that answers: an endpoint, a model in this process, a cache before one, a fake."""

    def complete(self, messages: Sequence[Message], schema: Schema) -> Completion:
        """Answer a conversation.

        Args:
            messages: The turns so far, the last one the user's.
            schema: Form that the answer is to have; models that can be held to it are.

        Raises:
            RequestFailedError: This request gets no answer, and asking again does not help.
            ServiceError: No request will get an answer (a wrong key, an unknown model).
        """
        ...
