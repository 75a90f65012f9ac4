"""A file of lab.yml: whether it is there, its mode, and a text in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit import shell
from labkit.checks import base as checks
from labkit.checks.own import base

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.converge import script
    from labkit.plan import model


class Check(base.Own):
    """stat(1), and grep(1) for the text, so that no large file travels."""

    def ask(self, machine: model.Machine) -> str:
        """Print the mode, or nothing where there is no file; then whether the text is in it."""
        del machine
        path, text = self.text("path"), self.text("contains")
        look = shell.line("stat -L -c 0%a -- {} 2> /dev/null || echo", path)
        if not text:
            return look
        return f"{look}\n{shell.line('grep -qF -e {} -- {} && echo yes', text, path)}"

    def see(self, machine: model.Machine, answer: script.Answer) -> Iterator[checks.Seen]:
        """Compare what is said of the file; of one that is not there, nothing more is asked."""
        del machine
        path, by_hand = self.text("path"), shell.argv("ls", "-ld", "--", self.text("path"))
        mode, _, found = answer.output.partition("\n")
        is_there = _there(bool(mode))
        yield checks.equal(path, _there(bool(self.own.wanted["exists"])), is_there, by_hand)
        if not mode:
            return
        if wanted := self.text("mode"):
            # stat prints no leading zeros but the one here, and a digit more for setuid and such.
            yield checks.equal(f"mode of {path}", wanted, f"0{mode.lstrip('0'):0>3}", by_hand)
        if text := self.text("contains"):
            actual = text if found.strip() == "yes" else "not there"
            by_hand = shell.argv("grep", "-nF", "-e", text, "--", path)
            yield checks.equal(f"text in {path}", text, actual, by_hand)


def _there(is_there: bool) -> str:
    return "there" if is_there else "not there"
