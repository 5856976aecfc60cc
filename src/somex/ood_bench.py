"""The out-of-distribution bench: how much of a score is left where texts are unlike the training.

A recipe is trained once a split and seed, without what the split holds out, and scored on that.
Perturbed texts and softcite need no training of their own: the control's model is scored on them.
"""

from __future__ import annotations

import hashlib
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from somex.core.errors import ConfigError, unknown_value
from somex.core.types import Annotation, Document, LabeledDocument
from somex.corpus import bucket_of, fifth_of, read_source
from somex.error_analysis import analyze_errors
from somex.metrics import evaluate
from somex.ood_splits import SPLITS, Split
from somex.perturbations import PERTURBATIONS
from somex.recipe import DataConfig, Source
from somex.softcite_scores import DOMAINS, as_softcite, domain_of, names_of, score_softcite

Annotate: TypeAlias = Callable[[Sequence[Document]], list[Annotation]]
"""A model: one annotation a document."""

Scores: TypeAlias = dict[str, float]

PLAIN = "plain"
"""The texts of a ready model's corpus as they are: what its other sets are compared with."""

SOFTCITE: dict[str, str] = {f"softcite-{domain}": domain for domain in DOMAINS}
OWN_HEAD = "-own-head"
"""After the name of a softcite set: what the model's head for softcite's labels finds there."""

SOFTCITE_PATH = "softcite/softcite-working.tei.xml"
SOMESCI_PATH = "somesci"
_CHUNK = 64


@dataclass(frozen=True, slots=True)
class TestSet:
    """Documents with gold to score a model on.

    Attributes:
        name: Name of the row.
        description: What it is, for people.
        documents: Documents with gold.
        plain: For perturbed documents, the same ones as they were.
        split: For the test part of a split, the split.
    """

    __test__ = False  # pytest: no class of tests

    name: str
    description: str
    documents: Sequence[LabeledDocument]
    plain: Sequence[LabeledDocument] = ()
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Corpora:
    """Corpora that the bench reads besides the recipe's own.

    Attributes:
        folder: Holds ``somesci/`` and ``softcite/``; None where there are none.
        softcite_limit: At most so many softcite documents of each domain; 0 for all.
        softcite_fifth: Only this fifth of softcite's documents, for a model trained on the others
            (``without_fifth`` of a recipe's source); None for all.
    """

    folder: Path | None
    softcite_limit: int = 0
    softcite_fifth: int | None = None

    @property
    def somesci(self) -> Path | None:
        """Folder of SoMeSci."""
        return self.folder and self.folder / SOMESCI_PATH

    def softcite(self, name: str) -> TestSet:
        """Read the softcite documents of one domain.

        Raises:
            ConfigError: The corpus is not there.
        """
        path = self.folder and self.folder / SOFTCITE_PATH
        if path is None or not path.is_file():
            raise ConfigError(
                f"{name} needs {path or SOFTCITE_PATH}, which is not there; give its folder, "
                "or leave the set out (--splits)"
            )
        found = read_source(Source(str(path), "softcite"))
        found = [
            d
            for d in found
            if domain_of(d) == SOFTCITE[name] and self.softcite_fifth in (None, fifth_of(d))
        ]
        if self.softcite_limit:
            found = sorted(found, key=lambda d: bucket_of(d.document.id, 1 << 32))
            found = found[: self.softcite_limit]
        part = "" if self.softcite_fifth is None else f", fifth {self.softcite_fifth} of documents"
        return TestSet(name, f"softcite, {SOFTCITE[name]}{part}: its four types", found)


def with_own_head(test_set: TestSet) -> TestSet:
    """Return a softcite set to be read by the head that learned softcite's labels."""
    return replace(
        test_set,
        name=test_set.name + OWN_HEAD,
        description=f"{test_set.description}, by the head that learned them",
    )


def is_softcite(name: str) -> bool:
    """Tell from the name of a set whether it is one of softcite's."""
    return name.removesuffix(OWN_HEAD) in SOFTCITE


