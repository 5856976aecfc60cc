"""A causal language model in this process, with transformers; its answers are checked like any."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from somex.core.errors import MissingExtraError, ModelError
from somex.llm.chat import Completion, Message, RequestFailedError, Schema, Usage
from somex.llm.config import EndpointConfig


class LocalChat:
    """Answers with a causal model; one request at a time.

    Args:
        model: A transformers model that generates.
        tokenizer: Its tokenizer.
        config: Limits; a temperature above 0 samples.
    """

    def __init__(self, model: Any, tokenizer: Any, config: EndpointConfig) -> None:
        self._model, self._tokenizer, self._config = model, tokenizer, config
        self._lock = threading.Lock()
        limit = getattr(model.config, "max_position_embeddings", None)
        self._n_most = limit if isinstance(limit, int) else 1 << 30
        ends = model.generation_config.eos_token_id
        self._ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}

    def complete(self, messages: Sequence[Message], schema: Schema) -> Completion:
        """Answer a conversation; the form is not enforced. See `ChatModel`."""
        import torch

        text = format_prompt(messages, self._tokenizer)
        with self._lock, torch.inference_mode():
            ids = self._tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
            n_prompt = int(ids.shape[1])
            n_new = min(self._config.max_tokens, self._n_most - n_prompt)
            if n_new < 1:
                raise RequestFailedError(
                    f"the prompt has {n_prompt} tokens; with the answer, the model reads "
                    f"{self._n_most}"
                )
            options: dict[str, Any] = {"do_sample": self._config.temperature > 0}
            if options["do_sample"]:
                options["temperature"] = self._config.temperature
                torch.manual_seed(self._config.seed or 0)
            made = self._model.generate(
                ids.to(self._model.device),
                attention_mask=torch.ones_like(ids).to(self._model.device),
                max_new_tokens=n_new,
                pad_token_id=self._tokenizer.eos_token_id,
                **options,
            )[0, n_prompt:]
        ended = len(made) > 0 and int(made[-1]) in self._ends
        answer = self._tokenizer.decode(made, skip_special_tokens=True)
        return Completion(answer, Usage(n_prompt, len(made)), is_cut=not ended)


def format_prompt(messages: Sequence[Message], tokenizer: Any) -> str:
    """Return a conversation as the text that the model goes on with.

    The tokenizer's chat template is taken where it has one, else plain marks of the turns.
    """
    if getattr(tokenizer, "chat_template", None):
        turns = [message.to_json() for message in messages]
        text: str = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return text
    parts = [f"<{message.role}>\n{message.content}\n" for message in messages]
    return "".join(parts) + "<assistant>\n"


def load_local(config: EndpointConfig) -> LocalChat:
    """Load the model of a recipe with ``backend: transformers``.

    Raises:
        MissingExtraError: torch, transformers or peft are not installed.
        ModelError: The model or its LoRA weights can't be loaded.
    """
    model, tokenizer = load_causal(config.name)
    if config.adapter is not None:
        try:
            from peft import PeftModel
        except ImportError as error:
            raise missing_extra(error) from None
        if not (Path(config.adapter) / "adapter_config.json").is_file():
            raise ModelError(f"{config.adapter} holds no LoRA weights; `somex llm tune` makes them")
        model = PeftModel.from_pretrained(model, config.adapter).eval()
    return LocalChat(model, tokenizer, config)


def load_causal(name: str) -> tuple[Any, Any]:
    """Load a causal model and its tokenizer, by folder or hub name.

    Raises:
        MissingExtraError: torch or transformers are not installed.
        ModelError: There is no such model here, and no hub that has it.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise missing_extra(error) from None
    kind = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model: Any = AutoModelForCausalLM.from_pretrained(name, dtype=kind)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"language model {name!r} can't be loaded: {reason}") from None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(device).eval(), tokenizer


def missing_extra(error: ImportError) -> MissingExtraError:
    """Return the error for a library that is not installed."""
    message = f"a language model in this process needs {error.name}; pip install 'somex[llm-train]'"
    return MissingExtraError(message)
