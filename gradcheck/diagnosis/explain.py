"""From what was measured at the reading points to candidate sets of mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from gradcheck.diagnosis.penalties import Measured, penalty_options
from gradcheck.experiments.cells import cells, multiplicative, rows
from gradcheck.experiments.sections import Fit, Reader, Section, cost
from gradcheck.experiments.stages import bias_fits, down_fits, top_fits, vanishes
from gradcheck.factors import Row, solve
from gradcheck.faults import Mistake, Specification, compatible
from gradcheck.problem import Network


def merge(mistakes: Sequence[Mistake]) -> tuple[Mistake, ...]:
    """Make one mistake at several sites of the same mistake at each of them."""
    merged: dict[tuple[object, ...], Mistake] = {}
    for m in mistakes:
        constant = None if m.constant is None else float(f"{m.constant:.6g}")
        key = (m.id, m.variant, constant)
        if key in merged and m.sites and merged[key].sites:
            sites = tuple(dict.fromkeys((*merged[key].sites, *m.sites)))
            merged[key] = replace(merged[key], sites=_sorted(sites))
        else:
            merged.setdefault(key, m)
    return tuple(merged.values())


def _sorted(sites: tuple[object, ...]) -> tuple[object, ...]:
    def order(site: object) -> tuple[int, str, bool]:
        if isinstance(site, int):
            return site, "", False
        return 0, str(site)[1:], str(site)[:1] == "b"

    return tuple(sorted(sites, key=order))


def structures(measured: Measured, limit: int = 24) -> list[tuple[Mistake, ...]]:
    """List what may be wrong with the stages, factors aside; cheapest first."""
    readers, grads = measured.readers, measured.grads
    measured.sections = sections = [
        r.cut(g) for r, g in zip(readers, grads, strict=True)
    ]
    network = readers[0].network
    inputs = [_input(network, sections, i) for i in range(1, network.depth + 1)]
    lost = _lost(network, measured)
    for reader, section in zip(readers, sections, strict=True):
        _guess(reader, section, {m.sites[0] for m in lost})
    for i in sections[0].unread:
        measured.unexplained.append(("input", network.weights[i - 1]))
    tops = top_fits(readers, sections)[:4]
    if not tops:
        measured.unexplained.append(("output", network.weights[-1]))
        tops = [Fit((), (np.nan,) * len(readers))]
    found: list[tuple[Mistake, ...]] = []
    for top in tops:
        layers = [_layer(measured, i, top) for i in range(network.depth, 0, -1)]
        for chosen in product(*layers):
            every = [*lost, *(m for m in inputs if m), *top.mistakes]
            every += [m for some in chosen for m in some]
            found.append(merge(every))
    unique = dict.fromkeys(found)
    return sorted(unique, key=cost)[:limit]


def _input(network: Network, sections: Sequence[Section], i: int) -> Mistake | None:
    seen = {section.inputs.get(i) for section in sections}
    return seen.pop() if len(seen) == 1 else None


def _lost(network: Network, measured: Measured) -> list[Mistake]:
    """Find weights whose data gradient is exactly zero beside others that are not."""
    zero = [w for w in network.weights if all(not np.any(g[w]) for g in measured.grads)]
    return [Mistake("data-part-missing", (w,)) for w in zero]


def _guess(reader: Reader, section: Section, lost: set[object]) -> None:
    """Put the right delta where the gradient that should show it is lost."""
    right = reader.right
    for i in range(right.depth, 0, -1):
        if right.weights[i] in lost:
            if i == right.depth:
                section.delta[i] = right.scaled(right.top())
            else:
                above = section.delta[i + 1]
                section.delta[i] = right.down(i, above, right.weight(i + 1, above))


def _rescaled(section: Section, i: int, factor: float) -> Section:
    """Return the section with a factor taken out of one delta."""
    delta = {**section.delta, i: section.delta[i] / (factor or 1.0)}
    return Section(delta, section.inputs, section.unread)


def _layer(measured: Measured, i: int, top: Fit) -> list[tuple[Mistake, ...]]:
    """List the explanations of one layer: of its delta, and of its bias."""
    readers, sections, grads = measured.readers, measured.sections, measured.grads
    network = readers[0].network
    downs = [Fit((), ())]
    if i < network.depth:
        downs = down_fits(readers, sections, i, top)[:4]
        if i == network.depth - 1 and any(abs(k - 1.0) > 1e-9 for k in top.factors):
            rescaled = [
                _rescaled(s, i + 1, k)
                for s, k in zip(sections, top.factors, strict=True)
            ]
            more = down_fits(readers, rescaled, i, top)[:4]
            downs += [
                fit for fit in more if fit.mistakes not in [d.mistakes for d in downs]
            ]
        if not downs:
            measured.unexplained.append(("hidden", network.weights[i - 1]))
            downs = [Fit((), ())]
    found: list[tuple[Mistake, ...]] = []
    for down in downs:
        if not network.biases:
            found.append(down.mistakes)
            continue
        above = (*top.mistakes, *down.mistakes)
        biases = bias_fits(readers, sections, grads, i, above)[:3]
        if not biases:
            measured.unexplained.append(("bias", network.bias_names[i - 1]))
            biases = [Fit((), ())]
        found += [(*down.mistakes, *bias.mistakes) for bias in biases]
    return found


def candidates(
    measured: Measured, spec: Specification, structure: Sequence[Mistake], rtol: float
) -> list[tuple[Mistake, ...]]:
    """Complete a structure with factors and penalties: sets ready for verification."""
    observed: list[float] = []
    zero = [
        name
        for name in spec.network.bias_names
        if vanishes(measured.readers, measured.grads, name)
    ]
    for reader, grads in zip(measured.readers, measured.grads, strict=True):
        observed += cells(reader, grads, structure, zero)
    listed = multiplicative(spec.network)
    lines: list[Row] | None = None
    found = []
    for chosen in product(*penalty_options(measured, spec)):
        extra = [m for mistakes, _ in chosen for m in mistakes]
        base = merge([*structure, *extra])
        if len({m.id for m in base}) < len(base):
            continue
        known = np.array([*observed, *(x for _, pair in chosen for x in pair)])
        finite = known[np.isfinite(known)]
        if not finite.size or np.abs(finite - 1.0).max() <= rtol:
            found.append(base)
            continue
        if lines is None:
            lines = rows(measured.readers, measured.points, structure, listed)

        def accept(names: tuple[int, ...], base: tuple[Mistake, ...] = base) -> bool:
            return compatible(spec.network, [*base, *(listed[n] for n in names)])

        products = solve(known, lines, rtol=rtol, accept=accept)[:12]
        found += [] if products else [base]  # the nearest there is
        for one in products:
            scale = [
                listed[name] if c is None else replace(listed[name], constant=c)
                for name, c in one.terms
            ]
            found.append(merge([*base, *scale]))
    found += [other for one in found for other in _rewritten(spec.network, one)]
    unique = [s for s in dict.fromkeys(found) if compatible(spec.network, s)]
    return sorted(unique, key=cost)


def _rewritten(
    network: Network, mistakes: tuple[Mistake, ...]
) -> list[tuple[Mistake, ...]]:
    """Put one name for a pair that has one: a doubled penalty beside missing ones."""
    by_id = {m.id: m for m in mistakes}
    doubled, missing = by_id.get("penalty-doubled"), by_id.get("penalty-missing")
    if not doubled or not missing or len(doubled.sites) != 1:
        return []
    if set(doubled.sites) | set(missing.sites) != set(network.weights):
        return []
    rest = [m for m in mistakes if m not in (doubled, missing)]
    return [(*rest, Mistake("penalty-wrong-matrix", doubled.sites))]
