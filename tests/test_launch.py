"""Starting children and ending them, whoever else has died."""

import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from gradcheck.lanes import give_way, side_by_side
from gradcheck.problem import Problem
from gradcheck.submissions import launch, problems, testimony, warm
from gradcheck.submissions.cage import wire
from gradcheck.submissions.exchange import FloodError, GoneError, LateError
from gradcheck.submissions.launch import Ending, Spawned, WallError
from gradcheck.submissions.session import Session
from gradcheck.submissions.sources import Source

PARAMS, X, Y = {"W": np.ones((2, 2))}, np.ones((2, 2)), np.zeros(2, int)
SOURCE = """
def loss_and_grads(params, X, y, reg):
    return params["W"].sum(), {"W": params["W"] * 0 + 1}
"""
HANG = SOURCE.replace("    return", "    while True: pass\n    return")

linux = pytest.mark.skipif(not warm.AVAILABLE, reason="forking servers are Linux's")


@pytest.fixture(autouse=True)
def standin(monkeypatch):
    folder = Path(__file__).with_name("standin_forms")
    monkeypatch.setattr(launch, "FORMS", folder)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "student.py"
    path.write_text(SOURCE)
    return path


def job(**more):
    base = {"path": "x", "memory_mb": 64, "cpu": 5.0, "wall": 5.0}
    return {**base, "tier": None, "roots": [], **more}


def loss(session):
    return session.losses(0, [PARAMS], X, Y, 0.0).tolist()


@pytest.fixture
def spawning(monkeypatch):
    monkeypatch.setattr(warm, "AVAILABLE", False)


def test_without_a_server_each_has_an_interpreter_of_its_own(file, spawning):
    with Session(file) as session:
        assert isinstance(session._child, Spawned)
        assert loss(session) == [4.0]
        scratch = Path(session._child.scratch)
        assert scratch.is_dir()
        assert session._child.ending() == Ending(-9, "stopped")
    assert not scratch.exists()


def test_without_a_server_there_are_no_walls(file, spawning):
    with pytest.raises(WallError, match="the tier 'process' needs Linux"):
        Session(file, tier="process")


def test_a_spawned_child_that_ends_says_how(tmp_path, spawning):
    path = tmp_path / "student.py"
    path.write_text("import os; os._exit(3)")
    with pytest.raises(problems.DiedError, match="ended with exit status 3"):
        Session(path)


def test_an_interpreter_that_cannot_be_started_leaves_nothing(monkeypatch, spawning):
    made = []
    mkdtemp = tempfile.mkdtemp
    monkeypatch.setattr(
        tempfile, "mkdtemp", lambda **o: made.append(mkdtemp(**o)) or made[-1]
    )
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(FileNotFoundError):
        launch.start(job())
    assert [Path(path).exists() for path in made] == [False]


def test_a_library_that_is_absent_is_not_shown(monkeypatch):
    found = {"numpy": launch.importlib.util.find_spec("numpy")}
    monkeypatch.setattr(launch.importlib.util, "find_spec", found.get)
    assert list(launch.libraries()) == ["numpy"]


@linux
def test_the_clock_of_a_child_runs_while_it_works(file):
    with Session(file) as session:
        before = session.cpu_seconds()
        session.losses(0, [PARAMS] * 3000, X, Y, 0.0)
        assert session.cpu_seconds() > before > 0.0
    assert launch.cpu_seconds(2**22 - 1) is None


@linux
def test_a_tier_that_is_named_is_had_or_refused(file, monkeypatch):
    with Session(file, tier="minimal") as session:
        assert loss(session) == [4.0]

    def refuse(self, job, lines):
        lines[3].sendall(b'{"failed": "unshare: Operation not permitted"}\n')

    monkeypatch.setattr(warm.Server, "submit", refuse)
    with pytest.raises(WallError, match="unshare: Operation not permitted"):
        Session(file, tier="full")


@linux
@pytest.mark.parametrize("tier", ["full", "process"])
def test_what_is_hidden_cannot_be_read_though_it_lies_in_the_folder(
    tmp_path, monkeypatch, tier
):
    private = tmp_path / "course" / "private"
    private.mkdir(parents=True)
    (private / "key.txt").write_text("the answers")
    (tmp_path / "course" / "open.txt").write_text("the task")
    path = tmp_path / "student.py"
    path.write_text(f"print(open({str(tmp_path)!r} + '/course/open.txt').read())\n")
    monkeypatch.setattr(launch, "hidden", lambda: [str(private)])
    warm.stop()
    try:
        with pytest.raises(problems.RefusedError, match="has no loss_and_grads"):
            Session(path, tier=tier)
        path.write_text(f"print(open({str(private)!r} + '/key.txt').read())\n")
        with pytest.raises(problems.RefusedError, match="raised"):
            Session(path, tier=tier)
    except WallError as error:
        pytest.skip(str(error))
    finally:
        warm.stop()


