"""How much fits into the store. The first three are those of Proxmox VE's cluster file system."""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 1024 * 1024
MAX_TREE_BYTES: Final = 128 * 1024 * 1024
MAX_FILES: Final = 256 * 1024
MAX_PATH_BYTES: Final = 900
MAX_NAME_BYTES: Final = 255
MAX_STEPS: Final = 1000  # of one change
MAX_CHANGE_BYTES: Final = 8 * 1024 * 1024  # of all contents of one change
LEASE_LIFE_S: Final = 120.0
