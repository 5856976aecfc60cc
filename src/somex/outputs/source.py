"""What outputs are made of: files of JSON Lines and, where somebody linked, the software."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from somex.core.errors import FormatError
from somex.core.software import MentionRef, Software
from somex.core.types import LabeledDocument
from somex.readers.jsonl import Result, read_results
from somex.readers.software_jsonl import read_software

DOCUMENTS_FILE = "documents.jsonl"


@dataclass(frozen=True, slots=True)
class Linking:
    """Linked software by id and by mention; without any where nobody linked.

    Attributes:
        software: Id -> software; empty where nobody linked.
        ids: Mention -> id of its software.
        is_linked: Whether there is a linking at all.
    """

    software: Mapping[str, Software] = field(default_factory=dict)
    ids: Mapping[MentionRef, str] = field(default_factory=dict)
    is_linked: bool = False

    def id_of(self, document_id: str, mention_id: str) -> str | None:
        """Return the id of the software that a mention stands for; None where it has none."""
        return self.ids.get(MentionRef(document_id, mention_id)) if self.is_linked else None


@dataclass(frozen=True, slots=True)
class OutputSource:
    """What outputs are made of.

    Attributes:
        documents: Files of JSON Lines, or folders that `somex extract` wrote.
        software: File of linked software; None where nobody linked.
    """

    documents: tuple[Path, ...]
    software: Path | None = None

    def results(self) -> Iterator[Result]:
        """Yield each document with what made its annotation; every call reads anew.

        Raises:
            FormatError: A file breaks its form, or two files hold a document of the same id.
        """
        seen: dict[str, Path] = {}
        for place in self.documents:
            path = place / DOCUMENTS_FILE if place.is_dir() else place
            for result in read_results(path):
                id = result.labeled.document.id
                if seen.setdefault(id, path) != path:
                    raise FormatError(f"id {id!r} is in {seen[id]} too", path=str(path))
                yield result

    def labeled(self) -> Iterator[LabeledDocument]:
        """Yield each document; every call reads anew."""
        return (result.labeled for result in self.results())

    def linking(self) -> Linking:
        """Read the linked software, all of it.

        Raises:
            FormatError: The file breaks its form, repeats an id, or gives a mention to two.
        """
        if self.software is None:
            return Linking()
        software: dict[str, Software] = {}
        ids: dict[MentionRef, str] = {}
        for item in read_software(self.software):
            if item.id in software:
                raise FormatError(f"software {item.id!r} comes twice", path=str(self.software))
            software[item.id] = item
            for mention in item.mentions:
                if ids.setdefault(mention, item.id) != item.id:
                    raise FormatError(
                        f"mention {mention.mention_id} of {mention.document_id!r} belongs to "
                        f"software {ids[mention]!r} and {item.id!r}",
                        path=str(self.software),
                    )
        return Linking(software, ids, is_linked=True)
