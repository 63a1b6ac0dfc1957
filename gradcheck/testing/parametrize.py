"""The checks as items of pytest."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcheck.errors import GradcheckError
from gradcheck.problem import Network
from gradcheck.testing.checks import checks_for
from gradcheck.testing.records import Check
from gradcheck.testing.subjects import adapt, split_path


def parametrize_with_checks(
    subjects: Sequence[Any],
    *,
    network: str | Network | None = None,
    expected_failures: Mapping[str, str] | None = None,
    seed: int = 0,
    sizes: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Parametrise a test over every check of each subject, one item a check.

    Parameters
    ----------
    subjects : sequence
        Functions, classes, objects or paths, see `checks_for`.
    network : str or Network, optional
        The reference of all of them; found by their losses where not given.
    expected_failures : mapping of str to str, optional
        Reasons by id: these items are marked ``xfail``. With several subjects an id
        may carry the name of one, as in the names of the items.
    seed, sizes
        As in `checks_for`.

    Returns
    -------
    callable
        A decorator for a test with the argument ``check``, which it calls. The items
        are called ``W1-N7-reg0.1``, ``batch-mean``, ``mutates-input``; with several
        subjects the name of each comes first, ``MyNet-batch-mean``.

    Raises
    ------
    GradcheckError
        If a failure is expected of an id that does not exist.

    Examples
    --------
    A test file of three lines::

        from mynet import TwoLayerNet
        from gradcheck.testing import parametrize_with_checks

        @parametrize_with_checks([TwoLayerNet])
        def test_gradients(check):
            check()
    """
    import pytest

    expected = dict(expected_failures or {})
    several, items, met = len(subjects) > 1, [], set()
    for name, subject in zip(_names(subjects), subjects, strict=True):
        for check in checks_for(subject, network=network, seed=seed, sizes=sizes):
            id = f"{name}-{check.id}" if several else check.id
            wanted = [key for key in (id, check.id) if key in expected]
            met.update(wanted)
            marks = [pytest.mark.xfail(reason=expected[key]) for key in wanted[:1]]
            items.append(pytest.param(check, id=id, marks=marks))
    unknown = sorted(expected.keys() - met)
    if unknown:
        known = ", ".join(dict.fromkeys(_id(item) for item in items))
        raise GradcheckError(
            f"expected_failures[{unknown[0]!r}] is the id of no check; they are {known}"
        )
    return pytest.mark.parametrize("check", items)


def _id(item: Any) -> str:
    check: Check = item.values[0]
    return check.id


def _names(subjects: Sequence[Any]) -> list[str]:
    """Return a name for each subject, numbered where two are the same."""
    names = [
        split_path(subject)[0].stem
        if isinstance(subject, str | Path)
        else adapt(subject).name
        for subject in subjects
    ]
    return [
        name if names.count(name) == 1 else f"{name}{1 + names[:place].count(name)}"
        for place, name in enumerate(names)
    ]
