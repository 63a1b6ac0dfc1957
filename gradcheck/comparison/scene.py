"""The scene of an examination: the point, the gradient, how exactly both are known."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt
from typing import Any

import numpy as np

from gradcheck._typing import Grads, Params
from gradcheck.errors import GradcheckError
from gradcheck.numeric.directions import (
    Direction,
    Scale,
    Seeded,
    displace,
    measure_scale,
    scaled_norm,
)
from gradcheck.numeric.noise import Noise, is_single, measure_noise
from gradcheck.numeric.path import gradient_rounding
from gradcheck.numeric.plans import Plan, gather
from gradcheck.numeric.probes import (
    DIRECTIONS,
    Block,
    Probe,
    choose_directions,
    open_block,
    probe_more,
)

_JITTER = 1e-2  # relative, when the point is moved off a kink
_SINGLE = float(np.finfo(np.float32).eps)
_DOUBLE = float(np.finfo(np.float64).eps)


class CountedGradient:
    """The gradient under examination: counts calls, and turns exceptions into NaN."""

    def __init__(self, gradient: Callable[[Params], Grads]) -> None:
        self._gradient = gradient
        self.calls = 0
        self._several = getattr(gradient, "several", None)

    @property
    def several(self) -> Callable[[Sequence[Params]], list[Grads]] | None:
        """Asks for the gradient at several points in one go; None where it cannot."""
        return None if self._several is None else self._at_several

    def _at_several(self, points: Sequence[Params]) -> list[Grads]:
        self.calls += len(points)
        found = self._several(points) if self._several is not None else []
        return [as_gradient(p, g) for p, g in zip(points, found, strict=True)]

    def __call__(self, params: Params) -> Grads:
        """Return the gradient at `params`, shaped like them."""
        self.calls += 1
        try:
            return as_gradient(params, self._gradient(params))
        except GradcheckError:
            raise
        except Exception:
            return {name: np.full(x.shape, np.nan) for name, x in params.items()}


def as_gradient(params: Params, grads: Mapping[str, Any]) -> Grads:
    """Return `grads` as float64 arrays, refusing keys and shapes not of `params`."""
    made = {}
    for name, x in params.items():
        if name not in grads:
            raise GradcheckError(f"grads[{name!r}] is missing, but params has {name!r}")
        g = np.asarray(grads[name])
        if g.shape != x.shape:
            raise GradcheckError(
                f"grads[{name!r}].shape = {g.shape}, but should be {x.shape}, the "
                f"shape of params[{name!r}]"
            )
        made[name] = g.astype(np.float64, copy=False)
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One point, with all that the judgement of a gradient there needs.

    Attributes
    ----------
    params, grads : mapping of str to ndarray of float64
        The point and the gradient under examination.
    gradient : CountedGradient
        The same gradient elsewhere.
    origin : float
        The loss at the point.
    scale : Scale
        Of the parameters.
    noise : Noise
        Of the loss.
    grad_eps : float
        Relative rounding error of an entry of the gradient.
    seed : tuple of int
        Of the directions.
    delta : float
        Probability with which certificates may fail.
    moved : bool
        Whether this is a point near the one that was asked about.
    """

    params: Params
    grads: Grads
    gradient: CountedGradient
    origin: float
    scale: Scale
    noise: Noise
    grad_eps: float
    seed: tuple[int, ...]
    delta: float
    moved: bool = False

    def everything(self, place: int) -> Direction:
        """Return a direction that moves every parameter."""
        return Seeded(tuple(self.params), self.scale, (*self.seed, 1, place))


def set_scene(
    params: Params,
    grads: Grads,
    gradient: CountedGradient,
    seed: int,
    delta: float,
    noise: float | None,
    dtype: Any,
) -> Plan[Scene]:
    """Evaluate the loss at the point and measure its noise."""
    (value,) = yield [params]
    origin, scale = float(value.real), measure_scale(params)
    single = any(g.size and is_single(g) and g.any() for g in grads.values())
    scene = Scene(
        params,
        grads,
        gradient,
        origin,
        scale,
        Noise(noise or 0.0, _DOUBLE),
        _SINGLE if single else _DOUBLE,
        (abs(seed),),
        delta,
    )
    if not np.isfinite(origin):
        return scene
    sizes = [scaled_norm(scale, params, grads, name) for name in params]
    slope = hypot(*(size for size in sizes if np.isfinite(size)))
    measured = yield from measure_noise(
        params, scene.everything(0), slope=slope, origin=origin, dtype=dtype
    )
    level = max(measured.level, noise or 0.0)
    return replace(
        scene,
        noise=Noise(level, measured.eps),
        grad_eps=max(scene.grad_eps, measured.eps),
    )


def move(scene: Scene, attempt: int) -> Plan[Scene]:
    """Return the scene at a point about 1 % away, off any kink the first sits on."""
    vectors = scene.everything(1 + attempt).vectors(scene.params)
    params = displace(scene.params, vectors, _JITTER)
    (value,) = yield [params]
    grads, scale = scene.gradient(params), measure_scale(params)
    sizes = [scaled_norm(scale, params, grads, name) for name in params]
    slope = hypot(*(size for size in sizes if np.isfinite(size)))
    floor = scene.noise.eps * (abs(float(value.real)) + slope)
    return replace(
        scene,
        params=params,
        grads=grads,
        origin=float(value.real),
        scale=scale,
        noise=replace(scene.noise, level=max(scene.noise.level, floor)),
        seed=(*scene.seed, attempt),
        moved=True,
    )


def survey(
    scene: Scene, names: Iterable[str], count: int = DIRECTIONS
) -> Plan[list[Block]]:
    """Probe several parameters in step, along at most `count` directions each."""
    return (yield from extend(scene, [open_block(scene, n) for n in names], count))


def extend(
    scene: Scene, blocks: Iterable[Block], count: int = DIRECTIONS
) -> Plan[list[Block]]:
    """Probe parameters in step until each has `count` of its directions, or all."""
    order = list(scene.params)
    plans = []
    for block in blocks:
        seed = (*scene.seed, 2, order.index(block.name))
        every = choose_directions(
            block.name, scene.params, scene.scale, seed, DIRECTIONS
        )
        plans.append(probe_more(scene, block, every[len(block.probes) : count]))
    return (yield from gather(plans))


def round_honestly(scene: Scene, blocks: list[Block]) -> list[Block]:
    """Replace the assumed rounding error of each ``g . v`` by a measured one.

    Eight gradients on a line serve all the directions of all blocks.
    """
    spacing = 1e-3 * sqrt(scene.grad_eps)
    directions = [probe.direction for block in blocks for probe in block.probes]
    widths = iter(
        gradient_rounding(
            scene.params, directions, scene.everything(9), scene.gradient, spacing
        )
    )
    return [
        replace(
            block,
            probes=tuple(
                _rounded(scene, probe, next(widths)) for probe in block.probes
            ),
        )
        for block in blocks
    ]


def _rounded(scene: Scene, probe: Probe, width: float) -> Probe:
    least = scene.grad_eps * abs(probe.analytic)
    return replace(probe, rounding=max(width, least)) if np.isfinite(width) else probe
