"""Ours beside the checkers in use: the same nets, right and wrong, in one run.

Needs the extra ``bench``. Each checker runs at its own defaults; those that return
numbers and no verdict get the threshold of their documentation or, where there is none,
that of ``numpy.allclose``. A checker that is not installed is left out.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from families import FAMILIES, MISTAKES, Net, draw, relative_error

from gradcheck.comparison import examine

LEFT_OUT = ("6,110 parameters", "float32", "float32, tanh")
Check = Callable[["Case"], bool | None]


class Case:
    """A net as a function of one vector, with a gradient to be checked."""

    def __init__(self, net: Net, grads: Callable[[Any], Any]) -> None:
        self.net, self._grads = net, grads
        self.names = list(net.params)
        sizes = [net.params[name].size for name in self.names]
        self.cuts = np.cumsum(sizes)[:-1]
        self.x = np.concatenate([net.params[name].ravel() for name in self.names])
        self.evaluations = self.gradient_calls = 0

    def unflatten(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return the parameters in the vector `x`."""
        parts = np.split(np.asarray(x, dtype=float), self.cuts)
        shapes = [self.net.params[name].shape for name in self.names]
        return {
            n: p.reshape(s) for n, p, s in zip(self.names, parts, shapes, strict=True)
        }

    def f(self, x: np.ndarray) -> float:
        """Return the loss."""
        self.evaluations += 1
        return float(self.net.loss(self.unflatten(x)))

    def g(self, x: np.ndarray) -> np.ndarray:
        """Return the gradient under examination."""
        self.gradient_calls += 1
        grads = self._grads(self.unflatten(x))
        return np.concatenate([np.ravel(grads[name]) for name in self.names])


def ours(case: Case) -> bool | None:
    def evaluate(points: Any) -> np.ndarray:
        values = []
        for point in points:
            case.evaluations += 1
            values.append(case.net.loss(point))
        return np.array(values)

    params = case.net.params
    verdict = examine(evaluate, case._grads, params, case._grads(params)).verdict
    return {"correct": True, "wrong": False}.get(verdict)


def torch_gradcheck(fast: bool) -> Check:
    import torch

    def check(case: Case) -> bool:
        class Loss(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return torch.tensor(case.f(x.detach().numpy()), dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, upstream: Any) -> Any:
                (x,) = ctx.saved_tensors
                return upstream * torch.from_numpy(case.g(x.detach().numpy()))

        x = torch.from_numpy(case.x.copy()).requires_grad_()
        return torch.autograd.gradcheck(
            Loss.apply, (x,), raise_exception=False, fast_mode=fast
        )

    return check


def jax_check_grads() -> Check:
    import jax
    import jax.numpy as jnp
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)

    def check(case: Case) -> bool:
        scalar = jax.ShapeDtypeStruct((), jnp.float64)
        vector = jax.ShapeDtypeStruct(case.x.shape, jnp.float64)

        def value(x: Any) -> np.ndarray:
            return np.float64(case.f(np.asarray(x)))

        @jax.custom_vjp
        def f(x: Any) -> Any:
            return jax.pure_callback(value, scalar, x)

        def forward(x: Any) -> Any:
            return f(x), x

        def backward(x: Any, upstream: Any) -> Any:
            def gradient(x: Any) -> Any:
                return case.g(np.asarray(x))

            return (upstream * jax.pure_callback(gradient, vector, x),)

        f.defvjp(forward, backward)
        return _passes(lambda: check_grads(f, (case.x,), order=1, modes=("rev",)))

    return check


def autograd_check_grads() -> Check:
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    def check(case: Case) -> bool:
        f = primitive(case.f)
        defvjp(f, lambda _, x: lambda upstream: upstream * case.g(x))
        np.random.seed(0)  # noqa: NPY002 - it draws from the global state
        return _passes(lambda: check_grads(f, modes=["rev"], order=1)(case.x))

    return check


def scipy_check_grad() -> Check:
    from scipy.optimize import check_grad

    return lambda case: bool(check_grad(case.f, case.g, case.x) < 1e-6)


def scipy_check_derivative() -> Check:
    from scipy.optimize._numdiff import check_derivative

    return lambda case: bool(check_derivative(case.f, case.g, case.x) < 1e-6)


def numdifftools_gradient() -> Check:
    from numdifftools import Gradient

    return lambda case: bool(np.allclose(case.g(case.x), Gradient(case.f)(case.x)))


def statsmodels_numdiff() -> Check:
    from statsmodels.tools.numdiff import approx_fprime

    def check(case: Case) -> bool:
        numeric = approx_fprime(case.x, case.f, centered=True)
        return bool(np.allclose(case.g(case.x), numeric))

    return check


