"""Adapters: the command line and, later, the service; nothing here holds logic of its own."""
