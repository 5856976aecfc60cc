"""Time and memory of linking 100,000 mentions, made from SOMD 2026 with a seed.

taskset -c 0,1 python benchmarks/linking_speed.py --data FOLDER

The mentions are copied until there are enough. Names that ten documents or more have stay as they
are, the others get new letters in every copy, so that the number of names grows with the number of
mentions; one name in fifty gets a slip of the pen.
"""

from __future__ import annotations

import argparse
import random
import resource
import string
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from somex.core.software import MentionRef
from somex.linking.items import LinkItem
from somex.linking.linker import link_items
from somex.linking.names import name_key
from somex.linking.somd2026 import read_somd2026

VOWELS = "aeiou"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of SOMD 2026")
    parser.add_argument("--mentions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    items = read_somd2026(arguments.data, subtask=1).items
    made = list(make_items(items, n_mentions=arguments.mentions, seed=arguments.seed))
    n_names = len({name_key(item.surface) for item in made})
    started, started_cpu = time.monotonic(), time.process_time()
    software = link_items(made)
    seconds, cpu = time.monotonic() - started, time.process_time() - started_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(made)} mentions of {n_names} names: {len(software)} software in {seconds:.1f} s "
        f"({cpu:.1f} s of processor time), peak memory {peak:.0f} MB"
    )


def make_items(items: tuple[LinkItem, ...], *, n_mentions: int, seed: int) -> Iterator[LinkItem]:
    """Yield copies of items, up to a number of mentions."""
    generator = random.Random(seed)
    documents: dict[str, set[str]] = defaultdict(set)
    for item in items:
        documents[name_key(item.surface)].add(item.ref.document_id)
    common = {name for name, of_name in documents.items() if len(of_name) >= 10}
    for index in range(n_mentions):
        copy, place = divmod(index, len(items))
        if place == 0:
            rewrite = make_cipher(generator) if copy else str
        item = items[place]
        yield rewrite_item(item, copy, common, rewrite, generator)


def make_cipher(generator: random.Random) -> Callable[[str], str]:
    """Return a function that swaps vowels with vowels and consonants with consonants."""
    table: dict[int, int] = {}
    consonants = [c for c in string.ascii_lowercase if c not in VOWELS]
    for letters in (list(VOWELS), consonants):
        shuffled = generator.sample(letters, len(letters))
        for old, new in zip(letters, shuffled, strict=True):
            table |= {ord(old): ord(new), ord(old.upper()): ord(new.upper())}
    return lambda text: text.translate(table)


def rewrite_item(
    item: LinkItem,
    copy: int,
    common: set[str],
    rewrite: Callable[[str], str],
    generator: random.Random,
) -> LinkItem:
    """Return a copy of an item in another document, under another name unless it is common."""

    def rename(name: str) -> str:
        return name if name_key(name) in common else rewrite(name)

    surface = rename(item.surface)
    if generator.random() < 0.02 and len(surface) > 4:
        place = generator.randrange(1, len(surface))
        surface = surface[:place] + generator.choice(string.ascii_lowercase) + surface[place:]
    start, end = item.char_start, item.char_start + len(item.surface)
    return replace(
        item,
        ref=MentionRef(f"{item.ref.document_id}-{copy}", item.ref.mention_id),
        surface=surface,
        sentence=item.sentence[:start] + surface + item.sentence[end:],
        developers=tuple(map(rename, item.developers)),
        aliases=tuple(map(rename, item.aliases)),
        host=None if item.host is None else rename(item.host),
        identifiers=item.identifiers if copy == 0 else (),
    )


if __name__ == "__main__":
    main()
