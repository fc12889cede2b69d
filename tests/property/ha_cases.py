"""Random lock-step cases: odd starting states, every command, failures on top of one another."""

from __future__ import annotations

import json
from random import Random
from typing import Any

STATES = (
    "stopped",
    "request_stop",
    "request_start",
    "request_start_balance",
    "started",
    "started",
    "started",
    "fence",
    "recovery",
    "migrate",
    "relocate",
    "freeze",
    "error",
)
NODE_STATES = ("online", "online", "online", "maintenance", "unknown", "fence", "gone")
REQUESTED = ("started", "started", "started", "enabled", "stopped", "disabled", "ignored")


def make_case(seed: int) -> dict[str, str]:
    """The files of case number `seed`."""
    return _Maker(Random(seed)).files()


class _Maker:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        count = rng.choice((3, 3, 3, 4, 5, 5, 12))
        self.nodes = [f"node{number}" for number in range(1, count + 1)]
        self.sids = [self._sid(number) for number in range(rng.randint(1, 7))]

    def files(self) -> dict[str, str]:
        rng = self.rng
        options = self._options()
        files: dict[str, Any] = {
            "cmdlist": self._steps(),
            "hardware_status": {node: self._node() for node in self.nodes},
            "service_config": {sid: self._service() for sid in self.sids if rng.random() < 0.95},
            "manager_status": self._manager_status() if rng.random() < 0.5 else {},
            "datacenter.cfg": options,
        }
        if "crs" in options and rng.random() < 0.7:
            files["static_service_stats"] = {sid: self._size() for sid in self.sids}
        if "crs" in options and rng.random() < 0.5:
            files["dynamic_service_stats"] = {sid: self._use() for sid in self.sids}
        texts = {name: json.dumps(value) for name, value in files.items()}
        if rng.random() < 0.5:
            texts["rules_config"] = "\n".join(self._rule(n) for n in range(rng.randint(1, 4)))
        if rng.random() < 0.2:
            texts["groups"] = "".join(self._group(name) for name in ("grp0", "grp1"))
        return texts

    # --- starting state ---

    def _sid(self, number: int) -> str:
        kind = self.rng.choice(("vm", "vm", "ct", "fa"))
        if kind != "fa":
            return f"{kind}:{100 + number}"
        digits = [str(number + 1), *(str(self.rng.choice((0, 0, 1, 2, 3))) for _ in range(2))]
        if self.rng.random() < 0.4:
            digits += [str(self.rng.choice((0, 0, 0, 1))), "1", str(self.rng.randint(0, 3))]
        return "fa:" + "".join(digits)

    def _node(self) -> dict[str, Any]:
        state = "on" if self.rng.random() < 0.03 else "off"
        node: dict[str, Any] = {"power": state, "network": state}
        if self.rng.random() < 0.8:
            node |= {"maxcpu": self.rng.choice((4, 8, 16)), "maxmem": 2**34}
        if self.rng.random() < 0.3:
            node["pve-manager-version"] = self.rng.choice(("9.0.0~16", "9.0.1", "9.1.0", "8.4.1"))
        return node

    def _service(self) -> dict[str, Any]:
        rng = self.rng
        service: dict[str, Any] = {"node": rng.choice(self.nodes), "state": rng.choice(REQUESTED)}
        for name, top in (("failback", 1), ("max_restart", 2), ("max_relocate", 3)):
            if rng.random() < 0.3:
                service[name] = rng.randint(0, top)
        if rng.random() < 0.1:
            service["lock"] = rng.choice(("backup", "create", "migrate"))
        if rng.random() < 0.2:
            service["group"] = rng.choice(("grp0", "grp1"))
        return service

    def _manager_status(self) -> dict[str, Any]:
        rng = self.rng
        status: dict[str, Any] = {
            "master_node": rng.choice(self.nodes),
            "node_status": {n: rng.choice(NODE_STATES) for n in self.nodes if rng.random() < 0.9},
            "service_status": {
                sid: self._service_status(sid) for sid in self.sids if rng.random() < 0.8
            },
        }
        if rng.random() < 0.2:
            status["node_status"]["ghost"] = rng.choice(NODE_STATES)
        if rng.random() < 0.15:
            status["disarm"] = {
                "mode": rng.choice(("freeze", "ignore")),
                "state": rng.choice(("disarming", "disarmed")),
            }
        if rng.random() < 0.2:
            status["node_request"] = {rng.choice(self.nodes): {"maintenance": 1}}
        return status

    def _service_status(self, sid: str) -> dict[str, Any]:
        rng = self.rng
        state = rng.choice(STATES)
        status: dict[str, Any] = {"state": state, "node": rng.choice(self.nodes), "uid": f"x{sid}"}
        if state in ("migrate", "relocate", "request_start_balance"):
            status["target"] = rng.choice(self.nodes)
        if state == "started" and rng.random() < 0.5:
            status["running"] = 1
        if rng.random() < 0.2:
            status["failed_nodes"] = [rng.choice(self.nodes)]
        if rng.random() < 0.2:
            status["maintenance_node"] = rng.choice(self.nodes)
        if rng.random() < 0.1:
            status["cmd"] = ["migrate", rng.choice(self.nodes)]
        return status

    def _options(self) -> dict[str, Any]:
        rng = self.rng
        options: dict[str, Any] = {}
        if rng.random() < 0.4:
            policies = ("conditional", "freeze", "failover", "migrate", "odd")
            options["ha"] = {"shutdown_policy": rng.choice(policies)}
        if rng.random() < 0.4:
            options["crs"] = crs = {"ha": rng.choice(("basic", "static", "dynamic", "bogus"))}
            for name, value in (
                ("ha-rebalance-on-start", 1),
                ("ha-auto-rebalance", 1),
                ("ha-auto-rebalance-method", rng.choice(("topsis", "bruteforce"))),
                ("ha-auto-rebalance-hold-duration", rng.randint(1, 4)),
                ("ha-auto-rebalance-threshold", rng.choice((0.1, 0.5))),
            ):
                if rng.random() < 0.5:
                    crs[name] = str(value)
        return options

    def _size(self) -> dict[str, Any]:
        return {"maxcpu": self.rng.choice((0, 1, 2, 4)), "maxmem": self.rng.choice((2**30, 2**32))}

    def _use(self) -> dict[str, Any]:
        return {"cpu": self.rng.choice((0.1, 1, 3.5)), "mem": self.rng.choice((2**29, 2**31))}

    def _some(self, names: list[str]) -> str:
        count = self.rng.randint(1, min(3, len(names)))
        return ",".join(self.rng.sample(names, count))

    def _rule(self, number: int) -> str:
        rng = self.rng
        if rng.random() < 0.5:
            nodes = ",".join(
                node + rng.choice(("", ":1", ":2")) for node in self._some(self.nodes).split(",")
            )
            strict = "\tstrict 1\n" if rng.random() < 0.5 else ""
            head = f"node-affinity: rule{number}\n\tresources {self._some(self.sids)}\n"
            return f"{head}\tnodes {nodes}\n{strict}"
        affinity = rng.choice(("positive", "negative"))
        head = f"resource-affinity: rule{number}\n\tresources {self._some(self.sids)}\n"
        return f"{head}\taffinity {affinity}\n"

    def _group(self, name: str) -> str:
        extra = "\tnofailback 1\n" if self.rng.random() < 0.5 else ""
        return f"group: {name}\n\tnodes {self._some(self.nodes)}\n{extra}\n"

    # --- commands ---

    def _steps(self) -> list[list[str]]:
        first = [f"power {node} on" for node in self.nodes if self.rng.random() < 0.93]
        rest = [
            [self._command() for _ in range(self.rng.choice((0, 1, 1, 1, 2, 3)))]
            for _ in range(self.rng.randint(1, 8))
        ]
        return [first, *rest]

    def _command(self) -> str:
        rng = self.rng
        node, other, sid = rng.choice(self.nodes), rng.choice(self.nodes), rng.choice(self.sids)
        choices = (
            f"power {node} off",
            f"power {node} on",
            f"network {node} off",
            f"network {node} on",
            f"reboot {node}",
            f"shutdown {node}",
            f"restart-lrm {node}",
            f"crm {node} stop",
            f"crm {node} start",
            f"crm {node} enable-node-maintenance",
            f"crm {node} disable-node-maintenance",
            f"crm {node} disarm-ha {rng.choice(('freeze', 'ignore'))}",
            f"crm {node} arm-ha",
            f"cfs {node} {rng.choice(('rw', 'update'))} {rng.choice(('work', 'fail'))}",
            f"service {sid} {rng.choice(('started', 'stopped', 'disabled', 'ignored'))}",
            f"service {sid} {rng.choice(('migrate', 'relocate'))} {other}",
            f"service {sid} stop {rng.choice((0, 5))}",
            f"service {sid} {rng.choice(('lock', 'unlock', 'lock snapshot'))}",
            f"service {sid} set-static-stats maxcpu {rng.choice((1, 8))}",
            f"service {sid} set-dynamic-stats cpu {rng.choice((0.5, 4))} mem 512",
            f"skip-round {rng.choice(('crm', 'lrm'))} {rng.randint(1, 4)}",
            f"delay {rng.choice((0, 30, 300, 1500))}",
            f"service vm:{rng.randint(500, 502)} add {node} started {rng.randint(0, 1)}",
            f"service {sid} delete",
        )
        return rng.choice(choices)
