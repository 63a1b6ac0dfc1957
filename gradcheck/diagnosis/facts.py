"""What can be said when no set of known mistakes explains a gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gradcheck._typing import Array
from gradcheck.diagnosis.case import Case
from gradcheck.diagnosis.numerals import lines, multiple, numerals, percent
from gradcheck.diagnosis.records import Finding
from gradcheck.diagnosis.search import Found
from gradcheck.experiments.sections import project
from gradcheck.faults import Mistake, Pass

_EXACT = 1e-8


def facts(case: Case) -> list[Finding]:
    """Measure each tensor by itself, and each stage of the pass; no names."""
    if case.failed and not case.measured.grads:
        return [Finding("", statement=f"the call failed: {case.failed}")]
    return [*_together(_tensors(case)), *_stages(case)]


def _tensors(case: Case) -> list[Finding | None]:
    network = case.network
    return [_tensor(case, name) for name in (*network.weights, *network.bias_names)]


def _together(found: Sequence[Finding | None]) -> list[Finding]:
    """Say once what holds for several gradients alike: its sentence has a gap."""
    alike: dict[str, list[Finding]] = {}
    for finding in found:
        if finding is not None:
            alike.setdefault(finding.statement, []).append(finding)
    said = []
    for statement, those in alike.items():
        names = tuple(name for finding in those for name in finding.parameters)
        listed = ", ".join(f"d{name}" for name in names)
        if len(those) > 1:
            listed = " and ".join(listed.rsplit(", ", 1))
        words = statement.format(listed, "are" if len(those) > 1 else "is")
        said.append(replace(those[0], parameters=names, statement=words))
    return said


def _tensor(case: Case, name: str) -> Finding | None:
    """Compare the data part of one gradient with the derivative, at every point."""
    ratios, residuals, zero = [], [], True
    for reader, grads in zip(case.measured.readers, case.measured.grads, strict=True):
        with np.errstate(all="ignore"):
            right = reader.right.grads()[name]
        if grads[name].shape != right.shape or not np.isfinite(grads[name]).all():
            return Finding("", (name,), statement="{0} {1} not finite, or misshapen")
        zero = zero and not np.any(grads[name])
        factor, residual = project(grads[name], right)
        ratios.append(factor)
        residuals.append(residual)
    if not ratios:
        return None
    if zero:
        return Finding("", (name,), "0", "", "{0} {1} zero where reg is 0")
    if max(residuals) > _EXACT:
        whole = all(
            np.array_equal(g[name], np.rint(g[name])) for g in case.measured.grads
        )
        text = "{0} {1} made of whole numbers only, and the derivative is not"
        return Finding("", (name,), statement=text if whole else _pattern(case, name))
    if max(abs(r - 1.0) for r in ratios) <= _EXACT:
        return None
    shown = [numerals(r, ".4g") for r in ratios]
    if len(set(shown)) == 1:
        words = multiple(ratios[0], ".4g")
        text = f"{{0}} {{1}} {words} the derivative, everywhere"
    elif law := _law(ratios, [r.right for r in case.measured.readers]):
        text = f"{{0}} {{1}} {law}"
    else:
        sizes = [_sizes(r.problem) for r in case.measured.readers]
        pairs = zip(shown, sizes, strict=True)
        text = "{0} {1} " + ", ".join(f"{s} x the derivative ({z})" for s, z in pairs)
    return Finding("", (name,), shown[0], "1", text)


_LAWS: dict[str, Callable[[float, float, float], float]] = {
    "N": lambda N, D, C: N,
    "(N - 1)": lambda N, D, C: N - 1,
    "C": lambda N, D, C: C,
    "D": lambda N, D, C: D,
    "1 / N": lambda N, D, C: 1 / N,
    "1 / C": lambda N, D, C: 1 / C,
    "1 / D": lambda N, D, C: 1 / D,
    "N * C": lambda N, D, C: N * C,
    "1 / (N * C)": lambda N, D, C: 1 / (N * C),
    "N / C": lambda N, D, C: N / C,
    "C / N": lambda N, D, C: C / N,
    "N / D": lambda N, D, C: N / D,
    "D / N": lambda N, D, C: D / N,
    "(N - 1) / N": lambda N, D, C: (N - 1) / N,
    "N / (N - 1)": lambda N, D, C: N / max(N - 1, 1),
}
_WHAT = {"N": "examples", "D": "features", "C": "classes"}


def _law(ratios: Sequence[float], passes: Sequence[Pass]) -> str:
    """Say of which sizes the factors are, or a half or double; empty if of none."""
    sizes = [(float(p.N), float(p.X.shape[1]), float(p.C)) for p in passes]
    for said, law in _LAWS.items():
        numbers = [r / law(*s) for r, s in zip(ratios, sizes, strict=True)]
        number = next((n for n in (1, 2, 0.5) if np.allclose(numbers, n, 1e-7)), None)
        if number is None:
            continue
        times = said if number == 1 else f"{number:g} * {said}"
        named = [(letter, what) for letter, what in _WHAT.items() if letter in said]
        where = " and ".join(f"{letter} {what}" for letter, what in named)
        return f"{times} times the derivative, for {where}"
    return ""


def _sizes(problem: object) -> str:
    X = problem.X  # type: ignore[attr-defined]
    return f"N = {X.shape[0]}, D = {X.shape[1]}"


def _pattern(case: Case, name: str) -> str:
    """Say which entries of a gradient are wrong, if it is not all of them."""
    reader, grads = case.measured.readers[0], case.measured.grads[0]
    with np.errstate(all="ignore"):
        right = reader.right.grads()[name]
    g = grads[name]
    scale = float(np.abs(right).max(initial=0.0)) or 1.0
    idle = (np.abs(right) <= 1e-13 * scale) & (np.abs(g) <= 1e-13 * scale)
    wrong = np.abs(g - right) > 1e-7 * scale
    if np.all(g == g.reshape(-1)[0]) and g.size > 1:
        return f"all the entries of d{name} are equal"
    if g.ndim == 2 and not wrong.all():
        some = lines(wrong, idle, elsewhere=True)
        if some:
            return f"d{name} is wrong in {some}"
    gap = float(np.linalg.norm(g - right) / (np.linalg.norm(right) or 1.0))
    return (
        f"d{name} is no multiple of the derivative; it is off by {percent(gap)} of its"
        " size"
    )


def _stages(case: Case) -> list[Finding]:
    """Name the most upstream stage that no known mistake explains."""
    unexplained = dict.fromkeys(case.measured.unexplained)
    found: list[Finding] = []
    for stage, name in unexplained:
        text = _stage(case, stage, name)
        if text and (stage == "penalty" or not any(f.id == "" for f in found)):
            found.append(Finding("", (name,), statement=text))
    return found


def _stage(case: Case, stage: str, name: str) -> str:
    if stage == "input":
        return f"d{name} is not the product of its layer's input and any delta"
    if stage == "penalty":
        return f"what reg adds to d{name} is no known form of the penalty"
    if stage == "bias":
        return (
            f"d{name} is not the sum of the delta that d{name.replace('b', 'W')} shows"
        )
    if stage == "hidden":
        return (
            f"the delta that d{name} shows does not come from the one above it by the"
            " weights and the activation's derivative" + _mask(case, name)
        )
    sums = [
        float(np.abs(s.delta[max(s.delta)].sum(axis=1)).max())
        for s in case.measured.sections
    ]
    zero = case.network.cost == "softmax" and max(sums, default=1.0) < 1e-9
    rows = "; its rows sum to 0, as they should" if zero else ""
    return f"the delta of the output layer is not (p - t), nor a known mistake{rows}"


def _mask(case: Case, name: str) -> str:
    """Say what the mask is on live and on dead units, where it is the same on all."""
    layer = case.network.weights.index(name) + 1
    live: list[Array] = []
    dead: list[Array] = []
    for reader, section in zip(
        case.measured.readers, case.measured.sections, strict=True
    ):
        right: Pass = reader.right
        with np.errstate(all="ignore"):
            mask = section.delta[layer] / (
                section.delta[layer + 1] @ right.W[layer + 1].T
            )
        live.append(mask[right.z[layer] > 0])
        dead.append(mask[right.z[layer] <= 0])
    words = []
    for word, parts in (("live", live), ("dead", dead)):
        values = np.concatenate(parts)
        if values.size and np.ptp(values) <= 1e-6 * max(
            1.0, float(np.abs(values).max())
        ):
            mean = float(values.mean())
            words.append(f"{0.0 if abs(mean) < 1e-9 else mean:.4g} on {word} units")
    return f" (the mask is {' and '.join(words)})" if words else ""


def partial(case: Case, found: Found) -> list[Finding]:
    """Name a mistake beside an unexplained one, where it is proven all the same.

    Penalties that are absent, constant or superfluous are proven by the difference
    that reg makes, whatever else is wrong; a mistake at the output is proven if both
    gradients of the output layer come out to rounding.
    """
    from gradcheck.diagnosis.words import Witness, finding

    known = not case.conventions.unmodelled
    known = known and case.conventions.data_form != "constant"  # nor has it a penalty
    proven: list[Mistake] = []
    for m in found.nearest:
        if m.id in _SURE and m.sites and known and _same_everywhere(case, m):
            proven.append(m)
    if not case.own_data:
        lost = {"data-part-missing", "bias-missing"}
        proven += [m for m in found.nearest if m.id in lost]
    layers = _matching(case, found.nearest) if case.own_data else set()
    for m in found.nearest:
        if m not in proven and _layer_of(case, m) in layers:
            proven.append(m)
    witness = Witness(case.evidence, case.measured, found.nearest)
    return [replace(finding(witness, m), proof=_PROOF) for m in proven]


_PROOF = "read off by itself; something else is wrong besides"

_SURE = frozenset(
    {
        "penalty-missing",
        "penalty-on-biases",
        "penalty-missing-in-loss",
        "bias-penalty-missing",
        "penalty-constant",
    }
)


def _same_everywhere(case: Case, mistake: Mistake) -> bool:
    return all(name in case.measured.penalties for name in map(str, mistake.sites))


def _matching(case: Case, nearest: Sequence[Mistake]) -> set[int]:
    """Return the layers whose gradients the nearest set reproduces at every point."""
    network = case.network
    good = set()
    for i, weight in enumerate(network.weights, start=1):
        names = [weight, *network.bias_names[i - 1 : i]]
        if case.evidence.exhibits and all(
            case.evidence.misfit(exhibit, nearest, names) <= 1.0
            for exhibit in case.evidence.exhibits
        ):
            good.add(i)
    return good


def _layer_of(case: Case, mistake: Mistake) -> int:
    """Return the most upstream layer that a mistake reaches; 0 if it is a penalty."""
    from gradcheck.faults import touched

    if mistake.id.startswith("penalty"):
        return 0
    reached = touched(case.network, mistake)
    weights, biases = case.network.weights, case.network.bias_names
    layers = [weights.index(n) + 1 for n in reached if n in weights]
    layers += [biases.index(n) + 1 for n in reached if n in biases]
    return max(layers, default=0)
