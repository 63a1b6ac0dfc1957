"""The pytest plugin: a fixture, what it found in a section of its own, a report file.

Every pytest run of everyone who has gradcheck installed loads this module, so it is
short, imports pytest, which is there, and nothing else of gradcheck until a test asks
for it.
"""

import sys
from collections.abc import Callable, Generator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.report import Report

_DEFAULTS = {"gradcheck_inconclusive": "fail", "gradcheck_seed": "0"}


class GradcheckWarning(UserWarning):
    """Something about a gradient is worth a remark, and does not fail the test."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the settings."""
    group = parser.getgroup("gradcheck", "gradients written by hand")
    group.addoption(
        "--gradcheck-seed",
        type=int,
        metavar="N",
        help="seed of the points and directions (default: 0, or gradcheck_seed)",
    )
    group.addoption(
        "--gradcheck-report",
        metavar="FILE.html|json",
        action="append",
        default=[],
        help="write what was found to FILE; may be given twice",
    )
    inconclusive = "what an inconclusive check does: fail (default), skip or warn"
    parser.addini("gradcheck_inconclusive", inconclusive, default="fail")
    parser.addini("gradcheck_seed", "seed of the points and directions", default="0")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse settings that cannot be, before any test runs."""
    files = config.getoption("gradcheck_report")
    settings = {name: config.getini(name) for name in _DEFAULTS}
    if files or settings != _DEFAULTS:
        _results().refuse_impossible(config)
    if files:
        _results().of(config)
    config.pluginmanager.register(_Waiting(config), "gradcheck-waiting")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say the seed where one was asked for."""
    seed = config.getoption("gradcheck_seed")
    return None if seed is None else f"gradcheck: seed {seed}"


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> "Callable[..., Report]":
    """Check a gradient, and fail with the whole report unless it is right.

    ``gradcheck(subject, params=None, *, network=None, **options)``: with `params` it
    is `gradcheck.check_gradients`, with `network` `gradcheck.check_network`, with a
    path `gradcheck.check_submission`, with a pair ``(forward, backward)`` and inputs
    `gradcheck.check_vjp`; a report is taken as it is. Returns the report.
    """
    check: Callable[..., Report] = _results().checker(request)
    return check


@pytest.fixture(scope="session")
def gradcheck_seed(pytestconfig: pytest.Config) -> int:
    """Return the seed of this run, for points of your own."""
    seed: int = _results().seed_of(pytestconfig)
    return seed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach what the test found, if anything in this process can have found it."""
    if "gradcheck.report" not in sys.modules:
        return (yield)
    reports = _results().reports_of(item) if call.when == "call" else []
    for report in reports:
        item.user_properties += _results().properties(report)
    result = yield
    _results().attach(reports, result)
    return result


class _Waiting:
    """Wait, in the process that shows results, for the first gradient among them."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test attached, be it from another process."""
        if hasattr(report, "gradcheck"):
            _results().of(self.config).keep(report)


def _results() -> Any:
    return import_module("gradcheck.pytest_plugin.results")
