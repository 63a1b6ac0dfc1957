"""No submission, whatever it tries, does more than spoil its own verdict."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hostile import KINDS, Kind

from gradcheck.submissions import launch, warm
from gradcheck.submissions.problems import BrokenSubmissionError
from gradcheck.submissions.session import Session

STANDIN = Path(__file__).with_name("standin_forms")
PARAMS = {"W": np.arange(1.0, 13.0).reshape(3, 4) / 7, "b": np.array(0.5)}
POINTS = [{k: v * scale for k, v in PARAMS.items()} for scale in (1.0, 1.5, 2.0)]
X, Y, REG = np.linspace(0.1, 1.5, 15).reshape(5, 3), np.arange(5) % 4, 0.3
RIGHT = [0.5 * REG * (p["W"] ** 2).sum() + float(p["b"]) * X.sum() for p in POINTS]


def examine(session):
    """Ask as the judge would: losses, a gradient, losses again."""
    losses = [*session.losses(0, POINTS, X, Y, REG)]
    loss, grads = session.loss_and_grads(0, POINTS[0], X, Y, REG)
    losses += [*session.losses(0, POINTS, X, Y, REG), loss]
    right = np.allclose(losses, [*RIGHT, *RIGHT, RIGHT[0]], rtol=1e-12)
    right = right and np.allclose(grads["W"], REG * PARAMS["W"], rtol=1e-12)
    return "right" if right and np.allclose(grads["b"], X.sum()) else "wrong"


def outcome(kind, folder, tier=None, timeout=1.0):
    """Run one submission to its end; what came of it, and the words for it."""
    place = folder / kind.name / "own"
    place.mkdir(parents=True)
    path = place / "student.py"
    path.write_bytes(kind.source)
    (place.parent / "other").mkdir()
    (place.parent / "other" / "secret.py").write_text("# another's\n")
    try:
        with Session(path, timeout=timeout, memory_mb=256, tier=tier) as session:
            return examine(session), ""
    except BrokenSubmissionError as error:
        return error.code, str(error)
    finally:
        assert path.read_bytes() == kind.source
        assert sorted(p.name for p in place.iterdir()) == ["student.py"]


@pytest.fixture(scope="module", autouse=True)
def standin():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "FORMS", STANDIN)
        patch.setenv("GRADCHECK_SECRET", "known to the judge alone")
        yield
        warm.stop()


@pytest.fixture(scope="module")
def hung(tmp_path_factory):
    """Run those that only time ends all at once; what came of each."""
    folder = tmp_path_factory.mktemp("hung")
    hanging = [kind for kind in KINDS if kind.hangs]
    with ThreadPoolExecutor(9) as pool:
        found = pool.map(lambda kind: outcome(kind, folder, timeout=0.6), hanging)
        return dict(zip((kind.name for kind in hanging), found, strict=True))


def descendants():
    """Processes that the server has made, and theirs."""
    found, waiting = set(), [warm.server()._process.pid]
    while waiting:
        pid = waiting.pop()
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            waiting += map(int, children)
            found |= {int(child) for child in children}
    return found


def orphans():
    """Processes of the warm server's kind that belong to nobody any more."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                if (
                    parent == "1"
                    and str(launch.CAGE) in (entry / "cmdline").read_text()
                ):
                    found.add(entry.name)
    return found


def traces():
    """What a submission could leave behind on this machine."""
    mine = f"gradcheck-{os.getpid()}-"
    temp = Path(os.environ.get("TMPDIR", "/tmp"))
    return {
        "processes": len(descendants()),  # one pair waits for the next submission
        "scratch": {p.name for p in temp.iterdir() if p.name.startswith(mine)},
        "files": {
            str(p)
            for d in ("/tmp", "/dev/shm", "/")
            for p in Path(d).glob("*was-here*")
        },
        "mounts": Path("/proc/self/mounts").read_text(),
        "memory": Path("/proc/sysvipc/shm").read_text().count("\n"),
        "threads": threading.active_count(),
    }


def settled():
    """Return the traces once the server has made its next start ready."""
    found = traces()
    for _ in range(40):
        time.sleep(0.05)
        last, found = found, traces()
        if last == found:
            break
    return found


@pytest.fixture(scope="module")
def witness(tmp_path_factory):
    """A submission, and a process of this user, that must not be disturbed."""
    path = tmp_path_factory.mktemp("witness") / "honest.py"
    path.write_bytes(Kind("honest", "right").source)
    with (
        Session(path, timeout=60.0) as session,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as canary,
    ):
        before = orphans()
        yield session, canary
        deadline = time.monotonic() + 1.0  # another server may be ending just now
        while not orphans() <= before and time.monotonic() < deadline:
            time.sleep(0.005)
        assert orphans() <= before
        assert canary.poll() is None
        canary.stdin.close()


@pytest.fixture
def net(witness):
    """Compare the machine before and after; the others live and answer alike."""
    session, canary = witness
    before = settled()
    yield
    deadline = time.monotonic() + 3.0  # a keeper closes its line, then exits
    while (after := traces()) != before and time.monotonic() < deadline:
        time.sleep(0.005)
    assert after == before
    assert canary.poll() is None
    assert examine(session) == "right"


walls = pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine != "x86_64",
    reason="the numbers of system calls are those of Linux on x86_64",
)


@walls
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_hostile_submission_harms_nobody(kind, tmp_path, net, request):
    if kind.hangs:
        found, words = request.getfixturevalue("hung")[kind.name]
    else:
        found, words = outcome(kind, tmp_path)
    assert found in kind.expected.split("|"), words
    if words:
        assert words.startswith("student.py")
        assert len(words) < 7000
        assert words.replace("\n", "").isprintable()


@walls
@pytest.mark.slow
@pytest.mark.parametrize("tier", ["process", "minimal", "spawned"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_other_tiers_hold_what_they_promise(kind, tier, tmp_path, net, monkeypatch):
    if tier != "process" and kind.crude:
        pytest.skip("not without walls")
    if tier == "spawned":
        monkeypatch.setattr(warm, "AVAILABLE", False)
    if tier == "spawned" and "scratch" in kind.expected:
        pytest.skip("nobody measures its folder")
    named = None if tier == "spawned" else tier
    found, words = outcome(kind, tmp_path, tier=named)
    refused = () if tier == "process" else ("raised",)  # by the audit hook
    assert found in (*kind.expected.split("|"), *refused), words
    assert "BrokeOut" not in words


def test_there_are_enough_kinds():
    assert len(KINDS) >= 100
