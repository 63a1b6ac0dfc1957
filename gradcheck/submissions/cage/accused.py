"""Loads one file and answers the judge's questions about it.

What it says is a number or a hint. The submission runs in the same process and may
replace anything in here: it then answers for itself, and is judged by its answers.
"""

import struct
import sys
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import wire
from .calls import Calls
from .excuses import UnanswerableError, explain, name_libraries, words
from .generators import Generators
from .values import Values

Array = NDArray[Any]

# Kept by name: a submission may replace numpy's attributes, by mistake or on purpose.
_array, _errstate = np.array, np.errstate
_GENERATORS = Generators()

_LOOKED_AT = 3
"""Calls of a batch, made one by one, after which the inputs are looked at."""
_COPIED = 1 << 20
"""Bytes of parameters that are copied at once."""


class Channel(Protocol):
    """What is needed of a socket."""

    def recv_into(self, buffer: memoryview) -> int:
        """Receive some bytes; 0 at the end."""

    def sendall(self, data: bytes) -> None:
        """Send all of them."""


class Accused:
    """One submission, loaded, and what was seen of it.

    Parameters
    ----------
    forms : module
        Offers ``load(source, path, objects)``; see `gradcheck.submissions.forms`.
    memory_mb : int
        For the sentence about memory.
    notes : dict
        Hints gathered so far, filled further here.
    """

    def __init__(self, forms: Any, memory_mb: int, notes: dict[str, Any]) -> None:
        self.forms = forms
        self.memory_mb = memory_mb
        self.notes = notes
        self.path = ""
        self.offer: Any = None
        self.values = Values(notes)
        self.generators = _GENERATORS

    def load(self, head: dict[str, Any], source: bytes) -> dict[str, Any]:
        """Load the file; return what it offers."""
        self.path = head["path"]

        def load() -> Any:
            self.offer = self.forms.load(source, self.path, tuple(head["objects"]))
            return self.offer.describe()

        offered: dict[str, Any] = self._guarded(load, "loading the file")
        return offered

    def evaluate(self, head: dict[str, Any], blob: memoryview) -> bytes:
        """Answer a batch of points: the losses, then gradients name by name."""
        arrays = dict(wire.unpack_arrays(head["arrays"], blob))
        data = {name: arrays.pop(name) for name in ("/X", "/y")}
        names: list[str] = head["parameters"] if head["gradients"] else []
        losses, stacks = [], {name: bytearray() for name in names}
        with _errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for i in range(head["points"]):
                if i == 1 and not names:
                    rest = self._in_one_go(head, arrays, data)
                    if rest is not None:
                        losses += rest
                        break
                params = {name: _array(stack[i]) for name, stack in arrays.items()}
                inputs = {name: _array(array) for name, array in data.items()}
                loss, grads = self._call(head, params, inputs, look=i < _LOOKED_AT)
                losses.append(loss)
                for name in names:
                    shape = arrays[name].shape[1:]
                    stacks[name] += self._gradient(grads, name, shape)
        return struct.pack(f"<{len(losses)}d", *losses) + b"".join(stacks.values())

    def evaluate_all(self, lengths: list[int], blob: memoryview) -> bytes:
        """Answer several batches that came as one; the first problem is that of all."""
        answers, start = [], 0
        for length in lengths:
            stop = start + length
            answers.append(self.evaluate(*wire.unpack_body(blob[start:stop])))
            start = stop
        return b"".join(answers)

    def _in_one_go(
        self, head: dict[str, Any], stacks: dict[str, Array], data: dict[str, Array]
    ) -> list[float] | None:
        """Return the losses at all points but the first; None if that cannot be."""
        reg, start = head["reg"], partial(self.generators.start, head["seed"])
        size = sum(stack[0].nbytes for stack in stacks.values())
        piece = max(1, _COPIED // max(1, size))
        found: list[float] = []
        try:
            for i in range(1, head["points"], piece):
                points = {name: stack[i : i + piece] for name, stack in stacks.items()}
                losses = self.offer.losses(
                    head["unit"], points, data["/X"], data["/y"], reg, start
                )
                if losses is None:
                    return None
                found += map(self.values.number, losses)
            return found
        except UnanswerableError:
            raise
        except BaseException as error:
            first = {name: stack[0] for name, stack in stacks.items()}
            problem = self._explained(error, head, {**first, **data})
        # outside of the handler: a traceback would keep the frames' arrays alive
        raise problem

    def _call(
        self,
        head: dict[str, Any],
        params: dict[str, Array],
        data: dict[str, Array],
        *,
        look: bool,
    ) -> Any:
        """Call the submission once, on copies of its own; `look` at them afterwards."""
        inputs = {**params, **data}  # the submission may empty what it is handed
        before = [a.tobytes() for a in inputs.values()] if look else []
        try:
            self.generators.start(head["seed"])
            loss, grads = self._counted(head, params, data["/X"], data["/y"])
            result = self.values.number(loss), grads
        except UnanswerableError:
            raise
        except BaseException as error:
            problem = self._explained(error, head, inputs)
        else:
            if before:
                self._compare(inputs, before)
            return result
        # outside of the handler: a traceback would keep the frames' arrays alive
        raise problem

    def _explained(
        self, error: BaseException, head: dict[str, Any], inputs: dict[str, Array]
    ) -> UnanswerableError:
        """Word what a call raised, and say with what it was called."""
        shapes = (f"{k.strip('/')} {v.shape}" for k, v in inputs.items())
        what = "the gradient" if head["gradients"] else "the loss"
        context = f"it was called with {', '.join(shapes)}"
        return explain(error, what, context, self)

    def _compare(self, inputs: dict[str, Array], before: list[bytes]) -> None:
        """Take a note of the inputs that a call has changed."""
        for (name, array), old in zip(inputs.items(), before, strict=True):
            if array.tobytes() != old:
                seen = self.notes.setdefault("mutated", [])
                seen += [name] if name not in seen else []

    def _counted(
        self, head: dict[str, Any], params: dict[str, Array], X: Array, y: Array
    ) -> Any:
        """Evaluate, and count the calls of the file's own functions if asked to."""
        reg, gradients = head["reg"], head["gradients"]
        if not head.get("count"):
            return self.offer.evaluate(head["unit"], params, X, y, reg, gradients)
        calls = Calls(self.path)
        sys.setprofile(calls)
        try:
            answer = self.offer.evaluate(head["unit"], params, X, y, reg, gradients)
        finally:
            sys.setprofile(None)
        self.notes.update(calls.told(answer[0]))
        return answer

    def _gradient(self, grads: Any, name: str, shape: tuple[int, ...]) -> bytes:
        def read() -> bytes:
            return self.values.gradient(grads, name, shape)

        found: bytes = self._guarded(read, f"reading grads[{name!r}]")
        return found

    def _guarded(
        self, call: Callable[[], Any], what: str, context: Callable[[], str] = str
    ) -> Any:
        """Run the submission's code; whatever it raises becomes a sentence."""
        try:
            return call()
        except UnanswerableError:
            raise
        except BaseException as error:
            problem = explain(error, what, context(), self)
        # outside of the handler: a traceback would keep the frames' arrays alive
        raise problem


def serve(channel: Channel, accused: Accused) -> None:
    """Answer requests until the judge hangs up."""
    while True:
        data = _receive(channel, wire.HEADER_SIZE)
        if data is None:
            return
        asked = wire.Header.unpack(data)
        question = _receive(channel, asked.length)
        if question is None:
            return
        kind, body = answer(accused, asked.kind, question)
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)
        try:
            channel.sendall(wire.reply(asked, kind, body))
        except OSError:
            return


