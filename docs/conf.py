"""How Sphinx builds the site: ``sphinx-build -W --keep-going -b html docs docs/_build/html``.

It needs no network, and neither does whoever reads it: fonts, search and styles come from the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import simulator  # noqa: E402

project = "virtlab"
author = "the virtlab developers"
version = release = simulator.__version__
copyright = author
extensions = ["myst_parser", "virtlab_pages"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext", "_static"]
nitpicky = True
smartquotes = False  # they would make one dash of the two before an option

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "virtlab"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False}
pygments_style = "default"
highlight_language = "text"
