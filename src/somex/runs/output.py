"""Where results go: nowhere, into one file, or into parts; a folder goes on with what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from somex.core.errors import ConfigError
from somex.core.types import LabeledDocument
from somex.pipeline import FAILURES_FILE, OUTPUT_FILE, Failure, write_documents
from somex.readers.inputs import Source
from somex.readers.jsonl_files import MANIFEST_FILE
from somex.runs.engine import Engine
from somex.runs.journal import read_settings
from somex.runs.shards import ShardedRun, ShardSettings


class RunOutput:
    """The output of a run.

    Args:
        folder: Gets the output; results are only handed on without one.
        form: Form of parts, see `somex.runs.parts.FORMS`; one file where neither this nor a size
            is given and the folder holds no run in parts.
        n_documents: Documents of a part.
        retry_failed: Do again what failed in the folder, and nothing else.

    Raises:
        ConfigError: There is no such form, what is asked for needs a folder, or no earlier run
            is there to retry.
        MissingExtraError: Parts are to be Parquet and pyarrow is not installed.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        form: str | None = None,
        n_documents: int | None = None,
        retry_failed: bool = False,
    ) -> None:
        if folder is None and (form or n_documents or retry_failed):
            raise ConfigError("parts and what failed before are in a folder; name it by --out")
        earlier = None if folder is None else read_settings(folder)
        self._folder, self._retry_failed = folder, retry_failed
        self._settings: ShardSettings | None = None
        if form or n_documents or earlier:
            before = earlier or {}
            settings = ShardSettings()
            self._settings = ShardSettings(
                n_documents or before.get("n_documents", settings.n_documents),
                form or before.get("form", settings.form),
            )
        if retry_failed and folder is not None and not earlier:
            names = (OUTPUT_FILE, FAILURES_FILE)
            if not any((folder / name).exists() for name in names):
                raise ConfigError(f"{folder} holds no earlier run whose failed sources to retry")

    @property
    def place(self) -> Path | None:
        """The file to look at when all is done."""
        if self._folder is None:
            return None
        return self._folder / (OUTPUT_FILE if self._settings is None else MANIFEST_FILE)

    def write(
        self, sources: Sequence[Source], engine: Engine, *, grobid: str | None = None
    ) -> Iterator[LabeledDocument | Failure | None]:
        """Annotate sources and write what comes.

        Yields:
            One item a source: the labelled document, the failure, or None for one already done.

        Raises:
            ConfigError: As `somex.runs.shards.ShardedRun`.
            FormatError: The folder can't be made, or what it holds is damaged.
        """
        if self._folder is None:
            return iter(engine.annotate(sources))
        if self._settings is None:
            return write_documents(
                sources,
                self._folder,
                model=engine.model,
                annotate=engine.annotate,
                grobid=grobid,
                retry_failed=self._retry_failed,
            )
        run = ShardedRun(self._folder, model=engine.model, settings=self._settings, grobid=grobid)
        return run.run(sources, engine.annotate, retry_failed=self._retry_failed)
