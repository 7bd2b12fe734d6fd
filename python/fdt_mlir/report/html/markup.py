"""Elements of HTML and SVG as text."""

from __future__ import annotations

from html import escape

Attribute = str | int | float


def element(tag: str, *content: str, **attributes: Attribute) -> str:
    """Write an element; `content` is markup already, attributes are escaped.

    Underscores of attribute names become hyphens, but for one at the end, which is dropped:
    `class_="map"`, `stroke_width=2`. An attribute without text is left out.
    """
    head = tag + "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for name, value in attributes.items()
        if value != ""
    )
    return f"<{head}>{''.join(content)}</{tag}>"


def _text(value: Attribute) -> str:
    """A number as a reader writes it: pictures need no more than two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
