"""What the plugin does once a test has asked for a gradient's check."""

import json
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.pytest_plugin import GradcheckWarning

if TYPE_CHECKING:
    from gradcheck.report import Report

_ERROR = "gradcheck.errors.GradientMismatchError: "
_POLICIES = ("fail", "skip", "warn")
_SEEN = pytest.StashKey[list["Report"]]()


def refuse_impossible(config: pytest.Config) -> None:
    """Refuse settings that cannot be.

    Raises
    ------
    pytest.UsageError
        It says what should stand there.
    """
    policy = config.getini("gradcheck_inconclusive")
    if policy not in _POLICIES:
        raise pytest.UsageError(
            f"gradcheck_inconclusive = {policy}, but should be fail, skip or warn"
        )
    try:
        int(config.getini("gradcheck_seed"))
    except ValueError:
        seed = config.getini("gradcheck_seed")
        raise pytest.UsageError(
            f"gradcheck_seed = {seed}, but should be a whole number"
        ) from None
    for file in config.getoption("gradcheck_report"):
        if Path(file).suffix not in (".html", ".json"):
            raise pytest.UsageError(
                f"--gradcheck-report={file}, but should end in .html or .json"
            )
        if Path(file).suffix == ".html" and find_spec("jinja2") is None:
            raise pytest.UsageError(
                f"--gradcheck-report={file} needs jinja2: "
                "pip install 'gradcheck[report]'"
            )


def checker(request: pytest.FixtureRequest) -> Callable[..., "Report"]:
    """Return what the fixture gives: a function that checks, keeps and requires."""
    config, node = request.config, request.node
    node.stash[_SEEN] = []

    def check(
        subject: Any, params: Any = None, *, network: Any = None, **options: Any
    ) -> "Report":
        __tracebackhide__ = True
        options.setdefault("seed", seed_of(config))
        examine = import_module("gradcheck.testing").examine
        report: Report = examine(subject, params, network=network, **options)
        node.stash[_SEEN].append(report)
        settle(report, config)
        return report

    return check


def seed_of(config: pytest.Config) -> int:
    """Return the seed: of the option, else of the setting."""
    seed = config.getoption("gradcheck_seed")
    return int(config.getini("gradcheck_seed")) if seed is None else int(seed)


def settle(report: "Report", config: pytest.Config) -> None:
    """Fail, skip or warn as a report and the settings want it.

    Raises
    ------
    GradientMismatchError
        Its first line is the verdict, its text the whole report.
    """
    __tracebackhide__ = True
    policy = config.getini("gradcheck_inconclusive")
    if report.verdict.value != "inconclusive" or policy == "fail":
        import_module("gradcheck.testing").require(report)
    elif policy == "skip":
        pytest.skip(f"inconclusive gradient: {report.message}")
    else:
        text = f"inconclusive gradient: {report.message}"
        warnings.warn(text, GradcheckWarning, stacklevel=3)


def attach(reports: "list[Report]", result: pytest.TestReport) -> None:
    """Attach what a test found to its result, which xdist and junit carry along."""
    if reports:
        vars(result)["gradcheck"] = [json.dumps(report.to_dict()) for report in reports]
    crash = getattr(result.longrepr, "reprcrash", None)
    if crash is not None:  # the short summary shows one line: begin with the verdict
        crash.message = crash.message.removeprefix(_ERROR)


def reports_of(item: pytest.Item) -> list["Report"]:
    """Return what the fixture and the checks of a test found."""
    reports = list(item.stash.get(_SEEN, ()))
    callspec = getattr(item, "callspec", None)
    for value in callspec.params.values() if callspec else ():
        reports += getattr(value, "gradcheck_reports", ())
    return reports


def properties(report: "Report") -> list[tuple[str, object]]:
    """Return a report as user properties: verdict, seed and names of mistakes."""
    named = [finding.id for finding in report.findings if finding.id]
    return [
        ("gradcheck_verdict", report.verdict.value),
        ("gradcheck_seed", report.seed),
        *[("gradcheck_mistake", name) for name in named],
    ]


def of(config: pytest.Config) -> "Results":
    """Return what this run has found, with nothing in it at first."""
    manager, name = config.pluginmanager, "gradcheck-results"
    found: Results | None = manager.get_plugin(name)
    if found is None:
        found = Results(config)
        manager.register(found, name)
    return found


class Results:
    """What the tests of this run found, in the process that shows it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.found: list[tuple[str, str, Mapping[str, Any]]] = []

    def keep(self, report: pytest.TestReport) -> None:
        """Keep what was attached to the result of a test."""
        for text in vars(report)["gradcheck"]:
            self.found.append((report.nodeid, report.outcome, json.loads(text)))

    def pytest_sessionfinish(self) -> None:
        """Write the files that were asked for, once."""
        if hasattr(self.config, "workerinput"):
            return
        for file in self.config.getoption("gradcheck_report"):
            path = Path(file)
            text = self._page() if path.suffix == ".html" else self._data()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Show one line for each gradient that is not right, and a count."""
        if not self.found:
            return
        terminalreporter.section("gradcheck")
        counts: Counter[str] = Counter()
        evaluations = 0
        for tests, report in self._distinct():
            counts[report["verdict"]] += 1
            evaluations += report["cost"]["loss_evaluations"]
            if report["verdict"] != "correct":
                terminalreporter.line(_summary(tests, report))
        total = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        terminalreporter.line(f"{total}; {evaluations} loss evaluations")
        for file in self.config.getoption("gradcheck_report"):
            terminalreporter.line(f"report: {file}")

    def _distinct(self) -> list[tuple[list[str], Mapping[str, Any]]]:
        """Return each report once, with the tests that it belongs to."""
        grouped: dict[str, tuple[list[str], Mapping[str, Any]]] = {}
        for nodeid, _, report in self.found:
            key = json.dumps(report, sort_keys=True)
            grouped.setdefault(key, ([], report))[0].append(nodeid)
        return list(grouped.values())

    def _data(self) -> str:
        """Return the reports as JSON, each as `Report.to_dict` has it."""
        tests = [
            {"test": nodeid, "outcome": outcome, "report": report}
            for nodeid, outcome, report in self.found
        ]
        return json.dumps({"schema": 1, "tests": tests}, indent=1) + "\n"

    def _page(self) -> str:
        """Return the reports as one page."""
        testing = import_module("gradcheck.testing")
        found = [(" ".join(tests), report) for tests, report in self._distinct()]
        page: str = testing.page(found)
        return page


def _summary(tests: list[str], report: Mapping[str, Any]) -> str:
    """Return a gradient that is not right in one line: verdict, tests, reason."""
    names = [finding["id"] for finding in report["findings"] if finding["id"]]
    parameters = report["parameters"].items()
    names = names or [k for k, p in parameters if p["verdict"] != "correct"]
    more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
    tail = f": {', '.join(names)}" if names else ""
    return f"{report['verdict']:<12} {tests[0]}{more}{tail}"
