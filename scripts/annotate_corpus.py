"""Annotate a corpus anew by hand, with a model's and the corpus's own labels to begin from.

    python scripts/annotate_corpus.py dump CORPUS sentences.txt --without-fifth 0
    python scripts/annotate_corpus.py pack CORPUS sentences.txt recipes/softcite-somesci.jsonl

``dump`` writes the sentences in which the corpus or the model finds software, one a line: document,
characters, TAB, text with markup, ``{a:Application=SPSS} {b:Version>a=20}`` (name, type, hosts, the
text itself). Whoever mends the markup leaves the text as it is; lines after ``#`` are passed over.
``pack`` checks the lines and writes stand-off annotations (`somex.standoff`), which hold no text.
Sentences with an attribute whose host stands in another one are left out, and counted.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import somex
from somex.core.schema import SOFTWARE_TYPES, EntityType, RelationType, is_compatible
from somex.core.types import (
    Annotation,
    Document,
    LabeledDocument,
    Mention,
    Relation,
    Sentence,
)
from somex.corpus import fifth_of, sentence_text, split_labeled
from somex.readers.problems import ReadWarning
from somex.readers.registry import read_corpus
from somex.standoff import Entries, to_entry, write_standoff
from somex.text.matching import squeeze

_MARKED = re.compile(r"\{(\w+):(\w+)(?:>([\w,]+))?=([^{}]+)\}")
_PLACE = re.compile(r"(.+):(\d+)-(\d+)\Z")
_IN_BRACKETS = re.compile(r"\([^()]*\)\Z")
_HOSTLESS = SOFTWARE_TYPES | {EntityType.SOFTWARE_COREFERENCE}
_LEAN = -0.7


def to_markup(labeled: LabeledDocument) -> str:
    """Return a document of one sentence as a line of markup; white space becomes blanks."""
    sentence = labeled.document.sentences[0]
    mentions = list(labeled.annotation.mentions)
    names = {
        mention: f"{chr(ord('a') + i % 26)}{i // 26 or ''}" for i, mention in enumerate(mentions)
    }
    line, reached = "", sentence.char_start
    for mention in mentions:
        hosts = ",".join(names[r.tail] for r in labeled.annotation.relations if r.head is mention)
        line += labeled.document.slice(reached, mention.char_start)
        text = labeled.document.slice(mention.char_start, mention.char_end)
        line += f"{{{names[mention]}:{mention.type}{'>' if hosts else ''}{hosts}={text}}}"
        reached = mention.char_end
    return re.sub(r"\s", " ", line + labeled.document.slice(reached, sentence.char_end))


def from_markup(line: str, document: Document, start: int, end: int) -> LabeledDocument:
    """Return the sentence of a document with the annotation of its line.

    Raises:
        ValueError: The text is not the document's, or the markup names no type, no slot, or a host
            that the schema does not allow.
    """
    names: list[str] = []
    hosts: list[tuple[int, str]] = []
    mentions: list[Mention] = []
    plain, reached = "", 0
    for match in _MARKED.finditer(line):
        plain += line[reached : match.start()]
        name, kind, host, text = match.groups()
        first, last = _trim(kind, text)
        place = start + len(plain)
        mentions.append(Mention(EntityType(kind), place + first, place + last))
        hosts += [(len(names), each) for each in (host or "").split(",") if each]
        names.append(name)
        plain, reached = plain + text, match.end()
    plain += line[reached:]
    if plain != re.sub(r"\s", " ", document.slice(start, end)):
        raise ValueError(f"the text was changed: {plain!r}")
    for host in {host for _, host in hosts} | set(names):
        if names.count(host) != 1:
            raise ValueError(f"{names.count(host)} marks are called {host!r}; each needs one name")
    relations = [_relate(mentions[i], mentions[names.index(host)]) for i, host in hosts]
    part = Document(f"{document.id}#{start}", document.text, (Sentence(start, end),))
    return LabeledDocument(part, Annotation.build(mentions, relations))


def _trim(kind: str, text: str) -> tuple[int, int]:
    """Return the part of a marked text that is meant: no parentheses around one citation."""
    around = kind == EntityType.CITATION and _IN_BRACKETS.match(text)
    return (1, len(text) - 1) if around else (0, len(text))


def _relate(head: Mention, tail: Mention) -> Relation:
    kinds = [f"{head.type}_of", "Specification_of"]
    for kind in (RelationType(k) for k in kinds if k in list(RelationType)):
        if is_compatible(kind, head.type, tail.type):
            return Relation(kind, head, tail)
    raise ValueError(f"a {head.type} can't be an attribute of a {tail.type}")


def dump(documents: Sequence[LabeledDocument]) -> Iterator[str]:
    """Yield the lines to be mended: titles after ``#``, and sentences with software."""
    extractor = somex.load(lean=_LEAN)
    seen: set[str] = set()
    for own in documents:
        (found,) = extractor.annotate([own.document])
        parts = zip(split_labeled(own), split_labeled(found), strict=True)
        lines = []
        for labeled, predicted in parts:
            both = _join(predicted, labeled)
            key = squeeze(text := sentence_text(both))
            if both.annotation.mentions and key not in seen and not set("{}") & set(text):
                place = both.document.sentences[0]
                at = f"{own.document.id}:{place.char_start}-{place.char_end}"
                lines.append(f"{at}\t{to_markup(both)}")
            seen.add(key)
        if lines:
            title = " ".join(own.document.provenance.get("title", own.document.id).split())
            yield from (f"# {title}", *lines)


