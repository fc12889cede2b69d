"""What comes from elsewhere, before it is fetched: metadata, tags, templates to choose from."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.operations.storage.common import (
    NODE,
    STORAGE,
    TEMPLATE,
    VOLUME,
    rights,
    storages,
    volume_of,
)
from appliance.api.permissions import either, on, perm
from appliance.api.ports import ApiPorts
from appliance.api.table import ANY_USER, Operation, Request
from appliance.core.storage.rights import check_volume
from appliance.model.errors import MissingError, RefusedError
from appliance.model.formats.images import IMAGE, SAFE_IMAGE
from appliance.model.option import Option
from appliance.model.options.make import flag, text
from appliance.model.parameters import ParameterError
from appliance.model.storage.ovf import MAX_BYTES, manifest_in, parse_manifest
from appliance.services.storage import content
from appliance.services.storage.names import new_file
from appliance.services.storage.sources import Summed
from appliance.services.tasks.context import TaskContext

Row = dict[str, Any]


async def _metadata(request: Request, ports: ApiPorts) -> Row:
    storage, name = volume_of(request, ports)
    check_volume(rights(request, ports), storage.id, name, content="import")
    if name.format not in ("ova", "ovf"):
        raise RefusedError(f"'{name.text}' says nothing about a VM")
    volid = f"{storage.id}:{name.text}"
    files = storages(ports).files
    head = await files.read(volid, 0, MAX_BYTES)
    inside = name.format == "ova"
    found = parse_manifest(manifest_in(head) if inside else head.decode("utf-8", "replace"))
    folder = f"{volid}/" if inside else f"{storage.id}:import/"
    return {
        "type": "vm",
        "source": "esxi",
        "create-args": dict(found.options),
        "disks": {place: f"{folder}{file}" for place, file in found.disks.items()},
        "net": {name: dict(card) for name, card in found.cards.items()},
    }


async def _url(request: Request, ports: ApiPorts) -> Row:
    given = request.parameters
    verify = bool(given.get("verify-certificates", True))
    found = await storages(ports).downloads.open(str(given["url"]), verify=verify)
    return {"filename": found.name, "mimetype": found.kind, "size": found.size_bytes}


async def _tags(request: Request, ports: ApiPorts) -> list[str]:
    return list(await storages(ports).downloads.tags(str(request.parameters["reference"])))


async def _templates(_request: Request, ports: ApiPorts) -> list[Row]:
    return [
        {
            "template": one.file,
            "type": "lxc",
            "package": one.package,
            "version": one.version,
            "os": one.os,
            "section": "system",
            "headline": one.headline,
            "location": one.url,
            "sha512sum": one.sha512,
        }
        for one in await storages(ports).downloads.templates()
    ]


async def _fetch(request: Request, ports: ApiPorts) -> str:
    own, wanted = storages(ports), str(request.parameters["template"])
    found = [one for one in await own.downloads.templates() if one.file == wanted]
    if not found:
        raise ParameterError({"template": "no such template"})
    storage = own.pools.pool(str(request.parameters["storage"])).info.storage
    volid, url, expected = new_file(storage, "vztmpl", wanted), found[0].url, found[0].sha512

    async def work(task: TaskContext) -> None:
        try:
            await own.pools.pool(storage.id).volume(volid.partition(":")[2])
        except MissingError:
            task.log(f"downloading {url} to {volid}")
            source = Summed(await own.downloads.open(url), "sha512", expected)
            await content.store(own, volid, source, task, replace=False)
        else:
            task.log(f"{volid} is there already")

    return await ports.work.start("download", wanted, request.user, work)


OPERATIONS: Final = (
    Operation(
        "GET",
        "/nodes/{node}/storage/{storage}/import-metadata",
        _metadata,
        "The VM that a file describes, as options for a new one.",
        (NODE, STORAGE, VOLUME),
        ANY_USER,
        node="node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/query-url-metadata",
        _url,
        "Name, kind and size of a file elsewhere.",
        (
            NODE,
            text("url", "Where it is.", pattern=r"https?://.*", required=True),
            flag("verify-certificates", "Whether the server's certificate is checked.", True),
        ),
        either(on("/", "Sys.Audit", "Sys.Modify"), on("/nodes/{node}", "Sys.AccessNetwork")),
        node="node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/query-oci-repo-tags",
        _tags,
        "The tags of a container image.",
        (NODE, text("reference", "The image.", pattern=IMAGE, safe=SAFE_IMAGE, required=True)),
        perm("/nodes/{node}", "Sys.AccessNetwork"),
        node="node",
    ),
    Operation(
        "GET",
        "/nodes/{node}/aplinfo",
        _templates,
        "The container templates that can be downloaded.",
        (NODE,),
        ANY_USER,
        node="node",
    ),
    Operation(
        "POST",
        "/nodes/{node}/aplinfo",
        _fetch,
        "Download a container template.",
        (
            NODE,
            STORAGE,
            Option("template", "Its name in the list.", max_length=255, required=True),
        ),
        TEMPLATE,
        node="node",
    ),
)
