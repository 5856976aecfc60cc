"""The service of ``somex serve``: an HTTP API over a loaded model, and its page."""
