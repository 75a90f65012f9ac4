"""Whatever a file holds, the answer is a spec or problems with places, and no other exception."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import yaml
from hypothesis import strategies

from labkit import errors
from labkit.spec import model, syntax

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.spec import load

FEW = hypothesis.settings(max_examples=100, deadline=None, database=None, derandomize=True)

TOP = sorted({*model.LabFile.model_fields} - {"lab", "machines"})
MACHINE = sorted({*model.MachineEntry.model_fields} - {"nat", "hostonly"})
WORDS = [*TOP, *MACHINE, "subnet", "servers", "search", "pods", "qemu", "virtualbox", "gui", "<<"]
SCALARS: list[Any] = [
    *["10.0.2.51", "192.168.56.51", "10.0.0.0/8", "2 GiB", "minion", "no", "", "[key]"],
    *[None, True, 0, -1, 2**70, 1.5, float("nan"), float("inf"), b"\0", "\0", "a\nb"],
]

keys = strategies.sampled_from(WORDS) | strategies.text(max_size=5) | strategies.integers()
scalars = strategies.sampled_from(SCALARS) | strategies.text(max_size=8)
values: strategies.SearchStrategy[Any] = strategies.recursive(
    scalars,
    lambda inner: (
        strategies.lists(inner, max_size=3) | strategies.dictionaries(keys, inner, max_size=5)
    ),
    max_leaves=15,
)
machines = strategies.fixed_dictionaries(
    {"nat": scalars, "hostonly": scalars}, optional=dict.fromkeys(MACHINE, values)
)
names = strategies.sampled_from(["a", "b", "all", "[key]"]) | keys
labs = strategies.fixed_dictionaries(
    {"machines": strategies.dictionaries(names, machines, max_size=3)},
    optional={"lab": strategies.just("demo") | values, **dict.fromkeys(TOP, values)},
)
yamlish = strategies.text(
    alphabet=list(" \n\t-:[]{},&*!|>'\"%@`#?~ab01.\\\0\ufeff\u2028\ud800"), max_size=60
)


def told(parse: Callable[[str], load.Spec], text: str) -> Sequence[errors.Problem]:
    """Return the problems of a text."""
    try:
        parse(text)
    except errors.FileError as error:
        return error.problems or pytest.fail("an error without a problem")
    return ()


def judge(parse: Callable[[str], load.Spec], text: str) -> None:
    """Try a text with both loaders; each problem must be one that a person can act upon."""
    lines = text.count("\n") + text.count("\r") + 1
    for loader in (syntax.LOADER, yaml.SafeLoader):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(syntax, "LOADER", loader)
            problems = told(parse, text)
        for problem in problems:
            assert 1 <= problem.line <= lines
            assert problem.column >= 1
            assert problem.message
            assert problem.hint
            assert str(problem).encode("utf-8")


@FEW
@hypothesis.given(text=yamlish | strategies.text(max_size=40))
def test_any_text(parse: Callable[[str], load.Spec], text: str) -> None:
    judge(parse, text)


@FEW
@hypothesis.given(data=labs | values)
def test_any_structure(parse: Callable[[str], load.Spec], data: object) -> None:
    judge(parse, yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
