"""The judge's view of a submission: a file that answers batches of points.

>>> with Session("student.py") as session:  # doctest: +SKIP
...     losses = session.losses(0, points, X, y, 0.1)
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gradcheck._typing import Array, Grads, Params
from gradcheck.lanes import is_shared
from gradcheck.problem import Problem
from gradcheck.submissions import launch, problems, testimony
from gradcheck.submissions.cage import wire
from gradcheck.submissions.exchange import (
    Exchange,
    FloodError,
    GoneError,
    LateError,
    batches,
)
from gradcheck.submissions.problems import printable
from gradcheck.submissions.questions import Bundle, Question, bundles
from gradcheck.submissions.sources import Source, read_source, readable_roots

_PIECE = 24
"""Points asked for at once while another line of questions wants its turn."""


class Session:
    """A submission in a process of its own, from its start to its end.

    Parameters
    ----------
    path : path-like
        The file; or a `Source` that has been read already.
    objects : sequence of str
        Which of its objects to take; empty for what it offers.
    timeout : float, default=10.0
        Seconds that the judge waits for the submission's answers, in all.
    memory_mb : int, default=512
        Megabytes that it may have on top of what the interpreter needs.
    tier : {"full", "process", "minimal"}, optional
        Which walls; by default the best that hold here, see `tiers`.
    roots : sequence of path, optional
        Folders whose files it may read; by default those of its imports. Pass an
        empty one where the folder holds other people's submissions.

    Attributes
    ----------
    offer : dict
        What the child says that it found; a hint, never a verdict.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | Source,
        *,
        objects: Sequence[str] = (),
        timeout: float = 10.0,
        memory_mb: int = 512,
        tier: str | None = None,
        roots: Sequence[str | os.PathLike[str]] | None = None,
    ) -> None:
        self.source = path if isinstance(path, Source) else read_source(path)
        self._options: dict[str, Any] = {
            "objects": tuple(objects),
            "timeout": timeout,
            "memory_mb": memory_mb,
            "tier": tier,
            "roots": readable_roots(self.source.path) if roots is None else roots,
        }
        self._seconds = float(timeout)
        self._failed: problems.BrokenSubmissionError | None = None
        self._child = launch.start(self._job())
        self._exchange = Exchange(self._child.channel, self._child.out, self._child.err)
        try:
            self.offer = self._load()
        except BaseException:
            self.close()
            raise

    def _job(self) -> dict[str, Any]:
        options = self._options
        return {
            "path": os.path.abspath(self.source.path),
            "memory_mb": options["memory_mb"],
            "cpu": options["timeout"] + 1.0,
            "wall": 3.0 * options["timeout"] + 30.0,
            "tier": options["tier"],
            "roots": [os.path.realpath(root) for root in options["roots"]],
        }

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it left."""
        self._exchange.close()
        self._child.close()

    @property
    def output(self) -> dict[str, str]:
        """The first 32 KiB that were printed on ``stdout`` and on ``stderr``."""
        printed, most = self._exchange.printed.items(), wire.SMALL
        return {name: printable(stream.text, limit=most) for name, stream in printed}

    def losses(
        self,
        unit: int,
        points: Iterable[Params],
        X: Array,
        y: Array,
        reg: float,
        *,
        seed: int = 0,
    ) -> NDArray[np.float64]:
        """Evaluate the loss at each of `points`; one round trip a batch.

        Parameters
        ----------
        unit : int
            Which of the things that the file offers.
        points : iterable of mappings of str to ndarray
            Parameters; all with the names and shapes of the first. Taken lazily.
        X, y, reg
            Data and strength of the penalty, the same for all points.
        seed : int
            The global generators of `random` and numpy start from it at every call.

        Returns
        -------
        ndarray of float64, shape (points,)
            As they came; NaN and infinities included. BrokenSubmissionError if none do.
        """
        found = [np.empty(0)]
        piece = _PIECE if is_shared() else None
        for batch in batches(points, most=piece):
            question = Question(unit, batch, X, y, reg, seed)
            answer = self._answer(question, self._ask([question])[0])
            found.append(wire.unpack_values(answer, {}, question.points)[0])
        return np.concatenate(found)

    def loss_and_grads(
        self,
        unit: int,
        params: Params,
        X: Array,
        y: Array,
        reg: float,
        *,
        seed: int = 0,
        fresh: bool = False,
        count: bool = False,
    ) -> tuple[float, Grads]:
        """Evaluate the loss and its gradient at one point.

        Parameters
        ----------
        unit, X, y, reg, seed
            As in `losses`.
        params : mapping of str to ndarray
            The gradients must have their names and shapes.
        fresh : bool
            Ask a new process that has not been asked anything before.
        count : bool
            Count the calls of the file's functions; see `notes`.

        Raises
        ------
        WrongShapeError
            A gradient has another shape than its parameter.
        BrokenSubmissionError
            There is no answer.
        """
        if fresh:
            with Session(self.source, **self._options) as other:
                return other.loss_and_grads(unit, params, X, y, reg, seed=seed)
        question = Question(
            unit, [params], X, y, reg, seed, gradients=True, count=count
        )
        return question.pairs(self._answer(question, self._ask([question])[0]))[0]

    def at_many(
        self, unit: int, places: Sequence[Problem], *, seed: int = 0
    ) -> list[tuple[float, Grads] | problems.FailedCallError]:
        """Evaluate the loss and its gradient at several points, asked for in one go.

        Returns
        -------
        list
            For each what `loss_and_grads` returns, or the FailedCallError that it
            raises. Anything worse is raised.
        """
        asked = bundles(unit, places, seed)
        found: list[tuple[float, Grads] | problems.FailedCallError] = []
        for bundle, inbox in zip(asked, self._ask(asked), strict=True):
            try:
                found += bundle.pairs(self._answer(bundle, inbox))
            except problems.FailedCallError as error:
                if len(bundle.places) == 1:
                    found.append(error)
                    continue
                for place in bundle.places:  # which of them is not to be had
                    found += self.at_many(unit, [place], seed=seed)
        return found

    def cpu_seconds(self) -> float | None:
        """Seconds of the processor that the child has used; None if unknown."""
        return launch.cpu_seconds(self._child.pid)

    def notes(self) -> dict[str, Any]:
        """Ask what the child has seen of the submission: hints, never a verdict.

        Returns
        -------
        dict
            ``mutated``: names of inputs that a call changed (``/X`` and ``/y`` for the
            data); ``dtypes``: by name, where not float64; ``autodiff``: libraries that
            differentiate and were imported by name; ``calls`` and ``evaluations``, of
            the last call with `count`: name, line and count of the functions called
            most, and of those that returned the loss, or nearly, most often.
        """
        body = wire.pack_body({})
        return self._words(wire.NOTES, body, wire.HINTS)

    def _load(self) -> dict[str, Any]:
        options = self._options
        head = {"path": self._job()["path"], "objects": options["objects"]}
        body = wire.pack_body(head, [self.source.data])
        return self._words(wire.LOAD, body, wire.READY)

    def _ask(self, questions: Sequence[Question | Bundle]) -> list[wire.Inbox]:
        asked = [(question.body, question.size) for question in questions]
        return self._exchanged(questions[0].kind, asked, wire.VALUES) if asked else []

    def _answer(self, question: Question | Bundle, inbox: wire.Inbox) -> bytes:
        """Return the numbers that came, or raise what keeps them from coming."""
        if inbox.header is not None and inbox.header.kind == wire.PROBLEM:
            self._complain(inbox.body, problems.FailedCallError, question.shapes)
        return inbox.body

    def _words(self, kind: int, body: bytes, expect: int) -> dict[str, Any]:
        inbox = self._exchanged(kind, [(body, None)], expect)[0]
        if inbox.header is not None and inbox.header.kind == wire.PROBLEM:
            self._complain(inbox.body, problems.RefusedError, {})
        try:
            return testimony.read_object(inbox.body)
        except wire.ProtocolError as error:
            self._fail(error)

    def _complain(
        self,
        body: bytes,
        kind: type[problems.BrokenSubmissionError],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> NoReturn:
        try:
            error = testimony.complaint(body, self.source, kind, shapes)
        except wire.ProtocolError as spoiled:
            self._fail(spoiled)
        raise error

    def _exchanged(
        self, kind: int, asked: Sequence[tuple[bytes, int | None]], expect: int
    ) -> list[wire.Inbox]:
        if self._failed is not None:  # on another line of questions
            raise self._failed
        try:
            return self._exchange.ask_all(kind, asked, expect, seconds=self._seconds)
        except (LateError, GoneError, FloodError, wire.ProtocolError) as error:
            self._fail(error)

    def _fail(self, error: Exception) -> NoReturn:
        """Say why there is no answer; the submission is over with that."""
        if self._failed is not None:
            raise self._failed from None
        ending = None
        if isinstance(error, GoneError):
            ending = self._child.ending()
        else:
            self._child.stop()
        self._failed = testimony.silence(self.source.name, error, ending, self._seconds)
        raise self._failed from None
