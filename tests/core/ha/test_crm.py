"""The CRM daemon: who becomes master, who stays, who goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from appliance.core.ha.crm import CrmInputs, CrmMachine
from appliance.core.ha.effects import (
    CloseWatchdog,
    KeepLock,
    OpenWatchdog,
    PetWatchdog,
    ReadAll,
    ReleaseLock,
    TakeCommands,
    WriteManagerStatus,
)
from appliance.model.errors import StaleError, UnavailableError
from appliance.model.events import Event
from appliance.model.ha.datacenter import CrsOptions
from appliance.model.ha.status import Disarm, ManagerStatus
from tests.core.ha.rig import NOW_S, SID, Picture, asked, run, service

LOCK = "ha_manager_lock"
GONE = UnavailableError("gone")


@dataclass
class Bench:
    """A CRM on node1 and what it meets; rounds are 10 s apart."""

    picture: Picture = field(default_factory=lambda: Picture(configs={SID: asked()}))
    lock: bool = True
    quorate: bool = True
    updated: bool = True
    status: Any = None
    config: Any = None
    write: Any = None
    told: list[Event] = field(default_factory=list)
    machine: CrmMachine = field(init=False)
    effects: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = CrmMachine("node1", self.told)
        if self.status is None:
            self.status = ManagerStatus()

    def inputs(self) -> CrmInputs:
        manager = replace(self.picture.inputs(), config=self.config or self.picture.config())
        return CrmInputs(
            self.picture.now_s,
            self.quorate,
            self.updated,
            self.status,
            self.config or self.picture.config(),
            bool(self.picture.commands),
            manager,
        )

    def round(self) -> str:
        self.told.clear()
        _, self.effects = run(self.machine.round(self.inputs()), self.answer)
        self.picture.now_s += 10
        return self.machine.state

    def answer(self, effect: Any) -> Any:
        if isinstance(effect, KeepLock):
            return self.lock
        if isinstance(effect, ReadAll):
            return self.inputs()
        if isinstance(effect, ReleaseLock):
            return True
        if isinstance(effect, TakeCommands):
            return self.picture.commands
        if isinstance(effect, WriteManagerStatus):
            if self.write is None:
                self.status = effect.status
            return self.write
        return None

    def kinds(self) -> list[str]:
        return [event.kind for event in self.told]


def master(**changes: Any) -> Bench:
    bench = Bench()
    assert bench.round() == "master"
    for name, value in changes.items():
        setattr(bench, name, value)
    return bench


# --- becoming master ---


def test_with_the_lock_it_is_master_at_once() -> None:
    bench = Bench()
    assert bench.round() == "master"
    assert bench.effects[:3] == [KeepLock(LOCK), OpenWatchdog(), ReadAll()]
    assert bench.kinds()[0] == "status"
    assert bench.status.master == "node1"


def test_without_the_lock_it_is_a_slave_until_it_is_free() -> None:
    bench = Bench(lock=False)
    assert bench.round() == "slave"
    assert bench.round() == "slave"
    assert bench.kinds() == []
    bench.lock = True
    assert bench.round() == "master"


@pytest.mark.parametrize(
    "changes",
    [
        {"quorate": False},
        {"updated": False},
        {"status": GONE},
        {"config": GONE},
        {"status": ManagerStatus(services={SID: service("fence")})},
    ],
)
def test_what_keeps_it_from_trying(changes: dict[str, Any]) -> None:
    assert Bench(**changes).round() == "wait_for_quorum"
    bench = Bench(lock=False)
    assert bench.round() == "slave"
    for name, value in changes.items():
        setattr(bench, name, value)
    assert bench.round() == "wait_for_quorum"
    assert KeepLock(LOCK) not in bench.effects


ONLINE = {"node1": "online", "node2": "online", "node3": "online"}
LEFT = ONLINE | {"node3": "maintenance"}


@pytest.mark.parametrize(
    ("status", "commands", "tries"),
    [
        (ManagerStatus(), (), False),
        (ManagerStatus(), ("arm-ha",), True),
        (ManagerStatus("node2", nodes=ONLINE), ("arm-ha",), False),
        (ManagerStatus("node1", nodes=ONLINE), ("arm-ha",), True),
        (ManagerStatus("node2", nodes=ONLINE | {"node2": "unknown"}), ("arm-ha",), True),
        (ManagerStatus(nodes=LEFT), (), True),
        (ManagerStatus(nodes=LEFT, maintenance=frozenset({"node3"})), (), False),
        (ManagerStatus(services={SID: service("stopped")}), (), True),
        (ManagerStatus(disarm=Disarm("freeze", "disarmed")), (), True),
    ],
)
def test_without_services_only_leftovers_need_a_master(
    status: ManagerStatus, commands: tuple[str, ...], tries: bool
) -> None:
    bench = Bench(Picture(commands=commands), status=status)
    assert (bench.round() == "master") == tries


def test_a_scheduler_mode_is_told_on_taking_over() -> None:
    bench = Bench(Picture(configs={SID: asked()}, crs=CrsOptions(mode="static")))
    bench.round()
    assert bench.kinds()[:2] == ["status", "scheduler_mode"]


def test_a_disarmed_cluster_needs_no_watchdog() -> None:
    bench = Bench(status=ManagerStatus(disarm=Disarm("freeze", "disarmed")))
    bench.round()
    assert OpenWatchdog() not in bench.effects
    assert bench.kinds()[0] == "took_over_disarmed"


# --- staying ---


def test_a_master_keeps_lock_and_watchdog() -> None:
    bench = master()
    bench.round()
    assert bench.effects[:2] == [KeepLock(LOCK, holding=True), PetWatchdog()]


def test_without_the_lock_it_stops_being_master_and_writes_nothing() -> None:
    bench = master(lock=False)
    assert bench.round() == "wait_for_quorum"
    assert [(e.from_, e.to) for e in bench.told] == [  # type: ignore[attr-defined]
        ("master", "lost_manager_lock"),
        ("lost_manager_lock", "wait_for_quorum"),
    ]
    assert bench.effects == [KeepLock(LOCK, holding=True), CloseWatchdog()]
    assert bench.machine.memory is None


def test_an_inconsistent_view_skips_the_round() -> None:
    bench = master(updated=False)
    assert bench.round() == "master"
    assert bench.kinds() == ["inconsistent_state"]
    assert not any(isinstance(effect, WriteManagerStatus) for effect in bench.effects)


def test_a_refused_write_is_told_and_tried_again() -> None:
    bench = master(write=StaleError("not the master"))
    bench.round()
    assert bench.kinds() == ["error"]
    assert bench.machine.outcome is None
    bench.write = None
    before = bench.status.round
    bench.round()
    # The number of the refused write is left out.
    assert bench.status.round == before + 2


def test_an_unreadable_configuration_is_told() -> None:
    bench = master(config=GONE)
    bench.round()
    assert "error" in bench.kinds()


# --- leaving ---


def test_a_master_asked_to_leave_gives_up_the_lock() -> None:
    bench = master()
    assert bench.machine.request_shutdown()
    assert not bench.machine.request_shutdown()
    bench.round()
    assert bench.machine.exit
    assert bench.effects[-2:] == [CloseWatchdog(), ReleaseLock(LOCK)]
    assert bench.kinds() == ["crm_lock_released"]


@pytest.mark.parametrize("lock", [True, False])
def test_a_slave_asked_to_leave_goes_after_its_transition(lock: bool) -> None:
    bench = Bench(lock=False)
    bench.round()
    bench.machine.request_shutdown()
    bench.lock = lock
    assert bench.round() == ("master" if lock else "slave")
    assert bench.machine.exit


def test_waiting_it_leaves_at_once() -> None:
    bench = Bench(quorate=False)
    bench.machine.request_shutdown()
    bench.round()
    assert bench.machine.exit


# --- idling ---


def test_a_master_without_services_rests_after_ninety_rounds() -> None:
    bench = Bench(Picture(commands=("disable-node-maintenance node3",)))
    assert bench.round() == "master"
    bench.picture.commands = ()
    for number in range(1, 91):
        assert bench.round() == "master"
        assert bench.machine.idle_rounds == number
    assert bench.machine.wake_at_s == bench.picture.now_s - 10 + 5
    assert bench.round() == "wait_for_quorum"
    assert bench.kinds() == ["crm_idle", "status"]
    assert bench.effects[-2:] == [ReleaseLock(LOCK), CloseWatchdog()]


def test_skipped_idle_rounds_count() -> None:
    bench = Bench(Picture(commands=("disable-node-maintenance node3",)))
    bench.round()
    bench.picture.commands = ()
    bench.round()
    bench.machine.fast_forward(89, NOW_S)
    assert bench.machine.idle_rounds == 90
    assert bench.round() == "wait_for_quorum"


def test_a_service_ends_the_idling() -> None:
    bench = Bench(Picture(commands=("disable-node-maintenance node3",)))
    bench.round()
    bench.round()
    assert bench.machine.idle_rounds == 1
    bench.picture.configs = {SID: asked()}
    bench.round()
    assert bench.machine.idle_rounds == 0


# --- disarming ---


def test_a_disarmed_master_drops_the_watchdog_and_takes_it_back_when_armed() -> None:
    bench = master()
    bench.picture.modes = dict.fromkeys(ONLINE, "disarm")
    bench.picture.commands = ("disarm-ha freeze",)
    bench.round()
    assert bench.kinds()[-2:] == ["disarm_complete", "crm_disarmed"]
    assert CloseWatchdog() in bench.effects
    bench.picture.commands = ("arm-ha",)
    bench.round()
    assert "crm_rearmed" in bench.kinds()
    assert OpenWatchdog() not in bench.effects
    bench.picture.commands = ()
    bench.round()
    assert OpenWatchdog() in bench.effects
