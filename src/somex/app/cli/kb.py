"""``somex kb``: builds the knowledge base of known software and looks into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from somex.app.cli.json_output import print_json
from somex.core.errors import ConfigError

if TYPE_CHECKING:
    from tqdm import tqdm

    from somex.core.known_software import KnownSoftware
    from somex.kb.build import BuildReport

kb = typer.Typer(
    name="kb", help="Build and look into a knowledge base of known software.", no_args_is_help=True
)


@kb.command("build")
def build(
    out: Annotated[Path, typer.Argument(metavar="OUT.sqlite", help="The knowledge base to make.")],
    dumps: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=FILE...", help="Source and file of each dump; see 'somex kb sources'."
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Option of a source: wikidata.developers=ids."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Build a knowledge base from public dumps and lists of your own.

    Where several sources know a software, they become one entry if they share an identifier, and
    the source named first gives its name. A line that can't be read is counted and told.
    """
    from somex.kb.build import build_store

    files = [(name, Path(file)) for name, file in map(_pair, dumps)]
    with _Bar() as bar:
        report = build_store(
            out, files, options=dict(map(_pair, settings or [])), progress=bar.on_read
        )
    if as_json:
        print_json(report.to_json())
    else:
        _print_report(report, out)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise ConfigError(f"{text!r} is not NAME=VALUE, as cran=PACKAGES.gz")
    return name, value


class _Bar:
    """A bar a file, in bytes of the file as it lies on the disk."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._what = ""

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def on_read(self, what: str, done: int, total: int) -> None:
        """Move the bar on."""
        from tqdm import tqdm

        if self._bar is None or what != self._what:
            self.__exit__()
            self._what = what
            self._bar = tqdm(
                total=total, desc=what, unit="B", unit_scale=True, leave=False, disable=None
            )
        self._bar.update(max(done - self._bar.n, 0))


def _print_report(report: BuildReport, out: Path) -> None:
    for counts in report.sources:
        parts = [f"{counts.source}: {counts.n_read:,} entries from {counts.file}"]
        if counts.n_repeated:
            parts.append(f"{counts.n_repeated:,} repeated")
        if counts.n_faults:
            parts.append(f"{counts.n_faults:,} could not be read")
        typer.echo(", ".join(parts))
        for fault in counts.first_faults:
            typer.echo(f"  {counts.file}, {fault}", err=True)
        if counts.n_faults > len(counts.first_faults):
            typer.echo(f"  and {counts.n_faults - len(counts.first_faults):,} more", err=True)
    typer.echo(
        f"{report.n_software:,} software with {report.n_names:,} names in {out}; "
        f"{report.n_merged:,} entries joined by identifiers, "
        f"{report.n_ambiguous:,} identifiers too ambiguous to join by"
    )


@kb.command("show")
def show(
    store: Annotated[Path, typer.Argument(metavar="FILE.sqlite", help="A knowledge base.")],
    name: Annotated[
        str, typer.Argument(help="Name of a software, an identifier (pypi:numpy) or a URL.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the entries as JSON.")] = False,
) -> None:
    """Show what a knowledge base knows under a name or identifier."""
    from somex.kb.keys import parse_identifier
    from somex.kb.store import KnowledgeStore

    with KnowledgeStore(store) as knowledge:
        identifier = parse_identifier(name)
        found = list(knowledge.lookup(name))
        known = knowledge.by_identifier(identifier) if identifier else None
        if known is not None:
            found = [known]
    if as_json:
        print_json({"name": name, "software": [_to_json(software) for software in found]})
    elif not found:
        typer.echo(f"nothing is known under {name!r} in {store}", err=True)
    else:
        typer.echo("\n\n".join(map(_to_text, found)))
    if not found:
        raise typer.Exit(1)


def _to_json(software: KnownSoftware) -> dict[str, Any]:
    return {
        "name": software.name,
        "kind": software.kind,
        "aliases": list(software.aliases),
        "developers": list(software.developers),
        "homepage": software.homepage,
        "identifiers": [
            {"scheme": i.scheme, "value": i.value, "uri": i.uri} for i in software.identifiers
        ],
    }


def _to_text(software: KnownSoftware) -> str:
    lines = [f"{software.name} ({software.kind})" if software.kind else software.name]
    for title, values in (
        ("also called", software.aliases),
        ("developers", software.developers),
        ("home page", filter(None, [software.homepage])),
    ):
        if text := "; ".join(values):
            lines.append(f"  {title}: {text}")
    for identifier in software.identifiers:
        lines.append(f"  {identifier.scheme}: {identifier.uri}")
    return "\n".join(lines)


@kb.command("sources")
def list_sources() -> None:
    """List the sources that a knowledge base can be built from, with their options."""
    from somex.kb.registry import sources

    for source in sources().values():
        typer.echo(f"{source.name}: {source.description}")
        for name, purpose in source.options.items():
            typer.echo(f"  --set {source.name}.{name}=...  {purpose}")