@linux
@pytest.mark.slow
@pytest.mark.parametrize("tier", warm.TIERS)
def test_the_processor_is_limited_where_the_judge_does_not_look(tmp_path, tier):
    path = tmp_path / "student.py"
    path.write_text(HANG)
    try:
        with Session(path, tier=tier, timeout=0.2) as session:
            session._left = 30.0  # a judge that was kept from looking at the clock
            with pytest.raises(problems.DiedError, match="gave no answer within"):
                loss(session)
    except WallError as error:
        pytest.skip(str(error))


@linux
def test_the_next_tier_is_tried_and_remembered_if_it_is_the_kernel(monkeypatch):
    tried = []

    class Picky:
        def __init__(self, server, job):
            tried.append(job["tier"])
            if job["tier"] != "minimal":
                raise WallError(f"{job['tier']}: {words}")

    monkeypatch.setattr(warm, "Forked", Picky)
    words = "File name too long"
    on = type("On", (), {"best": 0})()
    warm._start(on, job())
    assert (on.best, tried) == (0, ["full", "process", "minimal"])
    tried.clear()
    words = "Operation not permitted"
    warm._start(on, job())
    warm._start(on, job())
    assert tried == ["full", "process", "minimal", "minimal"]
    monkeypatch.setattr(warm, "TIERS", ("full",))
    with pytest.raises(WallError):
        warm._start(type("On", (), {"best": 0})(), job())


@linux
def test_a_server_that_was_killed_is_replaced(file):
    with Session(file) as session:
        assert loss(session) == [4.0]
        first = warm.server()
        os.kill(first._process.pid, signal.SIGKILL)
        first._process.wait()
        assert loss(session) == [4.0]  # its keeper lives
        with Session(file) as other:
            assert loss(other) == [4.0]
    assert warm.server() is not first


@linux
def test_a_server_that_never_comes_up_is_done_without(file, monkeypatch):
    warm.stop()
    monkeypatch.setattr(warm.Server, "_greeting", lambda self: {"threads": 2})
    with pytest.raises(warm.ServerError, match="not with 1 thread"):
        warm.Server()
    with Session(file) as session:
        assert isinstance(session._child, Spawned)


@linux
def test_a_greeting_that_is_none_is_empty():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = object.__new__(warm.Server)
        server._control = ours
        theirs.sendall(b"no json")
        assert server._greeting() == {}
        theirs.sendall(b"")


@linux
def test_a_keeper_that_does_not_come_up_is_our_failure(monkeypatch):
    monkeypatch.setattr(warm.Server, "submit", lambda self, job, lines: None)
    with pytest.raises(warm.ServerError, match="no keeper came up"):
        warm.start(job(tier="minimal"))


@linux
def test_a_fork_of_the_judge_starts_its_own_server():
    first = warm.server()
    warm._forget()
    second = warm.server()
    assert second is not first
    assert first._process.wait() == 0
    second.pid = -1
    second.close()  # not ours: left alone
    assert second._control.fileno() > 0
    second.pid = os.getpid()
    warm.stop()
    warm.stop()
    warm._forget()


@linux
def test_a_server_that_does_not_end_is_ended(monkeypatch):
    server = warm.Server()
    os.kill(server._process.pid, signal.SIGSTOP)
    wait = server._process.wait
    monkeypatch.setattr(
        server._process, "wait", lambda timeout=None: wait(timeout and 0.01)
    )
    server.close()
    assert server._process.returncode == -9


def test_folders_of_judges_that_are_gone_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    names = f"gradcheck-{2**22 + 1}-a", f"gradcheck-{os.getpid()}-b", "gradcheck-x-c"
    for name in names:
        (tmp_path / name).mkdir()
    warm.remove_stale()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names[1:])


def test_a_child_that_outlives_its_keeper_leaves_no_folder(tmp_path):
    lines = [socket.socketpair() for _ in range(4)]
    child = object.__new__(warm.Forked)
    child.channel, child.out, child.err, child._status = (p[0] for p in lines)
    child.scratch = str(tmp_path / "scratch")
    Path(child.scratch).mkdir()
    for _, theirs in lines:
        theirs.close()
    child.close()
    assert not Path(child.scratch).exists()


