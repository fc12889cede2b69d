"""Orders that a node carries out, waiting or under way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class Job:
    """One order. `uid` None: a stop because the node goes down, nobody waits for the answer.

    `tries` counts how often all workers were busy when its turn came.
    """

    sid: str
    uid: str | None
    order: str
    target: str | None = None
    timeout_s: int | None = None
    tries: int = 0
    running: bool = False


class JobQueue:
    """At most one job a service. A newer order replaces a waiting one, never a running one."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, job: Job) -> None:
        old = self._jobs.get(job.sid)
        if old is None or not old.running:
            if old is not None:
                job.tries = old.tries
            self._jobs[job.sid] = job

    def waiting(self) -> list[Job]:
        """In the order in which they shall start: the longest passed over first."""
        jobs = [job for job in self._jobs.values() if not job.running]
        return sorted(jobs, key=lambda job: (-job.tries, job.sid))

    def is_running(self, sids: Iterable[str]) -> bool:
        """Whether a job of one of these services is under way."""
        jobs = self._jobs
        return bool(jobs) and any(sid in jobs and jobs[sid].running for sid in sids)

    def forget_waiting(self, sids: Iterable[str]) -> None:
        """These services have newer orders, which are carried out already."""
        if self._jobs:
            for sid in sids:
                if sid in self._jobs and not self._jobs[sid].running:
                    del self._jobs[sid]

    def remove(self, job: Job) -> None:
        if self._jobs.get(job.sid) is job:
            del self._jobs[job.sid]
