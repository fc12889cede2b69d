"""Every error the appliance raises on purpose, in one tree.

QuorateError
  ConfigError          a configuration text breaks a rule: names file, line and field
  NotQuorateError      the store refuses a write because this partition has no quorum
  StaleError           a guard (revision or lease) no longer holds, nothing was written
  UnavailableError     something that this needs does not answer at the moment
    UnreachableError   another node, to which a request did not get through
    BrokenOffError     another node, which may have got a request, and gave no whole answer
  RoundError           a round met a state that it cannot act on, and gave up
  OutcomeUnknownError  a write was sent and never confirmed; it may or may not have happened
  RefusedError         what was asked makes no sense in the present state, nothing was done
  TooLargeError        more than the limit, nothing was done
  MissingError         there is no such file
  ExistsError          there is one already, or its guest is configured elsewhere
  ForbiddenError       not for this reader
  FileError            an operation of the file view was refused, with the name of its errno
  UnauthenticatedError nobody knows who asks: no credentials, or bad ones
  DiskError            the local disk failed
    DiskFullError      there was no room for a write, which was undone
    DamagedError       what is on the disk is not what was written
"""

from __future__ import annotations


class QuorateError(Exception):
    """Base of all errors with a code for machines and a sentence for people."""

    code = "error"


class ConfigError(QuorateError):
    """A configuration text that breaks a rule, with the place where it does."""

    code = "config"

    def __init__(
        self, message: str, *, file: str = "", line: int | None = None, field: str | None = None
    ) -> None:
        self.message, self.file, self.line, self.field = message, file, line, field
        place = ":".join(str(part) for part in (file, line) if part)
        where = f"{place}: " if place else ""
        what = f"{field}: " if field else ""
        super().__init__(f"{where}{what}{message}")


class NotQuorateError(QuorateError):
    """The write was refused: this node's partition has no quorum."""

    code = "not_quorate"


class StaleError(QuorateError):
    """The write was refused: somebody else changed or took what it relied on."""

    code = "stale"


class UnavailableError(QuorateError):
    """What this needs (store, cluster service, ...) cannot be reached at the moment."""

    code = "unavailable"


class UnreachableError(UnavailableError):
    """A request did not get through to the node that it is for."""

    code = "unreachable"


class BrokenOffError(UnavailableError):
    """The node that a request is for may have got it, and gave no whole answer."""

    code = "broken_off"


class OutcomeUnknownError(QuorateError):
    """The write was sent but never confirmed: it may or may not have happened."""

    code = "outcome_unknown"


class RoundError(QuorateError):
    """A daemon's round met a state that it cannot act on; the round is given up."""

    code = "round"


class RefusedError(QuorateError):
    """It makes no sense in the present state; nothing was done."""

    code = "refused"


class TooLargeError(QuorateError):
    """More than the limit; nothing was done."""

    code = "too_large"


class MissingError(QuorateError):
    """There is no such thing; nothing was done."""

    code = "missing"


class ExistsError(QuorateError):
    """It would collide with something that is there; nothing was done."""

    code = "exists"


class ForbiddenError(QuorateError):
    """Not for this reader or writer; nothing was done."""

    code = "forbidden"


class UnauthenticatedError(QuorateError):
    """It is not known who asks: no credentials, or bad ones; nothing was done."""

    code = "unauthenticated"


class FileError(QuorateError):
    """An operation of the file view cannot be done; nothing was. `name`: such as EISDIR."""

    code = "file"

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


class DiskError(QuorateError):
    """The node's own disk failed."""

    code = "disk"


class DiskFullError(DiskError):
    """There was no room on the node's own disk; what was to be written was undone."""

    code = "disk_full"


class DamagedError(DiskError):
    """What is on the node's own disk is not what was written there."""

    code = "damaged"
