"""The runner: steps, expectations and prohibitions as time passes, and the story of a failure."""

from __future__ import annotations

from scenarios.format import loads
from scenarios.results import CheckResult, RunResult
from scenarios.run import Rehearsal, rehearse
from scenarios.story import downtime, failures, whole
from sim.events import NodePower, Operator, Refused
from sim.journal import Record

HEAD = """\
[scenario]
name = "Three nodes"
why = "To see the runner work."
duration = "12m"

[cluster]
nodes = 3

[[guest]]
sid = "vm:100..102"
node = "spread"
"""
CUT = """
[[step]]
name = "cut"
at = "4m"
fault = "power"
node = "node3"
permanent = true
"""


def run(*parts: str, seed: int = 1) -> RunResult:
    result, _ = rehearse(loads(HEAD + "".join(parts), "three.toml"), seed=seed)
    return result


def check(*parts: str) -> CheckResult:
    """The last check of a run."""
    return run(*parts).expectations[-1]


def expect(that: str, *more: str) -> str:
    return "\n".join(("\n[[expect]]", f'that = "{that}"', *more, ""))


def never(that: str, *more: str) -> str:
    return "\n".join(("\n[[never]]", f'that = "{that}"', *more, ""))


def step(*lines: str) -> str:
    return "\n".join(("\n[[step]]", *lines, ""))


# expectations


def test_it_becomes_true_in_time() -> None:
    found = check(CUT, expect("not running(vm:102)", 'after = "cut"', 'within = "1s"'))
    assert found.held
    assert (found.detail, found.at_s) == ("at once", 240)


def test_it_does_not_become_true_in_time() -> None:
    found = check(CUT, expect("runs(vm:102) == node1", 'after = "cut"', 'within = "1m"'))
    assert not found.held
    assert (found.detail, found.at_s) == ("at 5m: runs(vm:102) is nowhere", 300)
    assert [record.event.kind for record in found.events] == ["guest"]


def test_it_becomes_true_at_the_very_last_moment() -> None:
    """A deadline looks at the end of its instant."""
    back = step('name = "back"', 'at = "30s"', 'after = "cut"', 'heal = "cut"')
    cut = CUT.replace("permanent = true\n", "")
    within = expect("power(node3) == booting", 'after = "cut"', 'within = "30s"')
    assert check(cut, back, within).held
    late = within.replace("30s", "29.999s")
    assert not check(cut, back, late).held


def test_it_is_true_at_a_time() -> None:
    assert check(CUT, expect("power(node3) == on", 'at = "239s"')).held
    assert not check(CUT, expect("power(node3) == on", 'at = "240s"')).held
    assert check(CUT, expect("power(node3) == off", 'at = "240s"')).held


def test_it_is_true_but_not_for_long_enough() -> None:
    lasting = expect("power(node3) == on", 'within = "1m"', 'for = "230s"')
    assert check(CUT, lasting).held
    found = check(CUT, lasting.replace("230s", "5m"))
    assert not found.held
    assert found.detail.startswith("was true, but only for 4m: power(node3) is off")


def test_it_may_begin_anew_while_there_is_time() -> None:
    back = step('at = "1m"', 'after = "cut"', 'heal = "cut"')
    cut = CUT.replace("permanent = true\n", "")
    found = check(cut, back, expect("power(node3) == on", 'within = "7m"', 'for = "4m1s"'))
    assert found.held
    assert found.at_s > 600


def test_at_the_end() -> None:
    found = check(CUT, expect("all guests running", 'at = "end"'))
    assert found.held
    assert found.at_s == 720


def test_events_and_downtime_count_from_the_beginning_of_a_check() -> None:
    told = expect("event(node_power, node=node3, state=off)", 'within = "5m"')
    assert check(CUT, told).held
    later = step('name = "later"', 'at = "1s"', 'after = "cut"', 'operator = "guest load vm:100 1"')
    missed = told.replace("within", 'after = "later"\nwithin')
    assert not check(CUT, later, missed).held
    short = expect("downtime(vm:102) < 1s", 'at = "5m"')
    assert not check(CUT, short).held
    long = step('name = "up"', 'when = "running(vm:102)"', 'after = "cut"', 'heal = "cut"')
    cut = CUT.replace("permanent = true\n", "")
    assert check(cut, long, expect("downtime(vm:102) < 1s", 'after = "up"', 'within = "1s"')).held


