"""What outputs are made of: files of JSON Lines and, where somebody linked, the software."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from somex.core.errors import FormatError
from somex.core.software import MentionRef, Software
from somex.core.types import LabeledDocument
from somex.readers.jsonl import Result, read_results
from somex.readers.software_jsonl import read_software


@dataclass(frozen=True, slots=True)
class Linking:
    """Linked software by id and by mention; without any where nobody linked.

    Attributes:
        software: Id -> software; empty where nobody linked.
        ids: Mention -> id of its software.
        of_document: Id of a document -> ids of its mentions that have software.
        is_linked: Whether there is a linking at all.
    """

    software: Mapping[str, Software] = field(default_factory=dict)
    ids: Mapping[MentionRef, str] = field(default_factory=dict)
    of_document: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_linked: bool = False

    def check(self, document_id: str, mention_ids: Collection[str]) -> None:
        """Raise FormatError where the linking names a mention that a document does not have.

        Args:
            document_id: The document.
            mention_ids: The mentions that it has.
        """
        for mention_id in self.of_document.get(document_id, ()):
            if mention_id not in mention_ids:
                raise FormatError(
                    f"the linking names mention {mention_id} of document {document_id!r}, which "
                    f"has {len(mention_ids)} mentions; link the documents as they are now"
                )

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
        for path in self.documents:
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
        of_document: dict[str, list[str]] = {}
        for item in read_software(self.software):
            if item.id in software:
                raise FormatError(f"software {item.id!r} comes twice", path=str(self.software))
            software[item.id] = item
            for mention in item.mentions:
                of_document.setdefault(mention.document_id, []).append(mention.mention_id)
                if ids.setdefault(mention, item.id) != item.id:
                    raise FormatError(
                        f"mention {mention.mention_id} of {mention.document_id!r} belongs to "
                        f"software {ids[mention]!r} and {item.id!r}",
                        path=str(self.software),
                    )
        return Linking(software, ids, of_document, is_linked=True)
