"""The judgement piece by piece: weights, words, looks, curves, points nearby, cost."""

from dataclasses import replace
from math import hypot, inf, nan

import numpy as np
import pytest

from gradcheck import GradcheckError
from gradcheck import comparison as judging
from gradcheck.comparison import examine, hearing, looks_wrong
from gradcheck.comparison.curves import _order, draw_curves
from gradcheck.comparison.glance import _glares
from gradcheck.comparison.records import Certificate, Entry, Judgement
from gradcheck.comparison.ruling import _directions, _is_noisy, _spell_out
from gradcheck.comparison.scene import (
    CountedGradient,
    as_gradient,
    extend,
    move,
    round_honestly,
    set_scene,
    survey,
)
from gradcheck.comparison.weighing import (
    MATTERS,
    Finding,
    bound_error,
    least_seen,
    weigh,
)
from gradcheck.comparison.words import explain
from gradcheck.numeric.certificate import certify
from gradcheck.numeric.directions import Axis, Scale, Seeded, measure_scale, project
from gradcheck.numeric.ladder import Rungs, Slope
from gradcheck.numeric.noise import Noise
from gradcheck.numeric.path import Segment
from gradcheck.numeric.patterns import Location, Measured
from gradcheck.numeric.plans import Driver, run
from gradcheck.numeric.probes import DIRECTIONS, Block, Probe

EPS = float(np.finfo(float).eps)
SINGLE = float(np.finfo(np.float32).eps)
PARAMS = {"a": np.linspace(0.5, 2.0, 10), "b": np.array([3.1, 4.2])}


def losses(points):
    return np.array([float(sum(np.sum(x**2) for x in p.values())) for p in points])


def gradient(p):
    return {name: 2 * x for name, x in p.items()}


def staged(params=PARAMS, grads=None, **options):
    given = {"noise": None, "dtype": None, "seed": 0, "delta": 1e-6, **options}
    plan = set_scene(
        params, gradient(params) if grads is None else grads,
        CountedGradient(gradient), given["seed"], given["delta"], given["noise"],
        given["dtype"],
    )  # fmt: skip
    return run(plan, losses)


@pytest.fixture
def scene():
    return staged()[0]


def probe(direction=None, *, off=0.0, error=0.25, rounding=0.0, **slope):
    given = {"step": 1e-3, "status": "measured", **slope}
    return Probe(
        direction or Seeded(("a",), Scale({}, {}), (0,)), 2.0 + off, rounding,
        Slope(2.0, error, **given),
    )  # fmt: skip


def found(scene, state="right", *probes, name="a", size=1.0, **more):
    return Finding(state, scene, Block(name, size, probes), **more)


# --- weighing ----------------------------------------------------------------


def test_a_bound_is_a_share_of_the_size_and_settles_within_one_per_cent(scene):
    finding = found(scene, size=2.0, bound=0.02)
    assert (finding.rel_bound, finding.settled) == (0.01, True)
    assert MATTERS == 0.01
    assert not replace(finding, bound=0.021).settled
    assert found(scene, size=0.0, bound=0.0).rel_bound == inf
    assert found(scene, "wrong").settled
    assert not found(scene, "kink", bound=0.0).settled


def test_steps_far_below_what_noise_asks_are_cramped(scene):
    scene = replace(scene, noise=Noise(1e-9, EPS))
    best = 1e-3 * 0.01  # a hundredth of the cube root
    near, far = probe(step=0.99 * best), probe(step=1.01 * best)
    assert found(scene, "right", far, near).cramped
    assert not found(scene, "right", far).cramped
    assert found(scene, "right", near, size=1.0).cramped
    assert not found(scene, "right", near, size=8.0).cramped
    assert not found(scene, "kink", near).cramped
    assert not found(scene, "right", near, size=0.0).cramped
    assert not found(replace(scene, moved=True), "right", near).cramped
    assert not found(scene, "right", near, probe(step=1.0, sides="forward")).cramped
    assert not found(scene, "right", probe(step=1e-9, error=inf)).cramped


def test_a_wrong_finding_elsewhere_says_most(scene):
    sharp, blunt = found(scene, bound=1e-4), found(scene, bound=1e-3)
    open_one = found(scene, bound=0.5)
    wrong = found(scene, "wrong")
    assert wrong.clearer_than(wrong)
    assert wrong.clearer_than(sharp)
    assert not sharp.clearer_than(sharp)
    assert sharp.clearer_than(blunt)
    assert not blunt.clearer_than(sharp)
    assert sharp.clearer_than(open_one)
    assert not open_one.clearer_than(found(scene, bound=0.9))


def test_random_directions_certify_and_entries_add_up(scene):
    random = [probe(Seeded(("b",), scene.scale, (k,))) for k in range(3)]
    axes = [probe(Axis("b", (k,), scene.scale)) for k in range(2)]
    taus = [1.0, 3.0, 2.0]
    assert bound_error(scene, "b", random, taus) == certify(3.0, 3, 1e-6)
    assert bound_error(scene, "b", axes, [3.0, 4.0]) == 5.0
    assert bound_error(scene, "b", axes[:1], [3.0]) == inf
    both = bound_error(scene, "b", [*random, *axes], [*taus, 3.0, 4.0])
    assert both == min(certify(4.0, 3, 1e-6), 5.0)
    assert bound_error(scene, "b", [random[0], *axes], [9.0, 3.0, 4.0]) == 5.0
    assert bound_error(scene, "b", [], []) == inf


