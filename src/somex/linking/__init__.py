"""Linking: the mentions of one software, under its many names, become one `Software`."""
