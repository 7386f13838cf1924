"""The templates of all pages, with their filters and their one style sheet."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stillwatch.core.wording import plural
from stillwatch.report import _format


@cache
def environment() -> Environment:
    """Return where templates come from: all text is escaped and cleaned."""
    made = Environment(
        loader=PackageLoader("stillwatch.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters.update(
        chance=_format.chance,
        count=_format.count,
        equation=lambda value, symbol: _format.equation(symbol, value),
        label=lambda text: _format.clean(text, _format.ID_LENGTH),
        listing=_format.listing,
        moment=_format.moment,
        number=_format.number,
        percent=_format.percent,
        plural=plural,
        span=_format.span,
        unit_name=_format.unit_name,
    )
    return made


def _finalize(value: object) -> object:
    """Clean every text a template prints, so that no template can forget to."""
    return (
        _format.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
    )


@cache
def style_hash() -> str:
    """Return the hash of the style sheet, as a content security policy names it."""
    style = environment().get_template("style.css.j2").render()
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