def test_an_entry_is_seen_by_two_directions(scene):
    random = [probe(Seeded(("b",), scene.scale, (k,))) for k in range(3)]
    axes = [probe(Axis("b", (k,), scene.scale)) for k in range(2)]
    assert least_seen(scene, "b", random, [3.0, 1.0, 2.0]) == 8.0
    assert least_seen(scene, "b", random[:1], [3.0]) == inf
    assert least_seen(scene, "b", axes, [3.0, 1.0]) == 6.0
    assert least_seen(scene, "b", axes[:1], [3.0]) == inf
    assert least_seen(scene, "b", [random[0], *axes], [0.5, 3.0, 1.0]) == 6.0
    assert least_seen(scene, "b", [random[0], *axes], [2.0, 3.0, 1.0]) == 8.0
    assert least_seen(scene, "b", [*random[:2], *axes], [1.0, 1.2, 3.0, 1.0]) == 4.8


def test_what_is_measured_is_weighed_and_half_of_it_is_enough(scene):
    good = [probe(Seeded(("a",), scene.scale, (k,)), off=0.5 * k) for k in range(2)]
    blind = [probe(status="blind") for _ in range(3)]
    finding = weigh(scene, Block("a", 2.0, (*good, *blind[:2])))
    assert finding.state == "right"
    assert finding.bound == certify(0.5 + 0.25, 2, 1e-6)
    assert finding.detectable == 4 * 0.25
    assert weigh(scene, Block("a", 2.0, (*good, *blind))).state == "blind"


# --- words -------------------------------------------------------------------

WEAK = "the derivative by 'a' is too small to measure here: {} could have stayed unseen"


@pytest.mark.parametrize(
    ("state", "more", "said"),
    [
        ("right", {"bound": 0.01}, ""),
        ("right", {"bound": 0.011}, WEAK.format("an error of 1% of the gradient")),
        ("right", {"bound": 0.5}, WEAK.format("an error of 50% of the gradient")),
        ("right", {"bound": 1.0}, WEAK.format("a gradient wrong throughout")),
        ("right", {"size": 0.0},
         "grads['a'] is 0 and so is the derivative, as far as it can be measured: a "
         "wrong gradient could look the same"),
        ("kink", {}, "the point sits on a kink of the loss, and so do points near it"),
        ("doubtful", {}, "the derivative at the point and the change of the loss along "
         "segments through it contradict each other"),
        ("blind", {},
         "no three steps give the same slope: the loss is too rough here"),
        ("wrong", {}, ""),
        ("wrong", {"path": True}, "the loss is too noisy here for small steps: shown "
         "by its change along segments"),
    ],
)  # fmt: skip
def test_a_finding_is_explained_where_it_is_not_plain(scene, state, more, said):
    assert explain(found(scene, state, probe(), **more)) == said
    beside = found(scene, state, probe(), probe(sides="forward"), **more)
    side = "the loss exists on one side of the point only: measured forward"
    assert explain(beside) == "; ".join(filter(None, [side, said]))
    moved = found(replace(scene, moved=True), state, probe(), **more)
    away = "checked about 1 % away from the point, where no kink is in the way"
    settled = state == "wrong" or more.get("bound", inf) <= 0.01
    assert explain(moved) == "; ".join(filter(None, [said, settled and away]))


def test_the_first_entry_that_is_not_finite_is_named(scene):
    grads = {"a": np.full(10, nan), "b": np.array([1.0, inf])}
    scene = replace(scene, grads=grads)
    assert explain(found(scene, "wrong", name="b")) == "grads['b'][1] is inf"
    assert explain(found(scene, "wrong")) == "grads['a'][0] is nan"
    scalar = replace(scene, grads={"a": np.array(-inf)})
    assert explain(found(scalar, "wrong")) == "grads['a'] is -inf"


# --- a glance ----------------------------------------------------------------


def test_a_glance_wants_ten_tolerances_and_a_thousandth_of_the_size():
    assert _glares(probe(off=2.6), 1.0)
    assert not _glares(probe(off=2.5), 1.0)
    assert _glares(probe(off=-2.6), 1.0)
    assert not _glares(probe(off=2.6), 2600.0)
    assert _glares(probe(off=2.6), 2599.0)
    assert not _glares(probe(off=2.6, status="kink"), 1.0)
    assert not _glares(probe(off=2.6, rounding=0.01), 1.0)


def test_a_glance_is_cheap_and_looks_where_it_is_told():
    asked = []

    def evaluate(points):
        points = list(points)
        asked.extend(points)
        return losses(points)

    right = gradient(PARAMS)
    wrong = {**right, "b": right["b"] * 1.5}
    assert looks_wrong(evaluate, PARAMS, wrong, names=["b"])
    assert looks_wrong(evaluate, PARAMS, wrong, names=["a", "b"])
    assert not looks_wrong(evaluate, PARAMS, wrong, names=["a"])
    assert not looks_wrong(evaluate, PARAMS, wrong, names=[])
    asked.clear()
    assert not looks_wrong(evaluate, PARAMS, right, names=["b"])
    assert 10 < len(asked) < 60
    lost = {**right, "b": np.array([nan, 1.0])}
    assert not looks_wrong(evaluate, PARAMS, lost, names=["b"])
    assert not looks_wrong(evaluate, PARAMS, {**wrong, "a": lost["b"][:1] * right["a"]},
                           names=["a", "b"])  # fmt: skip
    empty = {**PARAMS, "a": np.zeros(0)}
    assert not looks_wrong(evaluate, empty, {**wrong, "a": np.zeros(0)},
                           names=["a", "b"])  # fmt: skip
    assert not looks_wrong(lambda p: losses(p) * nan, PARAMS, wrong, names=["b"])
    whole = {"a": np.arange(1, 4)}
    assert looks_wrong(losses, whole, {"a": np.arange(1, 4)}, names=["a"])


