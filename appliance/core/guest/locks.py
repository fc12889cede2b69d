"""The lock in a guest's configuration: what is being done to it, so that nothing else is."""

from __future__ import annotations

from dataclasses import replace

from appliance.model.errors import RefusedError
from appliance.model.guest.config import GuestConfig
from appliance.model.guest.document import GuestKind

NAMES: dict[GuestKind, str] = {"vm": "VM", "ct": "CT"}


def check_unlocked(config: GuestConfig) -> None:
    """RefusedError if something is being done to the guest, or was when its node went down."""
    lock = config.current.get("lock")
    if lock is not None:
        raise RefusedError(f"{NAMES[config.kind]} is locked ({lock})")


def locked(config: GuestConfig, lock: str) -> GuestConfig:
    """The configuration with this lock. RefusedError if there is one."""
    check_unlocked(config)
    return replace(config, current=config.current.with_values({"lock": lock}))


def unlocked(config: GuestConfig, lock: str | None = None) -> GuestConfig:
    """Without its lock. RefusedError if the lock is another one than expected, or none."""
    found = config.current.get("lock")
    if lock is not None and found != lock:
        what = f"locked ({found})" if found else "no longer locked"
        raise RefusedError(f"{NAMES[config.kind]} is {what}, expected was lock '{lock}'")
    return replace(config, current=config.current.without(["lock"]))


def check_no_template(config: GuestConfig, what: str) -> None:
    """RefusedError for a template, which `what` is not done to."""
    if is_template(config):
        raise RefusedError(f"{what} of a template is not possible")


def is_template(config: GuestConfig) -> bool:
    return config.current.get("template") in ("1", "yes", "on", "true")
