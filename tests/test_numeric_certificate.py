"""The certificate: the constant is attained, and never exceeded."""

import numpy as np
import pytest

from gradcheck.numeric.certificate import certify
from gradcheck.numeric.directions import Seeded, measure_scale


def test_more_directions_certify_more():
    bounds = [certify(1.0, k, 1e-6) for k in (1, 2, 4, 8, 16)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[3] == pytest.approx(2**0.5 * 10**0.75)


@pytest.mark.parametrize("pattern", ["one", "two equal", "dense", "decaying"])
def test_small_projections_are_no_more_likely_than_promised(pattern):
    n, tries = 12, 40_000
    rng = np.random.default_rng(3)
    e = {
        "one": np.eye(n)[0],
        "two equal": np.eye(n)[0] + np.eye(n)[1],
        "dense": rng.normal(size=n),
        "decaying": 0.5 ** np.arange(n),
    }[pattern]
    e /= np.linalg.norm(e)
    params = {"x": np.ones(n * tries)}
    line = Seeded(("x",), measure_scale(params), (1,))
    u = line.vectors(params)["x"].reshape(tries, n)
    for tau in (0.02, 0.1, 0.3):
        share = np.mean(np.abs(u @ e) <= tau)
        promised = 2**0.5 * tau
        assert share <= promised + 4 * np.sqrt(promised / tries)
    if pattern == "two equal":  # the constant cannot be improved
        assert np.mean(np.abs(u @ e) <= 0.1) > 0.9 * 2**0.5 * 0.1


def test_a_single_wrong_entry_cannot_hide():
    params = {"x": np.ones(1000)}
    u = Seeded(("x",), measure_scale(params), (0,)).vectors(params)["x"]
    assert (np.abs(u) >= 0.5).all()
