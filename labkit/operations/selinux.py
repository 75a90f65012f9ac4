"""SELinux's mode: /etc/selinux/config (selinux_config(5)), the mode in force, the kernel line.

At boot, `selinux=` and `enforcing=` on the kernel line are stronger than the file (selinux(8)).
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Literal

from labkit import families, shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

_CONFIG = "/etc/selinux/config"
_ENFORCE_PATH = "/sys/fs/selinux/enforce"
_ENFORCE = {"1": "enforcing", "0": "permissive", "": "disabled"}
_LINE = re.compile(r"^SELINUX=(.*)$", re.MULTILINE)

# Words of a kernel line that lead elsewhere than to the mode. With selinux=1 the file decides, and
# a file that says 'disabled' holds whatever `enforcing=` says.
_AGAINST = {
    "enforcing": re.compile(r"(?<!\S)(?:selinux=0|enforcing=0)(?!\S)"),
    "permissive": re.compile(r"(?<!\S)(?:selinux=0|enforcing=1)(?!\S)"),
    "disabled": re.compile(r"(?!)"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class SelinuxState:
    """The file's text (None: no such file), the mode in force, and the kernel lines."""

    file: str | None
    runtime: str
    line: str
    """The kernel line of this boot."""
    family: family_base.Family | None
    boot: tuple[str, ...]
    """The kernel lines of the coming boots; empty where they are given from outside."""


class Selinux(base.Operation[SelinuxState]):
    """`selinux: {mode: permissive}`."""

    mode: Literal["enforcing", "permissive", "disabled"]

    def probe(self) -> str:
        """Print the file, selinuxfs's `enforce` (absent when disabled), and the kernel lines."""
        boot = families.choose(lambda family: family.boot_lines())
        enforce = f"enforce=; {{ read -r enforce < {_ENFORCE_PATH}; }} 2>/dev/null"
        lines = 'read -r line < /proc/cmdline; printf \'%s\\n\' "$enforce" "$line"'
        return f"{text.show(_CONFIG)}; {enforce}; {lines}; {boot}"

    def read(self, output: str) -> SelinuxState:
        """Read the file, the mode in force and the kernel lines."""
        found = text.split(output)
        if len(found) < len(("file", "enforce", "line", "family")):
            raise base.FactError(f"expected a file, a mode and kernel lines, got {output[:200]!r}")
        file, enforce, line, family, *boot = found
        if enforce.strip() not in _ENFORCE:
            raise base.FactError(f"expected 0 or 1 from selinuxfs, got {enforce!r}")
        mode = _ENFORCE[enforce.strip()]
        return SelinuxState(text.decode(file), mode, line, families.of(family), tuple(boot))

    def diff(self, state: SelinuxState) -> tuple[base.Change, ...]:
        """Change the file, the kernel line of the next boot, then the running mode.

        To and from disabled only a reboot leads.
        """
        if state.file is None:
            if (self.mode, state.runtime) == ("disabled", "disabled"):
                return ()  # SELinux is not installed: that is as disabled as can be.
            raise base.FactError(
                f"SELinux should be {self.mode}, but {_CONFIG} is not there",
                hint="install the distribution's SELinux policy, or set selinux: disabled",
            )
        changes: list[base.Change] = []
        modes = _modes(state.file)
        if set(modes) != {self.mode}:
            write = text.write(_CONFIG, self._wanted(state.file))
            changes.append(base.Change(_CONFIG, ", ".join(modes), self.mode, (write,)))
        changes += self._kernel_line(state)
        if state.runtime != self.mode:
            changes.append(self._runtime(state))
        return tuple(changes)

    def _wanted(self, current: str) -> str:
        """Return the file with the mode in each line that gives one, or in a line of its own."""
        line = f"SELINUX={self.mode}"
        if _LINE.search(current):
            return _LINE.sub(line, current)
        return "".join(f"{each}\n" for each in (*text.split(current), line))

    def _kernel_line(self, state: SelinuxState) -> tuple[base.Change, ...]:
        against = _AGAINST[self.mode].findall(" ".join(state.boot or (state.line,)))
        words = tuple(dict.fromkeys(against))
        if not words:
            return ()
        if state.family is None or not state.boot:
            raise base.FactError(
                f"SELinux should be {self.mode}, but the kernel line says {' '.join(words)}",
                hint="that line is given from outside: change the image's kernel_args, or the mode",
            )
        commands = state.family.drop_boot_words(words)
        return (base.Change("kernel line", " ".join(words), "", commands),)

    def _runtime(self, state: SelinuxState) -> base.Change:
        subject = "SELinux mode"
        if "disabled" in (state.runtime, self.mode):
            return base.Change(subject, state.runtime, self.mode, (), reboot=True)
        # What setenforce(8) does; it is not installed everywhere.
        enforce = "1" if self.mode == "enforcing" else "0"
        switch = shell.line("printf %s {} > {}", enforce, _ENFORCE_PATH)
        return base.Change(subject, state.runtime, self.mode, (switch,))

    def settings(self, state: SelinuxState) -> tuple[base.Setting, ...]:
        """Return the mode; what the next boot brings is in the file and on the kernel line."""
        return (base.Setting("SELinux mode", self.mode, _next(state), state.runtime),)

    def see(self) -> str:
        """Show the mode in force, the one of the next boot, and the kernel's line."""
        return f"getenforce; cat {_CONFIG} /proc/cmdline"

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Edit the file, and switch at once where that is possible."""
        del family
        edit = shell.argv("sed", "-i", f"s/^SELINUX=.*/SELINUX={self.mode}/", _CONFIG)
        if self.mode == "disabled":
            return (edit, "reboot")
        return (edit, shell.argv("setenforce", "1" if self.mode == "enforcing" else "0"))


def _modes(file: str) -> list[str]:
    return [mode.strip() for mode in _LINE.findall(file)]


def _next(state: SelinuxState) -> str:
    """Return the mode that the next boot brings, as libselinux decides it."""
    mode = next(iter(_modes(state.file or "")), "") if state.file is not None else "disabled"
    words = " ".join(state.boot or (state.line,)).split()
    if "selinux=0" in words or mode == "disabled":
        return "disabled"
    told = [_ENFORCE[word[-1]] for word in words if word in ("enforcing=0", "enforcing=1")]
    return told[0] if told else mode
