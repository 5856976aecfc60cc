"""The knowledge base of known software: built from public dumps, kept in one SQLite file."""
