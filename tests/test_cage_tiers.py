"""Which tier there is, on this kernel and on poorer ones."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.submissions import launch, tiers, warm
from gradcheck.submissions.cage import breakin
from gradcheck.submissions.tiers import TIERS, Probe

STANDIN = Path(__file__).with_name("standin_forms")

pytestmark = pytest.mark.skipif(
    not warm.AVAILABLE or platform.machine() not in ("x86_64", "aarch64"),
    reason="the walls need Linux on a machine whose calls are known",
)


@pytest.fixture(autouse=True)
def standin(monkeypatch):
    monkeypatch.setattr(launch, "FORMS", STANDIN)


@pytest.fixture(scope="module")
def probes():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "FORMS", STANDIN)
        return {probe.tier.name: probe for probe in tiers.probe()}


@pytest.mark.parametrize("name", ["full", "process"])
def test_nothing_breaks_out_of_a_good_tier(probes, name):
    if probes[name].trouble:
        pytest.skip(str(probes[name]))
    assert probes[name].open == ()
    assert probes[name].ok
    assert str(probes[name]) == f"{name}: 12 of 12 walls hold"


def test_the_minimal_tier_is_honest_about_itself(probes):
    probe = probes["minimal"]
    assert not probe.ok
    assert {"network", "processes", "programs", "writing"} <= set(probe.open)
    assert "memory" in probe.held
    assert f"of {len(breakin.ATTEMPTS)} walls hold; open: network" in str(probe)


def test_the_best_tier_that_there_is_is_used():
    full, process = TIERS["full"], TIERS["process"]
    missing = Probe(full, trouble="unshare: Operation not permitted")
    assert tiers.used((missing, Probe(process))).tier is process
    assert tiers.used((missing,)) is missing
    assert str(missing) == "full: not available (unshare: Operation not permitted)"


def test_where_nothing_forks_there_are_no_walls(monkeypatch):
    monkeypatch.setattr(warm, "AVAILABLE", False)
    probe = tiers.probe(("process",))[0]
    assert str(probe) == "process: not available (the walls need Linux)"


def test_a_child_that_says_nothing_is_reported(monkeypatch):
    monkeypatch.setattr(tiers, "_SECONDS", 0.0)
    probe = tiers.probe(("minimal",))[0]
    assert probe.trouble.startswith("no answer: ")


POORER = """
import errno, json, struct, sys
from pathlib import Path
from gradcheck.submissions import launch, tiers, warm
from gradcheck.submissions.cage import kernel, seccomp

column = seccomp._COLUMN[seccomp.machine()]
refused = {"unshare": seccomp.REFUSED["unshare"][column],
           "mount": seccomp.REFUSED["mount"][column], "landlock": 444, "prctl": None}
code = [(0x20, 0, 0, 0)]
for name in sys.argv[2:]:
    if name == "seccomp":
        code += [(0x15, 0, 4, seccomp.WATCHED["prctl"][column]), (0x20, 0, 0, 16),
                 (0x15, 0, 1, 22), (0x06, 0, 0, 0x50001), (0x20, 0, 0, 0)]
    else:
        code += [(0x15, 0, 1, refused[name]), (0x06, 0, 0, 0x50001)]
code.append((0x06, 0, 0, 0x7FFF0000))
seccomp.install(b"".join(struct.pack("<HBBI", *each) for each in code))
launch.FORMS = Path(sys.argv[1])
found = {p.tier.name: [len(p.held), p.trouble] for p in tiers.probe()}
job = {"path": "x", "memory_mb": 64, "cpu": 5, "wall": 5, "tier": None, "roots": []}
launch.start(job).close()
print(json.dumps([found, warm.TIERS[warm.server().best]]))
"""


def on_a_poorer_kernel(*refused):
    done = subprocess.run(
        [sys.executable, "-c", POORER, str(STANDIN), *refused],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("refused", "used", "trouble"),
    [
        (["unshare"], "process", "unshare: Operation not permitted"),
        (["mount"], "process", "mount: Operation not permitted"),
        (["unshare", "seccomp"], "minimal", "unshare: Operation not permitted"),
    ],
)
def test_a_kernel_that_refuses_gives_the_next_tier(refused, used, trouble):
    found, best = on_a_poorer_kernel(*refused)
    assert best == used
    assert trouble in found["full"][1]
    if used == "process":
        assert found["process"] == [12, ""]
    else:
        assert "prctl: Operation not permitted" in found["process"][1]


@pytest.mark.slow
def test_without_landlock_another_user_is_the_wall_or_there_is_none():
    found, best = on_a_poorer_kernel("unshare", "landlock")
    if os.geteuid() == 0:
        assert best == "process"
        assert found["process"] == [9, ""]
    else:
        assert best == "minimal"
        assert "landlock: not offered" in found["process"][1]
