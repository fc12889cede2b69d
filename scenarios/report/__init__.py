"""The report of a run: one HTML file that opens anywhere, without a network."""

from scenarios.report.page import render, write_report
from scenarios.report.result import Expectation, Result

__all__ = ["Expectation", "Result", "render", "write_report"]
