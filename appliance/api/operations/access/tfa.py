"""Second factors of users."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.access.options import (
    PASSWORD,
    SELF_OR_LOOK,
    SELF_OR_MODIFY,
    USERID,
    given,
)
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.model.access.ids import split_user
from appliance.model.access.tfa_cfg import UserFactors
from appliance.model.errors import RefusedError
from appliance.model.option import Option
from appliance.services.access import factors
from appliance.services.access.files import FACTORS, REALMS
from appliance.services.access.looking import visible_users
from appliance.services.access.users import Proof, existing, reauthenticated

_KINDS: Final = ("totp", "u2f", "webauthn", "recovery", "yubico")


def _row(entry: factors.Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "type": entry.kind,
        "description": entry.description,
        "created": entry.created_s,
        "enable": int(entry.enable),
    }


def _locks(found: UserFactors, now_s: float) -> dict[str, int]:
    locks = {"totp-locked": 1} if found.totp_locked else {}
    return locks | (
        {"tfa-locked-until": found.locked_until_s} if found.locked_until_s > now_s else {}
    )


async def _list(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    kept = ports.accounts.files.read(FACTORS)
    return [
        {
            "userid": userid,
            "entries": [_row(entry) for entry in factors.entries(kept.of(userid))],
            **_locks(kept.of(userid), ports.clock.wall()),
        }
        for userid in sorted(visible_users(ports.accounts.access(), request.user))
        if kept.of(userid).any
    ]


def _own(request: Request, ports: ApiPorts) -> UserFactors:
    userid = request.parameters["userid"]
    existing(ports.accounts.access().config, userid)
    return ports.accounts.files.read(FACTORS).of(userid)


async def _of_user(request: Request, ports: ApiPorts) -> list[dict[str, Any]]:
    return [_row(entry) for entry in factors.entries(_own(request, ports))]


async def _one(request: Request, ports: ApiPorts) -> dict[str, Any]:
    return _row(factors.find_entry(_own(request, ports), request.parameters["id"]))


async def _types(request: Request, ports: ApiPorts) -> dict[str, Any]:
    own = _own(request, ports)
    realm = ports.accounts.files.read(REALMS).realms.get(
        split_user(request.parameters["userid"])[1]
    )
    found: dict[str, Any] = {}
    if realm is not None and realm.tfa is not None:
        found["realm"] = str(realm.tfa.values["type"])
    kinds = sorted({entry.kind for entry in factors.entries(own) if entry.enable})
    if request.parameters["multiple"]:
        return {**found, "types": kinds}
    if "totp" in kinds:
        return {**found, "user": "oath"}
    return {**found, "user": "u2f"} if "u2f" in kinds else found


async def _proved(request: Request, ports: ApiPorts) -> None:
    proof = Proof(request.parameters.get("password"), request.address)
    await reauthenticated(ports.accounts, request.user, request.parameters["userid"], proof)


async def _add(request: Request, ports: ApiPorts) -> dict[str, Any]:
    await _proved(request, ports)
    asked = request.parameters
    userid, kind = asked["userid"], asked["type"]
    if kind == "recovery":
        added = await factors.add_recovery(ports.accounts, request.user, userid)
        return {"id": added.id, "recovery": list(added.recovery)}
    if kind != "totp":
        raise RefusedError(f"second factors of type {kind} cannot be set up here; totp can")
    uri, value = factors.need(asked, "totp", kind), factors.need(asked, "value", kind)
    text = asked.get("description", "")
    added = await factors.add_totp(ports.accounts, request.user, userid, uri, value, text)
    return {"id": added.id}


async def _update(request: Request, ports: ApiPorts) -> None:
    await _proved(request, ports)
    asked = request.parameters
    await factors.update_entry(
        ports.accounts, request.user, asked["userid"], asked["id"], given(request)
    )


async def _delete(request: Request, ports: ApiPorts) -> None:
    await _proved(request, ports)
    asked = request.parameters
    await factors.delete_entry(ports.accounts, request.user, asked["userid"], asked["id"])


async def _unlock(request: Request, ports: ApiPorts) -> int:
    return int(await factors.unlock(ports.accounts, request.user, request.parameters["userid"]))


_ID: Final = Option("id", "The factor.", required=True)
_DESCRIPTION: Final = Option(
    "description", "What it is, for its owner.", max_length=255, empty=True
)
_LIST: Final = "/access/tfa/{userid}"
_ONE: Final = f"{_LIST}/{{id}}"

OPERATIONS: Final = (
    Operation("GET", "/access/tfa", _list, "Second factors of all one sees.", (), ANY_USER),
    Operation("GET", _LIST, _of_user, "A user's second factors.", (USERID,), SELF_OR_LOOK),
    Operation("GET", _ONE, _one, "A second factor.", (USERID, _ID), SELF_OR_LOOK),
    Operation(
        "POST",
        _LIST,
        _add,
        "Add a second factor; recovery keys are shown this once.",
        (
            USERID,
            Option("type", "Which kind.", required=True, choices=_KINDS),
            _DESCRIPTION,
            Option("totp", "The otpauth URI of one-time passwords.", secret=True),
            Option("value", "The present one-time password.", secret=True),
            Option("challenge", "Of a key's answer; no such keys here.", secret=True),
            PASSWORD,
        ),
        SELF_OR_MODIFY,
        allow_token=False,
    ),
    Operation(
        "PUT",
        _ONE,
        _update,
        "Rename a second factor, switch it on or off.",
        (
            USERID,
            _ID,
            _DESCRIPTION,
            Option("enable", "Whether it is asked for.", "boolean"),
            PASSWORD,
        ),
        SELF_OR_MODIFY,
        allow_token=False,
    ),
    Operation(
        "DELETE",
        _ONE,
        _delete,
        "Remove a second factor.",
        (USERID, _ID, PASSWORD),
        SELF_OR_MODIFY,
        allow_token=False,
    ),
    Operation(
        "GET",
        "/access/users/{userid}/tfa",
        _types,
        "Which kinds of second factor a user has.",
        (
            USERID,
            Option("multiple", "All of them, not only the first.", "boolean", default=False),
        ),
        SELF_OR_LOOK,
    ),
    Operation(
        "PUT",
        "/access/users/{userid}/unlock-tfa",
        _unlock,
        "Let the second factors be tried again.",
        (USERID,),
        {"check": ["userid-group", ["User.Modify"]]},
    ),
)