def test_events_are_counted_for_each_guest() -> None:
    each = "each guest: count(event(guest, guest=guest, state=stopped)) == 1 or running(guest)"
    assert check(CUT, expect(each, 'after = "cut"', 'within = "0s"')).held
    one = "count(event(recovered)) == 1 and event(recovered, service=vm:102, from=node3)"
    assert check(CUT, expect(one, 'after = "cut"', 'within = "5m"')).held


# prohibitions


def test_what_must_never_be() -> None:
    forbidden = never("not running(vm:102)")
    found = check(CUT, forbidden)
    assert not found.held
    assert (found.at_s, found.detail) == (240, "at 4m: running(vm:102) is false")
    assert check(CUT, never("not running(vm:102)", 'until = "239s"')).held
    assert not check(CUT, never("not running(vm:102)", 'until = "240s"')).held
    assert check(CUT, never("not running(vm:102)", 'from = "4m"', 'after = "cut"')).held


# steps


def records(*parts: str) -> list[Record]:
    _, world = rehearse(loads(HEAD + "".join(parts) + expect("master != none", 'within = "1m"')))
    return world.journal.records


def test_a_step_waits_for_its_predicate() -> None:
    found = records(
        CUT,
        step('when = "running(vm:102)"', 'after = "cut"', 'operator = "guest load vm:102 0.9"'),
    )
    (load,) = [record for record in found if isinstance(record.event, Operator)]
    (runs,) = [
        record
        for record in found
        if record.event.kind == "guest" and record.t_us > 240e6 and "running" in str(record.event)
    ]
    assert load.t_us == runs.t_us


def test_a_step_that_never_happens_fails_the_scenario() -> None:
    result = run(
        step('name = "lost"', 'when = "power(node1) == off"', 'within = "1m"', 'heal = "all"'),
        expect("running(vm:100)", 'after = "lost"', 'within = "1s"'),
    )
    assert not result.passed
    checked, lost = result.expectations
    assert checked.detail == "the step 'lost' never happened, so this was not looked at"
    assert lost.kind == "step"
    assert lost.detail == "'power(node1) == off' did not come true: power(node1) is on"


def test_a_step_hits_the_master_and_others_can_say_so() -> None:
    for seed in range(1, 5):
        result = run(
            CUT.replace('"node3"', '"master"'),
            expect("power(@cut) == off and master != @cut", 'after = "cut"', 'within = "3m"'),
            step('at = "1s"', 'after = "cut"', 'operator = "node poweron @cut"'),
            seed=seed,
        )
        assert not result.failures(), result.failures()


def test_a_step_hits_the_host_of_a_guest() -> None:
    found = records(CUT.replace('"node3"', '"host of vm:101"'))
    off = [r.event.node for r in found if isinstance(r.event, NodePower) and r.event.state == "off"]
    assert off == ["node2"]


def test_a_node_that_cannot_be_picked_fails_the_step() -> None:
    result = run(
        CUT,
        step('at = "1s"', 'after = "cut"', 'fault = "reset"', 'node = "host of vm:102"'),
        expect("master != none", 'within = "1m"'),
    )
    (lost,) = result.failures()
    assert (lost.kind, lost.detail) == ("step", "vm:102 runs nowhere at that moment")


def test_all_faults_are_healed_at_once() -> None:
    other = step('at = "4m"', 'fault = "nic"', 'node = "node1"', 'link = "link0"')
    cut = CUT.replace("permanent = true\n", "")
    found = records(cut, other, step('at = "5m"', 'heal = "all"'))
    assert [r.t_us / 1e6 for r in found if r.event.kind == "fault_healed"] == [300, 300]


