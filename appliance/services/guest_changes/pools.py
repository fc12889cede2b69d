"""New guests in pools."""

from __future__ import annotations

from dataclasses import replace

from appliance.services.access.accounts import Accounts
from appliance.services.access.files import USERS, Draft
from appliance.services.access.pools import existing_pool


async def add_to_pool(accounts: Accounts, name: str, vmid: int) -> None:
    """The guest belongs to the pool. Who may put it there was checked. MissingError: no pool."""

    def edit(draft: Draft) -> None:
        config = draft.read(USERS)
        pool = existing_pool(config, name)
        members = tuple(sorted(dict.fromkeys((*pool.vms, vmid))))
        draft.write(USERS, config.with_pool(name, replace(pool, vms=members)))

    await accounts.files.change(edit)
