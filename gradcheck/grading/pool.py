"""Work done side by side: in this process, in some of our own, or on a Dask cluster.

Each gives the same: one result a task, in the order in which they are ready, and a loss
report for a task whose process died under it. No task's death takes another's result.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from typing import Any, TypeVar

from gradcheck.errors import GradcheckError

Task = TypeVar("Task")
Result = TypeVar("Result")
Work = Callable[[Task], Result]


def run(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    lost: Callable[[Task, str], Result],
    jobs: int = 1,
    scheduler: str = "",
) -> Iterator[Result]:
    """Yield ``work(task)`` for each task as soon as it is ready.

    Parameters
    ----------
    work : callable
        Can be pickled, and does not raise for what a task may do.
    tasks : sequence
        Can be pickled.
    lost : callable
        ``lost(task, reason) -> result`` for a task that killed its process.
    jobs : int, default=1
        Processes on this machine; 1 works in this one.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://...``, to use instead.

    Raises
    ------
    GradcheckError
        If the package is missing that this needs, or the scheduler does not answer.
    """
    if scheduler:
        return _on_dask(work, tasks, lost, scheduler)
    if jobs == 1 or len(tasks) < 2:
        return map(work, tasks)
    return _with_joblib(work, tasks, lost, min(jobs, len(tasks)))


def _with_joblib(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    lost: Callable[[Task, str], Result],
    jobs: int,
) -> Iterator[Result]:
    """Work in `jobs` processes; after a death, try those under way one by one."""
    try:
        from joblib import Parallel, delayed
        from joblib.externals.loky import get_reusable_executor
    except ImportError as error:
        raise _missing(error, "grade", "more than one job") from error

    left = dict(enumerate(tasks))
    while left:
        begun: list[int] = []

        def calls(begun: list[int] = begun) -> Iterator[Any]:
            for number in list(left):
                begun.append(number)
                yield delayed(_numbered)(work, number, left[number])

        pool = Parallel(
            n_jobs=jobs,
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch=2 * jobs,  # nobody waits for the next one to be sent
        )
        try:
            for number, result in pool(calls()):
                del left[number]
                yield result
        except BrokenExecutor:
            suspects = [number for number in begun if number in left]
            yield from _one_by_one(work, {n: left.pop(n) for n in suspects}, lost)
    get_reusable_executor().shutdown(wait=True)


def _one_by_one(
    work: Callable[[Task], Result],
    suspects: dict[int, Task],
    lost: Callable[[Task, str], Result],
) -> Iterator[Result]:
    """Give each suspect a process of its own, and report the one that kills it."""
    from joblib.externals.loky import ProcessPoolExecutor

    for task in suspects.values():
        with ProcessPoolExecutor(max_workers=1) as executor:
            try:
                yield executor.submit(work, task).result()
            except BrokenExecutor:
                yield lost(task, "the process that graded it died")


def _numbered(
    work: Callable[[Task], Result], number: int, task: Task
) -> tuple[int, Result]:
    return number, work(task)


def _on_dask(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    lost: Callable[[Task, str], Result],
    scheduler: str,
) -> Iterator[Result]:
    """Work on an existing cluster, which repeats what a dead worker had under way."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise _missing(error, "dask", "--scheduler") from error

    try:
        client = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise GradcheckError(
            f"--scheduler {scheduler}: no Dask scheduler answers there ({error})"
        ) from error
    with client:
        futures = {client.submit(work, task, pure=False): task for task in tasks}
        for future in as_completed(list(futures), loop=client.loop):
            task = futures.pop(future)
            if future.status == "finished":
                yield future.result()
            else:
                yield lost(task, f"the cluster gave up on it: {future.exception()!r}")
            future.release()


def _missing(error: ImportError, extra: str, what: str) -> GradcheckError:
    return GradcheckError(
        f"{what} needs {error.name}: pip install 'gradcheck[{extra}]'"
    )
