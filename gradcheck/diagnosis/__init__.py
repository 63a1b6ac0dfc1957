"""From measurements to named mistakes, each verified by committing it."""

from gradcheck.diagnosis.examine import diagnose
from gradcheck.diagnosis.fixed import diagnose_fixed
from gradcheck.diagnosis.records import Diagnosis, Example, Finding

__all__ = ["Diagnosis", "Example", "Finding", "diagnose", "diagnose_fixed"]
