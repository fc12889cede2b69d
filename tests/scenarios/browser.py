"""A headless Chromium that opens one page, runs a probe in it and gives back what it found."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1400,1000",
    "--virtual-time-budget=30000",
)
# Runs before anything else on the page: notes what goes wrong and what is asked of the network.
# Frames come by timer, since a browser that shows nothing to anybody may draw none.
WATCH = """<script>
window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 5);
const wrong = [];
addEventListener("error", (event) => wrong.push(`error: ${event.message}`));
addEventListener("unhandledrejection", (event) => wrong.push(`rejected: ${event.reason}`));
addEventListener("securitypolicyviolation", (event) => wrong.push(`fetch: ${event.blockedURI}`));
for (const name of ["error", "warn"]) {
  console[name] = (...told) => wrong.push(`${name}: ${told.join(" ")}`);
}
</script>"""
PROBE = """<pre id="probe"></pre><script>
(async () => {
  const found = {};
  const ask = (name, value) => { found[name] = value; };
  const until = async (holds) => {
    for (let turn = 0; turn < 400; turn += 1) {
      if (holds()) return true;
      await new Promise((done) => setTimeout(done, 20));
    }
    return false;
  };
  const settled = async () => {
    await until(() => window.report && !report.plot.pending && report.plot.drawing);
    await report.plot.drawing;
  };
  try {
    ask("ready", await until(() => document.documentElement.dataset.ready === "yes"));
    await settled();
    %s
  } catch (error) { wrong.push(`probe: ${error.stack}`); }
  ask("wrong", wrong);
  ask("fetched", performance.getEntriesByType("resource").map((entry) => entry.name));
  document.getElementById("probe").textContent = JSON.stringify(found);
})();
</script>"""


def chromium() -> str:
    """The browser's path; the test is skipped where there is none."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium here: install chromium to try the report in a browser")
    return path


def probe(page: str, script: str, folder: Path) -> Any:
    """Open `page`, run `script` once it is drawn, and give what it `ask`ed for, by name."""
    watched = page.replace("<head>", f"<head>{WATCH}", 1)
    body, end = watched.rsplit("</body>", 1)
    file = folder / "page.html"
    file.write_text(f"{body}{PROBE % script}</body>{end}", encoding="utf-8")
    command = [chromium(), *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, file.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    found = re.search(r'<pre id="probe">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found is not None, done.stderr[-2000:]
    return json.loads(html.unescape(found[1]))
