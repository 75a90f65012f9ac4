"""A kernel module: loaded now (modprobe(8)) and at each boot (modules-load.d(5))."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

_WORDS = ("loaded", "built in", "absent")


@dataclasses.dataclass(frozen=True, slots=True)
class ModuleState:
    """Where the module is now, and the text of the file (None: no such file)."""

    runtime: str
    """One of: loaded, built in, absent."""
    file: str | None


class KernelModule(base.Operation[ModuleState]):
    """`kernel_module: {name: br_netfilter}`.

    `-` and `_` are the same in a module's name. A module that is built into the kernel needs
    nothing.
    """

    # A new module brings parameters below /proc/sys.
    side_effects: ClassVar[bool] = True

    name: Annotated[
        str, text.matching(r"[A-Za-z0-9_][A-Za-z0-9_-]*", "a module's name, as 'br_netfilter'")
    ]

    @property
    def _name(self) -> str:
        return _plain(self.name)

    @property
    def _path(self) -> str:
        return f"/etc/modules-load.d/{self._name}.conf"

    def probe(self) -> str:
        """Print whether it is loaded, built in or absent, and the file."""
        # Of what is built in, only modules with parameters are in /sys/module.
        folder = f"/sys/module/{self._name}"
        pattern = f"/{self._name.replace('_', '[-_]')}\\.ko"
        return (
            f"if [ -e {folder}/initstate ]; then echo loaded; "
            f"elif [ -d {folder} ] || grep -qs {shell.quote(pattern)} "
            '"/lib/modules/$(uname -r)/modules.builtin"; '
            f"then echo 'built in'; else echo absent; fi; {text.show(self._path)}"
        )

    def read(self, output: str) -> ModuleState:
        """Read the two lines."""
        runtime, file = text.lines(output, 2)
        if runtime not in _WORDS:
            raise base.FactError(f"expected one of {', '.join(_WORDS)}, got {runtime!r}")
        return ModuleState(runtime, text.decode(file))

    def diff(self, state: ModuleState) -> tuple[base.Change, ...]:
        """Name it in a file of its own, whose other lines stay, and load it."""
        if state.runtime == "built in":
            return ()
        changes: list[base.Change] = []
        if not self._named(state):
            lines = [*text.split(state.file or ""), self._name]
            wanted = "".join(f"{line}\n" for line in lines)
            commands = ("mkdir -p /etc/modules-load.d", text.write(self._path, wanted))
            changes.append(base.Change(self._path, state.file or "", wanted, commands))
        if state.runtime != "loaded":
            load = shell.argv("modprobe", self._name)
            changes.append(base.Change(f"module {self._name}", state.runtime, "loaded", (load,)))
        return tuple(changes)

    def settings(self, state: ModuleState) -> tuple[base.Setting, ...]:
        """Return where the module is, and where the next boot will have it."""
        subject = f"module {self._name}"
        if state.runtime == "built in":
            return (base.Setting(subject, state.runtime, state.runtime, state.runtime),)
        file = "loaded" if self._named(state) else ""
        return (base.Setting(subject, "loaded", file, state.runtime),)

    def see(self) -> str:
        """Show whether it is loaded, and the file that the next boot reads."""
        return shell.line("lsmod | grep {}; cat {}", f"^{self._name} ", self._path)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Load it, and name it for the next boot."""
        del family
        name = shell.line("echo {} > {}", self._name, self._path)
        return (shell.argv("modprobe", self._name), name)

    def _named(self, state: ModuleState) -> bool:
        return self._name in {_plain(line.strip()) for line in text.split(state.file or "")}


def _plain(name: str) -> str:
    return name.replace("-", "_")
