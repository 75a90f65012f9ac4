"""What a profile may name in its expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.plan import model
    from labkit.secrets import store
    from labkit.ssh import keyring

Values = dict[str, object]


class Everybody:
    """What names all machines of a lab, which is the same for each of them: made once for all."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._last: tuple[model.Lab, keyring.Keyring, Values] | None = None

    def of(self, lab: model.Lab, keys: keyring.Keyring) -> Values:
        """Return the values; the last ones where it is the same lab with the same keys."""
        last = self._last  # read once: another thread may ask for another lab
        if last is None or last[0] is not lab or last[1] is not keys:
            self._last = last = (lab, keys, _everybody(lab, keys))
        return last[2]


def of(
    lab: model.Lab,
    machine: model.Machine,
    keys: keyring.Keyring,
    secrets: store.Store,
    everybody: Everybody,
) -> Values:
    """Return the values for a machine.

    `lab` and `machine` are the plan; `keys` the lab's keys; `hosts` the lines of /etc/hosts;
    `known_hosts` every machine's host key under all of its names; `secrets` reads a secret of
    lab.yml when it is asked for by its name. Nothing else here opens files: the methods of a path
    would be a way out of the templates' sandbox.
    """
    return {
        "lab": lab,
        "machine": machine,
        "keys": {"login": keys.login, "ansible": keys.ansible, "hosts": keys.hosts},
        "secrets": secrets,
        **everybody.of(lab, keys),
    }


def _everybody(lab: model.Lab, keys: keyring.Keyring) -> Values:
    return {
        "hosts": {str(each.hostonly): _names(lab, each) for each in lab.machines},
        "known_hosts": {
            ",".join((*_names(lab, each), str(each.hostonly))): _bare(keys.hosts[each.name].public)
            for each in lab.machines
        },
    }


def _names(lab: model.Lab, machine: model.Machine) -> tuple[str, ...]:
    full = tuple(f"{machine.name}.{domain}" for domain in lab.search[:1])
    return (*full, machine.name)


def _bare(public: str) -> str:
    return " ".join(public.split()[:2])
