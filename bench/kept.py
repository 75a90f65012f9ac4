"""What a long measurement has found so far, in a file, so that the next run goes on from there.

A line a finding, written at once: whatever ends a run, what it has found is there.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from bench import mutants

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable


@dataclasses.dataclass(slots=True)
class Kept:
    """Verdicts, and looks at the healthy lab: seconds, and how much was said."""

    file: pathlib.Path | None
    """Where they are kept; None: nowhere."""
    verdicts: list[mutants.Verdict] = dataclasses.field(default_factory=list[mutants.Verdict])
    healthy: list[tuple[float, int]] = dataclasses.field(default_factory=list[tuple[float, int]])

    def judged(self, verdict: mutants.Verdict) -> None:
        """Add a verdict."""
        self.verdicts.append(verdict)
        said = {name: getattr(verdict, name) for name in ("said", "missing", "unrelated")}
        self._write({"mutation": _fingerprint(verdict.mutation), **said})

    def looked(self, seconds: float, said: int) -> None:
        """Add a look."""
        self.healthy.append((seconds, said))
        self._write({"seconds": seconds, "said": said})

    def _write(self, finding: dict[str, Any]) -> None:
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(finding) + "\n")


def load(file: pathlib.Path | None, mutations: Iterable[mutants.Mutation]) -> Kept:
    """Read what earlier runs found; verdicts on a mutation that has changed since do not count."""
    kept = Kept(file)
    if file is None or not file.exists():
        return kept
    known = {json.dumps(_fingerprint(each)): each for each in mutations}
    for line in file.read_text(encoding="utf-8").splitlines():
        finding: dict[str, Any] = json.loads(line)
        if "mutation" not in finding:
            kept.healthy.append((finding["seconds"], finding["said"]))
        elif mutation := known.get(json.dumps(finding.pop("mutation"))):
            said, missing, unrelated = (
                _pairs(finding[name]) for name in ("said", "missing", "unrelated")
            )
            kept.verdicts.append(mutants.Verdict(mutation, said, missing, unrelated))
    return kept


def _fingerprint(mutation: mutants.Mutation) -> list[Any]:
    return [getattr(mutation, field.name) for field in dataclasses.fields(mutation)]


def _pairs(listed: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((machine, text) for machine, text in listed)
