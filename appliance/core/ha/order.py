"""Names of orders, and what "steady" stands for.

An order is what the manager wants of a service, named by a uid. A node carries an order out once
and answers under its uid. The reference manager draws a fresh uid on every change of state and
whenever it has consumed an answer in state `started`; so a healthy service is looked at again and
again, each time under a new name, and the status never stands still.

Here a fresh uid is a function of the service and the round that publishes it, so the name that a
healthy service would get in round r can be computed instead of written. `steady=True` in the
status of round r denotes exactly that: state `started`, running, order `steady_uid(sid, r, node)`.
That this is the reference's scheme, renamed:

1. Names are fresh. `fresh_uid(sid, r)` and `steady_uid(sid, r, node)` differ for different r, from
   one another, and from names of other services. A round number is published at most once: the
   manager's lease guards the write, and a number whose write failed is never used again
   (`ManagerMemory.attempt`). A service gets at most one of the two names in a round.
2. A round that consumes a good answer leaves the service steady: published in round r+1 it
   denotes `steady_uid(sid, r+1, node)`, a fresh name, just as the reference's new uid.
3. A round that consumes none (no answer yet, handler not run, a command looked at first) must keep
   the name. It makes the service plain, with `steady_uid(sid, r, node)` as its explicit uid.
4. The node answers steady services all at once: `checked_round = r` says that each service that
   was steady on it in round r was found started: result 0 under `steady_uid(sid, r, node)`.
   If that is not so for one of them, it answers all under their names, one by one.
5. A name made explicit by 3 may have been answered by `checked_round` already: both daemons take
   `steady_uid(sid, r, node)` as answered while that node's `checked_round` is r (`is_checked`), and
   the node writes the result out before it checks a later round. The name holds the node because
   the guest may be moved by hand while HA is disarmed, which keeps the order.
"""

from __future__ import annotations

from appliance.core.ha.exit_codes import DONE
from appliance.model.ha.status import OrderResult, ServiceStatus


def fresh_uid(sid: str, round_no: int) -> str:
    """A new order's name: the service and the round that publishes it."""
    return f"{sid}.{round_no}"


def steady_uid(sid: str, round_no: int, node: str) -> str:
    """The name of the order that a service steady on that node has in the status of that round."""
    return f"{sid}.{round_no}+{node}"


def order_id(sid: str, status: ServiceStatus, round_no: int) -> str:
    """The name of a service's order in the status of that round."""
    return steady_uid(sid, round_no, status.node) if status.steady else status.uid


def is_checked(sid: str, uid: str, node: str, checked_round: int | None) -> bool:
    """Whether an explicit name is one that the node has answered with this `checked_round`."""
    return checked_round is not None and uid == steady_uid(sid, checked_round, node)


def checking_node(uid: str) -> str | None:
    """The node in the name of a once steady order; None for names of other forms."""
    _, plus, node = uid.partition("+")
    return node if plus else None


def good_result(sid: str) -> OrderResult:
    """What `checked_round` says of one service: it was to be started, and it runs."""
    return OrderResult(sid, "started", DONE)
