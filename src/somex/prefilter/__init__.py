"""The cascade's first stage: tells cheaply which sentences may hold a mention."""
