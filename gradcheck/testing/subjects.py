"""What may be handed to a test, and the check that suits it."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import networks
from gradcheck._typing import Array, LossGrads, Params
from gradcheck.checker import check_gradients, check_network, check_vjp, scenarios
from gradcheck.errors import GradcheckError, GradientMismatchError
from gradcheck.problem import Network, Problem
from gradcheck.report import Report, Verdict


def examine(
    subject: Any,
    params: Any = None,
    *,
    network: str | Network | None = None,
    **options: Any,
) -> Report:
    """Check whatever a test hands over, by the check that suits it.

    Parameters
    ----------
    subject : callable, class, object, path, pair or Report
        A function ``loss_and_grads(params)`` with `params`; a function
        ``loss_and_grads(params, X, y, reg)``, or a class or object with ``params`` and
        ``loss(X, y, reg)``, with `network` or without, then it is found by its loss; a
        path, ``FILE`` or ``FILE:OBJECT``, which is run in a process of its own; a pair
        ``(forward, backward)`` with their inputs as `params`; a report, which is
        returned as it is.
    params : optional
        The point, for a black box or a layer.
    network : str or Network, optional
        The reference.
    **options
        Of the check: ``seed`` and others.

    Raises
    ------
    GradcheckError
        If it is none of these.
    """
    if isinstance(subject, Report):
        return subject
    if isinstance(subject, str | Path):
        return _examine_file(subject, network, options)
    if isinstance(subject, tuple) and len(subject) == 2 and params is not None:
        return check_vjp(*subject, params, **options)
    if params is not None:
        return check_gradients(subject, params, **options)
    adapted = adapt(subject)
    sizes = {**adapted.sizes, **options.pop("sizes", {})}
    reference = network or guess_network(adapted)
    return check_network(adapted.function, reference, sizes=sizes, **options)


def require(report: Report) -> None:
    """Raise unless a gradient is known to be right, verdict first.

    Raises
    ------
    GradientMismatchError
        Its first line says what is wrong, for the summaries that show no more; its
        text is the whole report.
    """
    __tracebackhide__ = True
    if not report.ok:
        raise GradientMismatchError(f"{first_line(report)}\n\n{report}")


def first_line(report: Report) -> str:
    """Return the verdict, and what it is about, in one line.

    Examples
    --------
    >>> first_line(Report(Verdict.INCONCLUSIVE, message="the loss is too noisy"))
    'inconclusive: the loss is too noisy'
    """
    named = ", ".join(finding.id for finding in report.findings if finding.id)
    wrong = [k for k, p in report.parameters.items() if p.verdict is Verdict.WRONG]
    parts = [named] if named else []
    if wrong:
        what = "gradients" if len(wrong) > 1 else "gradient"
        parts.append(f"the {what} of {', '.join(wrong)}")
    if report.message and not parts:
        parts.append(report.message.split("\n")[0])
    return f"{report.verdict.value}: {': '.join(parts)}".rstrip(": ")


def _examine_file(
    subject: str | Path, network: str | Network | None, options: Mapping[str, Any]
) -> Report:
    from gradcheck.submissions import check_submission

    path, objects = split_path(subject)
    given: dict[str, Any] = {"objects": objects, **options}
    if network is not None:
        given["network"] = network
    report: Report = check_submission(path, **given)
    return report


def split_path(subject: str | Path) -> tuple[Path, tuple[str, ...]]:
    """Split ``FILE:OBJECT`` as the command does.

    Examples
    --------
    >>> split_path("net.py:TwoLayerNet")
    (PosixPath('net.py'), ('TwoLayerNet',))
    """
    text = str(subject)
    path, colon, names = text.rpartition(":")
    if Path(text).exists() or not colon or not path:
        return Path(text), ()
    return Path(path), tuple(name for name in names.split(",") if name)


@dataclass(frozen=True, slots=True)
class Adapted:
    """A subject as ``loss_and_grads(params, X, y, reg)``.

    Attributes
    ----------
    name : str
        For ids and messages.
    function : callable
    sizes : mapping
        Sizes that the subject dictates.
    opened : callable or None
        Returns a context in which the function can be called, where it lives in a
        process of its own; None where it lives here.
    network : Network or None
        The reference that the subject itself shows.
    regs : tuple of float
        Penalties that it can take.
    without : tuple of str
        Laws that say nothing of it; ``"*"`` where its loss is that of no reference.
    """

    name: str
    function: Callable[..., Any]
    sizes: Mapping[str, Any] = field(default_factory=dict)
    opened: Callable[[], AbstractContextManager[Any]] | None = None
    network: Network | None = None
    regs: tuple[float, ...] = (0.1, 0.0)
    without: tuple[str, ...] = ()

    def open(self) -> AbstractContextManager[Any]:
        """Return a context that gives the function."""
        return nullcontext(self.function) if self.opened is None else self.opened()


def adapt(subject: Any) -> Adapted:
    """Return a function, class or object as a function of parameters and data.

    Raises
    ------
    GradcheckError
        If it is neither a function nor has ``params`` and ``loss``.
    """
    if inspect.isclass(subject):
        return Adapted(subject.__name__, _from_class(subject))
    if hasattr(subject, "params") and callable(getattr(subject, "loss", None)):
        return Adapted(type(subject).__name__, _held(subject), _sizes(subject.params))
    if callable(subject):
        name = getattr(subject, "__name__", type(subject).__name__)
        return Adapted(name.strip("<>"), subject)
    raise GradcheckError(
        f"{subject!r} cannot be checked: it should be a function "
        "loss_and_grads(params, X, y, reg), a class or object with params and "
        "loss(X, y, reg), the path of a file, or a pair (forward, backward) with its "
        "inputs"
    )


def _from_class(cls: Callable[..., Any]) -> Callable[..., Any]:
    """Make an object for the sizes of each call, as ``cls(D, *hidden, C)``."""

    def loss_and_grads(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        weights = [p for name, p in params.items() if name[0] == "W"]
        sides = [X.shape[1], *(p.shape[-1] if p.ndim > 1 else 1 for p in weights)]
        return _call(_made(cls, sides), params, X, y, reg)

    return loss_and_grads


def _made(cls: Callable[..., Any], sides: list[int]) -> Any:
    """Call the constructor with as many sizes as it takes: D, hidden widths, C."""
    try:
        taken = [
            p
            for p in inspect.signature(cls).parameters.values()
            if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
        ]
    except (TypeError, ValueError):
        return cls()
    return cls(*sides[: len(taken)])


def _held(subject: Any) -> Callable[..., Any]:
    """Use one object, and leave its parameters as they were."""

    def loss_and_grads(params: Params, X: Array, y: Array, reg: float) -> LossGrads:
        kept = dict(subject.params)
        try:
            return _call(subject, params, X, y, reg)
        finally:
            subject.params.clear()
            subject.params.update(kept)

    return loss_and_grads


def _call(net: Any, params: Params, X: Array, y: Array, reg: float) -> LossGrads:
    """Put the parameters in, and ask for the loss as the object takes it."""
    net.params.clear()
    net.params.update(params)
    arguments = inspect.signature(net.loss).parameters
    if "reg" in arguments:
        return net.loss(X, y, reg=reg)  # type: ignore[no-any-return]
    if hasattr(net, "reg"):
        net.reg = reg
        return net.loss(X, y)  # type: ignore[no-any-return]
    return net.loss(X, y, reg)  # type: ignore[no-any-return]


def _sizes(params: Mapping[str, Any]) -> dict[str, Any]:
    """Read the sizes off the weights that an object was made with."""
    weights = [np.asarray(p) for name, p in params.items() if name[:1] == "W"]
    if not weights or weights[0].ndim < 2:
        return {}
    sides = [p.shape[-1] if p.ndim > 1 else 1 for p in weights]
    return {"D": weights[0].shape[0], "hidden": tuple(sides[:-1]), "C": sides[-1]}


def guess_network(adapted: Adapted) -> str:
    """Return the name of the reference whose loss this is, or that it runs on.

    Raises
    ------
    GradcheckError
        If it runs on the parameters of none of them.
    """
    runs: list[str] = []
    for name in networks.NAMES:
        network = networks.get(name)
        point = scenarios(network, sizes=adapted.sizes)[0].problem
        loss = _loss_at(adapted.function, point)
        if not np.isfinite(loss):
            continue
        runs.append(name)
        admitted = [network.variant(penalty=p, reduction=r) for p, r in _CONVENTIONS]
        if any(_is_loss(loss, n, point) for n in admitted):
            return name
    if not runs:
        raise GradcheckError(
            f"{adapted.name} runs on the parameters of none of the networks "
            f"{', '.join(networks.NAMES)}: it should take (params, X, y, reg) and "
            "return (loss, grads)"
        )
    return runs[0]


_CONVENTIONS = [(p, r) for p in ("half", "full", "none") for r in ("mean", "sum")]


def _is_loss(loss: float, network: Network, point: Problem) -> bool:
    wanted = float(network.loss(point.params, point.X, point.y, point.reg))
    return abs(loss - wanted) <= 1e-6 * abs(wanted)


def _loss_at(function: Callable[..., Any], point: Problem) -> float:
    params = {name: p.copy() for name, p in point.params.items()}
    try:
        with np.errstate(all="ignore"):
            returned = function(params, point.X.copy(), point.y.copy(), point.reg)
        return float(returned[0])
    except Exception:  # whatever foreign code does with the wrong parameters
        return float("nan")
