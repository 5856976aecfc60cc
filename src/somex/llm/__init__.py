"""Language models as extractors: one protocol, any OpenAI-compatible endpoint, answers verified."""