# --- scenes ------------------------------------------------------------------


def test_calls_are_counted_and_what_a_gradient_raises_is_nan():
    def raises(p):
        raise ValueError("no")

    counted = CountedGradient(raises)
    lost = counted(PARAMS)
    assert counted.calls == 1
    assert {k: g.shape for k, g in lost.items()} == {"a": (10,), "b": (2,)}
    assert all(np.isnan(g).all() for g in lost.values())
    right = CountedGradient(gradient)
    right(PARAMS)
    assert right(PARAMS)["b"].tolist() == [6.2, 8.4]
    assert right.calls == 2
    with pytest.raises(GradcheckError, match="'b'"):
        CountedGradient(lambda p: {"a": p["a"]})(PARAMS)


def test_keys_and_shapes_of_a_gradient_are_told_in_sentences():
    with pytest.raises(GradcheckError) as info:
        as_gradient(PARAMS, {"a": PARAMS["a"]})
    assert str(info.value) == "grads['b'] is missing, but params has 'b'"
    with pytest.raises(GradcheckError) as info:
        as_gradient(PARAMS, {"a": PARAMS["a"], "b": np.ones((2, 1))})
    assert str(info.value) == (
        "grads['b'].shape = (2, 1), but should be (2,), the shape of params['b']"
    )
    made = as_gradient(PARAMS, {"a": PARAMS["a"], "b": [1, 2], "c": 5})
    assert list(made) == ["a", "b"]
    assert (made["b"].dtype, made["a"] is PARAMS["a"]) == (np.float64, True)


def test_a_scene_is_the_point_its_loss_and_its_noise():
    scene, cost = staged()
    assert cost == 1 + 16
    assert scene.origin == losses([PARAMS])[0]
    assert scene.scale == measure_scale(PARAMS)
    assert (scene.grad_eps, scene.noise.eps, scene.delta) == (EPS, EPS, 1e-6)
    sizes = [np.linalg.norm(np.maximum(np.abs(x), scene.scale.floors[n]) * 2 * x)
             for n, x in PARAMS.items()]  # fmt: skip
    least = EPS * (scene.origin + hypot(*sizes))
    assert least <= scene.noise.level < 20 * least
    assert (scene.seed, scene.moved) == ((0,), False)
    assert staged(seed=-7)[0].seed == (7,)
    assert staged(noise=0.5)[0].noise == Noise(0.5, EPS)
    assert staged(noise=1e-30)[0].noise == scene.noise
    assert staged(delta=1e-3)[0].delta == 1e-3
    assert scene.everything(4) == Seeded(("a", "b"), scene.scale, (0, 1, 4))


def test_a_gradient_in_single_precision_is_known_by_its_values():
    given = {"a": np.linspace(0.1, 2, 10), "b": np.array([0.1, 0.7])}
    held = {k: g.astype(np.float32).astype(float) for k, g in given.items()}
    assert staged(grads=held)[0].grad_eps == SINGLE
    zero = {k: 0 * g for k, g in held.items()}
    assert staged(grads=zero)[0].grad_eps == EPS
    assert staged(dtype=np.float32)[0].grad_eps == SINGLE
    assert staged(dtype=np.float32)[0].noise.eps == SINGLE


def test_a_loss_that_is_not_there_is_not_measured_further():
    plan = set_scene(
        PARAMS, gradient(PARAMS), CountedGradient(gradient), 0, 1e-6, 0.5, None
    )
    scene, cost = run(plan, lambda points: np.array([nan for _ in points]))
    assert cost == 1
    assert scene.noise == Noise(0.5, EPS)
    assert np.isnan(scene.origin)


def test_a_point_nearby_is_one_per_cent_away(scene):
    near, cost = run(move(scene, 2), losses)
    assert cost == 1
    v = scene.everything(3).vectors(PARAMS)
    for name, x in PARAMS.items():
        assert np.allclose(near.params[name], x + 0.01 * v[name], rtol=1e-15)
        assert near.grads[name].tolist() == (2 * near.params[name]).tolist()
    assert near.origin == losses([near.params])[0]
    assert near.scale == measure_scale(near.params)
    assert (near.seed, near.moved, near.delta) == ((0, 2), True, scene.delta)
    assert near.noise == scene.noise
    quiet, _ = run(move(replace(scene, noise=Noise(0.0, EPS)), 0), losses)
    sizes = [
        np.linalg.norm(np.maximum(np.abs(x), quiet.scale.floors[n]) * quiet.grads[n])
        for n, x in quiet.params.items()
    ]
    assert quiet.noise.level == pytest.approx(EPS * (quiet.origin + hypot(*sizes)))
    assert scene.gradient.calls == 2


