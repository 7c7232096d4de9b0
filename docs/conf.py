"""How the documentation is built: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from tracker_migrate import __version__  # noqa: E402

project = "tracker-migrate"
author = "the tracker-migrate developers"
copyright = "the tracker-migrate developers. Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_click", "from_code"]
html_theme = "furo"
html_title = f"tracker-migrate {release}"
html_show_sphinx = False
exclude_patterns = ["_ext", "_build"]
nitpicky = False

myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
suppress_warnings = ["ref.python"]
