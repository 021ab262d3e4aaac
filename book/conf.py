"""Sphinx's configuration of the course as a web site. `lstmkit book` (`make book`) gathers the pages beside this file and builds it.

Nothing is executed: the notebooks' stored outputs are shown. Nothing is loaded from a network: formulas, fonts and search lie in the site.
"""

import re

project = "lstmkit"
author = "the course's authors"
copyright = "the course's authors; prose CC-BY-4.0, code MIT"  # noqa: A001
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
templates_path: list[str] = []
language = "en"

# ---- lessons
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js: dict = {}  # a live figure shows its still picture here
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.mime_priority", "mystnb.unknown_mime_type", "myst.header", "misc.highlighting_failure"]

# ---- formulas, from a file of the site
mathjax_path = "mathjax.js"

# ---- the look
html_theme = "sphinx_book_theme"
html_title = "Recurrent networks, and the gradient of every output"
html_static_path = ["_static"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navigation_with_keys": True,
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}

# ---- the reference: docstrings are plain text in paragraphs
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # nn.Module says nothing of our forward


def plain(app, what, name, obj, options, lines):
    """Keep a docstring's words as they are: `code` as code, no other mark means anything; what is indented stays line by line."""
    parts = re.split(r"(`[^`]+`)", "\n".join(lines))
    escaped = [f"`{part}`" if part[:1] == "`" else re.sub(r"([\\*_|])", r"\\\1", part) for part in parts]
    out, block = [], False
    for line in "".join(escaped).split("\n"):
        indented = line.startswith("  ")
        if indented != block and line.strip():
            out.append("")
            block = indented
        out.append(f"| {line.strip()}" if indented and line.strip() else line.strip())
    lines[:] = out


def setup(app):
    app.connect("autodoc-process-docstring", plain)
