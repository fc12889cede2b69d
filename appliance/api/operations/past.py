"""How busy something was: points in time, and the parameters of calls that ask for them."""

from __future__ import annotations

from typing import Any, Final

from appliance.api.ports import ApiPorts
from appliance.api.table import Request
from appliance.model.errors import UnavailableError
from appliance.model.options.make import word
from appliance.ports.load_history import Kind

_POINTS: Final = 70
STEPS_S: Final = {
    "hour": 60,
    "day": 30 * 60,
    "week": 3 * 3600,
    "month": 12 * 3600,
    "year": 7 * 24 * 3600,
    "decade": 60 * 24 * 3600,
}


def points(request: Request, ports: ApiPorts, kind: Kind, name: str) -> list[dict[str, Any]]:
    """One for each step of the time frame, the last one now; without values where none are known.

    A step's value is that of its end; MAX looks into it three times more.
    """
    step_s = STEPS_S[request.parameters["timeframe"]]
    inside = 4 if request.parameters.get("cf") == "MAX" else 1
    if ports.guests is None:
        raise UnavailableError("this node keeps no history")
    history = ports.guests.ports.history
    last_s = int(ports.clock.wall()) // step_s * step_s
    rows = []
    for number in range(_POINTS):
        at_s = last_s - (_POINTS - 1 - number) * step_s
        seen = [history.at(kind, name, at_s - part * step_s // inside) for part in range(inside)]
        known = [values for values in seen if values is not None]
        names = list(known[0]) if known else []
        rows.append({"time": at_s, **{n: max(v[n] for v in known if n in v) for n in names}})
    return rows


AVERAGE: Final = word("cf", "How several values become one.", "AVERAGE MAX")
FRAME: Final = word("timeframe", "How far back.", "hour day week month year", required=True)
