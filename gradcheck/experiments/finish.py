"""Read before everything else, because it blurs the rest: rounding and clipping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck._typing import Grads


def read_finish(answers: Sequence[Grads]) -> tuple[str, str, float | None] | None:
    """Find rounding, float32 or clipping in gradients from several points.

    Returns
    -------
    tuple or None
        Id, variant and constant of the mistake; None if there is none to be seen.
    """
    numbers = np.concatenate([g.reshape(-1) for a in answers for g in a.values()])
    numbers = numbers[np.isfinite(numbers) & (numbers != 0.0)]
    if numbers.size < 8:
        return None
    decimals = _decimals(numbers)
    if decimals is not None:
        return "rounded", "", float(decimals)
    if np.array_equal(numbers, numbers.astype(np.float32).astype(float)):
        return "single-precision", "", None
    return _clipping(answers)


def _decimals(numbers: np.ndarray) -> int | None:
    small = numbers[np.abs(numbers) < 1e4]
    for decimals in range(1, 11):
        scaled = small * 10.0**decimals
        if np.all(np.abs(scaled) < 1e11) and np.allclose(
            scaled,
            np.round(scaled),
            rtol=0.0,
            atol=1e-6 * max(1.0, 10.0 ** (decimals - 8)),
        ):
            return decimals if small.size > 8 else None
    return None


def _clipping(answers: Sequence[Grads]) -> tuple[str, str, float | None] | None:
    peaks = [float(np.abs(g).max(initial=0.0)) for a in answers for g in a.values()]
    signs = 0
    top = max(peaks)
    for a in answers:
        for g in a.values():
            at = np.abs(g) >= top * (1 - 1e-14)
            signs |= 1 * bool((g[at] > 0).any()) | 2 * bool((g[at] < 0).any())
    repeated = sum(
        int((np.abs(g) >= top * (1 - 1e-14)).sum()) for a in answers for g in a.values()
    )
    if repeated >= 3 and (signs == 3 or repeated > 4) and _spread(answers, top) >= 2:
        return "clipped", "", top
    totals = [float(np.sqrt(sum(np.sum(g * g) for g in a.values()))) for a in answers]
    norms = [float(np.linalg.norm(g)) for a in answers for g in a.values()]
    several = max(map(len, answers)) > 1  # or the two are the same
    if several and _repeats(norms) >= 3:  # then the totals repeat, too
        return "clipped", "each norm", max(norms)
    if _repeats(totals) >= 2:
        return "clipped", "the norm of all together", max(totals)
    return None


def _spread(answers: Sequence[Grads], top: float) -> int:
    """Count the tensors, over all points, that reach the same largest number."""
    return sum(
        bool((np.abs(g) >= top * (1 - 1e-14)).any())
        for a in answers
        for g in a.values()
    )


def _repeats(values: Sequence[float]) -> int:
    """Count how often the largest value occurs, to rounding."""
    top = max(values)
    return sum(v >= top * (1 - 1e-13) for v in values) if top > 0 else 0
