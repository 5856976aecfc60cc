"""The spaCy component ``somex``: mentions in ``doc.spans``, the rest in extensions.

spaCy finds it through its entry points (``spacy_factories``), so ``nlp.add_pipe("somex")`` needs no
import. What a document gets beside its spans lies in ``doc.user_data`` as plain data, so it
survives ``to_bytes`` and ``DocBin(store_user_data=True)``.
"""

# No `from __future__ import annotations`: spaCy checks a factory's config by its annotations.

import json
import os
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from somex.core.errors import MissingExtraError
from somex.core.palette import light
from somex.core.schema import EntityType
from somex.core.types import Document, LabeledDocument, Mention
from somex.pipeline import Extractor, load

try:
    from spacy.language import Language
    from spacy.pipeline import Pipe
    from spacy.tokens import Doc, Span
except ImportError as error:
    raise MissingExtraError(
        f"the spaCy component needs {error.name}; pip install 'somex[spacy]'"
    ) from None

FACTORY = "somex"
DATA = "somex_data"
"""Extension of a document that holds what its spans do not, as JSON values."""
META_FILE = "somex.json"

displacy_colors = {str(type): light(type).background for type in EntityType}
"""Label -> colour for displaCy, which finds it through spaCy's entry points."""


class SpanRelation(NamedTuple):
    """``head <type> tail`` between spans: the head is the attribute, the tail its host.

    Attributes:
        type: Type of the relation, as ``Version_of``.
        head: Span of the attribute.
        tail: Span of its host.
        confidence: 0 to 1.
    """

    type: str
    head: Span
    tail: Span
    confidence: float


class SoftwareMentions(Pipe):
    """Puts software mentions into ``doc.spans``.

    Each span is labelled with its entity type, has its id (T1, T2, … in reading order) as
    ``span.id_``, and covers every token that the mention touches; ``span._.somex_chars`` holds the
    exact characters.

    Args:
        name: Name of the component in its pipeline.
        model: ``default``, the name of an installed model, or a model folder.
        min_confidence: Mentions less sure than this (0 to 1) are left out.
        lean: Above 0 leans to precision, below 0 to recall.
        n_threads: Threads of the network; as many as cores by default.
        spans_key: Key in ``doc.spans``.

    Raises:
        ConfigError: A number is out of range.
        ModelError: There is no such model.
    """

    def __init__(
        self,
        name: str = FACTORY,
        *,
        model: str = "default",
        min_confidence: float = 0.0,
        lean: float = 0.0,
        n_threads: int | None = None,
        spans_key: str = FACTORY,
    ) -> None:
        self.name = name
        self.spans_key = spans_key
        self._options: dict[str, Any] = {
            "model": model,
            "min_confidence": min_confidence,
            "lean": lean,
            "n_threads": n_threads,
        }
        self._loaded: tuple[int, Extractor] | None = None
        self.fingerprint = self.extractor.info.fingerprint

    @property
    def extractor(self) -> Extractor:
        """The loaded model; each process has its own, since threads do not survive a fork."""
        if self._loaded is None or self._loaded[0] != os.getpid():
            self._loaded = (os.getpid(), load(**self._options))
        return self._loaded[1]

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs; it loads the model itself."""
        return {**self.__dict__, "name": self.name, "_loaded": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for key, value in state.items():
            setattr(self, key, value)  # the name is no member of __dict__

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).__new__, (type(self),), self.__getstate__())

    def __call__(self, doc: Doc) -> Doc:
        """Annotate a document."""
        return self._annotate([doc])[0]

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 32) -> Iterator[Doc]:
        """Annotate documents in batches; one that fails goes to the pipeline's error handler."""
        tell = self.get_error_handler()
        docs_left = iter(stream)
        while docs := list(islice(docs_left, batch_size)):
            try:
                yield from self._annotate(docs)
                continue
            except Exception:  # which document it was shows when they are read one by one
                pass
            for doc in docs:
                try:
                    yield self(doc)
                except Exception as error:
                    tell(self.name, self, [doc], error)

    def _annotate(self, docs: list[Doc]) -> list[Doc]:
        documents = [Document(f"doc-{n}", doc.text) for n, doc in enumerate(docs)]
        found = self.extractor.annotate(documents)
        for doc, labeled in zip(docs, found, strict=True):
            _put(doc, labeled, spans_key=self.spans_key)
        return docs

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write which model the component has; its options stand in the pipeline's config."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / META_FILE).write_bytes(self.to_bytes())

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "SoftwareMentions":
        """Read what `to_disk` wrote; warns where the model of that name is another one now."""
        return self.from_bytes((Path(path) / META_FILE).read_bytes())

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return what `to_disk` writes as bytes."""
        meta = {"model": self._options["model"], "fingerprint": self.fingerprint}
        return json.dumps(meta).encode("utf-8")

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "SoftwareMentions":
        """Read what `to_bytes` returned, as `from_disk` does."""
        meta = json.loads(data)
        if meta["fingerprint"] != self.fingerprint:
            warnings.warn(
                f"component {self.name!r} was saved with model {meta['model']!r} of fingerprint "
                f"{meta['fingerprint']}; the installed one has {self.fingerprint}, so results may "
                "differ",
                stacklevel=2,
            )
        return self


@Language.factory(
    FACTORY,
    assigns=[
        "doc.spans",
        "doc._.somex_relations",
        "span._.somex_confidence",
        "span._.somex_purpose",
        "span._.somex_chars",
        "span._.somex_relations",
    ],
    default_config={
        "model": "default",
        "min_confidence": 0.0,
        "lean": 0.0,
        "n_threads": None,
        "spans_key": FACTORY,
    },
)
def make_component(
    nlp: Language,
    name: str,
    model: str,
    min_confidence: float,
    lean: float,
    n_threads: int | None,
    spans_key: str,
) -> SoftwareMentions:
    """Return the component that a pipeline's config describes; errors as of `SoftwareMentions`."""
    return SoftwareMentions(
        name,
        model=model,
        min_confidence=min_confidence,
        lean=lean,
        n_threads=n_threads,
        spans_key=spans_key,
    )


