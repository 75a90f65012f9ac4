"""What Python's own csv module writes is read as it was, with the place of each cell."""

from __future__ import annotations

import csv
import io

import hypothesis
import pytest
from hypothesis import strategies

from labkit import errors
from labkit.classroom import cells
from labkit.spec import place

_TEXT = strategies.text(alphabet=strategies.sampled_from('ab é山,;\t"\n'), max_size=8)
_ROWS = strategies.lists(strategies.lists(_TEXT, min_size=2, max_size=4), max_size=5)


@hypothesis.settings(deadline=None)
@hypothesis.given(_ROWS, strategies.sampled_from(",;\t"), strategies.sampled_from(["\n", "\r\n"]))
def test_what_a_spreadsheet_writes_is_read(rows: list[list[str]], separator: str, end: str) -> None:
    head = ["name", "display", "mail", "host"]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator=end).writerows([head, *rows])
    wanted = [[cell.strip() for cell in row] for row in [head, *rows]]
    found = [[cell.text for cell in row] for row in cells.rows(out.getvalue(), "x.csv")]
    assert found == [row for row in wanted if any(row)]


@hypothesis.given(strategies.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = list(cells.rows(text, "x.csv"))
    except errors.FileError:
        return
    assert all(any(cell.text for cell in row) for row in found)


def test_places() -> None:
    *_, last = cells.rows('name,display\n\ntaro,"Ya\nmada"\r\njiro,"b"', "x.csv")
    assert [cell.at for cell in last] == [place.Position(5, 1), place.Position(5, 6)]
    with pytest.raises(errors.FileError) as caught:
        list(cells.rows('a,b\n"a" ,b', "x.csv"))
    assert str(caught.value).startswith("x.csv:2:4: there is text after the closing quote\n")
