"""The child's side of a session, in this process: nothing of the cage is needed."""

import os
import random
import socket
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import standin_forms

from gradcheck.submissions import exchange
from gradcheck.submissions.cage import accused, generators, wire
from gradcheck.submissions.cage.accused import Accused
from gradcheck.submissions.cage.calls import Calls
from gradcheck.submissions.cage.excuses import explain
from gradcheck.submissions.cage.watch import Shelf, importing, leaving

HONEST = """
def loss_and_grads(params, X, y, reg):
    W = params["W"]
    return (W * W).sum(), {"W": 2 * W}
"""
W = np.arange(1.0, 7.0).reshape(2, 3)


class Judge:
    """Sends requests to `accused.serve` and reads what it has answered."""

    def __init__(self, source, **options):
        self.notes = {}
        self.accused = Accused(standin_forms, 64, self.notes)
        self.offer = self.ask(
            wire.LOAD, {"path": "s.py", "objects": []}, [source.encode()]
        )

    def ask(self, kind, head, blobs=()):
        header, frame = wire.request(kind, 1, wire.pack_body(head, blobs))
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                ours.sendall(frame)
                ours.shutdown(socket.SHUT_WR)
                accused.serve(theirs, self.accused)
            data = b"".join(iter(lambda: ours.recv(65536), b""))
        answer = wire.Header.unpack(data[: wire.HEADER_SIZE])
        assert (answer.sequence, answer.token) == (1, header.token)
        body = data[wire.HEADER_SIZE :]
        if answer.kind == wire.VALUES:
            return np.frombuffer(body)
        return answer.kind, wire.unpack_body(body)[0]

    def evaluate(self, *points, gradients=True, **more):
        stacks = {"W": np.stack(points), "/X": np.ones((2, 2)), "/y": np.zeros(2, int)}
        listed, blobs = wire.pack_arrays(stacks)
        head = {
            "unit": 0,
            "arrays": listed,
            "points": len(points),
            "parameters": ["W"],
            "gradients": gradients,
            "reg": 0.0,
            "seed": 0,
            **more,
        }
        return self.ask(wire.EVALUATE, head, blobs)


def returning(text):
    return HONEST.replace("return (W * W).sum(), {", f"return {text}; {{")


def problem(source, **options):
    kind, record = Judge(source).evaluate(W, **options)
    assert kind == wire.PROBLEM
    return record


def test_losses_and_gradients_come_as_raw_numbers():
    values = Judge(HONEST).evaluate(W, 2 * W)
    assert values[:2].tolist() == [91.0, 364.0]
    np.testing.assert_array_equal(values[2:].reshape(2, 2, 3), [2 * W, 4 * W])


def test_losses_alone_are_losses_alone():
    assert Judge(HONEST).evaluate(W, gradients=False).tolist() == [91.0]


def test_the_offer_is_what_the_forms_describe():
    kind, offered = Judge(HONEST).offer
    assert (kind, offered["units"][0]["object"]) == (wire.READY, "loss_and_grads")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (
            "None, {}",
            "none",
            "the loss is None, but should be a single number; return it",
        ),
        (
            "W, {}",
            "loss-not-scalar",
            "the loss has shape (2, 3), but should be a single number; take the mean "
            "over the examples, or their sum",
        ),
        (
            "1j, {}",
            "complex",
            "the loss is a complex of complex128, but should be a single number of "
            "real numbers",
        ),
        (
            "'1', {}",
            "not-numbers",
            "the loss is a str of <U1, but should be a single number of real numbers",
        ),
        (
            "1.0, None",
            "no-gradients",
            "the gradients are a NoneType, but should be a dict with an array for "
            "every parameter",
        ),
        (
            "1.0, {'b': W, 3: W}",
            "missing-gradient",
            "there is no gradient for 'W' (there is 'b', 3); return one for every "
            "parameter",
        ),
        (
            "1.0, {}",
            "missing-gradient",
            "there is no gradient for 'W' (there is nothing); return one for every "
            "parameter",
        ),
        (
            "1.0, {'W': None}",
            "none",
            "grads['W'] is None, but should be an array of shape (2, 3); return it",
        ),
        (
            "1.0, {'W': [[1], [1, 2]]}",
            "not-an-array",
            None,
        ),
        (
            "1.0, {'W': W.T}",
            "shape-mismatch",
            "grads['W'] has shape (3, 2), but should have (2, 3), the shape of "
            "params['W']",
        ),
        (
            "1.0, {'W': W > 0}",
            "not-numbers",
            "grads['W'] is a ndarray of bool, but should be an array of shape (2, 3) "
            "of real numbers",
        ),
        (
            "1 / 0, {}",
            "raised",
            "the gradient raised ZeroDivisionError: division by zero; it was called "
            "with W (2, 3), X (2, 2), y (2,)",
        ),
        (
            "exit(), {}",
            "exit",
            "the gradient called exit(); a submission returns, remove the call",
        ),
        (
            "bytearray(1 << 60), {}",
            "memory",
            "the gradient needed more than the 64 MB that it may have; use less, or "
            "allow more with --memory",
        ),
        (
            "loss_and_grads(params, X, y, reg)",
            "recursion",
            "the gradient called itself without end; look at the recursion",
        ),
    ],
)
def test_what_is_no_answer_is_said_in_a_sentence(text, code, words):
    record = problem(returning(text))
    assert record["code"] == code
    if words:
        assert record["text"] == words
    if code in ("raised", "exit", "memory"):
        assert record["line"] == 4


