"""Passing requests on to the node of the cluster that they are for."""

from __future__ import annotations

from typing import Final

from appliance.model.cluster.certificate import fingerprint_of_pem
from appliance.model.errors import MissingError, UnreachableError
from appliance.ports.courier import Courier
from appliance.ports.http import HttpAnswer, HttpRequest
from appliance.services.cluster.admit import certificate_path
from appliance.services.cluster.ports import ClusterPorts

MARK: Final = "pvedisableproxy"  # a header: this request was passed on already


class Passing:
    """Of one boot of one node."""

    def __init__(self, ports: ClusterPorts, courier: Courier) -> None:
        self._ports, self._courier = ports, courier

    async def pass_on(self, node: str, request: HttpRequest) -> HttpAnswer:
        """The answer of that node.

        MissingError for a node that the cluster does not have, UnreachableError, BrokenOffError.
        """
        address, fingerprint = self._where(node)
        return await self._courier.carry(address, fingerprint, request)

    def _where(self, node: str) -> tuple[str, str]:
        """Its address, and the certificate that it published in the cluster's store."""
        layout = self._ports.service.layout()
        known = layout.node(node) if layout is not None else None
        if known is None:
            raise MissingError(f"hostname lookup '{node}' failed - no such node in the cluster")
        try:
            pem = self._ports.store.read(certificate_path(node)).content
        except MissingError:
            raise UnreachableError(f"{node} has not published its certificate yet") from None
        return next(iter(known.addresses.values()), ""), fingerprint_of_pem(pem)