def _passes(call: Callable[[], Any]) -> bool:
    try:
        call()
    except (AssertionError, ValueError):
        return False
    return True


CHECKERS: dict[str, tuple[Callable[[], Check], bool]] = {
    "gradcheck": (lambda: ours, False),
    "torch gradcheck": (lambda: torch_gradcheck(False), True),
    "torch gradcheck, fast": (lambda: torch_gradcheck(True), False),
    "jax check_grads": (jax_check_grads, False),
    "autograd check_grads": (autograd_check_grads, False),
    "scipy check_grad": (scipy_check_grad, True),
    "scipy check_derivative": (scipy_check_derivative, True),
    "numdifftools Gradient": (numdifftools_gradient, True),
    "statsmodels approx_fprime": (statsmodels_numdiff, True),
}


def right_cases(nets: int) -> Any:
    """Yield right gradients of every family."""
    for family, traits in FAMILIES.items():
        for seed in range(0 if family in LEFT_OUT else nets):
            net = draw(seed, **traits)
            yield Case(net, net.grads)


def wrong_cases(nets: int) -> Any:
    """Yield planted mistakes that change a gradient by more than 1e-5 of its norm."""
    for family, traits in FAMILIES.items():
        for seed in range(0 if family in LEFT_OUT else nets):
            net = draw(seed, **traits)
            right = net.grads(net.params)
            for mistake in MISTAKES:
                g = net.grads(net.params, mistake)
                if max(relative_error(net, g, right, n) for n in right) > 1e-5:
                    yield Case(net, lambda p, m=mistake, net=net: net.grads(p, m))


def compare(nets: int, available: dict[str, Check]) -> None:
    """Print faults caught and right gradients accepted, checker by checker."""
    print(
        f"{'checker':26s} {'faults caught':>16s} {'right accepted':>16s} "
        f"{'false alarms':>12s} {'losses/check':>12s} {'ms/check':>9s}"
    )
    for name, check in available.items():
        caught = wrong = accepted = alarms = right = losses = 0
        seconds = 0.0
        for case in right_cases(nets):
            started = time.perf_counter()
            answer = check(case)
            seconds += time.perf_counter() - started
            losses += case.evaluations
            right, accepted = right + 1, accepted + (answer is True)
            alarms += answer is False
        for case in wrong_cases(1):
            wrong, caught = wrong + 1, caught + (check(case) is False)
        print(
            f"{name:26s} {caught:6d} of {wrong:6d} {accepted:6d} of {right:6d} "
            f"{alarms:12d} {losses / right:12.0f} {1e3 * seconds / right:9.1f}",
            flush=True,
        )


def grow(available: dict[str, Check], limit: float, largest: float) -> None:
    """Print losses and seconds a check as the net grows, while it takes < `limit` s."""
    sizes = [s for s in (1e2, 1e3, 1e4, 1e5, 1e6, 1e7) if s <= largest]
    print(
        f"\n{'losses (s) by parameters':26s}" + "".join(f"{s:>20,.0f}" for s in sizes)
    )
    for name, check in available.items():
        cells: list[str] = []
        seconds = 0.0
        for size in sizes:
            if cells[-1:] == ["-"] or seconds * 10 > limit:
                cells.append("-")
                continue
            D, C = (int(np.sqrt(size)) if size < 1e5 else 1000), 10
            H = max(2, int(size) // (D + C))
            traits = {"D": D, "H": H, "C": C, "N": 4, "w_std": D**-0.5}
            net = draw(0, act="relu", **traits)
            case = Case(net, net.grads)
            started = time.perf_counter()
            check(case)
            seconds = time.perf_counter() - started
            cells.append(f"{case.evaluations:,} ({seconds:.2g})")
        print(f"{name:26s}" + "".join(f"{cell:>20s}" for cell in cells), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", type=int, default=20, help="right nets a family")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds a check")
    parser.add_argument("--largest", type=float, default=1e7)
    parser.add_argument("--only", nargs="*", default=list(CHECKERS))
    parser.add_argument(
        "--part", choices=("both", "verdicts", "growth"), default="both"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    available = {}
    for name in options.only:
        load, _ = CHECKERS[name]
        try:
            available[name] = load()
        except ImportError as error:
            print(f"{name}: left out ({error})")
    if options.part != "growth":
        compare(options.nets, available)
    if options.part != "verdicts":
        grow(available, options.limit, options.largest)


if __name__ == "__main__":
    main()
