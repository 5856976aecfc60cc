"""Word lists for names of software and makers, without case."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FILLERS = _words("software package packages program programme programs")
"""Words that a name may end with or not."""

SOFT_FILLERS = FILLERS | _words("""
    app application applications client desktop edition environment framework language library
    module online platform plugin pro professional project server service statistical statistics
    studio suite system systems tool toolbox toolkit tools web website workbench
""")
"""Words that add little to a name."""

STOP_WORDS = _words("a an and at by for from in of on or the to using via with")

LANGUAGES = _words("""
    c c++ c# fortran java javascript julia matlab octave perl php python r ruby sas sql stata vba
""")

LANGUAGE_WORDS = _words("software program programme language environment project system")
"""Words that may follow a language's name and mean the language."""

LANGUAGE_ATTRIBUTES = _words("computing programming statistical statistics")
"""Words that may stand between the two."""

GENERIC = _words("""
    a algorithm algorithms an app applet application applications bash binaries code codes command
    commands compiled computer copy custom customized data developed development executable file
    files function functions home house implementation in inhouse it library macro macros made
    module modules our own package packages pipeline pipelines plugin pre precompiled program
    programme programs resource resources routine routines script scripts set shell software source
    statistical system that the these this tool toolbox toolboxes toolkit tools version web written
""")
"""Words that name no software, alone, together or with a language."""

VENDORS = _words("adobe apache apple gnu google graphpad ibm mathworks microsoft ms oracle sap the")
"""Makers whose names are put before those of their software."""

COMPANY_WORDS = _words("""
    ab ag bv co company corp corporation gmbh inc incorporated limited llc ltd the
""")
"""Words in the names of makers that tell none from another."""
