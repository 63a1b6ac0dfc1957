"""A submission in a process of its own, seen from the judge."""

from pathlib import Path

import numpy as np
import pytest

from gradcheck.problem import Problem
from gradcheck.submissions import exchange, launch, problems, questions
from gradcheck.submissions.cage import wire
from gradcheck.submissions.session import Session

PARAMS = {"W": np.arange(12.0).reshape(3, 4) / 7, "b": np.array(0.5)}
X, Y = np.ones((5, 3)), np.arange(5) % 4
RIGHT = """
import numpy as np

def loss_and_grads(params, X, y, reg):
    W, b = params["W"], params["b"]
    return 0.5 * reg * (W * W).sum() + b * X.sum(), {"W": reg * W, "b": X.sum()}
"""


@pytest.fixture(autouse=True)
def standin(monkeypatch):
    folder = Path(__file__).with_name("standin_forms")
    monkeypatch.setattr(launch, "FORMS", folder)


@pytest.fixture
def session(tmp_path):
    """Open a session on a source; closed at the end."""
    opened = []

    def open_session(source, **options):
        path = tmp_path / "student.py"
        path.write_text(source)
        opened.append(Session(path, **{"timeout": 5.0, **options}))
        return opened[-1]

    yield open_session
    for each in opened:
        each.close()


def failing(call, kind):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def test_a_submission_answers_as_it_would_here(session, monkeypatch):
    monkeypatch.setattr(exchange, "BATCH", 3 * 13 * 8)
    here = {}
    exec(RIGHT, here)
    there = session(RIGHT)
    assert there.offer == {"units": [{"object": "loss_and_grads"}]}
    points = [{k: v * scale for k, v in PARAMS.items()} for scale in range(1, 9)]
    losses = there.losses(0, iter(points), X, Y, 0.3)
    expected = [here["loss_and_grads"](p, X, Y, 0.3)[0] for p in points]
    assert losses.tolist() == expected
    loss, grads = there.loss_and_grads(0, PARAMS, X, Y, 0.3)
    loss_here, grads_here = here["loss_and_grads"](PARAMS, X, Y, 0.3)
    assert loss == loss_here
    for name, grad in grads.items():
        np.testing.assert_array_equal(grad, grads_here[name])
        assert grad.shape == PARAMS[name].shape


def test_no_points_have_no_losses(session):
    assert session(RIGHT).losses(0, [], X, Y, 0.1).shape == (0,)


def test_a_gradient_can_be_asked_of_a_fresh_process(session):
    source = RIGHT + (
        "\ncalls = 0\nright = loss_and_grads\n"
        "def loss_and_grads(*args):\n"
        "    global calls\n    calls += 1\n    return calls, right(*args)[1]\n"
    )
    there = session(source)
    there.losses(0, [PARAMS] * 3, X, Y, 0.1)
    assert there.loss_and_grads(0, PARAMS, X, Y, 0.1)[0] == 4.0
    assert there.loss_and_grads(0, PARAMS, X, Y, 0.1, fresh=True)[0] == 1.0


COUNTING = """
CALLS = []

def loss_and_grads(params, X, y, reg):
    W, b = params["W"], params["b"]
    CALLS.append(0)
    return len(CALLS) + reg * W.sum() + b * X.sum(), {"W": reg + 0 * W, "b": X.sum()}
"""


@pytest.mark.parametrize("together", [questions.TOGETHER, 900, 1])
def test_many_places_are_asked_in_their_order(session, monkeypatch, together):
    monkeypatch.setattr(questions, "TOGETHER", together)
    other = {"W": np.ones((2, 2)), "b": np.array(2.0)}
    places = [
        Problem(PARAMS, X, Y, 0.1),
        Problem({**PARAMS, "b": np.array(7.0)}, X.copy(), Y.copy(), 0.1),
        Problem(PARAMS, X, Y, 0.2),
        Problem(PARAMS, 2 * X, Y, 0.2),
        Problem(other, X[:3, :2], Y[:3], 0.2),
        Problem(PARAMS, X, Y, 0.1),
    ]
    there, here = session(COUNTING), {}
    exec(COUNTING, here)
    found = there.at_many(0, places)
    for (loss, grads), p in zip(found, places, strict=True):
        wanted, slopes = here["loss_and_grads"](p.params, p.X, p.y, p.reg)
        assert loss == wanted
        assert all(np.array_equal(grads[k], slopes[k]) for k in slopes)
        assert [g.shape for g in grads.values()] == [v.shape for v in p.params.values()]
    frames = questions.bundles(0, places, 0)
    assert len(frames) == {questions.TOGETHER: 1, 900: 2, 1: 6}.get(together, 1)
    assert there.at_many(0, []) == []


