from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labkit import errors
from labkit.tasks import develop

if TYPE_CHECKING:
    import pathlib


@pytest.mark.parametrize(("name", "module"), [("converge", "converge"), ("whole-way", "whole_way")])
def test_a_benchmark_is_found_by_its_name(name: str, module: str) -> None:
    assert develop.chosen(name, develop.BENCH) == module


def test_another_name_is_refused_with_those_there_are(tmp_path: pathlib.Path) -> None:
    (tmp_path / "one_way.py").write_text('if __name__ == "__main__":\n    pass\n')
    (tmp_path / "part.py").write_text("")
    with pytest.raises(errors.LabError) as caught:
        develop.chosen("part", tmp_path)
    assert (caught.value.message, caught.value.hint) == (
        "there is no benchmark 'part'",
        "there are one-way",
    )
