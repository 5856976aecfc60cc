"""The sources that somex ships, as its entry points in ``pyproject.toml`` name them."""

from __future__ import annotations

from somex.kb.dcf import read_bioconductor, read_cran
from somex.kb.own import read_own
from somex.kb.pypi import read_pypi
from somex.kb.registry import Source
from somex.kb.scicrunch import read_scicrunch
from somex.kb.wikidata import OPTIONS, read_wikidata

WIKIDATA = Source("wikidata", "JSON dump of Wikidata (.json.gz, .json.bz2)", read_wikidata, OPTIONS)
PYPI = Source("pypi", "index of PyPI (JSON or HTML), or metadata as JSON Lines", read_pypi)
CRAN = Source("cran", "CRAN's PACKAGES, or all fields of its packages as DCF", read_cran)
BIOCONDUCTOR = Source("bioconductor", "VIEWS of a release of Bioconductor", read_bioconductor)
SCICRUNCH = Source("scicrunch", "export of SciCrunch's registry (CSV, TSV)", read_scicrunch)
OWN = Source("own", "a list of your own (CSV, TSV, JSON Lines)", read_own)
