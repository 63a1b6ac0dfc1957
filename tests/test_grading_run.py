"""A class is graded whole: nothing lost, nothing repeated, nobody harmed by another."""

import json
import os
import sys
import threading
import types
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reports import RIGHT, WRONG

from gradcheck import check_submission
from gradcheck.errors import GradcheckError
from gradcheck.grading import pool
from gradcheck.grading.collect import Submission, collect
from gradcheck.grading.journal import Journal
from gradcheck.grading.outputs import Style, file_name, write_outputs
from gradcheck.grading.rubric import Rubric
from gradcheck.grading.run import Settings, grade, marks, submission_check
from gradcheck.report import Report, Verdict

ROOT = Path(__file__).parents[1]


class Checker:
    """Judges a file by the word that it holds, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, path, *, seed):
        word = path.read_text().strip()
        self.asked.append((path.name, seed))
        if word == "raise":
            raise ZeroDivisionError("inside gradcheck")
        if word == "stop":
            raise KeyboardInterrupt
        if word == "unwritable":
            return Report(Verdict.CORRECT, curves={"W": np.int64(3)})
        report = {"right": RIGHT, "wrong": WRONG}[word]
        text = f"{path}: {word}"
        again = f"gradcheck check {path} --seed {seed}"
        subject = replace(report.subject, path=str(path))
        return replace(report, message=text, again=again, subject=subject, seed=seed)


@pytest.fixture
def classroom(tmp_path):
    folder = tmp_path / "hw"
    folder.mkdir()

    def classroom(**words):
        for name, word in words.items():
            (folder / f"{name}.py").write_text(word)
        return collect(str(folder), workspace=tmp_path).submissions

    return classroom


def graded(submissions, settings, path):
    with Journal(path) as journal:
        return list(grade(submissions, settings, journal))


def test_each_submission_is_graded_once(classroom, tmp_path):
    submissions = classroom(alice="right", bob="wrong")
    check = Checker()
    records = graded(submissions, Settings(check), tmp_path / "r.jsonl")
    assert [r["submission"] for r in records] == ["alice.py", "bob.py"]
    assert [r["report"]["verdict"] for r in records] == ["correct", "wrong"]
    assert graded(submissions, Settings(check), tmp_path / "r.jsonl") == []
    assert check.asked == [("alice.py", 0), ("bob.py", 0)]


def test_a_rerun_does_what_changed(classroom, tmp_path):
    path, check = tmp_path / "r.jsonl", Checker()
    graded(classroom(alice="right", bob="wrong"), Settings(check), path)
    submissions = classroom(bob="right", carol="wrong")
    records = graded(submissions, Settings(check), path)
    assert [r["submission"] for r in records] == ["bob.py", "carol.py"]
    assert len(graded(submissions, Settings(check, seed=1), path)) == 3
    assert len(graded(submissions, Settings(check, label="x"), path)) == 3
    with Journal(path) as journal:
        verdicts = [m.report.verdict for m in marks(submissions, journal, Rubric())]
    assert verdicts == ["correct", "correct", "wrong"]


def test_an_interrupted_run_loses_and_repeats_nothing(classroom, tmp_path):
    path, check = tmp_path / "r.jsonl", Checker()
    words = {f"s{i}": "right" for i in range(6)}
    submissions = classroom(**words | {"s3": "stop"})
    with pytest.raises(KeyboardInterrupt):
        graded(submissions, Settings(check), path)
    with open(path, "ab") as file:  # killed while it wrote
        file.write(b'{"submission": "s3.py", "ke')
    submissions = classroom(s3="wrong")
    records = graded(submissions, Settings(check), path)
    assert [r["submission"] for r in records] == ["s3.py", "s4.py", "s5.py"]
    lines = path.read_text().splitlines()
    assert [json.loads(line)["submission"] for line in lines] == [
        f"s{i}.py" for i in range(6)
    ]


def test_our_own_failure_is_told_and_tried_again(classroom, tmp_path):
    path, check = tmp_path / "r.jsonl", Checker()
    submissions = classroom(alice="raise", bob="right", carol="unwritable")
    records = {r["submission"]: r for r in graded(submissions, Settings(check), path)}
    assert records["alice.py"]["report"]["message"] == (
        "gradcheck itself stopped: ZeroDivisionError: inside gradcheck"
    )
    assert records["alice.py"]["failed"] is True
    assert "int64" in records["carol.py"]["report"]["message"]
    assert "failed" not in records["bob.py"]
    again = graded(classroom(alice="right"), Settings(check), path)
    assert [r["submission"] for r in again] == ["alice.py", "carol.py"]


def test_a_submission_without_a_file_is_broken_with_the_reason(tmp_path):
    submission = Submission("alice", None, "alice: no .py or .ipynb file in it")
    path = tmp_path / "r.jsonl"
    (record,) = graded([submission], Settings(Checker()), path)
    assert record["report"]["verdict"] == "broken"
    assert record["report"]["message"] == submission.problem
    assert graded([submission], Settings(Checker()), path) == []


def test_a_report_says_the_name_and_not_where_the_file_lay(classroom, tmp_path):
    submissions = classroom(alice="wrong")
    (record,) = graded(submissions, Settings(Checker()), tmp_path / "r.jsonl")
    assert str(tmp_path) not in json.dumps(record)
    assert record["report"]["subject"]["path"] == "alice.py"
    assert record["report"]["again"] == "gradcheck check alice.py --seed 0"
    (moved,) = [replace(s, name="carol", shown="carol/alice.py") for s in submissions]
    (record,) = graded([moved], Settings(Checker()), tmp_path / "other.jsonl")
    assert record["submission"] == "carol"
    assert record["report"]["subject"]["path"] == "carol/alice.py"


def test_points_of_ones_own_are_the_same_every_time(classroom, tmp_path):
    submissions = classroom(alice="right", bob="right")
    for name in ("one", "two"):
        check = Checker()
        settings = Settings(check, seed=7, per_submission=True)
        graded(submissions, settings, tmp_path / name)
        seeds = [seed for _, seed in check.asked]
        assert len(set(seeds)) == 2
        assert seeds == [settings.seed_of("alice.py"), settings.seed_of("bob.py")]
        assert 0 < min(seeds) <= max(seeds) < 2**32
    assert Settings(check, seed=8, per_submission=True).seed_of("alice.py") != seeds[0]


def test_a_journal_has_one_writer(tmp_path):
    path = tmp_path / "r.jsonl"
    with Journal(path), pytest.raises(GradcheckError, match="by another gradcheck"):
        Journal(path)
    Journal(path).close()


def test_a_journal_passes_over_lines_that_are_no_records(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"submission":"a","key":"1"}\n[]\nno json\n\xff\n{"key":"2"}\n')
    with Journal(path) as journal:
        assert list(journal) == ["a"]
        journal.append({"submission": "b", "key": "2"})
        assert journal.read("b") == {"submission": "b", "key": "2"}
        assert journal.read("a") == {"submission": "a", "key": "1"}
        assert ("b", "2") in journal
        assert ("b", "1") not in journal


def test_outputs_are_written_and_the_seed_stays_hidden(classroom, tmp_path):
    submissions = classroom(alice="right", bob="wrong")
    out = tmp_path / "out"
    out.mkdir()
    with Journal(out / "reports.jsonl") as journal:
        list(grade(submissions, Settings(Checker(), seed=918273645), journal))
        style = Style(title="A1", public=True)
        rows = write_outputs(marks(submissions, journal, Rubric()), out, style)
    assert [row.link for row in rows] == [
        "reports/alice.py.html",
        "reports/bob.py.html",
    ]
    made = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
    assert made == {
        *("reports.jsonl", "grades.csv", "junit.xml", "class.html"),
        *("reports/alice.py.html", "reports/bob.py.html"),
        *("gradescope/alice.py.json", "gradescope/bob.py.json"),
    }
    for folder in ("reports", "gradescope"):
        for path in (out / folder).iterdir():
            assert "918273645" not in path.read_text(), path


def test_outputs_do_without_pages(classroom, tmp_path):
    submissions = classroom(alice="right")
    with Journal(tmp_path / "reports.jsonl") as journal:
        list(grade(submissions, Settings(Checker()), journal))
        style = Style(pages=False)
        assert not style.public
        (row,) = write_outputs(marks(submissions, journal, Rubric()), tmp_path, style)
    assert row.link == ""
    assert not (tmp_path / "class.html").exists()
    assert (tmp_path / "grades.csv").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "gradescope").write_text("a file in the way")
    with pytest.raises(GradcheckError, match="gradescope: cannot be written: "):
        write_outputs([], tmp_path, Style())


def test_only_those_in_the_journal_are_marked(classroom, tmp_path):
    submissions = classroom(alice="right", bob="right")
    with Journal(tmp_path / "r.jsonl") as journal:
        list(grade(submissions[:1], Settings(Checker()), journal))
        assert [m.submission for m in marks(submissions, journal, Rubric())] == [
            "alice.py"
        ]


def test_file_names_are_safe_and_never_shared():
    assert file_name("Alice-1.py") == "Alice-1.py"
    assert file_name("alice.py", {"alice.py"}) != "alice.py"
    names = {file_name(n) for n in ("a/b", "a b", "a-b", "../a", "é", "x" * 300, "-")}
    assert len(names) == 7
    assert all(len(name) < 90 and "/" not in name for name in names)
    assert file_name("é").startswith("submission-")


# The pool.


def lost(task, reason):
    return f"{task}: {reason}"


def test_one_job_works_in_this_process():
    here = list(pool.run(lambda task: (task, os.getpid()), [1, 2], lost=lost))
    assert here == [(1, os.getpid()), (2, os.getpid())]


class FakeParallel:
    """Stands for joblib's: hands out results in reverse; breaks on a lethal task."""

    def __init__(self, **options):
        assert options["return_as"] == "generator_unordered"
        self.ahead = options["pre_dispatch"]

    def __call__(self, calls):
        calls = iter(calls)
        while batch := [c for c, _ in zip(calls, range(self.ahead), strict=False)]:
            if any(call[-1] == "lethal" for call in batch):
                raise BrokenExecutor
            for function, *arguments in reversed(batch):
                yield function(*arguments)


