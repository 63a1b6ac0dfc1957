"""Grading a class: how fast, how much memory, and what survives.

Run as ``python benchmarks/grading.py``; ``--quick`` with 60 submissions instead of 300,
``--only NAME`` for one part. Each part prints its figures and what they should be.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from classroom import HOSTILE, make_class

GRADE = [sys.executable, "-m", "gradcheck", "grade"]


class Watch(threading.Thread):
    """Samples the memory and the processor time of a process and of all below it."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.samples, self.done = pid, [], threading.Event()
        self.cpu = 0.0

    def run(self) -> None:
        """Sample ten times a second."""
        while not self.done.wait(0.1):
            tree = self._tree()
            self.samples.append(sum(self._resident(pid) for pid in tree))
            self.cpu = max(self.cpu, sum(self._seconds(pid) for pid in tree))

    def _tree(self) -> list[int]:
        parents = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry.name)] = int(fields[1])
        tree = [self.pid]
        for pid in tree:
            tree += [child for child, parent in parents.items() if parent == pid]
        return tree

    def _seconds(self, pid: int) -> float:
        """Of the process and of its children that have ended."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def _resident(self, pid: int) -> int:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        return 0


def grade(folder: Path, out: Path, *options: str) -> tuple[float, Watch]:
    """Grade a folder with the command, and return seconds and what was watched."""
    start = time.perf_counter()
    command = [*GRADE, str(folder), "--out", str(out), "--quiet", *options]
    process = subprocess.Popen(command)
    watch = Watch(process.pid)
    watch.start()
    assert process.wait() == 0
    watch.done.set()
    return time.perf_counter() - start, watch


def records(out: Path) -> list[dict]:
    """Return the journal's records."""
    return [
        json.loads(line) for line in (out / "reports.jsonl").read_text().splitlines()
    ]


def told(out: Path) -> dict[str, tuple]:
    """Return verdict and mistakes by submission."""
    return {
        r["submission"]: (
            r["report"]["verdict"],
            tuple(f["id"] for f in r["report"]["findings"]),
        )
        for r in records(out)
    }


