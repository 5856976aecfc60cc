"""``somex data``: lists and fetches the public corpora."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

data = typer.Typer(name="data", help="List and fetch the public corpora.", no_args_is_help=True)


@data.command("list")
def list_corpora() -> None:
    """List the public corpora with home, licence and pinned revision."""
    from somex.readers.public_corpora import CORPORA

    for corpus in CORPORA.values():
        n_bytes = sum(file.n_bytes or 0 for file in corpus.files)
        size = f"{n_bytes / 1e6:.1f} MB" if n_bytes else "size unknown"
        n_known = sum(file.sha256 is not None for file in corpus.files)
        typer.echo(f"{corpus.name}: {corpus.description}")
        typer.echo(f"  {corpus.home} ({corpus.revision}), {corpus.licence}")
        typer.echo(f"  {len(corpus.files)} file(s), {size}, checksums known: {n_known}")
        if corpus.note:
            typer.echo(f"  note: {corpus.note}")


@data.command("fetch")
def fetch(
    names: Annotated[list[str], typer.Argument(help="Names of corpora, see 'somex data list'.")],
    to: Annotated[
        Path, typer.Option("--to", help="Folder of the corpora.", envvar="SOMEX_DATA")
    ] = Path("data"),
    base_url: Annotated[
        str | None, typer.Option(help="Where the files lie instead of their home (a mirror).")
    ] = None,
    sha256: Annotated[
        str | None, typer.Option(help="Checksum of a file whose checksum somex does not know.")
    ] = None,
    trust_first_download: Annotated[
        bool,
        typer.Option(
            "--trust-first-download",
            help="Take a file without known checksum as it comes; its checksum goes into a lock "
            "file and is required from then on.",
        ),
    ] = False,
) -> None:
    """Fetch corpora; each file is checked against its checksum before it is kept."""
    from somex.readers.fetch import FetchError, Trust, fetch_corpus
    from somex.readers.public_corpora import get_corpus

    corpora = [get_corpus(name) for name in names]
    if len(names) > 1 and (base_url or sha256):
        raise FetchError("--base-url and --sha256 are for a single corpus; fetch one by one")
    for corpus in corpora:
        fetched = fetch_corpus(
            corpus.name,
            folder=to,
            base_url=base_url,
            trust=Trust(sha256, trust_first_download),
            progress=sys.stderr.isatty(),
        )
        for file in fetched:
            typer.echo(f"{file.status}: {file.path} (sha256 {file.sha256})")
        if corpus.note:
            typer.echo(f"note: {corpus.note}", err=True)
