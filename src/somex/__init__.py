"""somex: joint extraction of software mentions, attributes and relations from papers."""
