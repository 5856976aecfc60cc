"""An MCP server over standard input and output, so that assistants can find software in texts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

from somex.core.errors import ConfigError, FormatError, MissingExtraError, SomexError
from somex.core.types import Document
from somex.pipeline import Extractor
from somex.readers.archives import is_archive
from somex.readers.papers import read_paper

try:
    import anyio
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp_types import ToolAnnotations
    from pydantic import Field

    from somex.integrations.mcp_answers import FoundOut, TypesOut, found_out, types_out
except ImportError as error:
    raise MissingExtraError(
        f"`somex mcp` needs {error.name} (mcp 2.0 or later); pip install 'somex[mcp]'"
    ) from None

MAX_TEXT_CHARS = 1_000_000
INSTRUCTIONS = """\
Finds mentions of software in scientific text, with versions, developers, URLs, licences and \
citations, and which belongs to which. `software` sums up a document; `mentions` and `relations` \
are the evidence. Confidences are probabilities; what is not found may still be in the text."""

_T = TypeVar("_T")


class SomexTools:
    """What the tools do; one call at a time has the model.

    Args:
        opener: Loads the model, at the first call that needs it.
        root: Folder that files are read from; none may be read without.

    Raises:
        ConfigError: ``root`` is no folder.
    """

    def __init__(self, opener: Callable[[], Extractor], *, root: Path | None = None) -> None:
        if root is not None and not root.is_dir():
            raise ConfigError(f"--root is {root}, which is no folder")
        self._opener = opener
        self.root = None if root is None else root.resolve()

    @cached_property
    def extractor(self) -> Extractor:
        """The model."""
        return self._opener()

    def extract_text(self, text: str) -> FoundOut:
        """Find the software of a text."""
        if len(text) > MAX_TEXT_CHARS:
            raise ConfigError(
                f"the text has {len(text):,} characters; valid: up to {MAX_TEXT_CHARS:,}; send it "
                "in parts"
            )
        return self._extract(Document("text", text), has_context=False)

    def extract_file(self, path: str) -> FoundOut:
        """Find the software of a paper below the root."""
        place = self._inside(path)
        document = read_paper(place)
        if len(document.text) > MAX_TEXT_CHARS:
            raise FormatError(
                f"has {len(document.text):,} characters of text; valid: up to {MAX_TEXT_CHARS:,}",
                path=path,
            )
        return self._extract(document, has_context=True)

    def _extract(self, document: Document, *, has_context: bool) -> FoundOut:
        (labeled,) = self.extractor.annotate([document])
        return found_out(labeled, self.extractor, has_context=has_context)

    def _inside(self, path: str) -> Path:
        """Return the file that a path names.

        Raises:
            FormatError: It lies outside the root (links are followed), or is no file.
        """
        if self.root is None:
            raise FormatError("no file may be read; start `somex mcp` with --root FOLDER")
        try:
            place = (self.root / path).resolve()
            is_inside = place.is_relative_to(self.root)
            is_file = is_inside and place.is_file()
        except (OSError, ValueError):  # names too long, NUL in them, links that go in circles
            raise FormatError("is no path of a file", path=path) from None
        if not is_inside:
            raise FormatError("lies outside the folder of --root", path=path)
        if not is_file:
            raise FormatError("no such file in the folder of --root", path=path)
        if is_archive(place.name):
            raise FormatError("is an archive; unpack it and name one paper", path=path)
        return place


def build_server(tools: SomexTools) -> MCPServer[None]:
    """Return the server; it offers ``extract_file`` only where there is a root."""
    server: MCPServer[None] = MCPServer(
        "somex",
        title="Software mentions",
        instructions=INSTRUCTIONS,
        version=version("somex"),
        log_level="WARNING",
    )
    one_at_a_time = anyio.CapacityLimiter(1)

    async def run(work: Callable[[], _T]) -> _T:
        try:
            return await anyio.to_thread.run_sync(work, limiter=one_at_a_time)
        except SomexError as error:
            raise ToolError(_without_root(str(error), tools.root)) from None

    async def extract_software(
        text: Annotated[str, Field(description="Text as it stands: a sentence, or a whole paper.")],
    ) -> FoundOut:
        """Find the software that a scientific text mentions; offsets count its characters."""
        return await run(partial(tools.extract_text, text))

    async def extract_file(
        path: Annotated[str, Field(description="Path from the folder that the server was given.")],
    ) -> FoundOut:
        """Find the software that a paper mentions: JATS or TEI XML, PDF, HTML, Markdown, text.

        Offsets count the characters of the text that was read from it.
        """
        return await run(partial(tools.extract_file, path))

    async def list_types() -> TypesOut:
        """List the types of mentions, which relations lead where, and the purposes."""
        return types_out()

    _add(server, extract_software, title="Software of a text")
    if tools.root is not None:
        _add(server, extract_file, title="Software of a file")
    _add(server, list_types, title="Types of mentions")
    return server


def _add(server: MCPServer[None], tool: Callable[..., Any], *, title: str) -> None:
    only_reads = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
    description = inspect.cleandoc(tool.__doc__ or "")
    server.add_tool(tool, title=title, description=description, annotations=only_reads)


def _without_root(message: str, root: Path | None) -> str:
    """Return a message that names files from the root on."""
    return " ".join((message if root is None else message.replace(f"{root}/", "")).split())