def test_a_line_that_was_cut_off_is_no_fact():
    ours, theirs = socket.socketpair()
    child = object.__new__(warm.Forked)
    child._status, child._told = ours, b""
    with ours, theirs:
        theirs.sendall(b'{"pid": 1}\n{"sta')
        assert child._fact() == {"pid": 1}
        assert child._fact(0.01) == {}
        theirs.sendall(b'tus": 0}\n')
        assert child._fact() == {"status": 0}


@pytest.mark.parametrize(
    ("error", "ending", "kind", "text"),
    [
        (LateError(), None, problems.TimedOutError, "gave no answer within 7 s; look"),
        (FloodError(), None, problems.FloodedError, "printed more than 8 MiB; remove"),
        (
            GoneError(),
            Ending(None, "stopped"),
            problems.BadReplyError,
            "sent no answer that could be read (it closed the line); a submission",
        ),
        (
            wire.ProtocolError("\x1b[1m odd"),
            None,
            problems.BadReplyError,
            "sent no answer that could be read ([1m odd); a submission computes",
        ),
        (
            GoneError(),
            Ending(-9, "scratch"),
            problems.DiedError,
            "wrote more than 64 MB of files; a submission computes, it needs no files",
        ),
        (GoneError(), Ending(-9, "time"), problems.DiedError, "gave no answer within"),
        (GoneError(), Ending(-24), problems.DiedError, "gave no answer within 7 s"),
        (GoneError(), Ending(-11), problems.DiedError, "ended by the system (SIGSEGV"),
        (GoneError(), Ending(-63), problems.DiedError, "by the system (signal 63)"),
        (GoneError(), Ending(0), problems.DiedError, "ended with exit status 0 before"),
    ],
)  # fmt: skip
def test_every_silence_has_its_sentence(error, ending, kind, text):
    found = testimony.silence("s.py", error, ending, 7.0)
    assert type(found) is kind
    assert text in str(found)


@pytest.mark.parametrize(
    "text", ["[1]", "{", "[" * 5000, '{"a":' * 20 + "1" + "}" * 20, "9" * 5000]
)
def test_what_is_no_object_is_no_testimony(text):
    with pytest.raises(wire.ProtocolError):
        testimony.read_object(b"\0" * 4 + text.encode())


def test_a_complaint_is_bounded_and_cleaned():
    source = Source(Path("s.py"), b"a\nb\n")
    record = {"code": "x" * 50, "text": "\x1b[2J" + "é" * 9000, "line": 4}
    body = b"\0" * 4 + json.dumps(record).encode()
    error = testimony.complaint(body, source, problems.FailedCallError, {})
    assert (error.code, error.line, len(error.text)) == ("failed", None, 6000)
    nested = testimony.read_object(
        b"\0" * 4 + b'{"a\\u001b": ["\\u202eb", {"c": null}]}'
    )
    assert nested == {"a": ["b", {"c": None}]}


@pytest.mark.parametrize("answer", [b"\0\0\0\0[]", b"\0\0\0\0{"])
@pytest.mark.parametrize("kind", [wire.READY, wire.PROBLEM])
def test_words_that_are_none_end_the_session(file, monkeypatch, answer, kind):
    with Session(file) as session:
        inbox = wire.Inbox(wire.request(wire.LOAD, 1, b"")[0], wire.READY)
        inbox.header = wire.Header(kind, 1, len(answer), b"")
        inbox._parts += answer
        monkeypatch.setattr(session, "_exchanged", lambda *args: [inbox])
        with pytest.raises(problems.BadReplyError, match="could be read"):
            session.notes()


ALONE = """
import sys, time
from pathlib import Path
from gradcheck.submissions import launch, warm
from gradcheck.submissions.session import Session
import numpy as np, threading
launch.FORMS = Path(sys.argv[1])
sessions = [Session(sys.argv[2], timeout=60.0) for _ in range(3)]
ask = lambda s: s.losses(0, [{"W": np.ones((2, 2))}], np.ones((2, 2)), np.zeros(2), 0.0)
for s in sessions: threading.Thread(target=ask, args=(s,), daemon=True).start()
time.sleep(0.2)
print(warm.server()._process.pid, *(s._child.pid for s in sessions), flush=True)
time.sleep(60)
"""


def alive(pid):
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return facts.split()[0] != "Z"


def children_of(pid):
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(number) for number in children.split()]
    return []


