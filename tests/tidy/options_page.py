"""Writes docs/options.md: `python -m tests.tidy.options_page`."""

from __future__ import annotations

from appliance.model.options.page import options_page
from tests.tidy.tree import ROOT

PAGE = ROOT / "docs" / "options.md"

if __name__ == "__main__":
    PAGE.write_text(options_page(), "utf-8")
