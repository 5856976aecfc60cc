"""What requests and answers of the API hold, with the examples that its description shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from somex.core.types import Document, Sentence, Token
from somex.service.engine import Options

MAX_TEXT_CHARS = 1_000_000
MAX_SENTENCES = 1000
MAX_TOKENS = 2000
MAX_DOCUMENTS = 1000

EXAMPLE_TEXT = "We used SPSS version 25 (IBM Corp.) for all tests."
EXAMPLE_DOCUMENT: dict[str, Any] = {
    "schema": "somex.document/1",
    "id": "methods",
    "text": "We used Sloperunner 1.8.",
    "mentions": [
        {
            "id": "T1",
            "type": "Application",
            "char_start": 8,
            "char_end": 19,
            "text": "Sloperunner",
            "purpose": None,
            "confidence": 0.98,
        },
        {"id": "T2", "type": "Version", "char_start": 20, "char_end": 23, "text": "1.8"},
    ],
    "relations": [{"type": "Version_of", "head": "T2", "tail": "T1"}],
}

DocumentId = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT_CHARS)]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^\S+$")]
JsonDocument = Annotated[
    dict[str, Any],
    Field(description="A document of the form somex.document/1 (docs/formats.md)."),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OptionsIn(_Strict):
    """What a request may choose."""

    min_confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0
    lean: Annotated[float, Field(ge=-20, le=20, allow_inf_nan=False)] = 0.0

    def to_options(self) -> Options:
        """Return the choice as the engine takes it."""
        return Options(self.min_confidence, self.lean)


class ExtractIn(_Strict):
    """A text to read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": EXAMPLE_TEXT, "id": "methods"}]},
    )
    text: Text
    id: DocumentId = "text"
    options: OptionsIn = OptionsIn()


class ExtractOut(BaseModel):
    """What was found in a text."""

    document: JsonDocument
    seconds: Annotated[float, Field(description="Time from the request to its answer.")]
    model: Annotated[dict[str, Any], Field(description="What made the annotation.")]


class SentencesIn(_Strict):
    """Sentences cut into tokens."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"sentences": [["We", "used", "R", "4.1", "."]]}]},
    )
    sentences: Annotated[
        list[Annotated[list[TokenText], Field(min_length=1, max_length=MAX_TOKENS)]],
        Field(min_length=1, max_length=MAX_SENTENCES),
    ]
    options: OptionsIn = OptionsIn()

    def to_documents(self) -> list[Document]:
        """Return one document a sentence, its tokens with blanks between."""
        return [_of_tokens(f"S{n}", tokens) for n, tokens in enumerate(self.sentences, start=1)]


def _of_tokens(id: str, words: list[str]) -> Document:
    tokens: list[Token] = []
    place = 0
    for word in words:
        tokens.append(Token(place, place + len(word)))
        place += len(word) + 1
    text = " ".join(words)
    return Document(id, text, sentences=(Sentence(0, len(text), tuple(tokens)),))


class SentencesOut(BaseModel):
    """What was found, a document a sentence and in their order."""

    documents: list[JsonDocument]


class TextIn(_Strict):
    """A text of several."""

    id: DocumentId
    text: Text


class BatchIn(_Strict):
    """Texts to read, each with an id of its own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"documents": [{"id": "a", "text": EXAMPLE_TEXT}]}]},
    )
    documents: Annotated[list[TextIn], Field(min_length=1, max_length=MAX_DOCUMENTS)]
    options: OptionsIn = OptionsIn()


class FailureOut(BaseModel):
    """What could not be read, and why."""

    id: str
    reason: str


class DocumentsOut(BaseModel):
    """What was found, and what could not be read."""

    documents: list[JsonDocument]
    failures: list[FailureOut]


Target = Literal["csv", "brat", "turtle", "jsonld", "somd", "web-annotation", "jsonl"]


class ConvertIn(_Strict):
    """One document (or several) to be written in another format."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"document": EXAMPLE_DOCUMENT, "to": "jsonl"}]},
    )
    document: JsonDocument | None = None
    documents: Annotated[list[JsonDocument] | None, Field(max_length=MAX_DOCUMENTS)] = None
    to: Target


class JobOut(BaseModel):
    """How far a job is."""

    id: str
    status: Literal["queued", "running", "done", "failed"]
    n_total: Annotated[int | None, Field(description="Documents, once their number is known.")]
    n_done: Annotated[int, Field(description="Documents that are annotated.")]
    n_failed: Annotated[int, Field(description="Documents that could not be read.")]
    created: str
    finished: str | None
    error: Annotated[str | None, Field(description="Why the job failed as a whole.")]
    links: dict[str, str]


class JobsOut(BaseModel):
    """The jobs of a client, the newest first."""

    jobs: list[JobOut]


class ExampleOut(BaseModel):
    """A text to begin with."""

    id: str
    title: str
    text: str


class SoftwareCount(BaseModel):
    """A software, and how many papers and mentions it has."""

    name: str
    papers: int
    mentions: int


class VersionCount(BaseModel):
    """Papers that name a version, by year of publication where that is known."""

    version: str
    year: int | None
    papers: int


class SoftwareVersions(BaseModel):
    """The versions of a software."""

    name: str
    rows: list[VersionCount]


class NodeOut(BaseModel):
    """A software of the network."""

    name: str
    papers: int


LinkOut = TypedDict("LinkOut", {"from": str, "to": str, "papers": int})


class NetworkOut(BaseModel):
    """Software that the same papers mention."""

    nodes: list[NodeOut]
    links: list[LinkOut]


class CitedBadly(BaseModel):
    """A software, and how many papers leave out its version or cite nothing for it."""

    name: str
    papers: int
    without_version: int
    without_citation: int


class DashboardOut(BaseModel):
    """What the papers of a graph store say, in figures."""

    n_papers: int
    n_software: int
    n_mentions: int
    most_used: list[SoftwareCount]
    versions: list[SoftwareVersions]
    co_use: NetworkOut
    badly_cited: list[CitedBadly]


class ProblemOut(BaseModel):
    """Problem details of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


class StatusOut(BaseModel):
    """How the service is."""

    status: str
