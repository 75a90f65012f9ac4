"""The tutorials of docs/tutorial that 'lab.explain' writes for the default lab, one a language."""

from __future__ import annotations

from labkit import console, workspace
from labkit.explain import markdown, words
from labkit.lifecycle import context, explain
from labkit.plan import build
from labkit.profiles import entry
from labkit.reference import _markdown, _source
from labkit.spec import load


def pages() -> dict[str, str]:
    """Return each tutorial by its file's name: by-hand.md, by-hand.ja.md."""
    root = _source.REPOSITORY
    lab = build.build(load.load(root / "lab.yml"))  # as on any host: this one is not asked
    opened = context.Context(root, lab, workspace.Workspace(root, lab.name), console.Progress())
    files = {
        language: "by-hand.md" if language == "en" else f"by-hand.{language}.md"
        for language in entry.LANGUAGES
    }
    found: dict[str, str] = {}
    for language, file in files.items():
        others = {other: name for other, name in files.items() if other != language}
        links = [f"[{words.of(other)('language')}]({name})" for other, name in others.items()]
        explanation = explain.explain(opened, lab.machines, language, own_keys=False)
        found[file] = markdown.render(explanation, f"{_markdown.NOTE}\n\n{' '.join(links)}")
    return found
