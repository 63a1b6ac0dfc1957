"""The only orchestrator: from a function to a report."""

from gradcheck.checker.gradients import check_gradients
from gradcheck.checker.network import Scenario, check_network, scenarios
from gradcheck.checker.vjp import check_vjp

__all__ = ["Scenario", "check_gradients", "check_network", "check_vjp", "scenarios"]