def softcite_fifth_of(recipe: DataConfig) -> int | None:
    """Return the fifth of softcite that a recipe leaves out of training; None where it has none.

    Raises:
        ConfigError: The recipe trains on all of softcite, or leaves out several fifths.
    """
    fifths = {
        source.without_fifth
        for source in recipe.extra
        if "softcite" in (source.labels, source.format)
    }
    if not fifths:
        return None
    if len(fifths) > 1 or -1 in fifths:
        raise ConfigError(
            "the recipe trains on softcite; to be tested on it, its source must leave out a fifth "
            "of the documents: set without_fifth, 0 to 4 (all such sources the same), or leave out "
            "the softcite sets"
        )
    return fifths.pop()


def all_sets() -> list[str]:
    """Return the names of all test sets, in the order of the table."""
    return [*SPLITS, *PERTURBATIONS, *SOFTCITE]


def choose_sets(wanted: Sequence[str]) -> list[str]:
    """Return the wanted test sets in the order of the table; all of them for none.

    Raises:
        ConfigError: A name is unknown; the message lists the right ones.
    """
    valid = all_sets()
    chosen = [part for name in wanted for part in (SOFTCITE if name == "softcite" else (name,))]
    for name in chosen:
        if name not in valid:
            raise ConfigError(unknown_value("test set", name, [*valid, "softcite"]))
    return [name for name in valid if name in chosen or not chosen]


def perturb(name: str, plain: Sequence[LabeledDocument]) -> TestSet:
    """Return the sentences written in another way, see ``PERTURBATIONS``."""
    documents = [PERTURBATIONS[name](labeled) for labeled in plain]
    return TestSet(name, f"the same sentences, perturbed: {name}", documents, plain)


def score_set(test_set: TestSet, annotate: Annotate) -> Scores:
    """Annotate a test set and score the result.

    Args:
        test_set: What to score on.
        annotate: The model.

    Returns:
        The main scores (see ``metrics.SCORES``) and ``names``, the F1 of software names whatever
        their kind; for perturbed sets ``n_changed`` and the micro F1 of mentions on the changed
        sentences, ``changed_before`` and ``changed_after``; for unseen names their number and
        their recall; for softcite the F1 of each type. How many are right and how many mistaken in
        which way follows as counts (see ``ErrorAnalysis.counts``), for softcite in its terms.
    """
    gold = list(test_set.documents)
    predicted = _annotated(gold, annotate)
    reduced = score_softcite(gold, predicted)
    of_softcite = is_softcite(test_set.name)
    scores = (reduced if of_softcite else evaluate(gold, predicted)).main_scores()
    scores |= _mistakes(gold, predicted, of_softcite=of_softcite)
    scores["names"] = names_of(reduced)
    if of_softcite:
        scores |= {str(row.type).lower(): row.f1 for row in reduced.ner.per_type if row.in_macro}
    if test_set.plain:
        scores |= _on_changed(test_set, predicted, annotate)
    if test_set.split is not None and test_set.split.names:
        scores |= _on_held_out_names(test_set.split, gold, predicted)
    return scores


def _mistakes(
    gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument], *, of_softcite: bool
) -> Scores:
    if of_softcite:
        gold, predicted = list(map(as_softcite, gold)), list(map(as_softcite, predicted))
    return {key: float(n) for key, n in analyze_errors(gold, predicted).counts().items()}


def _annotated(documents: Sequence[LabeledDocument], annotate: Annotate) -> list[LabeledDocument]:
    plain = [labeled.document for labeled in documents]
    found: list[LabeledDocument] = []
    for start in range(0, len(plain), _CHUNK):
        chunk = plain[start : start + _CHUNK]
        both = zip(chunk, annotate(chunk), strict=True)
        found += [LabeledDocument(document, annotation) for document, annotation in both]
    return found


def _on_changed(
    test_set: TestSet, predicted: Sequence[LabeledDocument], annotate: Annotate
) -> Scores:
    """Score the sentences that the perturbation changed, before and after it."""
    triples = zip(test_set.plain, test_set.documents, predicted, strict=True)
    changed = [(old, new, found) for old, new, found in triples if _text(old) != _text(new)]
    before = [old for old, _, _ in changed]
    after = [new for _, new, _ in changed]
    return {
        "n_changed": len(changed),
        "changed_before": evaluate(before, _annotated(before, annotate)).ner.micro_f1,
        "changed_after": evaluate(after, [found for _, _, found in changed]).ner.micro_f1,
    }