class FakeExecutor:
    """Stands for loky's executor of one process."""

    def __init__(self, max_workers):
        assert max_workers == 1

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def shutdown(self, wait):
        assert wait

    def submit(self, work, task):
        def result():
            if task == "lethal":
                raise BrokenExecutor
            return work(task)

        return types.SimpleNamespace(result=result)


def in_place_of(monkeypatch, **modules):
    for name, contents in modules.items():
        module = types.SimpleNamespace(**contents)
        monkeypatch.setitem(sys.modules, name.replace("__", "."), module)


@pytest.fixture
def fake_joblib(monkeypatch):
    in_place_of(
        monkeypatch,
        joblib={
            "Parallel": FakeParallel,
            "delayed": lambda function: lambda *arguments: (function, *arguments),
        },
        joblib__externals__loky={
            "get_reusable_executor": lambda: FakeExecutor(1),
            "ProcessPoolExecutor": FakeExecutor,
        },
    )


def test_a_task_that_kills_its_process_takes_no_other_with_it(fake_joblib):
    tasks = ["a", "b", "c", "lethal", "e", "f"]
    results = list(pool.run(str.upper, tasks, lost=lost, jobs=2))
    died = "lethal: the process that graded it died"
    assert sorted(results) == sorted(["A", "B", "C", died, "E", "F"])


