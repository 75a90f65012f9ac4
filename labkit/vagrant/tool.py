"""Vagrant in the folder of one lab.

python-vagrant knows the verbs; here they get time limits, keep what Vagrant complained about, and
are logged, since each of them runs in `Vagrant.run`. Safe to use from several threads.
"""

from __future__ import annotations

import functools
import logging
import shutil
import types
from typing import TYPE_CHECKING, Any

from labkit import child, errors
from labkit.vagrant import output, settings, trouble, version

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Mapping, Sequence

# Where there is no Vagrant, python-vagrant says so at its import, before anybody has asked.
logging.getLogger("vagrant").addHandler(logging.NullHandler())

import vagrant  # noqa: E402 - after the line above

PATIENCE: Mapping[str, float] = types.MappingProxyType(
    {
        "--version": 30.0,
        "box": 3600.0,  # a download of a gigabyte or two
        "destroy": 300.0,
        "halt": 300.0,
        "package": 3600.0,  # a disk of some gigabytes is packed
        "snapshot": 900.0,
        "ssh-config": 120.0,
        "status": 120.0,
        "up": 1800.0,
    }
)
"""Seconds that Vagrant has for a command. It takes a second to start, and many times that where
several start at once."""


class Vagrant:
    """Runs Vagrant; every error of it is a sentence with a hint."""

    def __init__(
        self,
        folder: pathlib.Path,
        provider: str,
        narrate: Callable[[str], None] = lambda _: None,
        patience: Mapping[str, float] = PATIENCE,
    ) -> None:
        """Remember where the Vagrantfile is; nothing is run yet.

        Args:
            folder: Where the Vagrantfile is, and Vagrant's own `.vagrant` will be.
            provider: As Vagrant calls it.
            narrate: Told what goes on, a sentence at a time.
            patience: Seconds, by the first word of the command.
        """
        self._folder = folder
        self._provider = provider
        self._narrate = narrate
        self._patience = patience
        # python-vagrant types its results and leaves its parameters to the reader.
        self._verbs: Any = _Bindings(self.run)

    def run(self, *words: str, log: pathlib.Path | None = None) -> str:
        """Run Vagrant and return what it printed. This is the only place that does.

        Args:
            words: Its arguments.
            log: Where Vagrant says which programs it runs; see `journal`.

        Raises:
            errors.ProviderError: There is no Vagrant, it failed, or it did not end in time.
            trouble.TransientError: It failed with what goes away by itself.
        """
        if not shutil.which("vagrant"):
            raise errors.ProviderError(
                "Vagrant is not installed", hint=f"install it: {version.DOWNLOAD}"
            )
        seconds = self._patience[words[0]]
        cwd = self._folder if self._folder.is_dir() else None
        environment = settings.environment(self._folder, self._provider)
        try:
            done = child.run(
                ["vagrant", *words],
                cwd=cwd,
                env={**environment, **(settings.logged(log) if log else {})},
                timeout=seconds,
            )
        except child.DeadlineError as error:
            raise errors.ProviderError(
                f"'vagrant {' '.join(words)}' did not end within {seconds:.0f} s and was ended",
                hint="another Vagrant may hold the machine, or the host is too busy; what was made "
                "is kept, so run the same task again",
            ) from error
        if done.returncode:
            raise trouble.explain(words, done.returncode, done.stderr or done.stdout)
        return done.stdout

    def version(self) -> version.Version:
        """Ask for Vagrant's version.

        Raises:
            errors.ProviderError: It does not run, or says something else.
        """
        return version.parse(self.run("--version"))

    def states(self) -> dict[str, str]:
        """Return each machine's state as Vagrant calls it: running, poweroff, not_created, ..."""
        return output.states(self.run("status", "--machine-readable"))

    def up(self, name: str, log: pathlib.Path | None = None) -> None:
        """Make a machine if it is absent, start it, and wait until its SSH answers Vagrant.

        What goes away by itself is tried a second time.

        Args:
            name: The machine.
            log: As of `run`.
        """
        verbs: Any = _Bindings(functools.partial(self.run, log=log))

        def up() -> None:
            verbs.up(vm_name=name, provision=False, provider=self._provider)

        self._twice(name, up)

    def _twice(self, what: str, do: Callable[[], object]) -> None:
        try:
            do()
        except trouble.TransientError as error:
            self._narrate(f"{what}: {error.message}; trying it once more")
            do()

    def halt(self, name: str, *, force: bool = False) -> None:
        """Shut a machine down, or switch it off."""
        self._verbs.halt(vm_name=name, force=force)

    def destroy(self, name: str) -> None:
        """Remove a machine; whether it has gone is for the caller to look at.

        Vagrant's status is 1 or 2 also where there was nothing to remove.
        """
        self._verbs.destroy(vm_name=name)

    def ssh(self, names: Sequence[str]) -> dict[str, output.Ssh]:
        """Return how to reach some machines that run, in one call for all of them.

        Raises:
            errors.ProviderError: One of them does not run.
        """
        return output.ssh(self.run("ssh-config", *names), names) if names else {}

    def add_box(self, name: str, url: str, sha256: str | None) -> None:
        """Fetch a box and add it under a name.

        Raises:
            errors.ProviderError: It cannot be fetched, or is not the one of that digest.
        """
        digest = ("--checksum-type", "sha256", "--checksum", sha256) if sha256 else ()
        words = ("box", "add", "--provider", self._provider, *digest, "--name", name, url)
        self._twice(f"box {name}", lambda: self.run(*words))

    def remove_box(self, name: str) -> None:
        """Remove a box, whoever uses it; what Vagrant made of it in the provider stays."""
        self.run("box", "remove", name, "--provider", self._provider, "--all", "--force")

    def package(self, name: str, target: pathlib.Path, note: pathlib.Path) -> None:
        """Make a box of a machine that is off.

        Args:
            name: The machine.
            target: The file to write.
            note: A file that is packed with it, as `include/NAME`.
        """
        self.run("package", name, "--output", str(target), "--include", str(note))

    def boxes(self) -> set[str]:
        """Return the names of the boxes that Vagrant has for this provider."""
        found = output.boxes(self.run("box", "list", "--machine-readable"))
        return {name for name, provider in found if provider == self._provider}

    def snapshots(self, name: str) -> list[str]:
        """Return the names of a machine's snapshots."""
        said = self.run("snapshot", "list", name, "--machine-readable")
        return output.snapshots(said)

    def snapshot_save(self, name: str, snapshot: str) -> None:
        """Save a machine, with its memory when it runs."""
        self.run("snapshot", "save", name, snapshot)

    def snapshot_restore(self, name: str, snapshot: str, *, start: bool) -> None:
        """Bring a machine back to a snapshot, and let it run or not."""
        self.run(
            *("snapshot", "restore", name, snapshot, "--no-provision"),
            *(() if start else ("--no-start",)),
        )

    def snapshot_delete(self, name: str, snapshot: str) -> None:
        """Remove a snapshot of a machine."""
        self.run("snapshot", "delete", name, snapshot)


class _Bindings(vagrant.Vagrant):
    """python-vagrant's verbs and their arguments, run by somebody else."""

    def __init__(self, run: Callable[..., str]) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] # as above
        self._run = run

    def _call_vagrant_command(self, args: Sequence[str | None]) -> None:
        self._run(*(word for word in args if word is not None))

    def _run_vagrant_command(self, args: Sequence[str | None]) -> str:
        return self._run(*(word for word in args if word is not None))