def _text(labeled: LabeledDocument) -> list[str]:
    """Return the tokens of a sentence, or its text where it has none."""
    document, sentence = labeled.document, labeled.document.sentences[0]
    parts = sentence.tokens or (sentence,)
    return [document.slice(part.char_start, part.char_end) for part in parts]


def _on_held_out_names(
    split: Split, gold: Sequence[LabeledDocument], predicted: Sequence[LabeledDocument]
) -> Scores:
    held, n_found = 0, 0
    for right, found in zip(gold, predicted, strict=True):
        keys = {m.key for m in found.annotation.mentions}
        mentions = [m for m in right.annotation.mentions if split.is_held_out_name(right, m)]
        held += len(mentions)
        n_found += sum(m.key in keys for m in mentions)
    return {"n_held_out_names": held, "held_out_recall": n_found / held if held else 0.0}


def bench_model(
    annotate: Annotate,
    documents: Sequence[LabeledDocument],
    *,
    sets: Sequence[str],
    corpora: Corpora,
    annotate_as_softcite: Annotate | None = None,
) -> list[dict[str, Any]]:
    """Score a ready model on the sets that need no training.

    Args:
        annotate: The model.
        documents: Sentences with gold that the model was not trained on; they are scored as they
            are and perturbed.
        sets: Names of the sets; splits among them are passed over.
        corpora: Where softcite is.
        annotate_as_softcite: The model's head for softcite's labels, where it has one: softcite's
            sets are read by it as well.

    Returns:
        A row a set, ``plain`` first; see `summarize_set`.
    """
    test_sets = []
    if documents:
        test_sets.append(TestSet(PLAIN, "the corpus as it is", documents))
        test_sets += [perturb(name, documents) for name in sets if name in PERTURBATIONS]
    softcite = [corpora.softcite(name) for name in sets if name in SOFTCITE]
    rows = [summarize_set(each, [score_set(each, annotate)]) for each in [*test_sets, *softcite]]
    if annotate_as_softcite is not None:
        own = map(with_own_head, softcite)
        rows += [summarize_set(each, [score_set(each, annotate_as_softcite)]) for each in own]
    return with_differences(rows, base=PLAIN)


def summarize_set(test_set: TestSet, runs: Sequence[Scores]) -> dict[str, Any]:
    """Return a row of the results: what the set is, the scores of each run, mean and deviation."""
    first = runs[0]
    return {
        "name": test_set.name,
        "description": test_set.description,
        "n_documents": len(test_set.documents),
        "sha256": fingerprint(test_set.documents),
        "runs": list(runs),
        "mean": {key: statistics.fmean(run[key] for run in runs) for key in first},
        "std": {
            key: statistics.stdev(run[key] for run in runs) if len(runs) > 1 else 0.0
            for key in first
        },
    }


def with_differences(rows: Sequence[dict[str, Any]], *, base: str) -> list[dict[str, Any]]:
    """Add to each row its mean total minus that of the base row; softcite has other types: None."""
    totals = {row["name"]: row["mean"]["total"] for row in rows}
    return [
        {
            **row,
            "difference": None
            if base not in totals or is_softcite(row["name"])
            else row["mean"]["total"] - totals[base],
        }
        for row in rows
    ]


def fingerprint(documents: Sequence[LabeledDocument]) -> str:
    """Return the SHA-256 of documents with their sentences, tokens and gold."""
    digest = hashlib.sha256()
    for labeled in documents:
        document, annotation = labeled.document, labeled.annotation
        spans = [(s.char_start, s.char_end, len(s.tokens)) for s in document.sentences]
        mentions = [(m.char_start, m.char_end, str(m.type)) for m in annotation.mentions]
        relations = [(str(r.type), r.head.key, r.tail.key) for r in annotation.relations]
        digest.update(repr((document.id, document.text, spans, mentions, relations)).encode())
    return digest.hexdigest()
