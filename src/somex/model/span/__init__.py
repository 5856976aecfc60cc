"""The span family: entity types as prompt text, every span scored against every type.

Source: Zaratiana et al. 2024, GLiNER (NAACL). The relation heads are those of the token family.
"""
