"""Storages: how they are configured, what is in them, and the disks below them."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.storage import (
    backups,
    content,
    definitions,
    disks,
    files,
    imports,
    scan,
    status,
)

OPERATIONS: Final = (
    *definitions.OPERATIONS,
    *status.OPERATIONS,
    *content.OPERATIONS,
    *files.OPERATIONS,
    *imports.OPERATIONS,
    *backups.OPERATIONS,
    *disks.OPERATIONS,
    *scan.OPERATIONS,
)
