from __future__ import annotations

import subprocess
import sys

BLOCKED = """
import sys
sys.modules["pyoxigraph"] = None
import somex.app.cli.main
from somex.core.errors import MissingExtraError
try:
    import somex.graph.iris
except MissingExtraError as error:
    print(error)
"""


def test_graph_extra_is_named_where_it_is_missing():
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pip install 'somex[graph]'" in done.stdout


def test_graph_extra_is_not_loaded_by_the_package_or_its_commands():
    code = "import sys, somex, somex.app.cli.main; print('pyoxigraph' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
