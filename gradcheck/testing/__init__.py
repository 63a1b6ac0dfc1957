"""For test suites: checks by name, property-based tests, and what pytest shows.

Examples
--------
>>> from gradcheck import networks
>>> check = next(checks_for(networks.get("linear").loss_and_grads, network="linear"))
>>> check.id, check.sentence
('W-N7-reg0.1', 'the gradient of W is right at N = 7, reg = 0.1')
>>> check()
"""

from gradcheck.testing.checks import checks_for
from gradcheck.testing.pages import page
from gradcheck.testing.parametrize import parametrize_with_checks
from gradcheck.testing.properties import assert_network
from gradcheck.testing.records import RULES, Check
from gradcheck.testing.subjects import examine, require

__all__ = [
    "RULES",
    "Check",
    "assert_network",
    "checks_for",
    "examine",
    "page",
    "parametrize_with_checks",
    "require",
]