def test_parameters_are_surveyed_in_step_and_extended_by_what_is_missing(scene):
    blocks, _ = run(survey(scene, ["b", "a"], 2), losses)
    assert [(b.name, len(b.probes)) for b in blocks] == [("b", 2), ("a", 2)]
    assert blocks[1].probes[1].direction == Seeded(("a",), scene.scale, (0, 2, 0, 1))
    assert blocks[0].probes[0].direction == Seeded(("b",), scene.scale, (0, 2, 1, 0))
    longer, more = run(extend(scene, blocks, 4), losses)
    assert [len(b.probes) for b in longer] == [4, 4]
    assert longer[0].probes[:2] == blocks[0].probes
    assert longer[0].probes[3].direction == Axis("b", (0,), scene.scale)
    assert more == 4 * 6
    whole, _ = run(extend(scene, longer), losses)
    assert [len(b.probes) for b in whole] == [5, DIRECTIONS]
    assert run(extend(scene, whole), losses)[1] == 0


def test_rounding_is_measured_by_eight_gradients_and_is_at_least_the_last_digit(scene):
    blocks = run(survey(scene, ["a", "b"], 2), losses)[0]
    before = scene.gradient.calls
    honest = round_honestly(scene, blocks)
    assert scene.gradient.calls == before + 8
    for block, measured in zip(blocks, honest, strict=True):
        for old, new in zip(block.probes, measured.probes, strict=True):
            assert new.direction is old.direction
            assert EPS * abs(old.analytic) <= new.rounding < 100 * old.rounding
    lost = replace(scene, gradient=CountedGradient(lambda p: 1 / 0))
    assert round_honestly(lost, blocks)[0].probes == blocks[0].probes


# --- rulings -----------------------------------------------------------------


def test_noisy_parameters_are_gone_through_entry_by_entry_small_ones_first(scene):
    params = {"a": np.ones(60), "b": np.ones(20), "c": np.ones(40), "d": np.ones(9)}
    scene = replace(scene, params=params)
    loud = [Block(n, 1.0, (probe(error=1e-3),)) for n in "abcd"]
    assert _spell_out(scene, loud) == {"b", "c", "d"}
    assert _spell_out(scene, loud[:2]) == {"a", "b"}
    quiet = Block("b", 1.0, (probe(error=1e-8),))
    assert _spell_out(scene, [quiet]) == set()
    assert _spell_out(scene, [Block("a", 1.0, (probe(error=1e-3),))]) == {"a"}
    brim = replace(scene, params={"a": np.ones(90)})
    assert _spell_out(brim, loud[:1]) == {"a"}
    wide = replace(scene, params={"a": np.ones(91)})
    assert _spell_out(wide, loud[:1]) == set()


def test_a_loss_is_noisy_beyond_a_share_of_the_size_and_the_rounding(scene):
    assert _is_noisy(scene, Block("a", 1.0, (probe(error=1.1e-7),)))
    assert not _is_noisy(scene, Block("a", 1.0, (probe(error=0.9e-7),)))
    assert not _is_noisy(scene, Block("a", 2.0, (probe(error=1.1e-7),)))
    assert not _is_noisy(scene, Block("a", 1.0, (probe(error=1e-3, rounding=1e-2),)))
    assert not _is_noisy(scene, Block("a", 0.0, (probe(error=1e-3),)))
    assert not _is_noisy(scene, Block("a", 1.0, (probe(error=1e-3, status="kink"),)))
    dear = replace(scene, params={"a": np.broadcast_to(np.ones(1), 1_000_000)})
    assert not _is_noisy(dear, Block("a", 1.0, (probe(error=1e-3),)))
    almost = replace(scene, params={"a": np.broadcast_to(np.ones(1), 999_999)})
    assert _is_noisy(almost, Block("a", 1.0, (probe(error=1e-3),)))


def test_how_many_directions_a_parameter_is_worth(scene):
    scene = replace(scene, noise=Noise(1e-9, EPS))
    plain, loud = probe(error=1e-9), probe(error=1e-3)
    for lead, decided, count in (
        (plain, False, 8), (loud, False, 4), (plain, True, 3), (loud, True, 3),
        (probe(status="kink"), False, 1), (probe(error=1e-9, step=1e-6), False, 3),
        (probe(error=1e-9, step=1e-6), True, 3),
    ):  # fmt: skip
        assert _directions(scene, Block("a", 1.0, (lead,)), decided) == count


# --- hearings ----------------------------------------------------------------


def test_the_wider_rounding_is_kept(scene):
    one = Block("a", 1.0, (probe(rounding=1.0), probe(rounding=2.0)))
    other = Block("a", 1.0, (probe(rounding=3.0), probe(rounding=0.5)))
    assert [p.rounding for p in hearing.widest(one, other).probes] == [3.0, 2.0]


def test_the_excess_is_counted_in_tolerances():
    assert hearing.excess(probe(off=1.0)) == 4.0
    assert hearing.excess(probe(off=-1.0, rounding=0.25)) == 2.0
    assert hearing.excess(probe(off=0.0, error=0.0)) == 0.0
    calm, loud = probe(off=0.25), probe(off=0.26)
    assert hearing.suspicious(Block("a", 1.0, (calm, loud))) == [loud]


