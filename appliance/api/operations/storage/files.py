"""Files that come into a storage: uploaded, downloaded, pulled from a registry."""

from __future__ import annotations

from typing import Final

from appliance.api.operations.storage.common import NODE, STORAGE, TEMPLATE, storages
from appliance.api.permissions import both, on
from appliance.api.ports import ApiPorts
from appliance.api.table import Operation, Request
from appliance.model.errors import ExistsError, MissingError
from appliance.model.formats.images import REFERENCE, SAFE_REFERENCE
from appliance.model.formats.storage import CONTENT
from appliance.model.option import Option
from appliance.model.options.make import flag, text
from appliance.model.parameters import ParameterError
from appliance.model.storage.config import Storage
from appliance.model.storage.volumes import split_id
from appliance.ports.http import Upload
from appliance.ports.storage import FileSource
from appliance.services.storage import content
from appliance.services.storage.names import new_file
from appliance.services.storage.sources import ALGORITHMS, Summed, Uploaded
from appliance.services.tasks.context import TaskContext
from appliance.services.tasks.work import Job


def _storage(request: Request, ports: ApiPorts) -> Storage:
    """One that this node can use now. MissingError, RefusedError."""
    name = str(request.parameters["storage"])
    return storages(ports).pools.pool(name).info.storage


def _summed(request: Request, source: FileSource) -> FileSource:
    expected = request.parameters.get("checksum")
    if expected is None:
        return source
    return Summed(source, str(request.parameters["checksum-algorithm"]), str(expected))


async def _upload(request: Request, ports: ApiPorts) -> str:
    given, upload = request.parameters, request.upload
    if upload is None:
        raise ParameterError({"filename": "the request brings no file"})
    kind = str(given["content"])
    volid = new_file(_storage(request, ports), kind, str(given["filename"]))
    own, source = storages(ports), _summed(request, Uploaded(upload))
    upload.keep()

    async def work(task: TaskContext) -> None:
        try:
            await content.store(own, volid, source, task, replace=True)
        finally:
            upload.close()

    return await _started(ports, request, upload, "imgcopy", work)


async def _started(ports: ApiPorts, request: Request, upload: Upload, kind: str, work: Job) -> str:
    try:
        return await ports.work.start(kind, "", request.user, work)
    except BaseException:
        upload.close()
        raise


async def _download(request: Request, ports: ApiPorts) -> str:
    given, own = request.parameters, storages(ports)
    url, kind = str(given["url"]), str(given["content"])
    volid = new_file(_storage(request, ports), kind, str(given["filename"]))
    await _check_new(ports, volid)
    verify, unpack = bool(given.get("verify-certificates", True)), given.get("compression")

    async def work(task: TaskContext) -> None:
        task.log(f"downloading {url} to {volid}")
        source = await own.downloads.open(url, verify=verify, unpack=unpack)
        await content.store(own, volid, _summed(request, source), task, replace=False)

    return await ports.work.start("download", str(given["filename"])[:64].replace("/", "_"),
                                  request.user, work)  # fmt: skip


async def _pull(request: Request, ports: ApiPorts) -> str:
    given, own = request.parameters, storages(ports)
    reference = str(given["reference"])
    filename = str(given.get("filename") or reference.rpartition("/")[2].replace(":", "_"))
    volid = new_file(_storage(request, ports), "vztmpl", f"{filename.removesuffix('.tar')}.tar")
    await _check_new(ports, volid)

    async def work(task: TaskContext) -> None:
        task.log(f"pulling {reference} to {volid}")
        source = await own.downloads.pull(reference)
        await content.store(own, volid, source, task, replace=False)

    return await ports.work.start("ociregistrypull", "", request.user, work)


async def _check_new(ports: ApiPorts, volid: str) -> None:
    storage, name = split_id(volid)
    try:
        await storages(ports).pools.pool(storage).volume(name)
    except MissingError:
        return
    raise ExistsError(f"refusing to override existing file '{volid}'")


_KIND: Final = Option(
    "content",
    "What the file is.",
    choices=("iso", "vztmpl", "import"),
    format=CONTENT,
    required=True,
)
_FILENAME: Final = text("filename", "Name of the file there.", max_length=255, required=True)
_SUM: Final = (
    text("checksum", "The sum that the file must have.", requires="checksum-algorithm"),
    Option("checksum-algorithm", "How it is summed.", choices=ALGORITHMS, requires="checksum"),
)
OPERATIONS: Final = (
    Operation(
        "POST",
        "/nodes/{node}/storage/{storage}/upload",
        _upload,
        "Upload a template, an installer's image or a disk to be imported.",
        (
            NODE,
            STORAGE,
            _KIND,
            _FILENAME,
            *_SUM,
            text(
                "tmpfilename",
                "Where the file was put aside; the node knows that by itself.",
                pattern=r"/var/tmp/pveupload-[0-9a-f]+",
            ),
        ),
        TEMPLATE,
        node="node",
        upload=True,
    ),
    Operation(
        "POST",
        "/nodes/{node}/storage/{storage}/download-url",
        _download,
        "Fetch a file from elsewhere.",
        (
            NODE,
            STORAGE,
            _KIND,
            _FILENAME,
            *_SUM,
            text("compression", "How it is packed: it is unpacked on the way."),
            text("url", "Where it is.", pattern=r"https?://.*", required=True),
            flag("verify-certificates", "Whether the server's certificate is checked.", True),
        ),
        {
            "check": [
                "and",
                on("/storage/{storage}", "Datastore.AllocateTemplate"),
                [
                    "or",
                    on("/", "Sys.Audit", "Sys.Modify"),
                    on("/nodes/{node}", "Sys.AccessNetwork"),
                ],
            ]
        },
        node="node",
    ),
    Operation(
        "POST",
        "/nodes/{node}/storage/{storage}/oci-registry-pull",
        _pull,
        "Fetch a container image from a registry.",
        (
            NODE,
            STORAGE,
            text("filename", "Name of the file there.", min_length=1, max_length=255),
            text(
                "reference",
                "The image, with its tag.",
                pattern=REFERENCE,
                safe=SAFE_REFERENCE,
                required=True,
            ),
        ),
        both(
            on("/storage/{storage}", "Datastore.AllocateTemplate"),
            on("/nodes/{node}", "Sys.AccessNetwork"),
        ),
        node="node",
    ),
)
