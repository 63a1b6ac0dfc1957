"""Test-wide settings: hypothesis profiles, the slow mark, the time of a mutant."""

import os
import resource
from time import process_time

import pytest
from hypothesis import settings

_STARTED = pytest.StashKey[float]()
_STUCK = 30  # seconds: the longest test takes 7 of them under mutation

pytest_plugins = ["pytester", "gradcheck.pytest_plugin"]

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.register_profile("mutants", max_examples=10, deadline=None, derandomize=True)
settings.load_profile("dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the slow tests too")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: run with --slow"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give a mutant as many seconds of processor as benchmarks/mutants.py says.

    Past them no test is begun; one that will not end is ended, and has noticed.
    """
    mutated = "__mutmut_" in os.environ.get("MUTANT_UNDER_TEST", "")
    seconds = float(os.environ.get("GRADCHECK_MUTANT_SECONDS", "inf"))
    if not mutated or seconds == float("inf"):
        return
    if _STARTED not in item.config.stash:
        item.config.stash[_STARTED] = process_time()
        end = int(process_time() + seconds) + _STUCK
        resource.setrlimit(resource.RLIMIT_CPU, (end, end + 1))
    if process_time() - item.config.stash[_STARTED] > seconds:
        pytest.skip("the mutant has had its time")
