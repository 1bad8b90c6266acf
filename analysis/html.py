"""Pages made of templates: whatever a store says is escaped, and a name that a template lacks is an error."""

from __future__ import annotations

from pathlib import Path

import jinja2

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def template(name: str) -> jinja2.Template:
    """One of ``templates/``, by the name of its file."""
    return _ENVIRONMENT.get_template(name)
