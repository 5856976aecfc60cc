"""The test sets of a plan with their gold, and the scores of a prediction of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from somex.core.errors import ConfigError
from somex.core.types import LabeledDocument
from somex.corpus import bucket_of, read_source, split_labeled
from somex.metrics import Report, evaluate
from somex.ood_bench import fingerprint
from somex.perturbations import PERTURBATIONS
from somex.recipe import Source
from somex.reproduce.plan import Plan
from somex.softcite_scores import DOMAINS, as_softcite, domain_of, names_of

IN = "in-distribution"
"""Name of the set that is like what was trained on."""

TITLES = {
    IN: "in distribution",
    "punctuation": "Phase II-style (punctuation apart)",
    "citation-style": "other citation style",
    "citation-with-name": "cited in the parentheses of the name",
    "resolver-urls": "resolver addresses as URLs",
    "lower-case": "lower case",
    "softcite-biomedicine": "softcite, biomedicine: names",
    "softcite-economics": "softcite, economics: names",
}


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """Sentences (softcite: documents) with gold.

    Attributes:
        name: ``in-distribution``, a perturbation, or ``softcite-`` with a domain.
        documents: With gold.
        n_changed: How many of them a perturbation changed; all where it is none.
    """

    name: str
    documents: Sequence[LabeledDocument]
    n_changed: int

    @property
    def title(self) -> str:
        """Return what it is, for people."""
        return TITLES[self.name]

    @property
    def file(self) -> str:
        """Return the name of its files, of gold and of predictions."""
        return f"{self.name}.jsonl"

    @property
    def is_softcite(self) -> bool:
        """Tell whether only names are compared here."""
        return self.name.startswith("softcite-")

    @property
    def sha256(self) -> str:
        """Return a hash of texts and gold."""
        return fingerprint(self.documents)

    def gold(self) -> list[LabeledDocument]:
        """Return the gold as it is compared: softcite's reduced to its own types."""
        return self.compared(self.documents)

    def compared(self, documents: Sequence[LabeledDocument]) -> list[LabeledDocument]:
        """Return annotated documents as they are compared with the gold."""
        return [as_softcite(d) for d in documents] if self.is_softcite else list(documents)

    def report(self, predicted: Sequence[LabeledDocument]) -> Report:
        """Score a prediction of these documents."""
        return evaluate(self.gold(), self.compared(predicted))

    def main_score(self, report: Report) -> float:
        """Return what the tables show: the total; of softcite the F1 of software names."""
        return names_of(report) if self.is_softcite else report.total_macro_f1


def read_test(plan: Plan) -> list[LabeledDocument]:
    """Read a plan's test sentences.

    Raises:
        ConfigError: The corpus is not there, or holds no sentence.
    """
    found = [part for labeled in read_source(plan.test) for part in _sentences(labeled)]
    if not found:
        raise ConfigError(f"{plan.test.path} holds no {plan.test.split} sentence to test on")
    return found


def _sentences(labeled: LabeledDocument) -> list[LabeledDocument]:
    """Cut a document into sentences; one that is a sentence stays as it is, with its id."""
    return [labeled] if len(labeled.document.sentences) == 1 else split_labeled(labeled)


def build_sets(plan: Plan, test: Sequence[LabeledDocument]) -> list[EvaluationSet]:
    """Return all sets of given test sentences but softcite, in the order of the tables."""
    sets = [EvaluationSet(IN, test, len(test))]
    for name in plan.ood:
        changed = [PERTURBATIONS[name](labeled) for labeled in test]
        n_changed = sum(_words(a) != _words(b) for a, b in zip(test, changed, strict=True))
        sets.append(EvaluationSet(name, changed, n_changed))
    return sets


def read_softcite(plan: Plan) -> list[EvaluationSet]:
    """Read softcite, a set a domain; none where the plan names it not.

    Raises:
        ConfigError: The file is not there.
    """
    if plan.softcite is None:
        return []
    path, limit = Path(plan.softcite.path), plan.softcite.limit
    if not path.is_file():
        raise ConfigError(f"softcite.path is {path}, which is not there; leave softcite out of it")
    documents = read_source(Source(str(path), "softcite"))
    sets = []
    for domain in DOMAINS:
        found = [d for d in documents if domain_of(d) == domain]
        found = sorted(found, key=lambda d: bucket_of(d.document.id, 1 << 32))
        chosen = found[: limit or None]
        sets.append(EvaluationSet(f"softcite-{domain}", chosen, len(chosen)))
    return sets


def _words(labeled: LabeledDocument) -> list[str]:
    """Return the tokens of a sentence, or its text where it has none."""
    sentence = labeled.document.sentences[0]
    parts = sentence.tokens or (sentence,)
    return [labeled.document.slice(part.char_start, part.char_end) for part in parts]
