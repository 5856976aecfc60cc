from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny
from somex.core import LabeledDocument


@pytest.fixture(scope="session")
def somd_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny corpus as SOMD's training split."""
    return tiny.write_marked(tmp_path_factory.mktemp("somd"))


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> list[LabeledDocument]:
    """The sentences of the tiny corpus: all entity types and relations."""
    return tiny.read_marked(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random BERT encoder."""
    return tiny.write_encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def tiny_mpnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random MPNet encoder."""
    return tiny.write_encoder(tmp_path_factory.mktemp("mpnet"), kind="mpnet")


@pytest.fixture(scope="session")
def tiny_model(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny random model in ONNX: it finds mentions, wherever they are."""
    return tiny.write_model(tmp_path_factory.mktemp("model"), tiny_bert)


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """Sums come in the same order only with the same number of threads."""
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
