"""What who asks may do: the only place where an operation's permission is checked."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.api.ports import ApiPorts
from appliance.api.table import Operation
from appliance.core.access.expressions import Public, missing
from appliance.model.access.ids import ROOT, split_token
from appliance.model.errors import ForbiddenError, UnauthenticatedError
from appliance.model.parameters import Checked, ParameterError, checked_call


def checked_and_allowed(
    user: str, operation: Operation, raw: Mapping[str, object], ports: ApiPorts
) -> Checked:
    """The parameters of a call that is allowed.

    The right is asked for with the values that the handler gets, not with how they were written:
    `0100` and `100` are the same guest. Who lacks it learns that before what is wrong with the
    parameters. UnauthenticatedError, ForbiddenError, ParameterError.
    """
    try:
        found = checked_call(operation.wanted, raw)
    except ParameterError:
        allow(user, operation, raw, ports)
        raise
    allow(user, operation, found.values, ports)
    return found


def allow(
    user: str, operation: Operation, parameters: Mapping[str, object], ports: ApiPorts
) -> None:
    """UnauthenticatedError without a login, ForbiddenError without the right."""
    if isinstance(operation.rule, Public):
        return
    logged_in(user)
    if user == ROOT:
        return  # even where no file of permissions can be read
    if not operation.allow_token and split_token(user) is not None:
        raise ForbiddenError("API tokens are not allowed here, log in")
    lack = missing(operation.rule, user, parameters, ports.accounts.access())
    if lack is not None:
        raise ForbiddenError(f"Permission check failed ({lack})")


def logged_in(user: str) -> None:
    """UnauthenticatedError for nobody."""
    if not user:
        raise UnauthenticatedError("No ticket")
