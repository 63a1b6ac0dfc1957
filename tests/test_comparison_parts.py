"""The parts of a judgement that ordinary gradients seldom reach."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.comparison import examine, ruling
from gradcheck.comparison.ruling import _complete, _is_open, _settle
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


def test_many_parameters_are_sharpened_only_where_the_verdict_is_open(monkeypatch):
    def offset(points):
        return losses(points) + 1e7

    def judged():
        return examine(offset, gradient, PARAMS, gradient(PARAMS))

    sharp = judged()
    monkeypatch.setattr(ruling, "_DEAR", 10)
    cheap = judged()
    assert (sharp.verdict, cheap.verdict) == ("correct", "correct")
    assert sharp.gradient_calls > 0
    assert cheap.gradient_calls == 0
    bounds = [found.parameters["a"].bound.rel_error for found in (sharp, cheap)]
    assert bounds[0] < bounds[1] < 1e-2


def test_directions_that_were_left_out_are_made_up_for(scene):
    (few,) = run(survey(scene, ["a"], 3), losses)[0]
    short = weigh(scene, few)
    whole, evaluations = run(_complete(short), losses)
    assert evaluations > 0
    assert len(whole.block.probes) == 8
    assert whole.bound < short.bound
    assert run(_complete(whole), losses) == (whole, 0)
    blunt, _ = run(_complete(replace(short, bound=1e-15)), losses)
    assert blunt.bound == 1e-15
    assert len(blunt.block.probes) == 8
    off = few.probes[0].analytic + 1e-3
    accused, _ = run(_complete(weigh(scene, with_first(few, analytic=off))), losses)
    assert accused.state == "right"
    assert len(accused.block.probes) == 10  # and two fresh ones


def test_more_directions_are_taken_where_they_could_settle_it(scene, block):
    finding = weigh(scene, block)
    assert not _is_open(finding)  # settled
    loud = replace(block, size=finding.bound / 5e-2)
    elsewhere = replace(scene, moved=True)  # so not cramped
    assert _is_open(weigh(elsewhere, loud))
    hopeless = replace(block, size=finding.bound)
    assert not _is_open(weigh(elsewhere, hopeless))
    assert not _is_open(replace(finding, state="kink"))