def test_every_result_comes_once_in_whatever_order(fake_joblib):
    results = list(pool.run(str.upper, list("abcde"), lost=lost, jobs=3))
    assert results != list("ABCDE")
    assert sorted(results) == list("ABCDE")


class FakeFuture:
    def __init__(self, work, task):
        self.task, self.work = task, work
        self.status = "error" if task == "lethal" else "finished"

    def result(self):
        return self.work(self.task)

    def exception(self):
        return RuntimeError("killed three workers")

    def release(self):
        pass


class FakeClient:
    loop = None

    def __init__(self, address, **options):
        if "nowhere" in address:
            raise TimeoutError("no answer")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def submit(self, work, task, pure):
        assert pure is False
        return FakeFuture(work, task)


def test_a_cluster_gives_every_result_once(monkeypatch):
    fake = {
        "Client": FakeClient,
        "as_completed": lambda futures, loop: reversed(futures),
    }
    in_place_of(monkeypatch, distributed=fake)
    tasks = ["a", "lethal", "c"]
    results = list(pool.run(str.upper, tasks, lost=lost, scheduler="tcp://here:1"))
    gave_up = "lethal: the cluster gave up on it: RuntimeError('killed three workers')"
    assert results == ["C", gave_up, "A"]
    with pytest.raises(GradcheckError, match="no Dask scheduler answers there"):
        list(pool.run(str.upper, tasks, lost=lost, scheduler="tcp://nowhere:1"))


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(GradcheckError, match=r"pip install 'gradcheck\[grade\]'"):
        list(pool.run(str.upper, ["a", "b"], lost=lost, jobs=2))
    with pytest.raises(GradcheckError, match=r"pip install 'gradcheck\[dask\]'"):
        list(pool.run(str.upper, ["a"], lost=lost, scheduler="tcp://here:1"))


