"""The first thing that was wrong with a lab, from the document that its task printed. Pure."""

from __future__ import annotations

from typing import Any, cast


def first(document: object) -> str:
    """Return one line that names the machine and what was wrong; empty where nothing was."""
    if not isinstance(document, dict):
        return ""
    data = cast("dict[str, Any]", document)
    for failure in data.get("failures") or ():
        if "message" in failure:  # of `up`
            return f"{failure['machine']}: {failure['message']}"
    report = data.get("report") or data
    for result in report.get("results") or ():
        if not result["ok"]:
            return _result(result)
    return _command(data)


def _result(result: dict[str, Any]) -> str:
    actual = str(result["actual"]).strip().partition("\n")[0]
    said = f"{result['machine']}: {result['subject']} ({result['check']})"
    if not actual:
        return said
    expected = f", and should be {result['expected']}" if result["expected"] else ""
    return f"{said} is {actual}{expected}"


def _command(data: dict[str, Any]) -> str:
    """Look at what `exec` printed: an answer for each machine."""
    for machine, answer in data.items():
        match answer:
            case {"error": str(error)}:
                return f"{machine}: {error}"
            case {"status": int(status)} if status:
                return f"{machine}: its command ended with status {status}"
            case _:
                continue
    return ""
