from __future__ import annotations

import pytest

from labkit.classroom import reason

_GOOD = {"machine": "a", "subject": "x", "check": "names", "ok": True}
_BAD = {
    "machine": "b", "subject": "host name", "check": "hostname", "ok": False,
    "actual": "other\nthings", "expected": "b",
}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (None, ""),
        ("text", ""),
        ({"results": [_GOOD]}, ""),
        ({"results": [_GOOD, _BAD]}, "b: host name (hostname) is other, and should be b"),
        ({"results": [{**_BAD, "expected": ""}]}, "b: host name (hostname) is other"),
        ({"results": [{**_BAD, "actual": ""}]}, "b: host name (hostname)"),
        ({"failures": [], "report": {"results": [_BAD]}},
         "b: host name (hostname) is other, and should be b"),
        ({"failures": [{"machine": "a", "message": "no answer"}], "report": None}, "a: no answer"),
        ({"a": {"output": "x", "status": 0}, "b": {"output": "", "status": 3}},
         "b: its command ended with status 3"),
        ({"a": {"error": "no answer"}}, "a: no answer"),
    ],
)  # fmt: skip
def test_the_first_reason(document: object, said: str) -> None:
    assert reason.first(document) == said