@pytest.mark.slow
def test_real_processes_die_alone():
    tasks = ["1", "2", "__import__('os')._exit(3)", *"456789"]
    results = list(pool.run(eval, tasks, lost=lost, jobs=2))
    died = [r for r in results if isinstance(r, str)]
    assert died == [f"{tasks[2]}: the process that graded it died"]
    assert sorted(r for r in results if r not in died) == [1, 2, 4, 5, 6, 7, 8, 9]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # distributed's own, on its way down
def test_a_real_cluster_survives_the_death_of_a_worker():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        victim = next(iter(cluster.workers.values())).pid
        timer = threading.Timer(1.0, os.kill, (victim, 9))
        timer.start()
        tasks = [f"__import__('time').sleep(0.1) or {i}" for i in range(40)]
        results = list(pool.run(eval, tasks, lost=lost, scheduler=address))
    assert sorted(results) == list(range(40))


def test_the_check_is_that_of_a_submission(monkeypatch, tmp_path):
    asked = []

    def check_submission(path, **options):
        asked.append((path, options))
        return RIGHT

    monkeypatch.setattr("gradcheck.submissions.check_submission", check_submission)
    check = submission_check(network="softmax", timeout=3.0)
    assert check(tmp_path / "a.py", seed=5) is RIGHT
    options = {"network": "softmax", "timeout": 3.0, "seed": 5}
    assert asked == [(tmp_path / "a.py", options)]


@pytest.mark.parametrize("name", ["columns.py", "backprop.py"])
def test_a_file_whose_weights_are_turned_is_recorded_whole(name):
    path = Path(__file__).parents[1] / "examples" / "right" / name
    report = submission_check()(path, seed=0)
    assert report.verdict is Verdict.CORRECT
    assert json.loads(json.dumps(report.to_dict()))["verdict"] == "correct"


@pytest.mark.slow
def test_a_class_is_judged_as_each_file_alone(tmp_path):
    examples = Path(__file__).parents[1] / "examples"
    files = sorted(examples.glob("*/*.py"))[:6]
    assert files
    submissions = [Submission(str(f.relative_to(examples)), f) for f in files]
    settings = Settings(submission_check(), jobs=2)
    records = graded(submissions, settings, tmp_path / "r.jsonl")
    verdicts = {r["submission"]: r["report"]["verdict"] for r in records}
    alone = {s.name: str(check_submission(s.path).verdict) for s in submissions}
    assert verdicts == alone


THEFT = (
    "from bob import net as stolen\n",
    "import sys\nsys.path.append('..')\nfrom bob import net as stolen\n",
    "import importlib\nstolen = importlib.import_module('bob.net')\n",
)


def test_in_folders_of_their_own_none_reads_the_others(tmp_path):
    source = (ROOT / "examples" / "right" / "fc_net.py").read_text()
    own = "class TwoLayerNet(stolen.TwoLayerNet):\n    pass\n"
    files = {"bob/net.py": source, "carol/net.py": "from parts.made import *\n"}
    files |= {"carol/parts/made.py": source}
    files["carol/net.py"] += "class Net(TwoLayerNet):\n    pass\n"
    files |= {f"thief{i}/net.py": how + own for i, how in enumerate(THEFT)}
    for name, text in files.items():
        path = tmp_path / "hw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    handed_in = [
        Submission(name.partition("/")[0], tmp_path / "hw" / name)
        for name in files
        if name.endswith("net.py")
    ]
    with Journal(tmp_path / "reports.jsonl") as journal:
        records = list(grade(handed_in, Settings(submission_check()), journal))
    found = {r["submission"]: r["report"]["verdict"] for r in records}
    assert found == {
        "bob": "correct", "carol": "correct",
        "thief0": "broken", "thief1": "broken", "thief2": "broken",
    }  # fmt: skip
