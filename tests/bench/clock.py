"""The stopwatch of `make bench`: CPU time, so that a busy machine does not spoil a measurement."""

from __future__ import annotations

import resource


def cpu_s() -> float:
    """CPU seconds of this process and of its finished children, user and system."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