@linux
@pytest.mark.slow
@pytest.mark.parametrize("tier", warm.TIERS)
@pytest.mark.parametrize("who", ["judge", "server", "keepers", "accused", "frozen"])
def test_whoever_dies_nothing_is_left(tmp_path, who, tier):
    path = tmp_path / "student.py"
    path.write_text("import signal\n" + HANG)
    code = ALONE.replace("timeout=60.0", f"timeout=60.0, tier={tier!r}")
    with subprocess.Popen(
        [sys.executable, "-c", code, str(launch.FORMS), str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as judge:  # fmt: skip
        server, *accused = map(int, judge.stdout.readline().split())
        keepers = children_of(server)
        working = [pid for pid in keepers if {*children_of(pid)} & {*accused}]
        assert len(working) == len(accused) == 3
        assert len(keepers) <= 4  # one waits for what comes next
        if who == "frozen":
            os.kill(server, signal.SIGSTOP)
            judge.kill()
        else:
            doomed = {
                "judge": [judge.pid], "server": [server], "keepers": keepers,
                "accused": accused,
            }[who]  # fmt: skip
            for pid in doomed:
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 5.0
        if who in ("server", "keepers", "accused"):
            time.sleep(0.1)
            judge.kill()
        while any(map(alive, [*working, *accused])) and time.monotonic() < deadline:
            time.sleep(0.01)
        left = [pid for pid in (*working, *accused) if alive(pid)]
        if who == "frozen":
            assert alive(server)
            os.kill(server, signal.SIGKILL)
        assert left == []
        while any(map(alive, keepers)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(map(alive, keepers))
        judge.wait()
    warm.remove_stale()
    mine = f"gradcheck-{judge.pid}-*"
    assert list(Path(tempfile.gettempdir()).glob(mine)) == []


@linux
@pytest.mark.skipif(platform.machine() != "x86_64", reason="its numbers are x86_64's")
def test_what_a_child_sees_of_the_environment_is_a_fixed_list(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADCHECK_SECRET", "x")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/kept")
    seen = launch.environment()
    assert "GRADCHECK_SECRET" not in seen
    assert seen["LD_LIBRARY_PATH"] == "/kept"
    assert seen["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize("tier", [None, "minimal"])
def test_of_many_questions_one_that_fails_leaves_the_next_alone(tmp_path, tier):
    path = tmp_path / "student.py"
    path.write_text(
        SOURCE.replace("    return", "    assert params['W'][0, 0] > 0\n    return")
    )
    W = np.ones((40, 40))  # an answer is longer than what is said of a failure
    places = [Problem({"W": (-1) ** k * k * W}, X, Y, 0.0) for k in range(60)]
    with Session(path, tier=tier) as session:
        found = session.at_many(0, places)
        assert loss(session) == [4.0]
    failed = [isinstance(answer, problems.FailedCallError) for answer in found]
    assert failed == [k == 0 or k % 2 == 1 for k in range(60)]
    assert [answer[0] for answer in found[2::2]] == [
        1600.0 * k for k in range(2, 60, 2)
    ]


def test_questions_larger_than_the_line_come_in_their_turn(file):
    W = np.ones((200, 200))
    small, large = {"W": W}, [{"W": k * W} for k in range(24)]  # 8 MB: not in one go

    with Session(file) as session:

        def losses():
            return [
                session.losses(0, points, X, Y, 0.0).tolist()
                for points in ([small], large, [small], large)
            ]

        def gradients():
            return [session.loss_and_grads(0, small, X, Y, 0.0)[0] for _ in range(12)]

        one, two = side_by_side(losses, gradients)
    whole = [40_000.0 * k for k in range(24)]
    assert one == [[40_000.0], whole, [40_000.0], whole]
    assert two == [40_000.0] * 12


def test_what_ends_one_line_of_questions_is_told_on_both(tmp_path):
    path = tmp_path / "student.py"
    path.write_text(HANG)
    told = []

    def ask(session):
        def line():
            try:
                loss(session)
            except problems.BrokenSubmissionError as error:
                told.append((type(error), str(error)))

        return line

    with Session(path, timeout=0.5) as session:
        side_by_side(ask(session), ask(session))
    assert told[0] == told[1]
    assert told[0][0] is problems.TimedOutError


def test_an_interrupt_does_not_wait_for_the_other_line(tmp_path):
    path = tmp_path / "student.py"
    path.write_text(HANG)
    before = warnings.filters
    started = time.monotonic()

    def interrupted():
        give_way()
        raise KeyboardInterrupt

    with Session(path, timeout=20.0) as session, pytest.raises(KeyboardInterrupt):
        side_by_side(interrupted, lambda: loss(session))
    assert time.monotonic() - started < 10.0
    assert warnings.filters is before
