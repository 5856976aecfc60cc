"""somex where its users already are: spaCy, data frames, assistants, Hugging Face habits."""
