"""Frames: what the judge sends comes through, and what it must not believe does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.submissions.cage import wire


def ask(kind=wire.EVALUATE):
    return wire.request(kind, 7, b"")[0]


def inbox(asked, exact=16):
    return wire.Inbox(asked, wire.VALUES, exact)


def deliver(box, data, step=None):
    """Feed as the exchange does: never more than is missing."""
    while box.missing and data:
        size = min(box.missing, step or len(data))
        box.feed(data[:size])
        data = data[size:]
    return box


@pytest.mark.parametrize("step", [None, 1, 5])
def test_a_reply_of_the_right_length_comes_through_in_any_pieces(step):
    asked = ask()
    body = bytes(range(16))
    box = deliver(inbox(asked), wire.reply(asked, wire.VALUES, body), step)
    assert not box.missing
    assert box.body == body
    assert box.header.kind == wire.VALUES


def test_a_problem_comes_instead_of_any_answer():
    asked = ask()
    box = deliver(inbox(asked), wire.reply(asked, wire.PROBLEM, b"why"))
    assert (box.header.kind, box.body) == (wire.PROBLEM, b"why")


def spoilt(**change):
    asked = ask()
    header = {
        "kind": wire.VALUES,
        "sequence": 7,
        "length": 16,
        "token": asked.token,
        **change,
    }
    return inbox(asked), wire.Header(**header).pack()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": wire.READY}, "a reply of kind 65 came, not 66"),
        ({"sequence": 6}, "the reply belongs to another request"),
        ({"token": bytes(16)}, "the reply belongs to another request"),
        ({"length": 8}, "8 bytes of numbers, not 16"),
        ({"length": 2**32 - 1}, "4294967295 bytes of numbers, not 16"),
        ({"kind": wire.PROBLEM, "length": 65537}, "a message of 65537 bytes"),
    ],
)
def test_a_header_that_is_not_the_expected_one_is_refused(change, words):
    box, data = spoilt(**change)
    with pytest.raises(wire.ProtocolError, match=words):
        deliver(box, data)


@pytest.mark.parametrize("at", [0, 5, 6, 7])
def test_every_fixed_byte_of_a_header_is_looked_at(at):
    box, data = spoilt()
    data = bytearray(data)
    data[at] ^= 1
    with pytest.raises(wire.ProtocolError, match="is not a frame"):
        deliver(box, bytes(data))


def test_more_than_is_missing_is_refused():
    with pytest.raises(wire.ProtocolError, match="more came back"):
        inbox(ask()).feed(bytes(wire.HEADER_SIZE + 17))
    asked = ask()
    short = wire.reply(asked, wire.PROBLEM, b"why") + b"and more"
    with pytest.raises(wire.ProtocolError, match="more came back"):
        inbox(asked).feed(short)


@given(st.binary(max_size=200))
def test_garbage_is_never_an_answer(data):
    box = inbox(ask())
    try:
        deliver(box, data)
    except wire.ProtocolError:
        return
    assert box.missing


def test_two_requests_never_share_a_token():
    assert ask().token != ask().token


def test_arrays_come_through_with_dtype_shape_and_order():
    arrays = {
        "W": np.arange(12.0).reshape(3, 4)[:, ::-1],
        "b": np.array(2.5),
        "y": np.array([1, 0], dtype=np.int64),
        "none": np.empty((0, 3)),
    }
    listed, blobs = wire.pack_arrays(arrays)
    head, blob = wire.unpack_body(wire.pack_body({"arrays": listed}, blobs))
    back = dict(wire.unpack_arrays(head["arrays"], blob))
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def test_values_are_losses_then_a_stack_for_every_name():
    shapes = {"W": (2, 3), "b": ()}
    numbers = np.arange(2 * (1 + 6 + 1), dtype=float)
    assert wire.values_size(shapes, 2) == numbers.nbytes
    losses, stacks = wire.unpack_values(numbers.tobytes(), shapes, 2)
    assert losses.tolist() == [0, 1]
    assert stacks["W"].shape == (2, 2, 3)
    assert stacks["b"].tolist() == [14, 15]
    losses[0] = 1.0  # the caller's own, to write to


def test_the_header_is_read_by_itself():
    asked, _ = wire.request(wire.EVALUATE, 1, b"")
    box = wire.Inbox(asked, wire.VALUES, 4000)
    assert box.missing == wire.HEADER_SIZE  # what follows may be another's
    said = wire.reply(asked, wire.PROBLEM, b"12345678")
    box.feed(said[: wire.HEADER_SIZE])
    assert box.missing == 8
    box.feed(said[wire.HEADER_SIZE :])
    assert not box.missing