def test_two_that_accuse_need_no_fresh_direction(scene):
    block = run(survey(scene, ["a"], 3), losses)[0][0]
    off = [replace(p, analytic=p.analytic + 1.0) for p in block.probes]
    twice = replace(block, probes=(*off[:2], block.probes[2]))
    assert run(hearing.second_direction(scene, twice), losses) == (twice, 0)
    once = replace(block, probes=(off[0], *block.probes[1:]))
    more, cost = run(hearing.second_direction(scene, once), losses)
    assert cost > 0
    assert more.probes[:3] == once.probes
    fresh = [Seeded(("a",), scene.scale, (0, 3, k)) for k in range(2)]
    assert [p.direction for p in more.probes[3:]] == fresh
    for p in more.probes[3:]:
        value, magnitude = project(p.direction, scene.params, scene.grads)
        assert (p.analytic, p.rounding) == (value, 4 * EPS * magnitude)
        assert not p.suspicious


@pytest.mark.parametrize(("by", "guilty"), [(0.0, False), (1e-3, True)])
def test_segments_are_heard_and_the_gradient_is_asked_again(scene, by, guilty):
    def off(p):
        return {name: 2 * x + by for name, x in p.items()}

    scene = replace(scene, gradient=CountedGradient(off), grads=off(PARAMS))
    block = run(survey(scene, ["a"], 2), losses)[0][0]
    accusers = [replace(p, analytic=p.analytic + (0 if by else 1e-3)) for p in
                block.probes]  # fmt: skip
    # with a right gradient elsewhere: wrong only if it is not what was asked for here
    assert run(hearing.hear(scene, accusers), losses)[0] is True
    if not guilty:
        here = [replace(p, slope=replace(p.slope, value=p.slope.value - 1e-3)) for p in
                block.probes]  # fmt: skip
        assert run(hearing.hear(scene, here), losses)[0] is False


def test_where_no_segment_can_tell_three_glaring_directions_are_needed(scene):
    lost = replace(scene, gradient=CountedGradient(lambda p: {k: x * nan for k, x in
                                                              p.items()}))  # fmt: skip
    glaring = [probe(Seeded(("a",), scene.scale, (k,)), off=2.6) for k in range(3)]
    assert run(hearing.hear(lost, glaring), losses)[0] is True
    assert run(hearing.hear(lost, glaring[:2]), losses)[0] is False
    mild = [*glaring[:2], probe(Seeded(("a",), scene.scale, (3,)), off=2.5)]
    assert run(hearing.hear(lost, mild), losses)[0] is False


# --- curves ------------------------------------------------------------------


def test_remainders_follow_a_power_of_the_step():
    steps = 1e-3 * 4.0 ** np.arange(6)
    assert _order(steps, 3 * steps**2, 1e-12) == pytest.approx(2.0)
    assert _order(steps, 0.1 * steps, 1e-12) == pytest.approx(1.0)
    assert _order(steps[:3], steps[:3], 1e-12) == pytest.approx(1.0)
    assert _order(steps[:2], steps[:2], 1e-12) is None
    assert _order(steps, steps**2, steps[3] ** 2 / 100) is None
    assert _order(steps, steps**2, steps[2] ** 2 / 100) == pytest.approx(2.0)
    bent = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 1e9])
    assert _order(steps, bent, 1e-12) == pytest.approx(0.5)


def test_curves_hold_what_the_ladder_saw(scene):
    block = run(survey(scene, ["a"], 1), losses)[0][0]
    lead = block.probes[0]
    findings = {"a": Finding("right", scene, block), "b": found(scene, name="b")}
    curves, cost = run(draw_curves(findings, more=False), losses)
    assert (list(curves), cost) == (["a"], 0)
    steps, taylor = curves["a"]["steps"], curves["a"]["taylor"]
    assert steps["h"] == taylor["h"] == lead.slope.rungs.steps.tolist()
    rungs = lead.slope.rungs
    assert steps["error"] == np.abs(rungs.slopes - lead.analytic).tolist()
    assert steps["noise"] == (2 * scene.noise.level / rungs.steps).tolist()
    assert steps["chosen"] == lead.slope.step
    rest = rungs.plus - scene.origin - rungs.steps * lead.analytic
    assert taylor["remainder"] == np.abs(rest).tolist()
    assert taylor["slope"] == pytest.approx(2.0, abs=0.05)
    blind = replace(lead, slope=replace(lead.slope, status="blind"))
    rough = {"a": Finding("blind", scene, replace(block, probes=(blind,)))}
    assert (
        run(draw_curves(rough, more=False), losses)[0]["a"]["steps"]["chosen"] is None
    )
    lost = replace(lead, slope=replace(lead.slope, rungs=None))
    none = {"a": Finding("blind", scene, replace(block, probes=(lost,)))}
    assert run(draw_curves(none), losses) == ({}, 0)


def test_larger_steps_are_drawn_where_they_may_be_spent(scene):
    block = run(survey(scene, ["a"], 1), losses)[0][0]
    lead = block.probes[0]
    short = np.array([1e-3, 4e-3, 1.6e-2])
    v = lead.direction.vectors(PARAMS)["a"]
    plus, minus = (
        losses([{**PARAMS, "a": PARAMS["a"] + s * h * v} for h in short])
        for s in (1, -1)
    )
    lead = replace(lead, slope=replace(lead.slope, rungs=Rungs(short, plus, minus)))
    findings = {"a": Finding("right", scene, replace(block, probes=(lead,)))}
    assert run(draw_curves(findings, spare=7), losses)[1] == 0
    curves, cost = run(draw_curves(findings, spare=8), losses)
    assert cost == 8
    h = curves["a"]["steps"]["h"]
    assert h[:3] == short.tolist()
    assert h[3:] == pytest.approx(np.geomspace(1.6e-2, 0.3, 5)[1:].tolist())
    assert max(curves["a"]["steps"]["error"]) < 1e-8  # a parabola, on every step


