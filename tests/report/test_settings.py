"""Settings with a value for the next boot and one for now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.report import model, settings, text

if TYPE_CHECKING:
    from collections.abc import Callable

_GOOD = model.Setting("web-01", "SELinux", "permissive", "permissive", "permissive")
_BAD = model.Setting("web-02", "SELinux", "permissive", "", "[red]")
_GOLDEN = """\
┏━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┓
┃ setting ┃ wanted     ┃ file       ┃ runtime    ┃ machines       ┃
┡━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━┩
│ SELinux │ permissive │ permissive │ permissive │ web-01, web-03 │
│ SELinux │ permissive │ (nothing)  │ [red]      │ web-02         │
└─────────┴────────────┴────────────┴────────────┴────────────────┘
"""


def test_machines_with_the_same_values_share_a_row(shown: Callable[..., str]) -> None:
    third = model.Setting("web-03", "SELinux", "permissive", "permissive", "permissive")
    assert shown([settings.table([_GOOD, _BAD, third])]) == _GOLDEN


def test_a_reboot_adds_a_column(shown: Callable[..., str]) -> None:
    after = model.Setting("web-01", "SELinux", "permissive", "disabled", "permissive", "disabled")
    assert not after.ok
    lines = shown([settings.table([after])]).splitlines()
    assert [cell.strip() for cell in lines[1].split("┃")[1:-1]] == [
        "setting", "wanted", "file", "runtime", "after reboot", "machines",
    ]  # fmt: skip


def test_a_report_shows_what_differs_and_after_a_reboot_everything(
    shown: Callable[..., str],
) -> None:
    result = model.Result("web-01", "selinux", "x", ok=True)

    def printed(*given: model.Setting) -> str:
        return shown(text.render(model.Report("demo", (result,), 1.0, (), given)))

    assert "wanted" not in printed(_GOOD)
    assert "web-02" in printed(_GOOD, _BAD)
    assert "runtime" in printed(
        model.Setting("web-01", "SELinux", "permissive", "permissive", "permissive", "permissive")
    )
