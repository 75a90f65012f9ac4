from __future__ import annotations

import pytest

from labkit.classroom import gate

_NEED = gate.Need(1000, 600)
_BEGIN, _WAIT, _REFUSE = gate.Verdict.BEGIN, gate.Verdict.WAIT, gate.Verdict.REFUSE


@pytest.mark.parametrize(
    ("room", "need", "under_way", "verdict", "reason"),
    [
        (gate.Room(2024, 2648, 0.0), _NEED, (), _BEGIN, ""),
        (gate.Room(2023, 9000, 0.0), _NEED, (), _REFUSE,
         "1000 MiB of memory, and 999 MiB can be had"),
        (gate.Room(100, 9000, 0.0), _NEED, (), _REFUSE,
         "1000 MiB of memory, and 0 MiB can be had"),
        (gate.Room(9000, 2647, 0.0), _NEED, (), _REFUSE,
         "600 MiB of disk space, and 599 MiB can be had"),
        (gate.Room(3023, 9000, 0.0), _NEED, (_NEED,), _WAIT,
         "1000 MiB of memory, and 999 MiB can be had"),
        (gate.Room(3024, 9000, 0.0), _NEED, (_NEED,), _BEGIN, ""),
        (gate.Room(9000, 3247, 0.0), _NEED, (_NEED,), _WAIT,
         "600 MiB of disk space, and 599 MiB can be had"),
        (gate.Room(9000, 9000, 12.3), _NEED, (_NEED,), _WAIT,
         "the processors, whose load is 12 each"),
        (gate.Room(9000, 9000, 12.3), _NEED, (), _BEGIN, ""),
        (gate.Room(0, 0, 99.0), gate.NOTHING, (_NEED,), _BEGIN, ""),
    ],
)  # fmt: skip
def test_what_is_done_with_the_next_one(
    room: gate.Room,
    need: gate.Need,
    under_way: tuple[gate.Need, ...],
    verdict: gate.Verdict,
    reason: str,
) -> None:
    assert gate.decide(room, need, under_way) == (verdict, reason)