def throughput(work: Path, number: int) -> None:
    """Grade a class on two cores; then each file alone, to compare the verdicts."""
    kinds = make_class(work / "class", number)
    seconds, watch = grade(work / "class", work / "out", "--jobs", "2")
    memory = watch.samples
    rate = number / seconds
    print(f"{number} submissions in {seconds:.1f} s: {rate:.1f} a second (>= 8)")
    load = os.getloadavg()[0]
    print(f"{watch.cpu / number:.3f} s of processor each (<= 0.25); load {load:.1f}")
    third = len(memory) // 3
    first, last = (
        max(part) / 2**20 for part in (memory[third:-third], memory[-third:])
    )
    print(
        f"memory of all processes: {first:.0f} MB in mid-run, {last:.0f} MB at the end"
    )
    counts = Counter(r["report"]["verdict"] for r in records(work / "out"))
    print(f"verdicts: {dict(counts)}")
    size = (work / "out" / "class.html").stat().st_size
    print(f"class page: {size / 2**20:.2f} MB")

    from gradcheck import check_submission

    class_, different = told(work / "out"), []
    for name in list(kinds)[: max(60, number // 3)]:
        report = check_submission(work / "class" / name)
        alone = (str(report.verdict), tuple(f.id for f in report.findings))
        if class_[name] != alone:
            different.append((name, kinds[name], class_[name], alone))
    print(f"told otherwise than when checked alone: {different} (none)")
    named = Counter()
    for name, kind in kinds.items():
        verdict, mistakes = class_[name]
        named["right" if kind.endswith("right") else "wrong", verdict] += 1
        unnamed = kind in ("right", "crash", "syntax", "not-returned")
        if (
            not unnamed
            and not kind.startswith("example")
            and kind.split(" ")[0] not in mistakes
        ):
            print(f"planted {kind}, named {mistakes}")
    print(f"by what was planted: {dict(named)}")


def hostile(work: Path, number: int) -> None:
    """Grade a class with a tenth of vandals, each with a limit of 2 seconds."""
    kinds = make_class(work / "class", number, hostile=number // 10)
    seconds, _ = grade(work / "class", work / "out", "--jobs", "2", "--timeout", "2")
    print(f"{number} submissions, {number // 10} of them hostile: {seconds:.1f} s")
    made = {r["submission"]: r for r in records(work / "out")}
    assert len(made) == number
    vandals = {name: kind for name, kind in kinds.items() if kind in HOSTILE}
    verdicts = Counter(made[name]["report"]["verdict"] for name in vandals)
    print(f"verdicts of the hostile: {dict(verdicts)} (no correct)")
    worst = max(vandals, key=lambda name: made[name]["seconds"])
    cost = made[worst]["seconds"]
    print(f"the slowest of them: {kinds[worst]}, {cost:.2f} s (limit 2 s)")
    plain = work / "plain"
    plain.mkdir()
    for name in kinds.keys() - vandals.keys():
        os.link(work / "class" / name, plain / name)
    grade(plain, work / "plain-out", "--jobs", "2", "--timeout", "2")
    alone, beside = told(work / "plain-out"), told(work / "out")
    changed = [name for name in alone if alone[name] != beside[name]]
    print(f"others told otherwise beside them: {changed} (none)")


def resume(work: Path, number: int) -> None:
    """Kill a run halfway, and run it again."""
    make_class(work / "class", number)
    command = [*GRADE, str(work / "class"), "--out", str(work / "out"), "--quiet"]
    process = subprocess.Popen([*command, "--jobs", "2"], start_new_session=True)
    journal = work / "out" / "reports.jsonl"
    while not journal.exists() or journal.read_bytes().count(b"\n") < number // 2:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = journal.read_bytes().count(b"\n")
    subprocess.run([*command, "--jobs", "2"], check=True)
    names = [r["submission"] for r in records(work / "out")]
    print(f"killed after {before} of {number}; then {len(names) - before} more")
    print(f"lost: {number - len(set(names))}, repeated: {len(names) - len(set(names))}")
    grade(work / "class", work / "whole", "--jobs", "2")
    same = told(work / "out") == told(work / "whole")
    print(f"as in a run that nobody killed: {same}")


def cluster(work: Path, number: int) -> None:
    """Grade on a local Dask cluster, and kill a worker on the way."""
    make_class(work / "class", number)
    with local_cluster() as (address, workers):
        command = [*GRADE, str(work / "class"), "--out", str(work / "out"), "--quiet"]
        process = subprocess.Popen([*command, "--scheduler", address])
        journal = work / "out" / "reports.jsonl"
        while not journal.exists() or journal.read_bytes().count(b"\n") < number // 3:
            time.sleep(0.02)
        os.kill(workers()[0], signal.SIGKILL)
        print(f"killed a worker after {journal.read_bytes().count(chr(10).encode())}")
        assert process.wait() == 0
    names = [r["submission"] for r in records(work / "out")]
    print(f"lost: {number - len(set(names))}, repeated: {len(names) - len(set(names))}")
    failed = [r["submission"] for r in records(work / "out") if "failed" in r]
    print(f"given up: {failed} (none)")
    grade(work / "class", work / "whole", "--jobs", "2")
    print(f"as without a cluster: {told(work / 'out') == told(work / 'whole')}")


@contextlib.contextmanager
def local_cluster() -> Iterator[tuple]:
    """Start a scheduler and two workers; give its address and the workers' pids."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as made:
        yield made.scheduler_address, lambda: [n.pid for n in made.workers.values()]


PARTS = {f.__name__: f for f in (throughput, hostile, resume, cluster)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS)
    options = parser.parse_args()
    for name, part in PARTS.items():
        if options.only in (None, name):
            print(f"-- {name}")
            with tempfile.TemporaryDirectory() as work:
                part(Path(work), 60 if options.quick else 300)


if __name__ == "__main__":
    main()
