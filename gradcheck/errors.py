"""The exceptions that gradcheck raises on purpose."""


class GradcheckError(Exception):
    """Base of everything that gradcheck raises on purpose."""


class SubmissionError(GradcheckError):
    """The code under examination could not be loaded, understood or run."""


class GradientMismatchError(GradcheckError, AssertionError):
    """A gradient is not known to be right; the text is the whole report."""
