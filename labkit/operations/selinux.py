"""SELinux's mode: /etc/selinux/config (selinux_config(5)) and the mode in force."""

from __future__ import annotations

import dataclasses
import re
from typing import Literal

from labkit import shell
from labkit.operations import base, text

_CONFIG = "/etc/selinux/config"
_ENFORCE_PATH = "/sys/fs/selinux/enforce"
_ENFORCE = {"1": "enforcing", "0": "permissive", "": "disabled"}
_LINE = re.compile(r"^SELINUX=(.*)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class SelinuxState:
    """The file's text (None: no such file) and the mode in force."""

    file: str | None
    runtime: str


class Selinux(base.Operation[SelinuxState]):
    """`selinux: {mode: permissive}`."""

    mode: Literal["enforcing", "permissive", "disabled"]

    def probe(self) -> str:
        """Print the file, then selinuxfs's `enforce`, which is absent when disabled."""
        return f"{text.show(_CONFIG)}; cat {_ENFORCE_PATH} 2>/dev/null; echo"

    def read(self, output: str) -> SelinuxState:
        """Read the file and the mode in force."""
        file, enforce = text.lines(output, 2)
        if enforce.strip() not in _ENFORCE:
            raise base.FactError(f"expected 0 or 1 from selinuxfs, got {enforce!r}")
        return SelinuxState(text.decode(file), _ENFORCE[enforce.strip()])

    def diff(self, state: SelinuxState) -> tuple[base.Change, ...]:
        """Change the file, then the running mode; to and from disabled only a reboot leads."""
        if state.file is None:
            if (self.mode, state.runtime) == ("disabled", "disabled"):
                return ()  # SELinux is not installed: that is as disabled as can be.
            raise base.FactError(
                f"SELinux should be {self.mode}, but {_CONFIG} is not there",
                hint="install the distribution's SELinux policy, or set selinux: disabled",
            )
        changes: list[base.Change] = []
        modes = [mode.strip() for mode in _LINE.findall(state.file)]
        if set(modes) != {self.mode}:
            write = text.write(_CONFIG, self._wanted(state.file))
            changes.append(base.Change(_CONFIG, ", ".join(modes), self.mode, (write,)))
        if state.runtime != self.mode:
            changes.append(self._runtime(state))
        return tuple(changes)

    def _wanted(self, current: str) -> str:
        """Return the file with the mode in each line that gives one, or in a line of its own."""
        line = f"SELINUX={self.mode}"
        if _LINE.search(current):
            return _LINE.sub(line, current)
        return "".join(f"{each}\n" for each in (*text.split(current), line))

    def _runtime(self, state: SelinuxState) -> base.Change:
        subject = "SELinux mode"
        if "disabled" in (state.runtime, self.mode):
            return base.Change(subject, state.runtime, self.mode, (), reboot=True)
        # What setenforce(8) does; it is not installed everywhere.
        enforce = "1" if self.mode == "enforcing" else "0"
        switch = shell.line("printf %s {} > {}", enforce, _ENFORCE_PATH)
        return base.Change(subject, state.runtime, self.mode, (switch,))
