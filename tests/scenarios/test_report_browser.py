"""The report in a browser: it is drawn, it can be filtered, it asks nothing of a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scenarios.report import render
from tests.scenarios.browser import probe
from tests.scenarios.journals import large, power_loss
from tests.scenarios.test_report import EVIL, Ended, Expected, evil

pytestmark = pytest.mark.browser

HELPERS = """
const labels = () => [...document.querySelectorAll("#labels .label")].map((one) => one.textContent);
const rows = () => [...document.querySelectorAll("#rows .row")];
const type = async (id, value) => {
  document.getElementById(id).value = value;
  document.getElementById(id).dispatchEvent(new Event("input", { bubbles: true }));
  await settled();
};
const click = async (id) => { document.getElementById(id).click(); await settled(); };
const chip = async (name) => {
  [...document.querySelectorAll("button.chip")].find((one) => one.textContent === name).click();
  await settled();
};
const drawn = () => [...document.querySelectorAll("#plot path.js-fill")].filter(
  (path) => (path.getAttribute("d") ?? "").length > 10).length;
const texts = () => [...document.querySelectorAll("#plot .textpoint")].map(
  (one) => one.textContent);
const over = (row, t) => {
  const box = report.plot.box.getBoundingClientRect();
  const at = { bubbles: true, clientX: box.left + report.plot.x(t), clientY: box.top + row.y + 8 };
  report.plot.box.dispatchEvent(new MouseEvent("mousemove", at));
  return document.getElementById("tip").innerText;
};
"""
SMALL = """
ask("labels", labels());
ask("traces", report.plot.box.data.map((trace) => trace.name));
ask("drawn", drawn());
ask("texts", texts());
ask("markers", document.querySelectorAll("#plot .point").length);
ask("chip hidden", document.getElementById("event-lane").offsetParent === null);
const lane = (name) => report.lanes.rows.find((row) => row.label === name);
ask("tip", over(lane("vm:102"), 100000));
ask("fault tip", over(report.lanes.rows.find((row) => row.kind === "fault"), 100000));

await type("lane-search", "vm:102");
ask("one lane", labels());
await type("lane-search", "node3");
ask("a node and its guests", labels());
await type("lane-search", "nothing");
ask("none", document.getElementById("no-lanes").hidden);
await type("lane-search", "");
await chip("Only affected");
ask("affected", labels());
await chip("Nodes");
ask("no nodes", labels());
await chip("Nodes");
await chip("Only affected");
const before = report.plot.box.data.filter((trace) => trace.name === "down").length;
await chip("down");
ask("down", [before, report.plot.box.data.filter((trace) => trace.name === "down").length]);

await click("zoom-in");
ask("zoomed", [report.view.from, report.view.to]);
ask("axis", document.getElementById("axis").textContent);
await click("zoom-all");
const drag = report.plot.box.querySelector(".nsewdrag").getBoundingClientRect();
const at = (type, x) => new MouseEvent(type, { bubbles: true, cancelable: true, button: 0,
  buttons: 1, clientX: drag.left + x, clientY: drag.top + 50 });
report.plot.box.querySelector(".nsewdrag").dispatchEvent(at("mousedown", drag.width * 0.25));
document.dispatchEvent(at("mousemove", drag.width * 0.5));
document.dispatchEvent(at("mouseup", drag.width * 0.5));
await until(() => report.view.from > 0);
await settled();
ask("dragged", [report.view.from / 650000, report.view.to / 650000]);
await click("zoom-all");

document.querySelector(".moment").click();
await settled();
ask("moment", [report.plot.cursor, report.view.from < 203000 && report.view.to > 203000]);
await click("zoom-all");

ask("all events", document.getElementById("event-count").textContent);
await type("event-search", "recovered vm:107");
ask("searched", rows().map((row) => row.querySelector(".text").textContent));
rows()[0].click();
await settled();
ask("jumped", [report.plot.cursor, report.view.from < 190100 && report.view.to > 190100,
  document.getElementById("cursor").hidden, document.querySelectorAll("#rows .chosen").length]);
await type("event-search", "");
await type("event-kind", "fence_done");
ask("kinds", rows().map((row) => row.querySelector(".kind").textContent));
await type("event-kind", "");
report.events.about(lane("vm:100").lane);
ask("about", [document.getElementById("event-lane").textContent, report.events.found.length]);
await click("event-lane");
await click("zoom-all");

const column = (number) => [...document.querySelectorAll("#downtime tbody tr")].slice(0, 2).map(
  (row) => row.cells[number].textContent);
document.querySelector('#downtime th[data-key="0"]').click();
document.querySelector('#downtime th[data-key="0"]').click();
ask("sorted", column(0));
const paper = () => getComputedStyle(document.body).backgroundColor;
const light = paper();
await click("theme");
await click("theme");
ask("dark", [light, paper(), document.getElementById("theme").textContent]);
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    page = render(power_loss(), Ended())
    return probe(page, HELPERS + SMALL, tmp_path_factory.mktemp("browser"))


def test_nothing_goes_wrong_and_nothing_is_fetched(seen: Any) -> None:
    assert seen["ready"] is True
    assert seen["wrong"] == []
    assert seen["fetched"] == []