# --- records and the whole ---------------------------------------------------


@pytest.mark.parametrize(
    ("analytic", "numeric", "error"),
    [(2.0, 1.0, 0.5), (1.0, 2.0, 0.5), (-2.0, 1.0, 1.5), (0.0, 0.0, 0.0),
     (1.0, 0.0, 1.0), (nan, 1.0, 1.0), (inf, 1.0, 1.0), (3.0, 3.0, 0.0)],
)  # fmt: skip
def test_the_relative_error_of_an_entry_is_the_gap_over_the_larger(
    analytic, numeric, error
):
    assert Entry((0,), analytic, numeric, 0.1).rel_error == error


def test_the_worst_verdict_is_the_verdict():
    def overall(*verdicts):
        return judging._overall([Judgement(v) for v in verdicts])

    assert overall("correct", "wrong", "inconclusive") == "wrong"
    assert overall("correct", "inconclusive") == "inconclusive"
    assert overall("correct") == "correct"
    assert overall() == "inconclusive"


def test_without_a_loss_there_is_no_judgement():
    driver = Driver(losses)
    driver.evaluations, driver.complaint = 5, "ValueError: no"
    found = judging._unable(PARAMS, "nothing", driver)
    assert (found.verdict, found.message, found.evaluations) == (
        "inconclusive", "nothing (ValueError: no)", 5,
    )  # fmt: skip
    assert found.parameters["b"] == Judgement(
        "inconclusive", (2,), detail="nothing (ValueError: no)"
    )
    driver.complaint = ""
    assert judging._unable(PARAMS, "nothing", driver).message == "nothing"


def test_relative_numbers_are_shares_of_the_size(scene):
    block = [probe(off=0.5), probe(off=-1.0), probe(off=9.0, status="blind")]
    finding = found(scene, "right", *block, size=2.0, detectable=0.5)
    assert judging._relative(finding) == (0.5, 0.25)
    assert judging._relative(replace(finding, detectable=inf)) == (0.5, None)
    assert judging._relative(found(scene, "right", *block, size=0.0)) == (None, None)
    assert judging._relative(found(scene, "right", block[2])) == (None, None)


def test_the_clearest_random_direction_opens_the_search(scene):
    axis = probe(Axis("a", (0,), scene.scale), off=9.0)
    mild, clear = probe(off=0.5), probe(Seeded(("a",), scene.scale, (7,)), off=-2.0)
    block = Block("a", 1.0, (mild, axis, clear))
    assert judging._clearest(block) == (clear.direction, -2.0, 0.25)
    assert judging._clearest(Block("a", 1.0, (axis, probe(off=0.25)))) is None


def test_a_search_starts_from_what_was_measured(scene):
    block = [probe(step=1e-3), probe(step=3e-3), probe(step=1e-2),
             probe(step=9.0, status="blind")]  # fmt: skip
    search = judging.to_search(found(scene, "wrong", *block, size=4.0))
    assert (search.name, search.size, search.step) == ("a", 4.0, 3e-3)
    assert (search.origin, search.noise, search.grad_eps) == (
        scene.origin, scene.noise, scene.grad_eps,
    )  # fmt: skip
    assert (search.params, search.scale, search.seed) == (PARAMS, scene.scale, (0,))
    assert search.analytic is scene.grads["a"]
    assert judging.to_search(found(scene, "wrong")).step == 1e-6
    assert search.known is None
    loud = probe(off=9.0)
    known = judging.to_search(found(scene, "wrong", loud)).known
    assert known == (loud.direction, 9.0, 0.25)


def test_wrong_and_right_are_judged_with_their_numbers(scene):
    finding = found(scene, "wrong", probe(off=1.0), size=4.0, detectable=1.0)
    place = Location("entry [2]", (Measured((2,), 2.0, 1.0, 0.25),))
    entry = Entry((2,), 2.0, 1.0, 0.25)
    assert judging._condemn(finding, place) == Judgement(
        "wrong", (10,), 0.5, entry, None, 0.25, "entry [2]", "", (entry,)
    )
    nowhere = judging._condemn(finding, Location("dense", ()))
    assert nowhere == Judgement("wrong", (10,), 0.25, None, None, 0.25, "dense", "", ())
    right = replace(finding, state="right", bound=0.02)
    sure = Judgement(
        "correct", (10,), 0.25, bound=Certificate(0.005, 1e-6), detectable=0.25
    )
    assert judging._acquit(right, None) == sure
    assert judging._acquit(right, 0.005) == sure
    assert judging._acquit(right, 0.004) == replace(
        sure,
        verdict="inconclusive",
        detail="a relative error of 5.0e-03 could have stayed unseen, but none above "
        "4.0e-03 may",
    )
    open_one = judging._acquit(replace(right, bound=inf), 0.1)
    assert (open_one.verdict, open_one.bound) == ("inconclusive", None)
    assert "a gradient wrong throughout" in open_one.detail


