"""One line in a file whose other lines are somebody else's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import pydantic

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

_OTHER = "?"
"""What the probe prints for what is there but is no file; never base64 of anything."""


def _compiles(pattern: str) -> str:
    if "\0" in pattern or "\n" in pattern:
        raise ValueError(f"{pattern!r} is not a regular expression for one line")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
    return pattern


_Line = Annotated[str, text.matching(r"[^\x00\r\n]+", "a line")]
_Pattern = Annotated[str, pydantic.AfterValidator(_compiles)]


class Line(base.Operation[str | None]):
    """`line: {path: /etc/chrony.conf, line: server 10.0.2.2 iburst, match: "^server "}`.

    As with Ansible's `lineinfile`, the last line that matches is replaced, since in most files the
    last one counts, and the others stay. Where none matches, the line is added at the end, or
    below the last line that matches `after`. `match` must match `line` too: otherwise it would not
    be found again.
    """

    path: text.Path
    line: _Line | None = None
    match: _Pattern | None = None
    """A Python regular expression, found anywhere in a line; without it, the line itself counts."""
    after: _Pattern | None = None
    """A Python regular expression: a new line comes below the last line that matches."""
    present: bool = True
    """`false` takes away each line that matches."""
    create: bool = False
    """Make the file when there is none; otherwise that is an error."""

    @pydantic.model_validator(mode="after")
    def _sensible(self) -> Line:
        if self.present and self.line is None:
            raise ValueError("'line' is missing")
        if not self.present and (self.line is None) == (self.match is None):
            raise ValueError("what is to be absent is given by 'line' or by 'match'")
        if not self.present and (self.create or self.after is not None):
            raise ValueError("'create' and 'after' are for a line that is to be present")
        if self.line is not None and self.match and not re.search(self.match, self.line):
            raise ValueError(f"'match' does not match the line itself, {self.line!r}")
        return self

    def _matches(self, line: str) -> bool:
        return bool(re.search(self.match, line)) if self.match else line == self.line

    def probe(self) -> str:
        """Print the file; only a file is opened, since reading a FIFO would wait for ever."""
        other = shell.line("if [ -e {} ] && [ ! -f {} ]; then echo {}", *[self.path] * 2, _OTHER)
        return f"{other}; else {text.show(self.path)}; fi"

    def read(self, output: str) -> str | None:
        """Return the file's text; None when there is none."""
        (shown,) = text.lines(output, 1)
        if shown == _OTHER:
            raise base.FactError(
                f"{self.path} should be a file, but it is something else",
                hint=f"look at it ({shell.argv('ls', '-ld', self.path)}) and move it away",
            )
        return text.decode(shown)

    def diff(self, state: str | None) -> tuple[base.Change, ...]:
        """Write the file with the line replaced, added or taken away."""
        if state is None and self.present and not self.create:
            raise base.FactError(
                f"{self.path} is not there, so it cannot get a line",
                hint="install what brings the file before, or write 'create: true'",
            )
        lines = text.split(state or "")
        wanted = self._wanted(lines)
        if wanted == lines:
            return ()
        before, after = (self._shown(each) for each in (lines, wanted))
        write = text.write(self.path, "".join(f"{line}\n" for line in wanted))
        return (base.Change(self.path, before, after, (write,)),)

    def _wanted(self, lines: list[str]) -> list[str]:
        if not self.present or self.line is None:
            return [line for line in lines if not self._matches(line)]
        found = [index for index, line in enumerate(lines) if self._matches(line)]
        if found:
            # Without a pattern, the line is where it is already.
            return [*lines[: found[-1]], self.line, *lines[found[-1] + 1 :]]
        places = [
            index + 1
            for index, line in enumerate(lines)
            if self.after is not None and re.search(self.after, line)
        ]
        place = places[-1] if places else len(lines)
        return [*lines[:place], self.line, *lines[place:]]

    def _shown(self, lines: list[str]) -> str:
        return "\n".join(line for line in lines if self._matches(line))

    def see(self) -> str:
        """Show the file."""
        return shell.argv("cat", "-n", self.path)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Edit with sed, and add what it did not find."""
        del family
        if not self.present:
            pattern = _for_sed(self.match) if self.match else f"^{_literal(self.line or '')}$"
            return (shell.argv("sed", "-i", "-E", f"/{pattern}/d", self.path),)
        line = self.line or ""
        # Replaces each line that matches: the notes are for files as distributions ship them.
        text_of_line = line.replace("\\", "\\\\")
        edits = [f"/{_for_sed(self.match)}/c\\{text_of_line}"] if self.match else []
        replace = [shell.argv("sed", "-i", "-E", edit, self.path) for edit in edits]
        if self.after:
            below = shell.argv("sed", "-i", "-E", f"/{_for_sed(self.after)}/a\\{text_of_line}")
            add = shell.line("grep -qxFe {} {} || ", line, self.path) + f"{below} "
            return (*replace, add + shell.quote(self.path))
        add = shell.line("grep -qxFe {} {} || printf '%s\\n' {} >> {}", *[line, self.path] * 2)
        return (*replace, add)


def _for_sed(pattern: str | None) -> str:
    r"""Write a Python pattern as sed has it between slashes; `\d` is all that it lacks."""
    replaced = {"/": r"\/", r"\d": "[0-9]"}
    return re.sub(r"\\.|/", lambda found: replaced.get(found[0], found[0]), pattern or "")


def _literal(line: str) -> str:
    return re.sub(r"[][\\/.^$*+?(){}|]", r"\\\g<0>", line)
