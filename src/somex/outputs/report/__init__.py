"""HTML reports: a page a paper, an index of a corpus; no network, no framework."""
