"""What random directions prove about a whole gradient, and with what probability."""

from math import sqrt


def certify(tau: float, directions: int, delta: float) -> float:
    """Bound the norm of an error that no direction showed to be larger than `tau`.

    Parameters
    ----------
    tau : float
        Largest ``|e . u|`` that the measurements allow, over all directions.
    directions : int
        Number of independent directions, drawn after the gradient was fixed, with
        independent entries uniform on [-3/2, -1/2] and [1/2, 3/2].
    delta : float
        Probability with which the bound may fail, in (0, 1).

    Returns
    -------
    float
        ``sqrt(2) * tau * delta**(-1/directions)``.

    Notes
    -----
    The entries have densities of at most 1/2, so ``P(|e . u| <= t) <= sqrt(2) t / |e|``
    for any `e` [1]_: independent of its pattern and of the number of parameters. The
    maximum over directions is what the bound may be read from after seeing the data.

    References
    ----------
    .. [1] M. Rudelson & R. Vershynin, "Small ball probabilities for linear images of
       high-dimensional distributions", IMRN 2015.

    Examples
    --------
    >>> round(certify(1e-9, directions=8, delta=1e-6) / 1e-9, 2)
    7.95
    """
    return sqrt(2) * tau * float(delta ** (-1 / directions))
