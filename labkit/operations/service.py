"""A systemd unit: whether the next boot starts it, and whether it runs now (systemctl(1))."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, ClassVar

import pydantic

from labkit import shell
from labkit.operations import base, text

if TYPE_CHECKING:
    from labkit.families import base as family_base

# systemd.unit(5), without a leading '-', which would be an option.
_Name = Annotated[
    str, text.matching(r"[A-Za-z0-9_][A-Za-z0-9:_.@\\-]{0,254}", "a unit's name, as 'chronyd'")
]

_PROPERTIES = ("LoadState", "ActiveState", "NeedDaemonReload")
_ON = frozenset({"active", "reloading", "refreshing"})
_OFF = frozenset({"inactive", "failed"})
_MASKED = frozenset({"masked", "masked-runtime"})
_PLAIN = frozenset({"enabled", "enabled-runtime", "disabled", "linked", "linked-runtime"})

# States of is-enabled with which nobody can say that the unit starts at boot, and what to do.
_FIXED = {
    "static": "it has no [Install] section: leave 'enabled' out, since what needs it starts it",
    "generated": "a generator makes it at each boot: change what the generator reads",
    "transient": "it has no file and is gone with the next boot: write a unit file",
}
# States about which nothing can be said at all.
_ODD = {
    "alias": "this is another name of a unit: write its own ({})",
    "bad": "its file is wrong: look at it ({})",
}
# 'indirect' is a unit that is not enabled but has another name, or names others in Also=.
_KNOWN = _PLAIN | _MASKED | set(_FIXED) | set(_ODD) | {"indirect", "not-found"}


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceState:
    """What systemctl says; a part that was not asked for is empty."""

    boot: str
    """As `systemctl is-enabled` says it."""
    now: str
    """As systemd calls it: active, inactive, failed, ..."""
    masked: bool
    changed: bool
    """The unit's file is newer than what systemd has read."""


class Service(base.Operation[ServiceState]):
    """`service: {name: chronyd, enabled: true, running: true}`.

    A unit that is masked is unmasked when it should be enabled or running. Other units than
    services have their suffix in the name: `fstrim.timer`.
    """

    side_effects: ClassVar[bool] = True

    name: _Name
    enabled: bool | None = None
    """Whether the next boot starts it; left out, that is not looked at."""
    running: bool | None = None
    """Whether it runs now; left out, that is not looked at."""

    @pydantic.model_validator(mode="after")
    def _something(self) -> Service:
        if self.enabled is None and self.running is None:
            raise ValueError("a service has 'enabled', 'running' or both")
        return self

    def probe(self) -> str:
        """Print what systemd says of the running unit, then what the files say of the next boot."""
        # What the next boot will do is in the files, which is-enabled reads without a systemd too.
        show = shell.argv("systemctl", "show", "-p", ",".join(_PROPERTIES), "--", self.name)
        enabled = shell.argv("systemctl", "is-enabled", "--", self.name)
        parts = [] if self.running is None else [show]
        parts += [] if self.enabled is None else [enabled]
        return f"{'; '.join(parts)}; :"

    def read(self, output: str) -> ServiceState:
        """Read both; the last line of is-enabled counts, since warnings come before it."""
        shown: dict[str, str] = {}
        rest: list[str] = []
        for line in text.split(output):
            key, equals, value = line.partition("=")
            if equals and key in _PROPERTIES:
                shown[key] = value
            else:
                rest.append(line)
        boot = "" if self.enabled is None else _state(rest)
        now = shown.get("ActiveState", "")
        if (self.enabled is not None and boot not in _KNOWN) or self._lacks(shown):
            raise base.FactError(
                f"expected what systemctl says of {self.name}, got {output!r:.300}"
            )
        load = shown.get("LoadState", "")
        if "not-found" in (boot, load):
            raise base.FactError(
                f"the machine has no unit '{self.name}'",
                hint="which package brings it? install that one in an operation before this one",
            )
        masked = boot in _MASKED or load == "masked"
        return ServiceState(boot, now, masked, shown.get("NeedDaemonReload") == "yes")

    def _lacks(self, shown: dict[str, str]) -> bool:
        return self.running is not None and not {"LoadState", "ActiveState"} <= shown.keys()

    def diff(self, state: ServiceState) -> tuple[base.Change, ...]:
        """Unmask it, enable or disable it, and start or stop it, as far as that is needed."""
        if hint := _ODD.get(state.boot):
            words = ("show", "-p", "Id") if state.boot == "alias" else ("cat",)
            look = shell.argv("systemctl", *words, self.name)
            raise self._cannot(state, "looked at", hint.format(look))
        changes: list[base.Change] = []
        if state.masked and (self.enabled or self.running):
            unmask = (self._systemctl("unmask"), self._systemctl("unmask", "--runtime"))
            changes.append(base.Change(f"mask of {self.name}", "masked", "not masked", unmask))
        if self.enabled is not None and not self._boot_as_wanted(state):
            if hint := _FIXED.get(state.boot):
                raise self._cannot(state, "enabled", hint)
            verb = "enable" if self.enabled else "disable"
            changes.append(self._change("boot", state.boot, f"{verb}d", verb))
        if self.running is not None and not self._now_as_wanted(state):
            verb, after = ("start", "active") if self.running else ("stop", "inactive")
            reload = ("systemctl daemon-reload",) if state.changed else ()
            changes.append(self._change("state", state.now, after, verb, *reload))
        return tuple(changes)

    def settings(self, state: ServiceState) -> tuple[base.Setting, ...]:
        """Return what the next boot brings and what is now, where both should be the same."""
        if self.enabled is None or self.enabled is not self.running:
            return ()
        wanted = "active" if self.running else "inactive"
        file = wanted if self._boot_as_wanted(state) else state.boot
        runtime = wanted if self._now_as_wanted(state) else state.now
        return (base.Setting(f"service {self.name}", wanted, file, runtime),)

    def see(self) -> str:
        """Show it now and at the next boot."""
        return shell.line("systemctl status {}; systemctl is-enabled {}", self.name, self.name)

    def manual(self, family: family_base.Family) -> tuple[str, ...]:
        """Enable and start in one go, as far as both are wanted."""
        del family
        verbs: dict[tuple[bool | None, bool | None], tuple[tuple[str, ...], ...]] = {
            (True, True): (("enable", "--now"),),
            (False, False): (("disable", "--now"),),
        }
        single = (
            *([("enable",) if self.enabled else ("disable",)] if self.enabled is not None else []),
            *([("start",) if self.running else ("stop",)] if self.running is not None else []),
        )
        wanted = verbs.get((self.enabled, self.running), single)
        return tuple(shell.argv("systemctl", *words, self.name) for words in wanted)

    def _boot_as_wanted(self, state: ServiceState) -> bool:
        starts = state.boot == "enabled"
        return starts is self.enabled

    def _now_as_wanted(self, state: ServiceState) -> bool:
        return state.now in (_ON if self.running else _OFF)

    def _systemctl(self, *words: str) -> str:
        return shell.argv("systemctl", "-q", *words, self.name)

    def _change(self, what: str, before: str, after: str, verb: str, *first: str) -> base.Change:
        commands = (*first, self._systemctl(verb))
        return base.Change(f"{what} of {self.name}", before, after, commands)

    def _cannot(self, state: ServiceState, what: str, hint: str) -> base.FactError:
        message = f"{self.name} cannot be {what}: its state is '{state.boot}'"
        return base.FactError(message, hint=hint)


def _state(lines: list[str]) -> str:
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    # systemd 253 and later say 'not-found' themselves.
    return "not-found" if last.endswith(": No such file or directory") else last
