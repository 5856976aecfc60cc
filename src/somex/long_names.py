"""Made-up long names of software and the letters that stand for them.

Scientific programs are mostly called by letters taken from a long name, in one of few ways:
initials (``GDAL``), initials with a letter more here and there, or letters that the long name
writes large inside its words (``LAMINA``: Leaf shApe deterMINAtion).
"""

from __future__ import annotations

import random

_THINGS = (
    "genome", "gene", "protein", "sequence", "network", "image", "signal", "cell", "tissue",
    "brain", "pathway", "metabolite", "transcript", "variant", "haplotype", "phylogeny",
    "population", "species", "habitat", "climate", "landscape", "survey", "trial", "cohort",
    "spectrum", "peptide", "ligand", "membrane", "neuron", "spike", "motion", "gait", "voice",
    "text", "ontology", "marker", "allele", "expression", "methylation", "chromatin", "structure",
    "surface", "volume", "particle", "diffusion", "reaction", "microbe", "plankton", "root",
    "leaf", "seed", "pedigree", "risk", "dose", "outcome", "time series", "interaction", "motif",
    "domain", "alignment", "assembly", "mutation", "recombination", "heritability", "ancestry",
    "binding site", "read", "primer",
)  # fmt: skip
_DOINGS = (
    "analysis", "alignment", "annotation", "assembly", "simulation", "visualization",
    "estimation", "prediction", "detection", "identification", "inference", "integration",
    "exploration", "comparison", "clustering", "modeling", "modelling", "mapping", "tracking",
    "segmentation", "reconstruction", "quantification", "imputation", "optimization",
    "evaluation", "assessment", "search", "mining", "profiling", "registration", "classification",
    "decomposition", "scoring",
)  # fmt: skip
_KINDS = (
    "tool", "toolkit", "toolbox", "program", "package", "pipeline", "platform", "server", "suite",
    "system", "software", "library", "browser", "explorer", "viewer", "simulator", "analyzer",
    "finder", "environment", "framework", "workbench", "engine", "database", "language", "kit",
)  # fmt: skip
_HOW = (
    "automated", "integrated", "interactive", "rapid", "fast", "Bayesian", "hierarchical",
    "spatial", "statistical", "graphical", "dynamic", "multivariate", "molecular", "evolutionary",
    "structural", "functional", "comparative", "efficient", "probabilistic", "linear", "adaptive",
    "stochastic", "genome-wide", "multi-scale", "high-throughput", "web-based", "model-based",
    "open",
)  # fmt: skip
_FORMS = (
    "{how} {thing} {doing}", "{thing} {doing} {kind}", "{how} {thing} {doing} {kind}",
    "{kind} for {thing} {doing}", "{kind} for the {doing} of {thing}s", "{thing} {doing}",
    "{doing} of {thing} and {other} {doing2}", "{thing} and {other} {doing} {kind}",
    "{how} {doing} of {thing}s", "{doing} {kind} for {how} {thing} {doing2}",
)  # fmt: skip
_SMALL = frozenset({"for", "of", "the", "and"})
_LOWER_RATE, _INSIDE_RATE = 0.2, 0.2
_ONE_LETTER_RATE, _FRONT_RATE = 0.85, 0.75


def make_names(rng: random.Random) -> tuple[str, str]:
    """Return a long name and its letters, as ``Protein Motif Search Tool`` and ``PMST``."""
    thing, other = rng.sample(_THINGS, 2)
    doing, doing2 = rng.sample(_DOINGS, 2)
    form = rng.choice(_FORMS)
    words = form.format(
        thing=thing, other=other, doing=doing, doing2=doing2,
        kind=rng.choice(_KINDS), how=rng.choice(_HOW),
    ).replace("ys ", "ies ").split()  # fmt: skip
    if rng.random() < _INSIDE_RATE:
        return _written_large(words, rng)
    short = "".join(_letters(word, rng) for word in words)
    capital = rng.random() >= _LOWER_RATE
    long = " ".join(w[0].upper() + w[1:] if capital and w not in _SMALL else w for w in words)
    return long, short


def _letters(word: str, rng: random.Random) -> str:
    """Return what a word gives to the letters: mostly its first one."""
    if word in _SMALL:
        return rng.choice(("", "", "", word[0]))
    return word[0].upper() if rng.random() < _ONE_LETTER_RATE else word[:2].upper()


def _written_large(words: list[str], rng: random.Random) -> tuple[str, str]:
    """Return a name whose letters are written large wherever they stand in its words."""
    long, short = [], ""
    for word in words:
        n_letters = 0 if word in _SMALL else rng.randint(1, min(4, len(word)))
        start = 0 if rng.random() < _FRONT_RATE else rng.randint(0, len(word) - n_letters)
        taken = word[start : start + n_letters].upper()
        long.append(word[:start] + taken + word[start + n_letters :])
        short += taken
    return " ".join(long), short
