"""Documents that nobody wrote, with hostile text among them, for the tests of outputs."""

from __future__ import annotations

from pathlib import Path

from somex.core.origins import CallOut, Link, Reference
from somex.core.schema import EntityType as E
from somex.core.schema import Purpose
from somex.core.schema import RelationType as R
from somex.core.software import Identifier, MentionRef, Software
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Section,
)
from somex.outputs.source import OutputSource
from somex.readers.jsonl import write_jsonl
from somex.readers.software_jsonl import write_software

MODEL = {"name": "tiny", "fingerprint": "0123456789ab", "min_confidence": 0.0, "lean": 0.0}
HOSTILE = "<script>alert(1)</script>"
FILLER = "Nothing is named in this long paragraph of reeds, herons and quiet water. " * 4


def annotate(
    document: Document,
    mentions: list[tuple[E, str]],
    relations: list[tuple[R, int, int]],
    *,
    purpose: Purpose | None = None,
    confidence: float = 0.875,
) -> LabeledDocument:
    """Annotate a document: mentions by their words, each found at or after the one before."""
    found, reached = [], 0
    for type, words in mentions:
        start = document.text.index(words, reached)
        reached = start + 1
        mention = Mention(type, start, start + len(words), confidence=confidence)
        if purpose is not None and mention.takes_purpose:
            mention = Mention(type, start, start + len(words), purpose, confidence)
        found.append(mention)
    links = [Relation(type, found[head], found[tail], 0.5) for type, head, tail in relations]
    return LabeledDocument(document, Annotation.build(found, links))


def paper() -> LabeledDocument:
    """A paper with sections, a reference, a link, an attribute in another sentence."""
    heading, filler = "Methods", FILLER.strip()
    first = "We ran Reedcount 2.1 (Heron Labs) [3] and its plug-in Gullnet; the code is here."
    second = "Version 0.7 of the latter was set up later. Reed-Count is free."
    text = f"{heading}\n\n{first}\n{second}\n\nResults\n\n{filler}\n\n{filler}"
    call_out, link = text.index("[3]"), text.index("here")
    document = Document(
        "papers/reeds",
        text,
        sections=(
            Section("Methods", 0, text.index("\n\nResults")),
            Section("Results", text.index("Results"), len(text)),
        ),
        provenance={
            "title": f"Counting reeds {HOSTILE}",
            "doi": "10.5555/Reeds.7",
            "pmcid": "PMC9990007",
            "path": "papers/reeds.xml",
            "format": "jats",
        },
        references=(Reference("b3", "Ames A. Reedcount. 2019.", "10.5555/count.3"),),
        call_outs=(CallOut(call_out, call_out + 3, ("b3",)),),
        links=(Link(link, link + 4, "https://code.example.org/reedcount"),),
    )
    return annotate(
        document,
        [
            (E.APPLICATION, "Reedcount"),
            (E.VERSION, "2.1"),
            (E.DEVELOPER, "Heron Labs"),
            (E.CITATION, "[3]"),
            (E.PLUGIN, "Gullnet"),
            (E.URL, "here"),
            (E.VERSION, "0.7"),
            (E.APPLICATION, "Reed-Count"),
        ],
        [
            (R.VERSION_OF, 1, 0),
            (R.DEVELOPER_OF, 2, 0),
            (R.CITATION_OF, 3, 0),
            (R.URL_OF, 5, 0),
            (R.PLUGIN_OF, 4, 0),
            (R.VERSION_OF, 6, 4),
        ],
        purpose=Purpose.USAGE,
    )


def hostile() -> LabeledDocument:
    """A document whose every text tries to be markup or a formula."""
    text = f"""=HYPERLINK("x") & {HOSTILE} "quoted" ran under javascript:alert(2) and +SUM, v@1."""
    document = Document('evil"><img src=x>', text, provenance={"title": f'"><b>{HOSTILE}'})
    return annotate(
        document,
        [
            (E.APPLICATION, '=HYPERLINK("x")'),
            (E.PROGRAMMING_ENVIRONMENT, HOSTILE),
            (E.URL, "javascript:alert(2)"),
            (E.APPLICATION, "+SUM"),
            (E.VERSION, "@1"),
        ],
        [(R.URL_OF, 2, 0), (R.VERSION_OF, 4, 3)],
        confidence=1.0,
    )


def empty() -> LabeledDocument:
    """A document without mentions."""
    return LabeledDocument(Document("quiet", "Herons stood still."))


def linked() -> list[Software]:
    """The software of `paper`, linked."""
    refs = [MentionRef("papers/reeds", id) for id in ("T1", "T8")]
    return [
        Software(
            "s1",
            "Reedcount",
            ("Reedcount", "Reed-Count"),
            E.APPLICATION,
            tuple(refs),
            (Identifier("url", "https://code.example.org/reedcount"),),
        ),
        Software(
            "s2",
            "Gullnet",
            ("Gullnet",),
            E.PLUGIN,
            (MentionRef("papers/reeds", "T5"),),
            host_id="s1",
        ),
    ]


def write_source(
    folder: Path, *documents: LabeledDocument, is_linked: bool = False
) -> OutputSource:
    """Write documents, and the linked software of `paper`, as files to make outputs of."""
    path = folder / "documents.jsonl"
    write_jsonl(documents or (paper(), hostile(), empty()), path, model=MODEL)
    if not is_linked:
        return OutputSource((path,))
    write_software(linked(), folder / "software.jsonl")
    return OutputSource((path,), folder / "software.jsonl")
