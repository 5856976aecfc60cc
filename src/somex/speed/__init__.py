"""The speed bench: ways to run a model, timed side by side in one run."""
