"""Committing mistakes on a reference: the slots they fill, alone and together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gradcheck._typing import Array, LossAndGrads, LossGrads, Params
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.catalogue.places import parameters
from gradcheck.faults.passes import Pass, Table
from gradcheck.faults.records import (
    MULTIPLICATIVE,
    SLOTS,
    Mistake,
    Setting,
    Site,
)
from gradcheck.faults.specification import Specification, specify
from gradcheck.problem import Network, Problem


def keys(network: Network, mistake: Mistake) -> list[tuple[str, Site, Setting]]:
    """List the slots that a mistake fills: ``(slot, site, setting)``.

    Raises
    ------
    KeyError
        If the id or the variant is unknown.
    """
    variant = CATALOGUE[mistake.id].variant(mistake.variant)
    filled: list[tuple[str, Site, Setting]] = []
    for slot, setting in ((variant.slot, variant.setting), *variant.also):
        sites: Sequence[Site] = mistake.sites
        if mistake.id == "penalty-wrong-matrix":
            sites = network.weights
        elif not sites and slot == "scale":
            slot, sites = "factor", (None,)
        elif not sites and slot == "whole":
            sites = parameters(network)
        elif not sites or slot in ("call", "loss-data"):
            sites = (None,)
        for site in sites:
            place = _layer(network, slot, site)
            if place != 0:
                filled.append((slot, place, setting))
    return filled


def _layer(network: Network, slot: str, site: Site) -> Site:
    """Turn the name of a weight matrix into the layer that a slot stands at."""
    if isinstance(site, str) and slot in ("carrier", "input"):
        return network.weights.index(site) + (0 if slot == "carrier" else 1)
    return site


def table(network: Network, mistakes: Iterable[Mistake]) -> Table:
    """Fill the slots of a pass with these mistakes."""
    filled: dict[tuple[str, Site], list[tuple[Setting, Mistake]]] = {}
    for mistake in mistakes:
        for slot, site, setting in keys(network, mistake):
            filled.setdefault((slot, site), []).append((setting, mistake))
    return filled


def compatible(network: Network, mistakes: Sequence[Mistake]) -> bool:
    """Whether these mistakes can be committed together.

    They can unless two of them fill the same slot at the same site; factors multiply
    and may meet, but the same fault is never committed twice.
    """
    if len({mistake.id for mistake in mistakes}) < len(mistakes):
        return False
    taken: set[tuple[str, Site]] = set()
    for mistake in mistakes:
        places = {(slot, site) for slot, site, _ in keys(network, mistake)}
        if any(place in taken and place[0] not in MULTIPLICATIVE for place in places):
            return False
        taken |= places
    return True


def upstream_first(
    network: Network, mistakes: Iterable[Mistake]
) -> tuple[Mistake, ...]:
    """Sort mistakes in the order of the pass: the closest to the loss first."""

    def order(mistake: Mistake) -> tuple[int, str]:
        slots = [SLOTS.index(slot) for slot, _, _ in keys(network, mistake)]
        return min(slots, default=len(SLOTS)), mistake.id

    return tuple(sorted(mistakes, key=order))


def inject(
    network: Network | Specification, mistakes: Iterable[Mistake | str]
) -> LossAndGrads:
    """Commit mistakes on a reference.

    Parameters
    ----------
    network : Network or Specification
        What is right; rows are examples.
    mistakes : iterable of Mistake or str
        The mistakes; an id stands for its first variant at its first site.

    Returns
    -------
    callable
        ``loss_and_grads(params, X, y, reg) -> (loss, grads)``, wrong as asked.

    Raises
    ------
    KeyError
        If an id or a variant is unknown.
    ValueError
        If an id does not apply to the network.

    Examples
    --------
    >>> import numpy as np
    >>> from gradcheck import networks
    >>> network = networks.get("linear")
    >>> params = {"W": np.zeros((2, 2)), "b": np.zeros(2)}
    >>> X, y = np.eye(2), np.array([0, 1])
    >>> inject(network, ["batch-sum"])(params, X, y, 0.0)[1]["b"]
    array([0., 0.])
    >>> inject(network, ["target-missing"])(params, X, y, 0.0)[1]["b"]
    array([0.5, 0.5])
    """
    spec = network if isinstance(network, Specification) else specify(network)
    chosen = [
        m if isinstance(m, Mistake) else typical(spec.network, m) for m in mistakes
    ]
    slots = table(spec.network, chosen)

    def loss_and_grads(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        point = Pass(spec, Problem(params, X, y, reg), slots)
        grads = point.grads()
        return point.loss(), grads

    call: LossAndGrads = loss_and_grads
    for setting, mistake in slots.get(("call", None), ()):
        call = setting(spec, None, call, mistake)
    return call


def typical(network: Network, name: str) -> Mistake:
    """Return the most usual form of a mistake on this network.

    Raises
    ------
    KeyError
        If the id is unknown.
    ValueError
        If it does not apply to the network.
    """
    for mistake in singles(network, CATALOGUE[name].id):
        return mistake
    raise ValueError(f"{name} does not apply to the network {network.name!r}")


def singles(network: Network, *ids: str) -> Iterator[Mistake]:
    """Yield every mistake that can be committed alone on this network.

    One for each fault, variant and site; a free constant takes its typical value.
    Some are invisible on some networks (a reshape of a column changes nothing).
    """
    for name in ids or CATALOGUE:
        yield from _of_one(network, name)


_FOUND: dict[object, tuple[Mistake, ...]] = {}
_MANY = 4096


def _of_one(network: Network, name: str) -> tuple[Mistake, ...]:
    """List the forms of one mistake on networks of these conventions, once."""
    key = name, *network.conventions
    if key not in _FOUND:
        if len(_FOUND) >= _MANY:
            _FOUND.clear()
        _FOUND[key] = tuple(_forms(network, name))
    return _FOUND[key]


def _forms(network: Network, name: str) -> Iterator[Mistake]:
    fault = CATALOGUE[name]
    for sites in fault.sites(network):
        for variant in fault.variants:
            mistake = Mistake(name, tuple(sites), variant.label, fault.example)
            filled = len(keys(network, mistake))
            whole = variant.slot != "carrier" or filled == len(sites)
            if variant.when(network) and whole:
                yield mistake


def touched(network: Network, mistake: Mistake) -> tuple[str, ...]:
    """Name the parameters whose gradient a mistake can change, last layer first."""
    names: set[str] = set()
    for slot, site, _ in keys(network, mistake):
        names |= _reach(network, slot, site, mistake)
    order = [n for w, b in _layers_downwards(network) for n in (w, b) if n]
    return tuple(name for name in order if name in names)


def _layers_downwards(network: Network) -> list[tuple[str, str]]:
    biases = network.bias_names or ("",) * network.depth
    return list(zip(network.weights, biases, strict=True))[::-1]


def _reach(network: Network, slot: str, site: Site, mistake: Mistake) -> set[str]:
    if slot in ("loss-data", "loss-penalty"):
        return {str(site)} if site else set()
    if isinstance(site, str):
        return {site}
    if site is None:
        named = {str(s) for s in mistake.sites if slot == "call"}
        return named or set(parameters(network))
    if slot == "input":
        return {network.weights[site - 1]}
    if slot == "tap":
        return {network.bias_names[site - 1]}
    return {*network.weights[:site], *network.bias_names[:site]}