def answer(accused: Accused, kind: int, body: bytes) -> tuple[int, bytes]:
    """Answer one request; the kind and the body of the reply."""
    head, blob = wire.unpack_body(body)
    try:
        if kind == wire.EVALUATE:
            return wire.VALUES, accused.evaluate(head, blob)
        if kind == wire.SEVERAL:
            return wire.VALUES, accused.evaluate_all(head["lengths"], blob)
        if kind == wire.LOAD:
            return wire.READY, wire.pack_body(accused.load(head, bytes(blob)))
        if kind == wire.PROBE:
            from . import breakin  # loaded before the walls, where there are any

            return wire.HINTS, wire.pack_body(breakin.attempt(head))
        return wire.HINTS, wire.pack_body(accused.notes)
    except UnanswerableError as problem:
        return wire.PROBLEM, wire.pack_body(name_libraries(problem, accused.notes))
    except BaseException as error:  # it has spoilt what we answer with
        text = f"the answer could not be sent: {type(error).__name__}: {words(error)}"
        return wire.PROBLEM, wire.pack_body({"code": "failed", "text": text})


def _receive(channel: Channel, length: int) -> bytes | None:
    """Receive exactly so many bytes, or None where the judge has gone."""
    data = bytearray(length)
    view = memoryview(data)
    while view:
        try:
            count = channel.recv_into(view)
        except OSError:
            return None
        if not count:
            return None
        view = view[count:]
    return bytes(data)


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except BaseException:  # the submission may have closed or replaced it
        return
