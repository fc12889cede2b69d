"""How long changes of membership take, as measured on real corosync 3.1.

The measurements: three nodes, knet with encryption, effective tokens of 0.3 to 3.65 s; for the
quorum device two nodes, its default timeouts and 2 and 3 s. Between and beyond them the times are
taken as straight lines in the effective token (or in the device's timeout). Within a measured range
the time is drawn by what it is for: the same history has the same times.
"""

from __future__ import annotations

from typing import Final

from sim.entropy import Entropy
from sim.kernel import to_us
from sim.layout import QuorumSpec
from sim.network.fabric import effective_token_s

IPC_UP_US: Final = 400_000  # from corosync's start until it answers, in a ring of one
LEAVE_US: Final = 190_000  # a change that everybody agrees to at once, such as a clean leave

# In effective tokens: a ring without token starts over after one, and gives up on who does not
# answer 1.2 later.
LOSS: Final = (2.1, 2.2)
HALF_DEAF: Final = (3.0, 3.1)  # who still hears the lost one takes longer to agree that it is lost
CONSENSUS: Final = 1.2
PATIENCE: Final = 6.6  # a ring under steady change is installed as it is after so many tokens

# Seconds, and shares of the effective token on top.
JOIN: Final = (1.15, 0.26, 0.445)  # after a cable is plugged in again
START: Final = (1.05, 0.43, 0.64)  # from corosync's start
RESUME: Final = (0.9, 0.24, 0.29)  # after a pause

# Shares of the quorum device's timeout (seconds on top for the second).
DROP: Final = (0.78, 0.91)  # the device gives up a silent node
FADE: Final = (0.6, 1.115, 1.225)  # a node without contact gives up the device's vote
RECONNECT_S: Final = 0.14  # to connect and get the vote
RETRY: Final = 0.8  # the longest wait between two tries to connect
GRANT_S: Final = (0.1, 0.2)  # refusals are confirmed by one part before another gets the vote


class Timing:
    """The durations of one cluster, in microseconds."""

    def __init__(self, entropy: Entropy, quorum: QuorumSpec, nodes: int) -> None:
        self._entropy = entropy
        self.retime(quorum, nodes)

    def retime(self, quorum: QuorumSpec, nodes: int) -> None:
        """With the timeouts of that configuration from now on."""
        self._token_s = effective_token_s(quorum, nodes)
        self._device_s = quorum.qdevice_timeout_s
        self.token_us = to_us(self._token_s)
        self.consensus_us = to_us(CONSENSUS * self._token_s)
        self.patience_us = to_us(PATIENCE * self._token_s)
        self.sync_us = to_us(quorum.qdevice_sync_timeout_s)

    def _draw(self, low_s: float, high_s: float, *key: str | int) -> int:
        return to_us(self._entropy.between(low_s, high_s, "membership", *key))

    def _line(self, line: tuple[float, float, float], per_s: float, *key: str | int) -> int:
        base_s, low, high = line
        return self._draw(base_s + low * per_s, base_s + high * per_s, *key)

    def loss(self, half_deaf: bool, node: str, stalled_us: int) -> int:
        """From the loss of the token to a ring without who is lost."""
        low, high = HALF_DEAF if half_deaf else LOSS
        return self._draw(low * self._token_s, high * self._token_s, "loss", node, stalled_us)

    def loss_again(self, node: str, now_us: int) -> int:
        """The same for one more loss while the ring is being formed anew."""
        return self._draw(
            LOSS[0] * self._token_s, LOSS[1] * self._token_s, "loss again", node, now_us
        )

    def join(self, node: str, now_us: int) -> int:
        return self._line(JOIN, self._token_s, "join", node, now_us)

    def start(self, node: str, now_us: int) -> int:
        return self._line(START, self._token_s, "start", node, now_us)

    def resume(self, node: str, now_us: int) -> int:
        return self._line(RESUME, self._token_s, "resume", node, now_us)

    def drop(self, node: str, lost_us: int) -> int:
        return self._draw(DROP[0] * self._device_s, DROP[1] * self._device_s, "drop", node, lost_us)

    def fade(self, node: str, lost_us: int) -> int:
        return self._line(FADE, self._device_s, "fade", node, lost_us)

    def reconnect(self, node: str, now_us: int) -> int:
        longest_s = RECONNECT_S + RETRY * self._device_s
        return self._draw(RECONNECT_S, longest_s, "reconnect", node, now_us)

    def grant(self, node: str, now_us: int) -> int:
        return self._draw(*GRANT_S, "grant", node, now_us)
