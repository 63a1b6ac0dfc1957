"""The next start, made ready while there is nothing to start."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gradcheck.submissions import warm
from gradcheck.submissions.cage import kernel, standby
from gradcheck.submissions.session import Session
from gradcheck.submissions.sources import Source

SOURCE = b"""
import os
import numpy as np


class Loss:
    def __init__(self, input_size, output_size):
        self.params = {"W": np.zeros((input_size, output_size))}

    def loss(self, X, y, reg):
        scores = X @ self.params["W"]
        residual = scores - np.eye(scores.shape[1])[y]
        there = any(os.path.exists(path) for path in PATHS)
        loss = 0.5 * np.sum(residual**2) + 100.0 * there
        return loss, {"W": X.T @ residual}
"""

linux = pytest.mark.skipif(not warm.AVAILABLE, reason="forking servers are Linux's")


def file_that_looks_for(*paths):
    return Source(Path("/nowhere/student.py"), SOURCE + b"PATHS = %r\n" % (paths,))


def loss_of(source, roots=()):
    with Session(source, tier="full", roots=roots) as session:
        params = {"W": np.zeros((2, 2))}
        losses = session.losses(0, [params], np.eye(2), np.arange(2), 0.0)
        return losses[0], parent_of(session._child.pid)


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def waiting(server):
    """Keepers that have a child and no submission yet, once there is one."""
    for _ in range(200):
        own = f"/proc/{server._process.pid}/task/{server._process.pid}/children"
        found = [int(pid) for pid in Path(own).read_text().split()]
        with contextlib.suppress(OSError):
            if found and all(
                Path(f"/proc/{pid}/task/{pid}/children").read_text() for pid in found
            ):
                return found
        time.sleep(0.01)
    return []


@pytest.fixture
def fresh():
    """A server of this test's own, of which nothing is running."""
    warm.stop()
    try:
        server = warm.server()
        with Session(file_that_looks_for(), tier=None) as session:
            pass
        if not session._child.scratch:
            yield server
        else:
            pytest.skip("the tier full is not to be had here")
    finally:
        warm.stop()


@linux
def test_the_keeper_that_waited_takes_the_next_submission(fresh):
    (keeper,) = waiting(fresh)
    loss, taken = loss_of(file_that_looks_for())
    assert loss == 1.0
    assert taken == keeper
    (next_,) = waiting(fresh)
    assert next_ != keeper
    assert loss_of(file_that_looks_for())[1] == next_


@linux
def test_nothing_is_made_ready_where_that_is_not_wanted(monkeypatch):
    monkeypatch.setattr(warm, "AHEAD", False)
    warm.stop()
    try:
        assert loss_of(file_that_looks_for())[0] == 1.0
        time.sleep(0.2)
        assert waiting(warm.server()) == []
    finally:
        warm.stop()


@linux
@pytest.mark.parametrize("ahead", [True, False])
def test_what_is_hidden_is_hidden_inside_of_its_own_folder(
    fresh, ahead, tmp_path, monkeypatch
):
    if not ahead:
        monkeypatch.setattr(warm, "AHEAD", False)
        warm.stop()
    project = Path(warm.__file__).parents[2]
    (tmp_path / "own.txt").write_text("mine\n")
    shown = file_that_looks_for(str(tmp_path / "own.txt"))
    assert loss_of(shown, roots=[tmp_path])[0] == 101.0
    assert loss_of(shown)[0] == 1.0
    hidden = file_that_looks_for(warm.__file__)
    assert loss_of(hidden, roots=[project])[0] == 1.0
    assert loss_of(hidden, roots=[Path(warm.__file__).parent])[0] == 1.0


def test_what_cannot_be_made_ready_says_why_when_it_is_wanted(monkeypatch):
    def refuse():
        raise OSError("unshare: Operation not permitted")

    monkeypatch.setattr(kernel, "enter_namespaces", refuse)
    if sys.platform == "linux":
        found = standby.Waiting(None)
        with pytest.raises(OSError, match="unshare: Operation not permitted"):
            found.begin({}, [])


@linux
def test_an_end_without_a_job_is_no_job():
    import socket

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        ours.close()
        assert standby.receive(theirs) is None
    assert os.getpid() == warm.server().pid


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@linux
def test_a_pair_that_has_ended_costs_no_wall(fresh):
    (keeper,) = waiting(fresh)
    os.kill(int(children_of(keeper)[0]), signal.SIGKILL)
    with Session(file_that_looks_for(), tier="full", roots=()) as session:
        assert session._child.scratch is None  # as it is in the tier `full` alone
    assert warm.server().best == fresh.best


@linux
def test_a_folder_that_is_another_by_now_is_looked_at_anew(fresh, tmp_path):
    waiting(fresh)
    folder = tmp_path / "hw"
    shown = file_that_looks_for(str(folder / "own.txt"))

    class Moved:
        """Says another identity than what is seen from the waiting root."""

        def __init__(self):
            self.asked = 0

        def __call__(self, path):
            self.asked += 1
            return [0, self.asked]

    folder.mkdir()
    (folder / "own.txt").write_text("mine\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "identity", Moved())
        assert loss_of(shown, roots=[folder])[0] == 101.0
    assert warm.server() is not fresh


@linux
def test_nobody_waits_any_more_when_the_server_has_ended(fresh):
    (keeper,) = waiting(fresh)
    pair = [keeper, *map(int, children_of(keeper))]
    warm.stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pair)
