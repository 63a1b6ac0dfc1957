"""What hypothesis calls when it starts: strategies for our types, by their type.

Hypothesis loads this in every run of everyone who has gradcheck installed; so it
imports no numpy, and nothing of the strategies until one is asked for.
"""

from typing import Any

from gradcheck.problem import Network, Problem


def register() -> None:
    """Register strategies for `Problem` and `Network` with hypothesis.

    With them, ``@given(...)`` infers strategies from annotations and
    ``hypothesis.strategies.from_type(Problem)`` works.
    """
    from hypothesis import strategies as st

    st.register_type_strategy(Problem, _problems)
    st.register_type_strategy(Network, _networks)


def _problems(_: type[Problem]) -> Any:
    from gradcheck.strategies import softmax_problems

    return softmax_problems()


def _networks(_: type[Network]) -> Any:
    from hypothesis import strategies as st

    from gradcheck import networks

    return st.sampled_from(networks.NAMES).map(networks.get)