def test_a_request_that_is_refused_is_told_and_nothing_more() -> None:
    found = records(step('at = "1m"', 'operator = "node poweron node1"'))
    assert any(isinstance(record.event, Operator) for record in found)
    assert not any(isinstance(record.event, Refused) for record in found)


# violations

BROKEN = """
[[node]]
name = "node3"
watchdog = "broken"
"""
ISOLATED = CUT.replace('"power"', '"isolate"')


def test_a_violation_fails_every_scenario() -> None:
    result = run(BROKEN, ISOLATED, expect("master != none", 'within = "1m"'))
    assert not result.passed
    promises = [seen.kind for seen in result.failures()]
    assert set(promises) == {"promise"}
    assert {"guest-once", "fenced-before-recovery"} <= {seen.promise for seen in result.violations}
    assert all(seen.broke == "the watchdog of node3 does not fire" for seen in result.violations)


def test_a_violation_that_was_expected_and_did_not_come() -> None:
    head = HEAD.replace("duration", 'violation = "guest-once"\nduration')
    result, _ = rehearse(loads(head + ISOLATED, "three.toml"))
    (missing,) = result.failures()
    assert missing.what == "a violation of guest-once is reported"
    assert missing.line == 4


def test_the_hardware_must_be_to_blame_as_expected() -> None:
    for broke, passed in (("watchdog of node3", True), ("watchdog of node1", False)):
        head = HEAD.replace("duration", f'violation = "guest-once"\nbroke = "{broke}"\nduration')
        result, _ = rehearse(loads(head + BROKEN + ISOLATED, "three.toml"))
        assert result.passed is passed


# results


def test_a_result_says_what_it_is_the_result_of() -> None:
    result = run(CUT, expect("all guests running", 'at = "end"'), seed=7)
    assert (result.name, result.file, result.seed, result.end_s) == (
        "Three nodes",
        "three.toml",
        7,
        720,
    )
    assert result.passed
    assert list(result.downtime_s) == ["vm:100", "vm:101", "vm:102"]
    assert result.downtime_s["vm:100"] == 0
    assert 100 < result.downtime_s["vm:102"] < 240
    assert downtime(result).startswith("downtime: 1 of 3 guests, longest 2m")
    assert "vm:102" in downtime(result)


def test_the_story_of_a_failure() -> None:
    told = "\n".join(
        failures(run(CUT, expect("runs(vm:102) == node1", 'after = "cut"', 'within = "1m"')))
    )
    assert told.splitlines() == [
        "Three nodes (three.toml, seed 1)",
        "  FAILED  runs(vm:102) == node1, within 1m after cut",
        "          three.toml, line 21",
        "          at 5m: runs(vm:102) is nowhere",
        "          before that:",
        "            00:04:00.0  node3           vm:102 on node3: stopped node3 went down",
        "            and nothing more about it for 1m",
    ]


def test_the_whole_story() -> None:
    result = run(CUT, expect("not running(vm:102)", 'after = "cut"', 'within = "1m"'))
    lines = list(whole(result))
    assert lines[:3] == ["Three nodes (three.toml, seed 1)", "  To see the runner work.", ""]
    assert "  held    not running(vm:102), within 1m after cut: at once" in lines
    assert lines[-1] == f"  12m simulated, journal {result.digest[:16]}"


def test_an_observer_sees_every_record_and_the_time() -> None:
    class Observer:
        pause_s = 60.0

        def __init__(self) -> None:
            self.records: list[Record] = []
            self.times: list[float] = []

        def on_record(self, record: Record) -> None:
            self.records.append(record)

        def on_time(self, now_s: float) -> None:
            self.times.append(now_s)

    observer = Observer()
    scenario = loads(HEAD + CUT + expect("all guests running", 'at = "end"'))
    rehearsal = Rehearsal(scenario, seed=None, coasting=True)
    watched = rehearsal.run(observer)
    assert observer.records == rehearsal.world.journal.records
    assert observer.times == [60.0 * minute for minute in range(1, 13)]
    assert watched.digest == rehearse(scenario)[0].digest
