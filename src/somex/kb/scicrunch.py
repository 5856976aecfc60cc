"""SciCrunch's resource registry, which gives software its RRIDs: an export as CSV or TSV."""

from __future__ import annotations

from collections.abc import Iterator

from somex.core.known_software import KnownSoftware
from somex.kb.keys import identifiers_of_url, is_url, make_identifier
from somex.kb.source_file import SourceFile
from somex.kb.tables import read_rows

_ID = ("scrid", "rrid", "resourceid", "identifier", "id")
_NAME = ("resourcename", "name", "title")
_TYPES = ("additionalresourcetypes", "resourcetypes", "resourcetype", "types")
_OTHER_NAMES = ("synonyms", "abbreviation", "abbreviations")
_URL = ("resourceurl", "url", "homepage")
_OTHER_URLS = ("alternateurls", "oldurls")
_ORGANIZATION = ("parentorgname", "parentorganization", "parentorganizationname")
_NOTHING = ("(null)", "null", "#n/a", "nan", "none")
_MAX_ALIAS = 80


def read_scicrunch(file: SourceFile) -> Iterator[KnownSoftware]:
    """Yield the software of the registry; instruments, core facilities and the like are left out.

    Columns are found by name whatever their case, blanks and underscores: ``scr_id``,
    ``Resource_Name``, ``Additional_Resource_Types``, ``Synonyms``, ``Abbreviation``,
    ``Resource_URL``, ``Alternate_URLs``, ``Parent Org Name``.

    Raises:
        FormatError: The table has no header.
    """
    for number, row in read_rows(file):
        rrid = make_identifier("rrid", _first(row, _ID))
        name = _first(row, _NAME)
        if rrid is None or not name:
            what = f"id {_first(row, _ID)!r:.40}, name {name!r:.40}"
            file.faults.tell(number, f"has no RRID (SCR_...) or no name: {what}")
            continue
        types = _first(row, _TYPES)
        if types and "software" not in types.casefold():
            continue
        urls = [_first(row, _URL), *_split(_first(row, _OTHER_URLS))]
        ids = [rrid]
        for url in urls:
            ids += identifiers_of_url(url)
        others = (part for column in _OTHER_NAMES for part in _split(_first(row, (column,))))
        yield KnownSoftware(
            tuple(dict.fromkeys(id for id in ids if id.scheme != "rrid" or id == rrid)),
            name,
            tuple(dict.fromkeys(alias for alias in others if _is_alias(alias, name))),
            tuple(filter(None, [_first(row, _ORGANIZATION)])),
            "software",
            next(filter(is_url, urls), None),
        )


def _first(row: dict[str, str], columns: tuple[str, ...]) -> str:
    cells = (row[column] for column in columns if column in row)
    return next((cell for cell in cells if cell.casefold() not in _NOTHING), "")


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.replace("|", ",").replace(";", ",").split(",")]


def _is_alias(alias: str, name: str) -> bool:
    return bool(alias) and alias != name and len(alias) <= _MAX_ALIAS and ": " not in alias