def quartic(p):
    return float(np.sum(p["W"] ** 4) + np.sum(p["W"]) * np.sum(np.sin(p["b"])))


def quartic_gradient(p):
    return {
        "W": 4 * p["W"] ** 3 + np.sum(np.sin(p["b"])),
        "b": np.sum(p["W"]) * np.cos(p["b"]),
    }


POINT = {"W": np.linspace(-1.0, 2.0, 12).reshape(3, 4), "b": np.array([0.3, -0.7])}


def with_kink(p):
    return quartic(p) + float(np.abs(p["b"] - POINT["b"]).sum())


def kinked_gradient(p):
    g = quartic_gradient(p)
    return {**g, "b": g["b"] + np.sign(p["b"] - POINT["b"])}


def doubled(p):
    g = quartic_gradient(p)
    return {**g, "b": 2 * g["b"]}


def one_entry(p):
    g = quartic_gradient(p)
    g["W"][1, 2] *= 1.001
    return g


COST = {
    "right": (quartic, quartic_gradient, "correct", 133, 0),
    "an entry": (quartic, one_entry, "wrong", 173, 26),
    "doubled": (quartic, doubled, "wrong", 103, 26),
    "under a high level": (
        lambda p: quartic(p) + 1e7, quartic_gradient, "correct", 101, 80,
    ),
    "on a kink": (with_kink, kinked_gradient, "correct", 168, 1),
    "flat": (
        lambda p: 3.0, lambda p: {k: 0 * x for k, x in p.items()}, "inconclusive",
        187, 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COST)
def test_a_judgement_costs_what_its_openness_asks(name):
    loss, claimed, verdict, evaluations, calls = COST[name]
    found = examine(
        lambda points: np.array([loss(p) for p in points]), claimed, POINT,
        claimed(POINT),
    )  # fmt: skip
    assert found.verdict == verdict
    assert found.evaluations == evaluations
    assert found.gradient_calls == calls


def test_nothing_is_spent_on_the_random_numbers_of_another_seed():
    found = [
        examine(
            lambda points: np.array([quartic(p) for p in points]), quartic_gradient,
            POINT, quartic_gradient(POINT), seed=seed, delta=1e-3,
        )
        for seed in (1, 2)
    ]  # fmt: skip
    bounds = [f.parameters["W"].bound for f in found]
    assert bounds[0].rel_error != bounds[1].rel_error
    assert {b.probability for b in bounds} == {1e-3}


def test_an_entry_by_entry_look_holds_every_axis(scene):
    block = run(survey(scene, ["b"], 1), losses)[0][0]
    probes = hearing._entries(scene, block)
    assert probes[0] == block.probes[0]
    assert [p.direction for p in probes[1:]] == [
        Axis("b", (0,), scene.scale), Axis("b", (1,), scene.scale),
    ]  # fmt: skip
    for p, x in zip(probes[1:], PARAMS["b"], strict=True):
        assert p.analytic == pytest.approx(2 * x * x)
        assert p.rounding == pytest.approx(4 * EPS * 2 * x * x)
        assert (p.slope.status, p.slope.error) == ("blind", inf)


def test_directions_are_made_up_to_the_full_number(scene):
    block = run(survey(scene, ["a"], 3), losses)[0][0]
    probes = hearing._made_up(scene, block)
    assert len(probes) == DIRECTIONS
    assert probes[:3] == list(block.probes)
    assert [p.direction for p in probes[3:]] == [
        Seeded(("a",), scene.scale, (0, 4, k)) for k in range(5)
    ]
    widest = max(p.rounding for p in block.probes)
    assert {p.rounding for p in probes[3:]} == {widest}
    more = hearing._unmeasured(scene, block, 2, 10)
    assert [p.direction.seed for p in more] == [(0, 4, 10), (0, 4, 11)]


def test_segments_take_the_place_of_steps_where_they_prove_more(scene):
    right = [(Segment(0.1, 0.5, 1.0),)] * 3
    probes = [probe(Seeded(("a",), scene.scale, (k,))) for k in range(3)]
    blunt = found(scene, "right", *probes, bound=inf, detectable=2.0)
    sure = hearing._certified(blunt, probes, right)
    assert sure.bound == certify(1.5, 3, 1e-6)
    assert (sure.path, sure.detectable) == (True, 2.0)
    fine = hearing._certified(replace(blunt, detectable=9.0), probes, right)
    assert fine.detectable == 4 * 1.5
    sharp = replace(blunt, bound=1e-9)
    assert hearing._certified(sharp, probes, right) is sharp


def test_entries_that_segments_accuse_are_measured_by_them(scene):
    axis, line = Axis("b", (1,), scene.scale), Seeded(("b",), scene.scale, (0,))
    guilty = [(probe(axis), Segment(0.1, 2.0, 0.5)), (probe(line), Segment(0.1, 2, 1))]
    (entry,) = hearing._measured(scene, guilty)
    assert entry == Measured((1,), 8.4, 8.4 - 2.0 / 4.2, 0.5 / 4.2)


def by_one_per_cent(p):
    g = quartic_gradient(p)
    return {**g, "b": 1.01 * g["b"]}


def raised(p):
    return quartic(p) + 1e7


def judged(loss, claimed, point=POINT, **options):
    return examine(
        lambda points: np.array([loss(p) for p in points]), claimed, point,
        claimed(point), **options,
    )  # fmt: skip


def test_under_a_high_level_segments_condemn_and_say_so():
    found = judged(raised, by_one_per_cent)
    assert (found.verdict, found.evaluations, found.gradient_calls) == (
        "wrong",
        111,
        66,
    )
    b = found.parameters["b"]
    assert (b.pattern, len(b.wrong_entries)) == ("dense", 2)
    assert b.worst.rel_error == pytest.approx(0.01 / 1.01, rel=1e-3)
    assert found.parameters["W"].bound.rel_error < 1e-8


def test_a_loss_in_single_precision_is_heard_along_segments():
    found = judged(lambda p: np.float32(quartic(p)), quartic_gradient)
    assert (found.verdict, found.evaluations, found.gradient_calls) == (
        "correct", 115, 88,
    )  # fmt: skip


def test_a_gradient_that_is_not_finite_is_wrong_beside_right_ones():
    def lost(p):
        return {**quartic_gradient(p), "b": np.array([nan, 1.0])}

    found = judged(quartic, lost)
    assert found.verdict == "wrong"
    assert found.message == "grads['b'][0] is nan"
    assert found.parameters["W"].verdict == "correct"
    b = found.parameters["b"]
    assert (b.verdict, b.pattern, b.max_rel_error) == ("wrong", "entry [0]", 1.0)
    assert (b.bound, b.detectable) == (None, None)
    assert b.worst.numeric == pytest.approx(6.0 * np.cos(0.3))


def test_the_first_verdict_that_is_not_plain_gives_the_message():
    def flat(p):
        return float(np.sum(p["b"] ** 2))

    found = judged(flat, lambda p: {"W": 0 * p["W"], "b": 2 * p["b"]})
    assert found.verdict == "inconclusive"
    assert found.message == found.parameters["W"].detail
    assert found.message.startswith("grads['W'] is 0 and so is the derivative")
    assert judged(quartic, quartic_gradient).message == ""


def test_what_has_no_entries_is_right_without_a_loss():
    point = {"x": np.array([1, 2]), "none": np.zeros((0, 3))}
    found = judged(
        lambda p: float((p["x"] ** 2).sum()),
        lambda p: {"x": 2.0 * p["x"], "none": np.zeros((0, 3))},
        point,
    )
    assert found.verdict == "correct"
    assert found.parameters["none"] == Judgement(
        "correct", (0, 3), 0.0, bound=Certificate(0.0, 0.0)
    )


def test_without_a_loss_every_parameter_is_open():
    found = judged(lambda p: nan, quartic_gradient)
    said = "the loss at the point is nan"
    assert found.parameters == {
        "W": Judgement("inconclusive", (3, 4), detail=said),
        "b": Judgement("inconclusive", (2,), detail=said),
    }
    assert (found.verdict, found.message, found.evaluations) == (
        "inconclusive",
        said,
        1,
    )
    plan = set_scene(
        POINT, quartic_gradient(POINT), CountedGradient(quartic_gradient), 0, 1e-6,
        None, None,
    )  # fmt: skip
    assert run(plan, lambda points: np.array([inf]))[0].noise.level == 0.0


def test_the_worst_accuser_is_heard(scene):
    block = run(survey(scene, ["a"], 2), losses)[0][0]
    calm = block.probes[0]
    value = block.probes[1].slope.value - 1e-3
    loud = replace(
        block.probes[1], slope=replace(block.probes[1].slope, value=value),
        analytic=block.probes[1].analytic + 1e-3,
    )  # fmt: skip
    assert run(hearing.hear(scene, [calm, loud]), losses)[0] is True
    assert run(hearing.hear(scene, [loud, calm]), losses)[0] is not True


def test_walks_start_where_the_first_got_clear(scene):
    block = run(survey(scene, ["a"], 3), losses)[0][0]
    lengths = []

    def evaluate(points):
        points = list(points)
        lengths.append(len(points))
        return losses(points)

    walks = run(hearing._walk_all(scene, list(block.probes), 1.0), evaluate)[0]
    assert [[s.length for s in tried] for tried in walks] == [[0.3]] * 3
    assert lengths == [2, 4]
    apart = run(hearing._walk_apart(scene, list(block.probes), 1.0), evaluate)[0]
    assert [[s.length for s in tried] for tried in apart] == [[0.1]] * 3
    assert lengths[2:] == [6]
    assert run(hearing._walk_all(scene, list(block.probes), 0.0), losses)[0] == [
        (), (), (),
    ]  # fmt: skip


def test_several_gradients_are_asked_for_in_one_go_where_that_can_be_done():
    assert CountedGradient(gradient).several is None

    class Many:
        def __call__(self, p):
            return gradient(p)

        def several(self, points):
            return [{name: np.asarray(g).tolist() for name, g in gradient(p).items()}
                    for p in points]  # fmt: skip

    counted = CountedGradient(Many())
    counted(PARAMS)
    near = {name: x + 1 for name, x in PARAMS.items()}
    one, other = counted.several([PARAMS, near])
    assert counted.calls == 3
    assert one["b"].tolist() == [6.2, 8.4]
    assert other["a"].tolist() == (2 * near["a"]).tolist()
    short = CountedGradient(Many())
    short._several = lambda points: []
    with pytest.raises(ValueError, match="zip"):
        short.several([PARAMS])