def test_lanes_are_drawn(seen: Any) -> None:
    nodes, guests = [f"node{n}" for n in range(1, 6)], [f"vm:{n}" for n in range(100, 112)]
    assert [name for name in seen["labels"] if name in nodes + guests] == nodes + guests
    assert {"band", "fault", "on", "off", "running", "down", "master", "fence"} <= set(
        seen["traces"]
    )
    assert len(seen["traces"]) < 40
    assert seen["drawn"] >= 10
    assert seen["markers"] == 5
    assert {"★ master", "off", "booting", "down", "1 power of node3"} <= set(seen["texts"])


def test_the_label_under_the_pointer_tells_the_state(seen: Any) -> None:
    assert "vm:102" in seen["tip"]
    assert "down" in seen["tip"]
    assert "00:01:00.0 to 00:03:18.0 · 2m 18s" in seen["tip"]
    assert "power of node3" in seen["fault tip"]


def test_lanes_are_filtered(seen: Any) -> None:
    assert [name for name in seen["one lane"] if name.startswith(("vm:", "node"))] == ["vm:102"]
    found = [name for name in seen["a node and its guests"] if name.startswith(("vm:", "node"))]
    assert found == ["node3", "vm:100", "vm:102", "vm:107"]
    assert seen["none"] is False
    affected = [name for name in seen["affected"] if name.startswith(("vm:", "node"))]
    assert affected == ["node1", "node3", "vm:100", "vm:102", "vm:107"]
    assert "node1" not in seen["no nodes"]
    assert seen["down"] == [1, 0]


def test_time_is_zoomed(seen: Any) -> None:
    assert seen["zoomed"] == [162_500, 487_500]
    assert seen["axis"].startswith("3:00")
    assert seen["dragged"] == pytest.approx([0.25, 0.5], abs=0.01)


def test_events_are_searched_and_lead_into_the_timeline(seen: Any) -> None:
    assert int(seen["all events"]) == len(power_loss())
    assert seen["searched"] == ["recovered, service vm:107, from node3, to node4"]
    assert seen["jumped"] == [190_100, True, False, 1]
    assert seen["kinds"] == ["fence_done"]
    assert seen["about"][0] == "vm:100 ✕"
    assert 0 < seen["about"][1] < 20
    assert seen["chip hidden"] is True


def test_an_expectation_leads_to_its_moment(seen: Any) -> None:
    assert seen["moment"] == [203_000, True]


def test_downtime_is_sorted_on_request(seen: Any) -> None:
    assert seen["sorted"] == ["vm:100", "vm:101"]


def test_light_and_dark(seen: Any) -> None:
    light, dark, told = seen["dark"]
    assert light != dark
    assert told == "Theme: dark"


def test_a_large_cluster_shows_first_what_is_affected(tmp_path: Path) -> None:
    script = """
    ask("lanes", report.lanes.rows.filter((row) => row.lane).length);
    ask("traces", report.plot.box.data.length);
    const words = () => report.plot.box.data.at(-1).y;
    ask("first", Math.max(...words()));
    report.plot.stage.scrollTop = report.lanes.height;
    report.plot.stage.dispatchEvent(new Event("scroll"));
    await settled();
    ask("last", [Math.max(...words()), report.lanes.height]);
    await type("lane-search", "vm:123");
    ask("found", labels());
    ask("affected", report.lanes.shown.touched);
    ask("rows", rows().length);
    """
    found = probe(render(large(cuts=20), None), HELPERS + script, tmp_path)
    assert found["wrong"] == []
    assert found["affected"] is True
    assert 150 < found["lanes"] < 300
    assert found["traces"] < 40
    assert "vm:123" in found["found"]
    assert found["rows"] < 60
    seen_to, height = found["last"]
    assert found["first"] < 0.5 * height
    assert seen_to > 0.95 * height


def test_names_are_text_never_markup(tmp_path: Path) -> None:
    ended = Ended((Expected(EVIL, held=False, detail=EVIL),), name=EVIL, why=EVIL, passed=False)
    script = """
    ask("images", document.images.length);
    ask("labels", labels());
    const evil = report.lanes.rows.find((row) => row.kind === "guest" && row.label !== "vm:100");
    ask("tip", over(evil, 6000));
    ask("rows", rows().map((row) => row.textContent).join(" "));
    """
    found = probe(render(evil(), ended), HELPERS + script, tmp_path)
    assert found["wrong"] == []
    assert found["images"] == 0
    assert EVIL in found["labels"]
    assert EVIL in found["tip"]
    assert EVIL in found["rows"]


def test_the_page_may_not_load_even_if_it_tried(tmp_path: Path) -> None:
    script = """
    new Image().src = "https://example.invalid/x.png";
    fetch("https://example.invalid/").catch(() => {});
    await until(() => wrong.length >= 2);
    """
    found = probe(render(power_loss(), None), script, tmp_path)
    assert sorted(found["wrong"]) == [
        "fetch: https://example.invalid/",
        "fetch: https://example.invalid/x.png",
    ]
