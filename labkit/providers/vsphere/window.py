"""Works on many machines in one thread: no more than a window of them at the same time.

What is done to one machine is a generator. It yields what it needs from the vCenter, and is sent
the answer. All that the machines in the window wait for is read by one call a tick: the tasks'
progress and the machines' properties together, however many there are.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias

from labkit import signals
from labkit.providers.vsphere import api, faults, inventory, retrieve

if TYPE_CHECKING:
    from labkit.providers.vsphere import connection as connections
    from labkit.providers.vsphere import journal as journals

_TASK = {"Task": ("info.state", "info.progress", "info.error", "info.result")}
_SHORTEST, _LONGEST = 0.05, 2.0
"""Seconds between two looks; they grow with the age of what is waited for."""

_TELLING = 2.0
"""Seconds between two words about one task's progress."""


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """Make a call, and wait for the task that it returns, if it returns one; answers its result."""

    what: str
    """What a person is told, for example `cloning`."""
    method: str
    call: Callable[[], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """Read all of a machine; answers None when it has gone."""

    ref: api.Ref
    after: float = 0.0
    """Seconds to wait before."""


Need: TypeAlias = Start | Look
Work: TypeAlias = Generator[Need, Any, Any]


@dataclasses.dataclass(slots=True)
class _Job:
    name: str
    work: Work
    tell: Callable[[str], None]
    journal: journals.Journal
    thread: threading.Thread
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    need: Need | None = None
    task: api.Ref = None
    since: float = 0.0
    told: object = None
    heard: float = 0.0
    result: Any = None
    error: BaseException | None = None


def _due(job: _Job, now: float) -> bool:
    return not isinstance(job.need, Look) or now >= job.since + job.need.after


class Window:
    """The one thread that talks to a vCenter about machines."""

    def __init__(self, connection: connections.Connection, width: int) -> None:
        """Remember the connection; the thread lives while there is work."""
        self._connection, self.width = connection, width
        self._lock = threading.Lock()
        self._queue: collections.deque[_Job] = collections.deque()
        self._thread: threading.Thread | None = None
        self._running: set[str] = set()

    def tasks(self) -> frozenset[str]:
        """Return the tasks that are waited for here."""
        with self._lock:
            return frozenset(self._running)

    def run(
        self, name: str, work: Work, tell: Callable[[str], None], journal: journals.Journal
    ) -> Any:  # noqa: ANN401 - what the generator returns
        """Do something to a machine; return what its generator returns, raise what it raises.

        Args:
            name: The machine's, for the log.
            work: The generator.
            tell: Told what is going on, with its progress.
            journal: Where running tasks are written down.
        """
        job = _Job(name, work, tell, journal, threading.current_thread())
        with self._lock:
            self._queue.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="vCenter", daemon=True)
                self._thread.start()
        job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    def _serve(self) -> None:
        active: list[_Job] = []
        while True:
            with self._lock:
                while self._queue and len(active) < self.width:
                    active.append(self._queue.popleft())
                if not active:
                    self._thread = None
                    return
            for job in active:
                if job.need is None:
                    self._advance(job, None)
            active = [job for job in active if not job.done.is_set()]
            waiting = [job for job in active if job.task is not None or isinstance(job.need, Look)]
            if waiting:
                self._tick(waiting)
            active = [job for job in active if not job.done.is_set()]

    def _tick(self, waiting: list[_Job]) -> None:
        now = time.monotonic()
        due = [job for job in waiting if _due(job, now)]
        if not any(isinstance(job.need, Look) for job in due):
            age = now - max(job.since for job in waiting)
            time.sleep(min(_LONGEST, max(_SHORTEST, age / 5)))
        waiting = due
        tasks = [job.task for job in waiting if job.task is not None]
        machines = [job.need.ref for job in waiting if isinstance(job.need, Look)]
        if not tasks and not machines:
            return
        try:
            found = self._read(tasks, machines)
        except Exception as error:  # noqa: BLE001 - told to each of them
            for job in waiting:
                self._advance(job, None, error)
            return
        for job in waiting:
            if job.task is not None:
                self._look_at_task(job, found.get(("Task", api.moid(job.task))))
            elif isinstance(job.need, Look):
                self._advance(job, found.get(("VirtualMachine", api.moid(job.need.ref))))

    def _read(
        self, tasks: list[api.Ref], machines: list[api.Ref]
    ) -> dict[tuple[str, str], retrieve.Found]:
        filters = [retrieve.of(tasks, _TASK)] if tasks else []
        filters += [retrieve.of(machines, inventory.FULL)] if machines else []
        try:
            found = retrieve.read(self._connection, *filters)
        except faults.GoneError:
            # One of them is no more, and the answer does not say which: ask for each by itself.
            found: list[retrieve.Found] = []
            for each in [*tasks, *machines]:
                found += self._one(each)
        return {(each.kind, each.moid): each for each in found}

    def _one(self, ref: api.Ref) -> list[retrieve.Found]:
        paths = _TASK if api.kind(ref) == "Task" else inventory.FULL
        try:
            return retrieve.read(self._connection, retrieve.of([ref], paths))
        except faults.GoneError:
            return []

    def _look_at_task(self, job: _Job, found: retrieve.Found | None) -> None:
        if found is None:
            self._forget(job)
            gone = faults.GoneError("the vCenter has forgotten the task")
            self._advance(job, None, gone)
            return
        state, what = str(found.get("info.state")), getattr(job.need, "what", "")
        if state in {"queued", "running"}:
            self._progress(job, f"{what}: {state}", found.get("info.progress"))
            return
        self._forget(job)
        if state == "success":
            self._advance(job, found.get("info.result"))
        else:
            fault = found.get("info.error")
            self._advance(job, None, faults.error(fault, what))

    def _progress(self, job: _Job, said: str, percent: int | None) -> None:
        """Tell how far a task is, now and then: a log of a thousand machines must stay readable."""
        if percent is not None:
            said = f"{said.partition(':')[0]}: {percent} %"
        if said != job.told and time.monotonic() - job.heard > _TELLING:
            job.told, job.heard = said, time.monotonic()
            job.tell(said)

    def _advance(self, job: _Job, answer: Any, error: Exception | None = None) -> None:  # noqa: ANN401
        """Send an answer into a generator, and begin what it needs next."""
        try:
            while True:
                signals.check(job.thread)
                if error is not None:
                    caught, error = error, None
                    job.need = job.work.throw(caught)
                else:
                    job.need = job.work.send(answer)
                job.since = job.heard = time.monotonic()
                if isinstance(job.need, Look):
                    return
                try:
                    answer = self._start(job, job.need)
                except Exception as raised:  # noqa: BLE001 - the generator decides
                    error = raised
                    continue
                if job.task is not None:
                    return
        except StopIteration as end:
            job.result = end.value
        except BaseException as raised:  # noqa: BLE001 - raised again where `run` waits
            job.error = raised
        job.work.close()
        job.done.set()

    def _start(self, job: _Job, need: Start) -> Any:  # noqa: ANN401
        job.tell(need.what)
        answer = self._connection.call(f"{need.method} {job.name}", need.call)
        if answer is not None and api.is_task(answer):
            with self._lock:
                self._running.add(api.moid(answer))
            job.task = answer
            job.journal.started(api.moid(answer))
            return None
        return answer

    def _forget(self, job: _Job) -> None:
        with self._lock:
            self._running.discard(api.moid(job.task))
        job.journal.finished(api.moid(job.task))
        job.task = None
