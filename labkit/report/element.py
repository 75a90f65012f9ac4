"""Elements of HTML, SVG and XML as texts; each value goes through `labkit.markup`."""

from __future__ import annotations

import markupsafe

from labkit import markup


def quote(value: object) -> markupsafe.Markup:
    """Return a value as markup: what is markup already stays as it is, the rest is quoted."""
    if isinstance(value, markupsafe.Markup):
        return value
    return markupsafe.Markup(markup.quote(value))  # noqa: S704 - quoted in this very line


def element(name: str, /, *content: object, **attributes: object) -> markupsafe.Markup:
    """Return one element.

    Args:
        name: Of the element, written in the code.
        content: Texts and other elements.
        attributes: Their names are written in the code: `class_` is `class`, and `stroke_width`
            is `stroke-width`. None leaves an attribute out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{quote(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(quote(each) for each in content)
    text = f"<{name}{given}>{inside}</{name}>" if inside else f"<{name}{given}/>"
    return markupsafe.Markup(text)  # noqa: S704 - each part of it is quoted above
