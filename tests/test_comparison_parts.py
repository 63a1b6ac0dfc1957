"""The parts of a judgement that ordinary gradients seldom reach."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.comparison.ruling import _settle
from gradcheck.comparison.scene import CountedGradient, set_scene, survey
from gradcheck.comparison.weighing import Finding, weigh
from gradcheck.comparison.words import explain
from gradcheck.numeric.ladder import Slope
from gradcheck.numeric.plans import run

PARAMS = {"a": np.linspace(0.5, 2.0, 10)}


def losses(points):
    return np.array([float(np.sum(np.exp(p["a"]))) for p in points])


def gradient(p):
    return {"a": np.exp(p["a"])}


@pytest.fixture
def scene():
    plan = set_scene(
        PARAMS, gradient(PARAMS), CountedGradient(gradient), 0, 1e-6, None, None
    )
    return run(plan, losses)[0]


@pytest.fixture
def block(scene):
    return run(survey(scene, ["a"]), losses)[0][0]


def with_first(block, **changes):
    return replace(
        block, probes=(replace(block.probes[0], **changes), *block.probes[1:])
    )


def test_one_direction_alone_does_not_condemn(scene, block):
    off = block.probes[0].analytic + 1e-3
    finding, evaluations = run(_settle(scene, with_first(block, analytic=off)), losses)
    assert evaluations > 0  # two fresh directions were looked along
    assert len(finding.block.probes) == 10
    assert finding.state == "right"
    assert finding.bound > 1e-3  # and what the first one shows still counts


def test_most_directions_blind_is_blind(scene, block):
    blind = Slope(np.nan, np.inf, np.nan, "blind")
    probes = tuple(replace(probe, slope=blind) for probe in block.probes[:5])
    finding = weigh(scene, replace(block, probes=(*probes, *block.probes[5:])))
    assert finding.state == "blind"
    assert explain(finding) == (
        "no three steps give the same slope: the loss is too rough here"
    )


def test_a_contradiction_between_point_and_segments_is_said(scene, block):
    assert explain(Finding("doubtful", scene, block)) == (
        "the derivative at the point and the change of the loss along segments "
        "through it contradict each other"
    )


def test_the_clearer_of_two_findings_is_kept(scene, block):
    sharp = replace(weigh(scene, block), bound=1e-9)
    blunt = replace(sharp, bound=1e-3)
    kink, wrong = Finding("kink", scene, block), Finding("wrong", scene, block)
    assert sharp.clearer_than(blunt)
    assert not blunt.clearer_than(sharp)
    assert sharp.clearer_than(kink)
    assert wrong.clearer_than(sharp)
    assert not kink.clearer_than(sharp)
    assert not kink.cramped