def _put(doc: Doc, labeled: LabeledDocument, *, spans_key: str) -> None:
    """Write an annotation into a document, in the place of an earlier one."""
    ids = {mention: f"T{n}" for n, mention in enumerate(labeled.annotation.mentions, start=1)}
    doc.spans[spans_key] = [_span(doc, mention, id) for mention, id in ids.items()]
    doc._.set(
        DATA,
        {
            "spans_key": spans_key,
            "mentions": {
                id: {
                    "char_start": mention.char_start,
                    "char_end": mention.char_end,
                    "confidence": mention.confidence,
                    "purpose": None if mention.purpose is None else str(mention.purpose),
                }
                for mention, id in ids.items()
            },
            "relations": [
                [str(r.type), ids[r.head], ids[r.tail], r.confidence]
                for r in labeled.annotation.relations
            ],
        },
    )


def _span(doc: Doc, mention: Mention, id: str) -> Span:
    """Return the tokens that a mention touches."""
    start, end = mention.char_start, mention.char_end
    span = doc.char_span(start, end, label=str(mention.type), span_id=id, alignment_mode="expand")
    assert span is not None  # with "expand" there are always such tokens
    return span


def _fact(span: Span, key: str) -> Any:
    data = span.doc._.get(DATA)
    facts = None if data is None else data["mentions"].get(span.id_)
    return None if facts is None else facts[key]


def _confidence(span: Span) -> Any:
    return _fact(span, "confidence")


def _purpose(span: Span) -> Any:
    return _fact(span, "purpose")


def _chars(span: Span) -> tuple[int, int] | None:
    start, end = _fact(span, "char_start"), _fact(span, "char_end")
    return None if start is None else (start, end)


def _relations_of_doc(doc: Doc) -> list[SpanRelation]:
    data = doc._.get(DATA)
    if data is None:
        return []
    spans = {span.id_: span for span in doc.spans.get(data["spans_key"], ())}
    return [
        SpanRelation(type, spans[head], spans[tail], confidence)
        for type, head, tail, confidence in data["relations"]
        if head in spans and tail in spans
    ]


def _relations_of_span(span: Span) -> list[SpanRelation]:
    found = _relations_of_doc(span.doc)
    return [r for r in found if span.id_ and span.id_ in (r.head.id_, r.tail.id_)]


def register_extensions() -> None:
    """Register the extensions of documents and spans; done when this module is imported.

    Their getters are functions of the module, since spaCy pickles them for other processes.
    """
    Doc.set_extension(DATA, default=None, force=True)
    Doc.set_extension("somex_relations", getter=_relations_of_doc, force=True)
    Span.set_extension("somex_confidence", getter=_confidence, force=True)
    Span.set_extension("somex_purpose", getter=_purpose, force=True)
    Span.set_extension("somex_chars", getter=_chars, force=True)
    Span.set_extension("somex_relations", getter=_relations_of_span, force=True)


register_extensions()
