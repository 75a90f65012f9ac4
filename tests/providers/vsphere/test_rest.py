"""What is said when the vCenter refuses a call about content libraries."""

from __future__ import annotations

from typing import Any

import pytest

from labkit import errors
from labkit.providers.vsphere import library, rest

ITEM = library.Item("42", "debian 12", "ovf", "3")
TARGET = library.Target("labkit-debian 12-x", "note", "group-v1", "resgroup-1", "")


class _Answers(rest.Rest):
    """A vCenter that gives these answers, one after the other."""

    def __init__(self, *answers: object) -> None:
        self._answers = [*answers]
        self.said: list[Any] = []

    def post(self, path: str, body: object, *, timeout: float = 0.0) -> Any:  # noqa: ANN401
        del timeout
        self.said.append((path, body))
        return self._answers.pop(0)

    def get(self, path: str) -> Any:  # noqa: ANN401
        return self.post(path, None)


def _said(answers: _Answers, path: str = "images/debian 12") -> tuple[str, str]:
    with pytest.raises(errors.ProviderError) as caught:
        library.find(answers, path)
    return caught.value.message, caught.value.hint


def test_two_libraries_of_one_name() -> None:
    assert _said(_Answers(["1", "2"])) == (
        "the vCenter has 2 objects that are a content library named 'images'",
        "rename one of them",
    )


def test_an_item_that_is_found() -> None:
    answers = _Answers(["7"], ["42"], {"type": "ovf", "content_version": "3"})
    assert library.find(answers, "images/debian 12") == ITEM
    assert answers.said[1][1] == {"spec": {"library_id": "7", "name": "debian 12"}}


def test_new_content_is_another_template() -> None:
    assert ITEM.template.startswith("labkit-debian 12-")
    assert library.Item("42", "debian 12", "ovf", "4").template != ITEM.template


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            {
                "succeeded": False,
                "error": {"errors": [{"error": {"messages": [{"default_message": "No\nroom."}]}}]},
            },
            "No\\nroom.",
        ),
        (
            {"succeeded": True, "resource_id": {"type": "VirtualApp", "id": "resgroup-v2"}},
            "it became a VirtualApp",
        ),
    ],
)
def test_an_item_of_which_no_machine_comes(answer: object, why: str) -> None:
    with pytest.raises(errors.ProviderError) as caught:
        library.deploy(_Answers(answer), ITEM, TARGET)
    assert (caught.value.message, caught.value.hint) == (
        f"no machine could be made of the item 'debian 12': {why}",
        "look at 'labkit-debian 12-x' and at the recent tasks in the vCenter's window",
    )


def test_a_copy_says_where_it_goes_and_whose_it_is() -> None:
    answers = _Answers({"succeeded": True, "resource_id": {"type": "VirtualMachine", "id": "vm-9"}})
    assert library.deploy(answers, ITEM, TARGET) == "vm-9"
    path, body = answers.said[0]
    assert path == "/rest/com/vmware/vcenter/ovf/library-item/id:42?~action=deploy"
    assert body["target"] == {"resource_pool_id": "resgroup-1", "folder_id": "group-v1"}
    assert body["deployment_spec"]["annotation"] == "note"


@pytest.mark.parametrize(
    ("status", "said", "message"),
    [
        (503, {}, "HTTP 503"),
        (
            403,
            {
                "type": "com.vmware.vapi.std.errors.unauthorized",
                "value": {"messages": [{"default_message": "Not you."}]},
            },
            "unauthorized: Not you.",
        ),
    ],
)
def test_a_refusal(status: int, said: dict[str, Any], message: str) -> None:
    assert rest.refusal(status, said).message == message
