"""The same for many machines at once."""

from __future__ import annotations

import threading

from labkit import errors, parallel


def test_results_come_in_the_order_of_the_items() -> None:
    both = threading.Barrier(2, timeout=10)

    def double(number: int) -> int:
        both.wait()  # passes only when the two run at once
        return number * 2

    found = parallel.each({"b": 1, "a": 2}, double)
    assert list(found.items()) == [("b", 2), ("a", 4)]


def test_one_that_fails_does_not_stop_the_others() -> None:
    refusal = errors.UnreachableError("b is down")

    def look(name: str) -> str:
        if name == "b":
            raise refusal
        return name

    assert parallel.each({name: name for name in "abc"}, look) == {"a": "a", "b": refusal, "c": "c"}


def test_no_more_than_allowed_run_at_once() -> None:
    lock = threading.Lock()
    running: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with lock:
            running.append(number)
            most.append(len(running))
        threading.Event().wait(0.005)
        with lock:
            running.remove(number)

    parallel.each({str(number): number for number in range(12)}, work, at_once=3)
    assert max(most) == 3


def test_what_all_ask_for_gets_ready_meanwhile() -> None:
    both = threading.Barrier(2, timeout=10)
    asked = parallel.once(both.wait)  # passes only when the item is being done

    def work(number: int) -> int:
        both.wait()
        asked()
        return number

    assert parallel.each({"a": 1}, work, meanwhile=asked) == {"a": 1}


def test_who_asks_meets_what_went_wrong_meanwhile() -> None:
    def prepare() -> str:
        raise errors.LabError("a profile is wrong")

    asked = parallel.once(prepare)
    found = parallel.each({"a": ""}, lambda given: given or asked(), meanwhile=asked)
    assert str(found["a"]) == "a profile is wrong"
    assert parallel.each({"a": "no need"}, lambda given: given or asked(), meanwhile=asked) == {
        "a": "no need"
    }


def test_nothing_to_do() -> None:
    assert parallel.each({}, str) == {}


def test_threads_are_named_and_do_not_hold_the_program_up() -> None:
    found = parallel.each(
        {"web-01": None},
        lambda _: (threading.current_thread().name, threading.current_thread().daemon),
    )
    assert found == {"web-01": ("web-01", True)}


def test_what_all_need_is_done_once() -> None:
    asked: list[str] = []

    def find() -> int:
        asked.append(threading.current_thread().name)
        return 3

    find_once = parallel.once(find)
    assert parallel.each(dict.fromkeys("abc"), lambda _: find_once()) == {"a": 3, "b": 3, "c": 3}
    assert len(asked) == 1


def test_what_could_not_be_done_is_tried_again() -> None:
    answers = iter([errors.LabError("not yet"), None])

    def find() -> str:
        if answer := next(answers):
            raise answer
        return "found"

    find_once = parallel.once(find)
    failed, found = (parallel.each({"a": None}, lambda _: find_once())["a"] for _ in range(2))
    assert (str(failed), found) == ("not yet", "found")