def test_places_that_differ_in_parameters_alone_share_a_question():
    shifted = {k: v + 1.0 for k, v in PARAMS.items()}
    alike = [Problem(p, X.copy(), Y.copy(), 0.1) for p in (PARAMS, shifted, PARAMS)]
    (frame,) = questions.bundles(0, alike, 0)
    assert (frame.kind, frame.size) == (wire.EVALUATE, 3 * (1 + 13) * 8)
    others = [
        Problem(PARAMS, X, Y, 0.2),
        Problem(PARAMS, np.nextafter(X, 2.0), Y, 0.1),
        Problem(PARAMS, X.astype(np.float32), Y, 0.1),
        Problem(PARAMS, X, Y[::-1], 0.1),
        Problem({"W": PARAMS["W"].T, "b": PARAMS["b"]}, X, Y, 0.1),
        Problem(dict(reversed(PARAMS.items())), X, Y, 0.1),
    ]
    for other in others:
        (frame,) = questions.bundles(0, [alike[0], other], 0)
        assert frame.kind == wire.SEVERAL


def test_a_wrong_shape_comes_with_both_shapes(session):
    there = session(RIGHT.replace("reg * W,", "(reg * W).T,"))
    error = failing(
        lambda: there.loss_and_grads(0, PARAMS, X, Y, 0.1), problems.WrongShapeError
    )
    assert (error.parameter, error.got, error.should) == ("W", (4, 3), (3, 4))
    assert str(error) == (
        "student.py: grads['W'] has shape (4, 3), but should have (3, 4), "
        "the shape of params['W']"
    )
    assert there.losses(0, [PARAMS], X, Y, 0.1).shape == (1,)  # it goes on


def test_a_problem_names_the_line(session):
    there = session(RIGHT.replace("    W, b =", "    1 / 0\n    W, b ="))
    error = failing(
        lambda: there.losses(0, [PARAMS], X, Y, 0.1), problems.FailedCallError
    )
    assert (error.code, error.line) == ("raised", 5)
    assert str(error) == (
        "student.py:5: the loss raised ZeroDivisionError: division by zero; it was "
        "called with W (3, 4), b (), X (5, 3), y (5,)"
    )


def test_a_file_without_anything_to_check_is_refused(session):
    error = failing(lambda: session("x = 1"), problems.RefusedError)
    assert str(error) == "student.py:1: has no loss_and_grads; define one"


def test_a_hang_ends_with_the_time(session):
    there = session(RIGHT.replace("    W, b =", "    while X.any(): pass\n    W, b ="))
    there._left = 0.2
    error = failing(
        lambda: there.losses(0, [PARAMS], X, Y, 0.1), problems.TimedOutError
    )
    assert str(error) == (
        "student.py: gave no answer within 5 s; look for a loop that does not end, or "
        "allow more with --timeout"
    )
    failing(lambda: there.losses(0, [PARAMS], X, Y, 0.1), problems.SubmissionError)


def test_an_exit_in_disguise_is_named(session):
    there = session(
        RIGHT.replace("    W, b =", "    import os; os._exit(0)\n    W, b =")
    )
    error = failing(lambda: there.losses(0, [PARAMS], X, Y, 0.1), problems.DiedError)
    assert str(error) == (
        "student.py: ended with exit status 0 before it had answered; a submission "
        "returns its result, remove sys.exit and os._exit"
    )


def test_what_was_printed_is_kept_and_cleaned(session):
    there = session(RIGHT + 'print("one\\x1b[2J")\nimport sys; sys.stderr.write("two")')
    assert there.output == {"stdout": "one[2J\n", "stderr": "two"}


def test_notes_tell_what_was_seen(session):
    source = RIGHT.replace("    return", "    W *= 1.5\n    return").replace(
        "reg * W,", "np.float32(reg * W),"
    )
    there = session(source + "\ntry:\n    import autograd\nexcept ImportError: pass\n")
    there.loss_and_grads(0, PARAMS, X, Y, 0.1, count=True)
    assert there.notes() == {
        "autodiff": ["autograd"],
        "mutated": ["W"],
        "dtypes": {"W": "float32"},
        "calls": [["loss_and_grads", 4, 1]],
        "evaluations": [["loss_and_grads", 4, 1]],
    }
