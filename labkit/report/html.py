"""A report as one HTML file that needs nothing else: no network, no script to be read.

Its template gets plain values and quotes each of them by `labkit.markup`. The policy in its head
(Content Security Policy, level 3) lets no request leave the page, and lets run what labkit wrote
and nothing else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
from typing import TYPE_CHECKING

import jinja2
import markupsafe

from labkit.report import matrix, page, standing, topology
from labkit.report.element import quote

if TYPE_CHECKING:
    from labkit.plan import model as plans
    from labkit.report import about as abouts
    from labkit.report import model

_FILES = importlib.resources.files("labkit.report") / "templates"


def render(lab: plans.Lab, report: model.Report, about: abouts.About) -> str:
    """Return the file's text."""
    matrices = matrix.matrices(lab, report.results)
    stands = standing.standings(lab, report, matrices)
    style, script = ours("report.css"), ours("report.js")
    return template("report.html.j2").render(
        lab=lab,
        report=report,
        about=about,
        page=page.page(lab, report),
        matrices=matrices,
        stands=stands,
        topology=topology.render(lab, stands),
        style=style,
        script=script,
        policy=policy((style, topology.style()), script),
    )


def policy(styles: tuple[str, ...], script: str) -> str:
    """Return a policy that lets these styles and this script work, and nothing else."""
    allowed = " ".join(_digest(style) for style in styles)
    return (
        f"default-src 'none'; style-src {allowed}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def ours(name: str) -> markupsafe.Markup:
    """Return a style or a script of labkit's own."""
    text = (_FILES / name).read_text(encoding="utf-8")
    return markupsafe.Markup(text)  # noqa: S704 - a file of labkit's own, with no value in it


@functools.cache
def template(name: str) -> jinja2.Template:
    """Return a template, in which every value is quoted."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (_FILES / name).read_text(encoding="utf-8")),
        autoescape=True,
        finalize=quote,  # Jinja's own escaping then finds nothing left to do
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    del environment.filters["safe"]  # there is no way around quoting
    return environment.get_template(name)
