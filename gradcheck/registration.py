"""What hypothesis calls when it starts: strategies for our types, by their type.

Hypothesis loads this in every run of everyone who has gradcheck installed; so it
imports nothing, and registers when the types are first there.
"""

import sys
from typing import TYPE_CHECKING, Any

import gradcheck

if TYPE_CHECKING:
    from gradcheck.problem import Network, Problem


def register() -> None:
    """Register strategies for `Problem` and `Network` with hypothesis.

    With them, ``@given(...)`` infers strategies from annotations and
    ``hypothesis.strategies.from_type(Problem)`` works. Where `gradcheck.problem` has
    not been imported nobody can ask for either; then it is done as soon as it is.
    """
    if "gradcheck.problem" in sys.modules:
        _register()
    elif _register not in gradcheck.when_problem_is_imported:
        gradcheck.when_problem_is_imported.append(_register)


def _register() -> None:
    from hypothesis import strategies as st

    from gradcheck.problem import Network, Problem

    st.register_type_strategy(Problem, _problems)
    st.register_type_strategy(Network, _networks)


def _problems(_: "type[Problem]") -> Any:
    from gradcheck.strategies import softmax_problems

    return softmax_problems()


def _networks(_: "type[Network]") -> Any:
    from hypothesis import strategies as st

    from gradcheck import networks

    return st.sampled_from(networks.NAMES).map(networks.get)
