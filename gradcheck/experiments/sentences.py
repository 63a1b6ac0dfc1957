"""What is unusual in a loss, in words."""

from collections.abc import Mapping

from gradcheck.experiments.forms import DataForm
from gradcheck.problem import Network


def _free_rows(free: Mapping[str, str]) -> list[str]:
    rows = {row: [n for n, r in free.items() if r == row] for row in free.values()}
    return [
        f"the loss does not penalise the {row} row of {' and '.join(names)}"
        for row, names in rows.items()
    ]


def sentences(
    network: Network,
    penalty: Mapping[str, float],
    form: str,
    data: DataForm,
    free: Mapping[str, str],
) -> tuple[str, ...]:
    """Say in what a loss differs from the one that its network specifies.

    Parameters
    ----------
    network : Network
        What it should be.
    penalty : mapping of str to float
        Coefficients of ``reg * sum(p**2)`` that were measured.
    form : str
        Of the penalty; see `Conventions`.
    data : DataForm
        The data part.
    free : mapping of str to str
        Rows that are not penalised; see `Conventions`.
    """
    said = _of_the_data(data)
    if data.fixed:
        said.append(f"the penalty of {', '.join(data.fixed)} does not depend on reg")
    elif form == "averaged":
        said.append("the penalty is divided by N")
    elif form in ("norm", "absolute"):
        what = "the norm" if form == "norm" else "absolute values"
        said.append(f"the penalty is made of {what}, not of squares")
    elif form == "other":
        said.append("the penalty is no multiple of reg * sum(W**2)")
    elif form == "squares":
        spared = [w for w in network.weights if not penalty.get(w)]
        ks = sorted({penalty.get(w, 0.0) for w in network.weights})
        if spared and len(spared) < len(network.weights):
            said.append(f"the loss does not penalise {', '.join(spared)}")
        elif len(ks) > 1 or ks[0] not in (0.5, 1.0):
            listed = ", ".join(f"{penalty.get(w, 0.0):g}" for w in network.weights)
            names = ", ".join(network.weights)
            said.append(f"the penalty is {listed} * reg * sum(W**2) on {names}")
        biases = [b for b in network.bias_names if penalty.get(b)]
        if biases:
            said.append(f"the loss penalises the biases {', '.join(biases)} as well")
    return (*said, *_free_rows(free))


def _of_the_data(data: DataForm) -> list[str]:
    said = []
    if data.name == "unknown":
        said.append(
            "the data part of the loss is none of the known ones (cross-entropy,"
            " squared error, hinge, 1 - p, ...)"
        )
    elif not data.own:
        said.append(f"the data part of the loss is {data.words}")
    elif data.scale != 1.0:
        said.append(f"the data part of the loss is {data.scale:g} times {data.words}")
    if data.per:
        said.append(f"the data part of the loss is {data.shares}")
    return said
