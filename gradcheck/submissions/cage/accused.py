"""Loads one file and answers the judge's questions about it.

What it says is a number or a hint. The submission runs in the same process and may
replace anything in here: it then answers for itself, and is judged by its answers.
"""

import random
import struct
import sys
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from . import wire
from .calls import Calls
from .excuses import UnanswerableError, article, explain, name_libraries, words

Array = NDArray[Any]

# Kept by name: a submission may replace numpy's attributes, by mistake or on purpose.
_asarray, _array, _ndarray = np.asarray, np.array, np.ndarray
_contiguous, _errstate, _numpy_seed = np.ascontiguousarray, np.errstate, np.random.seed
_float64 = np.float64


_LOOKED_AT = 3
"""Calls of a batch after which the inputs are compared with what they were."""


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
        names: list[str] = head["parameters"]
        shapes = {name: arrays[name].shape[1:] for name in names}
        losses, stacks = [], {name: bytearray() for name in names}
        with _errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for i in range(head["points"]):
                params = {name: _array(arrays[name][i]) for name in names}
                inputs = {name: _array(array) for name, array in data.items()}
                loss, grads = self._call(head, params, inputs, look=i < _LOOKED_AT)
                losses.append(loss)
                for name in names if head["gradients"] else ():
                    stacks[name] += self._gradient(grads, name, shapes[name])
        return struct.pack(f"<{len(losses)}d", *losses) + b"".join(stacks.values())

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
            random.seed(head["seed"])
            _numpy_seed(head["seed"])
            loss, grads = self._counted(head, params, data["/X"], data["/y"])
            result = self._number(loss), grads
        except UnanswerableError:
            raise
        except BaseException as error:
            shapes = (f"{k.strip('/')} {v.shape}" for k, v in inputs.items())
            what = "the gradient" if head["gradients"] else "the loss"
            context = f"it was called with {', '.join(shapes)}"
            problem = explain(error, what, context, self)
        else:
            if before:
                self._compare(inputs, before)
            return result
        # outside of the handler: a traceback would keep the frames' arrays alive
        raise problem

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

    def _number(self, loss: Any) -> float:
        if type(loss) is float:
            return loss
        array = self._numeric(loss, "the loss", "a single number")
        if array.size != 1:
            raise UnanswerableError(
                "loss-not-scalar",
                f"the loss has shape {array.shape}, but should be a single number; "
                "take the mean over the examples, or their sum",
            )
        return float(array.reshape(-1)[0])

    def _gradient(self, grads: Any, name: str, shape: tuple[int, ...]) -> bytes:
        """Bring one gradient into the form that the judge knows, or say what it is."""
        what = f"grads[{name!r}]"
        plain = type(grads) is dict and type(grads.get(name)) is _ndarray
        if plain and grads[name].dtype == _float64:
            array: Array = grads[name]
        else:
            array = self._guarded(
                lambda: self._numeric(
                    _pick(grads, name), what, f"an array of shape {shape}"
                ),
                f"reading {what}",
            )
        if array.shape != shape:
            raise UnanswerableError(
                "shape-mismatch",
                f"{what} has shape {array.shape}, but should have {shape}, "
                f"the shape of params[{name!r}]",
                parameter=name,
                got=list(array.shape),
            )
        return _contiguous(array, dtype=_float64).tobytes()

    def _numeric(self, value: Any, what: str, should: str) -> Array:
        """View a value as a plain array of reals, whatever it claims to be."""
        if value is None:
            raise UnanswerableError(
                "none", f"{what} is None, but should be {should}; return it"
            )
        try:
            array = _asarray(value)
        except (TypeError, ValueError) as error:
            raise UnanswerableError(
                "not-an-array",
                f"{what} is {article(value)} that makes no array ({words(error)}), "
                f"but should be {should}",
            ) from None
        if type(array) is not _ndarray or array.dtype.kind not in "fiu":
            raise UnanswerableError(
                "complex" if array.dtype.kind == "c" else "not-numbers",
                f"{what} is {article(value)} of {array.dtype}, but should be "
                f"{should} of real numbers",
            )
        if array.dtype != _float64:
            key = what.replace("the loss", "loss").replace("grads", "")
            self.notes.setdefault("dtypes", {})[key.strip("[]'")] = str(array.dtype)
        return array

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


def _pick(grads: Any, name: str) -> Any:
    """Take one gradient out of what the submission returned for all of them."""
    try:
        if name in grads:
            return grads[name]
        there = ", ".join(map(repr, list(grads)[:12])) or "nothing"
    except TypeError:
        raise UnanswerableError(
            "no-gradients",
            f"the gradients are {article(grads)}, but should be a dict with an array "
            "for every parameter",
        ) from None
    raise UnanswerableError(
        "missing-gradient",
        f"there is no gradient for {name!r} (there is {there}); return one for every "
        "parameter",
    )


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