def _join(one: LabeledDocument, other: LabeledDocument) -> LabeledDocument:
    """Add the mentions of another annotation that overlap none, and their relations."""
    taken = list(one.annotation.mentions)
    for m in other.annotation.mentions:
        if not any(m.char_start < t.char_end and t.char_start < m.char_end for t in taken):
            taken.append(m)
    relations = [
        *one.annotation.relations,
        *(r for r in other.annotation.relations if r.head in taken and r.tail in taken),
    ]
    return LabeledDocument(one.document, Annotation.build(taken, relations))


def pack(documents: Sequence[LabeledDocument], lines: Sequence[str]) -> tuple[Entries, list[str]]:
    """Return the stand-off annotations of mended lines, and what is wrong with them."""
    texts = {labeled.document.id: labeled.document for labeled in documents}
    entries: Entries = {}
    faults: list[str] = []
    counts: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        place = _PLACE.match(line.partition("\t")[0])
        if place is None or place[1] not in texts:
            faults.append(f"line {number} must begin with DOCUMENT:START-END and a TAB")
            continue
        document, start, end = texts[place[1]], int(place[2]), int(place[3])
        try:
            labeled = from_markup(line.partition("\t")[2], document, start, end)
        except ValueError as error:
            faults.append(f"line {number}: {error}")
            continue
        heads = {relation.head for relation in labeled.annotation.relations}
        if any(m.type not in _HOSTLESS and m not in heads for m in labeled.annotation.mentions):
            counts["left out: a host stands elsewhere"] += 1
            continue
        counts.update(m.type.value for m in labeled.annotation.mentions)
        counts["without software"] += not labeled.annotation.mentions
        entries.setdefault(document.id, []).append(to_entry(labeled))
    n_sentences = sum(map(len, entries.values()))
    told = ", ".join(f"{count} {what}" for what, count in counts.most_common())
    print(f"{n_sentences} sentences of {len(entries)} documents; {told}")
    return entries, faults


def main() -> int:
    """Write sentences to mend, or what was made of them; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=("dump", "pack"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("sentences", type=Path)
    parser.add_argument("out", type=Path, nargs="?", help="of pack: the file of annotations")
    parser.add_argument("--without-fifth", type=int, default=-1, help="of dump: leave out (0 to 4)")
    options = parser.parse_args()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReadWarning)
        documents = list(read_corpus(options.corpus))
    if options.task == "dump":
        kept = [d for d in documents if fifth_of(d) != options.without_fifth]
        options.sentences.write_text("".join(f"{line}\n" for line in dump(kept)), encoding="utf-8")
        return 0
    if options.out is None:
        parser.error("pack needs the file to write")
    entries, faults = pack(documents, options.sentences.read_text("utf-8").splitlines())
    print("\n".join(faults), end="\n" if faults else "")
    if not faults:
        write_standoff(entries, options.out)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
