"""Write docs/cli.md from the commands themselves; with --check, only tell whether it is current."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, get_args

import typer

from somex.app.cli.main import app

TARGET = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
_TYPES = {int: "INTEGER", float: "NUMBER", Path: "PATH"}
HEADER = """\
# Command line

<!-- Made by `make docs` from the commands; edit their docstrings and help texts instead. -->

Each command also explains itself: `somex COMMAND --help`. Exit codes: 0 all is well, 1 something
of the input failed (files that `extract` could not read, problems that `validate` found), 2 the
command could not do its work; the reason stands in one line on standard error.
"""


def render() -> str:
    """Return the page."""
    root: Any = typer.main.get_command(app)
    return HEADER + "".join(_render(command, f"somex {name}") for name, command in _sorted(root))


def _sorted(group: Any) -> list[tuple[str, Any]]:
    return sorted(group.commands.items())


def _render(command: Any, name: str) -> str:
    if hasattr(command, "commands"):
        return "".join(_render(inner, f"{name} {n}") for n, inner in _sorted(command))
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join([name, *("[OPTIONS]" for _ in options[:1]), *map(_usage, arguments)])
    parts = [f"\n## {name}\n\n```text\n{usage}\n```\n\n{inspect.cleandoc(command.help or '')}\n"]
    for title, params in (("Argument", arguments), ("Option", options)):
        if params:
            rows = "".join(f"| {_escape(_name(p))} | {_meaning(p)} |\n" for p in params)
            parts.append(f"\n| {title} | Meaning |\n| --- | --- |\n{rows}")
    return "".join(parts)


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    name = f"{name}..." if argument.nargs == -1 else name
    return name if argument.required else f"[{name}]"


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{_usage(param)}`"
    names = ", ".join([*param.opts, *param.secondary_opts])
    return f"`{names}`" if param.is_flag else f"`{names} {param.metavar or _type(param)}`"


def _type(param: Any) -> str:
    annotation = param.type_descriptor.annotation
    plain = get_args(annotation)[0] if get_args(annotation) else annotation
    return _TYPES.get(plain, "TEXT")


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


def _meaning(param: Any) -> str:
    notes = []
    if param.required and param.param_type_name == "option":
        notes.append("required")
    if param.multiple:
        notes.append("may be repeated")
    if param.envvar:
        notes.append(f"environment variable `{param.envvar}`")
    if param.default not in (None, "", (), False, True) and not callable(param.default):
        notes.append(f"default `{param.default}`")
    text = _escape(" ".join((param.help or "").split())).replace("<", "\\<")
    return f"{text} ({'; '.join(notes)})" if notes else text


def update(target: Path, text: str, *, check: bool) -> int:
    """Write a page, or check that it is current; return the exit code."""
    current = target.read_text(encoding="utf-8") if target.exists() else ""
    if check:
        if current != text:
            print(f"{target} is out of date; run `make docs`", file=sys.stderr)
        return int(current != text)
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(update(TARGET, render(), check="--check" in sys.argv))