def test_a_shape_comes_as_numbers_too():
    record = problem(returning("1.0, {'W': W.T}"))
    assert (record["parameter"], record["got"]) == ("W", [3, 2])


def test_what_was_seen_is_told_when_asked():
    judge = Judge(
        returning("X.__imul__(2)[0, 0] * W.__imul__(3)[0, 0], {'W': W.astype('f4')}")
    )
    judge.evaluate(W, count=True)
    kind, notes = judge.ask(wire.NOTES, {})
    assert kind == wire.HINTS
    assert notes["mutated"] == ["W", "/X"]
    assert notes["dtypes"] == {"W": "float32"}
    assert notes["calls"] == [["loss_and_grads", 2, 1]]


WAYS = {"in-one-go": "", "one-by-one": "ONE_BY_ONE = True\n"}
DRAWS = {
    "numpy": "np.random.rand()",
    "python": "random.random()",
    "normal": "np.random.randn()",
    "gauss": "random.gauss(0, 1)",
    "every-word": "np.random.bytes(4 * 624)[3] + random.getrandbits(32 * 624) % 999",
    "seeded-otherwise": "(np.random.seed(5), np.random.rand())[1]",
    "after-another-seed": "(np.random.rand(), random.seed(W[0, 0]))[0]",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_generators_start_anew_at_every_call(draw, way):
    source = "import numpy as np, random\n" + way + returning(f"float({draw}), {{}}")
    afresh = [Judge(source).evaluate(W, gradients=False)[0] for _ in range(2)]
    many = Judge(source).evaluate(*[W] * 5, gradients=False)
    assert set(many) == {*afresh}
    assert len(set(many)) == 1
    judge = Judge(source)
    judge.evaluate(W, W, gradients=False, seed=1)
    assert np.array_equal(judge.evaluate(*[W] * 5, gradients=False), many)


def test_another_seed_draws_other_numbers():
    source = "import numpy as np, random\n" + returning(
        "np.random.rand() + random.random(), {'W': W}"
    )
    judge = Judge(source)
    losses = [judge.evaluate(W, gradients=False, seed=seed)[0] for seed in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]


def test_generators_that_nobody_drew_from_are_left_alone(monkeypatch):
    seeds = []
    monkeypatch.setattr(generators, "_numpy_seed", seeds.append)
    found = generators.Generators()
    tried = len(seeds)
    for _ in range(3):
        found.start(4)
    assert seeds[tried:] == [4]


def test_generators_whose_state_is_hidden_are_seeded_every_time(monkeypatch):
    def hidden():
        raise TypeError("another generator")

    monkeypatch.setattr(generators, "_numpy_state", hidden)
    found = generators.Generators()
    drawn = []
    for _ in range(2):
        found.start(4)
        drawn.append((np.random.rand(), random.random()))  # noqa: NPY002
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_the_loss_raises_at_a_later_point_is_told_the_same(way):
    source = way + HONEST.replace("    return", "    assert W[0, 0] < 3\n    return")
    kind, record = Judge(source).evaluate(W, W, 4 * W, gradients=False)
    line = source.split("\n").index("    assert W[0, 0] < 3") + 1
    assert kind == wire.PROBLEM
    assert (record["code"], record["line"]) == ("raised", line)
    assert "the loss raised AssertionError" in record["text"]
    assert "it was called with W (2, 3), X (2, 2), y (2,)" in record["text"]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_later_points_are_read_like_the_first(way):
    source = way + returning("W.ravel()[:1 if W[0, 0] < 3 else 2], {'W': W}")
    assert np.array_equal(Judge(source).evaluate(W, 2 * W, gradients=False), [1, 2])
    kind, record = Judge(source).evaluate(W, 4 * W, gradients=False)
    assert (kind, record["code"]) == (wire.PROBLEM, "loss-not-scalar")


def test_many_points_are_copied_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(accused, "_COPIED", 2 * W.nbytes)
    losses = Judge(HONEST).evaluate(*[k * W for k in range(1, 8)], gradients=False)
    assert np.allclose(losses, [k * k * (W * W).sum() for k in range(1, 8)])


def test_a_refusal_of_the_forms_keeps_its_line():
    kind, record = Judge("x = 1\n").offer
    assert kind == wire.PROBLEM
    assert (record["code"], record["line"]) == ("no-gradient", 1)


def test_the_line_of_a_syntax_error_is_found():
    kind, record = Judge("x = 1\ny = (\n").offer
    assert (kind, record["line"]) == (wire.PROBLEM, 2)
    assert record["text"].endswith("; run the file by itself to see more")


def of(path):
    return type("Of", (), {"path": path, "forms": standin_forms, "memory_mb": 1})


def test_a_library_that_differentiates_is_named_where_it_is_missed():
    judge = Judge(HONEST.replace("    W =", "    import autograd\n    W ="))
    judge.notes["autodiff"] = ["autograd"]
    kind, record = judge.evaluate(W)
    assert (kind, record["code"], record["line"]) == (
        wire.PROBLEM, "autodiff-library", 3,
    )  # fmt: skip
    assert record["text"].startswith(
        "imports autograd, which differentiates by itself and is withheld: a "
        "submission derives its gradient by hand, with numpy. Without it, the gradient "
        "raised ModuleNotFoundError"
    )


def test_a_message_that_cannot_be_read_is_none():
    class MuteError(Exception):
        def __str__(self):
            raise ValueError

    text = explain(MuteError(), "loading the file", "", of("x")).record["text"]
    assert "MuteError: (its message cannot be read)" in text


def test_a_refusal_without_a_line_takes_the_last_of_the_file():
    try:
        exec(compile("1 / 0", "x", "exec"))
    except ZeroDivisionError as error:
        refused = standin_forms.Refused("odd", "is odd").with_traceback(
            error.__traceback__
        )
    assert explain(refused, "", "", of("x")).record["line"] == 1


def test_what_spoils_the_answer_itself_is_told(monkeypatch):
    judge = Judge(HONEST)

    def spoil(*args):
        raise RuntimeError("gone")

    monkeypatch.setattr(judge.accused, "evaluate", spoil)
    kind, record = judge.evaluate(W)
    assert (kind, record["code"]) == (wire.PROBLEM, "failed")
    assert record["text"] == "the answer could not be sent: RuntimeError: gone"


def test_a_judge_that_hangs_up_ends_the_loop():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frame = wire.request(wire.NOTES, 1, b"1234")[1]
        ours.sendall(frame[: wire.HEADER_SIZE])  # and no body
        ours.shutdown(socket.SHUT_WR)
        accused.serve(theirs, Accused(standin_forms, 1, {}))

    class Deaf:
        def __init__(self):
            self.data = wire.request(wire.NOTES, 1, wire.pack_body({}))[1]

        def recv_into(self, view):
            count = min(len(view), len(self.data))
            view[:count], self.data = self.data[:count], self.data[count:]
            return count

        def sendall(self, data):
            raise BrokenPipeError

    accused.serve(Deaf(), Accused(standin_forms, 1, {}))

    class Reset:
        def recv_into(self, view):
            raise ConnectionResetError

    accused.serve(Reset(), Accused(standin_forms, 1, {}))


def test_a_stream_that_cannot_be_flushed_does_no_harm(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    judge = Judge(HONEST)
    assert judge.evaluate(W, gradients=False).tolist() == [91.0]


def test_a_probe_is_answered_with_what_holds(monkeypatch):
    from gradcheck.submissions.cage import breakin

    def gives(*outcome):
        def attempt(targets):
            if outcome:
                raise outcome[0]
            return True

        return attempt

    attempts = {
        "open": gives(),
        "shut": gives(PermissionError()),
        "programs": gives(FileNotFoundError()),
    }
    monkeypatch.setattr(breakin, "ATTEMPTS", attempts)
    kind, held = Judge(HONEST).ask(wire.PROBE, {})
    assert (kind, held) == (
        wire.HINTS,
        {"open": False, "shut": True, "programs": False},
    )


def test_only_numbers_near_the_loss_count_as_evaluations():
    calls = Calls(__file__)

    def give(value):
        return value

    sys.setprofile(calls)
    for value in (1.0, 1.001 + 1e-30j, (0.999, None), np.ones(3), 2.0, "x", None, ()):
        give(value)
    sys.setprofile(None)
    line = give.__code__.co_firstlineno
    told = calls.told(np.array(1.0))
    assert told["evaluations"] == [["give", line, 6]]
    assert told["calls"] == [["give", line, 8]]
    assert calls.told("no loss")["evaluations"] == []


def test_functions_of_other_files_are_not_looked_at():
    calls = Calls("student.py")
    own = type("Frame", (), {"f_code": compile("1", "student.py", "eval")})
    other = type("Frame", (), {"f_code": compile("1", "other.py", "eval")})
    for frame in (own, other):
        calls(frame, "call", None)
        calls(frame, "return", (2.0, None))
        calls(frame, "return", np.full(200_000, 2.0))
        calls(frame, "return", "text")
        calls(frame, "c_call", None)
    calls._left = 0
    calls(own, "return", 2.0)
    assert calls.told(2.0) == {
        "calls": [["<module>", 1, 1]],
        "evaluations": [["<module>", 1, 1]],
    }


def test_a_library_is_found_on_its_shelf_and_no_other():
    site = str(Path(np.__file__).parents[1])
    shelf = Shelf({"numpy": site})
    assert shelf.find_spec("numpy").origin == np.__file__
    assert shelf.find_spec("pytest") is None
    assert shelf.find_spec("numpy.linalg", [site]) is None


def test_libraries_that_differentiate_are_noticed_by_name():
    notes = {}
    hook = importing(notes)
    for name in ("json", "torch.nn", "torch", "autograd.numpy"):
        hook("import", (name, None))
    hook("open", ("torch", "r", 0))
    assert notes == {"autodiff": ["torch", "autograd"]}


def test_the_hook_keeps_python_inside_of_its_folders(tmp_path):
    inside, scratch = tmp_path / "in", tmp_path / "scratch"
    for folder in (inside, scratch):
        folder.mkdir()
    (scratch / "out").symlink_to(tmp_path)
    hook = leaving([str(inside)], str(scratch))
    hook("open", (str(inside / "a"), "r", os.O_RDONLY))
    hook("open", (str(scratch / "a"), "w", os.O_WRONLY))
    hook("open", (b"/dev/null", "w", os.O_WRONLY))
    hook("open", (3, "r", 0))
    hook("compile", (None, None))
    for event, args in [
        ("open", (str(tmp_path / "a"), "r", os.O_RDONLY)),
        ("open", (str(inside / "a"), "w", os.O_WRONLY)),
        ("open", (str(inside / "a"), None, os.O_RDONLY | os.O_TRUNC)),
        ("open", (str(scratch / "out" / "a"), "w", os.O_CREAT)),
        ("socket.connect", ()),
        ("os.kill", (1, 9)),
        ("ctypes.dlsym", ()),
    ]:
        with pytest.raises(PermissionError, match="a submission may not"):
            hook(event, args)


def lines():
    pairs = [socket.socketpair() for _ in range(3)]
    return [p[0] for p in pairs], [p[1] for p in pairs]


@pytest.fixture
def wired():
    ours, theirs = lines()
    talk = exchange.Exchange(*ours)
    yield talk, theirs
    talk.close()
    for line in (*ours, *theirs):
        line.close()


def ask(talk, body=b"", seconds=5.0):
    return talk.ask(wire.NOTES, body, wire.HINTS, exact=None, seconds=seconds)


def test_no_answer_in_time_is_late(wired):
    with pytest.raises(exchange.LateError):
        ask(wired[0], seconds=0.01)


def test_a_closed_channel_is_gone(wired):
    wired[1][0].close()
    with pytest.raises(exchange.GoneError):
        ask(wired[0])


def test_a_reset_channel_is_gone(wired):
    talk, theirs = wired
    talk._channel.send(b"unread")
    theirs[0].close()
    with pytest.raises(exchange.GoneError):
        ask(talk)
    with pytest.raises(exchange.GoneError):
        talk._receive(1)


def test_an_answer_before_the_question_is_none(wired, monkeypatch):
    talk, theirs = wired
    monkeypatch.setattr(wire.secrets, "token_bytes", lambda n: bytes(n))
    header = wire.Header(wire.NOTES, 1, 0, bytes(16))
    theirs[0].sendall(wire.reply(header, wire.HINTS, b""))
    with pytest.raises(wire.ProtocolError, match="before the question was read"):
        ask(talk, bytes(50_000_000))


@pytest.mark.parametrize("step", [1, 33, 4096])
def test_answers_come_in_any_pieces(wired, monkeypatch, step):
    talk, theirs = wired
    monkeypatch.setattr(wire.secrets, "token_bytes", lambda n: bytes(n))
    bodies = [bytes([k]) * 8 * k for k in range(4)]
    said = b"".join(
        wire.reply(wire.Header(wire.EVALUATE, k + 1, 0, bytes(16)), wire.VALUES, body)
        for k, body in enumerate(bodies)
    )

    def answer():
        theirs[0].recv(1 << 16)
        for start in range(0, len(said), step):
            theirs[0].sendall(said[start : start + step])

    thread = threading.Thread(target=answer)
    thread.start()
    asked = [(b"?", len(body)) for body in bodies]
    found = talk.ask_all(wire.EVALUATE, asked, wire.VALUES, seconds=5.0)
    thread.join()
    assert [inbox.body for inbox in found] == bodies


def test_more_than_was_asked_for_is_no_answer(wired, monkeypatch):
    talk, theirs = wired
    monkeypatch.setattr(wire.secrets, "token_bytes", lambda n: bytes(n))
    header = wire.Header(wire.NOTES, 1, 0, bytes(16))
    said = wire.reply(header, wire.HINTS, b"{}")
    thread = threading.Thread(
        target=lambda: (theirs[0].recv(1 << 16), theirs[0].sendall(said + b"+"))
    )
    thread.start()
    with pytest.raises(wire.ProtocolError, match="that nobody had asked for"):
        ask(talk)
    thread.join()


def test_streams_are_taken_up_to_a_flood(wired, monkeypatch):
    talk, (_, out, err) = wired
    out.sendall(b"words")
    err.close()
    talk.drain()
    assert (talk.printed["stdout"].text, talk.printed["stdout"].total) == ("words", 5)
    monkeypatch.setattr(exchange, "FLOOD", 10)
    out.sendall(b"more words")
    with pytest.raises(exchange.FloodError):
        talk.drain()


def test_a_socket_that_has_nothing_is_no_end(wired):
    talk, _ = wired
    assert talk._receive(10) == b""
    key = next(k for k in talk._selector.get_map().values() if k.data is not None)
    talk._collect(key)
    filler = bytes(1 << 20)
    while sent := talk._send(memoryview(filler)):
        assert sent <= len(filler)


def test_a_stream_that_breaks_is_at_its_end(wired):
    talk, (_, out, _) = wired
    key = next(
        k for k in talk._selector.get_map().values() if k.data is talk.printed["stdout"]
    )
    key.fileobj.send(b"unread")
    out.close()
    talk._collect(key)
    assert key.fd not in talk._selector.get_map()


def test_points_are_sent_in_batches_of_a_size():
    points = [{"W": np.zeros(10)} for _ in range(5)]
    sizes = [len(batch) for batch in exchange.batches(iter(points), limit=160)]
    assert sizes == [2, 2, 1]
    assert [len(b) for b in exchange.batches(points, limit=1)] == [1] * 5
