"""One request, one reply: under a deadline, collecting what is printed meanwhile."""

import selectors
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from socket import socket

import numpy as np

from gradcheck._typing import Params
from gradcheck.lanes import give_way
from gradcheck.submissions.cage import wire

HEAD = 32 * 1024
FLOOD = 8 * 1024 * 1024
"""Bytes kept of each stream, and bytes on both after which a submission is ended."""

BATCH = 64 * 1024 * 1024
"""Bytes of parameters sent in one request."""

_CHUNK = 1 << 20
_SOME = 1 << 14
"""Bytes read at once: at most, and at least, for several short replies may be there."""


class LateError(Exception):
    """No reply within the time that was left."""


class GoneError(Exception):
    """The other end of the channel is closed."""


class FloodError(Exception):
    """More was printed than is allowed."""


@dataclass(slots=True)
class Printed:
    """The beginning of what was written to a stream, and how much it was in all."""

    head: bytearray = field(default_factory=bytearray)
    total: int = 0

    @property
    def text(self) -> str:
        """The beginning, as text."""
        return self.head.decode("utf-8", "replace")

    def take(self, data: bytes) -> None:
        """Keep what fits into the head, count the rest."""
        self.head += data[: HEAD - len(self.head)]
        self.total += len(data)


class Exchange:
    """The judge's end of a channel and of the two streams that belong to it.

    Parameters
    ----------
    channel, out, err : socket
        Connected stream sockets; they become non-blocking, and stay the caller's.

    Attributes
    ----------
    waited : float
        Seconds spent waiting for replies so far.
    """

    def __init__(self, channel: socket, out: socket, err: socket) -> None:
        self._channel = channel
        self._selector = selectors.DefaultSelector()
        self.printed = {"stdout": Printed(), "stderr": Printed()}
        self._sequence = 0
        self._writing = False
        self._unsent = bytearray()
        self._asked = 0
        self._due: deque[tuple[wire.Inbox, int]] = deque()
        self.waited = 0.0
        channel.setblocking(False)
        self._selector.register(channel, selectors.EVENT_READ, None)
        for line, name in ((out, "stdout"), (err, "stderr")):
            line.setblocking(False)
            self._selector.register(line, selectors.EVENT_READ, self.printed[name])

    def ask(
        self, kind: int, body: bytes, expect: int, *, exact: int | None, seconds: float
    ) -> wire.Inbox:
        """Send a request and wait for its reply.

        Parameters
        ----------
        kind, expect : int
            Of the request, and of the reply.
        body : bytes
            Of the request.
        exact : int or None
            Length of the reply's body, where it is known.
        seconds : float
            To wait at most, all that was `waited` before included.

        Raises
        ------
        LateError, GoneError, FloodError, wire.ProtocolError
            There is no reply; the channel is of no more use.
        """
        return self.ask_all(kind, [(body, exact)], expect, seconds=seconds)[0]

    def ask_all(
        self,
        kind: int,
        asked: Sequence[tuple[bytes, int | None]],
        expect: int,
        *,
        seconds: float,
    ) -> list[wire.Inbox]:
        """Send requests one after the other, and wait for a reply to each.

        Parameters
        ----------
        kind, expect
            As in `ask`.
        seconds : float
            To wait at most, all that was `waited` before included.
        asked : sequence of (bytes, int or None)
            Body of each request, and length of the body of its reply.
        """
        inboxes = [self._write(kind, body, expect, exact) for body, exact in asked]
        self._push()
        started = time.monotonic()
        while self._unsent:  # hardly ever: it is larger than what the line holds
            self._step(started + seconds - self.waited)
        self.waited += time.monotonic() - started
        give_way()
        started = time.monotonic()
        deadline = started + seconds - self.waited
        try:
            for inbox in inboxes:
                while inbox.missing:
                    self._step(deadline)
        finally:
            self.waited += time.monotonic() - started
        return inboxes

    def _write(
        self, kind: int, body: bytes, expect: int, exact: int | None
    ) -> wire.Inbox:
        """Put a question behind those that are to be sent, and its reply behind all."""
        self._sequence += 1
        header, frame = wire.request(kind, self._sequence, body)
        inbox = wire.Inbox(header, expect, exact)
        self._unsent += frame
        self._asked += len(frame)
        self._due.append((inbox, self._asked))
        return inbox

    def _push(self) -> None:
        """Send what the line takes."""
        while self._unsent:
            count = self._send(memoryview(self._unsent)[:_CHUNK])
            if not count:
                return
            del self._unsent[:count]

    def _step(self, deadline: float) -> None:
        """Wait for something to happen, and deal with it.

        Replies come in the order of the questions, whoever has asked them and waits.
        """
        self._listen(writing=bool(self._unsent))
        left = deadline - time.monotonic()
        ready = self._selector.select(max(left, 0.0))
        if left <= 0.0:
            raise LateError
        for key, mask in ready:
            if key.data is not None:
                self._collect(key)
                continue
            if mask & selectors.EVENT_WRITE:
                self._push()
            if mask & selectors.EVENT_READ:
                self._take()

    def _take(self) -> None:
        """Read on in the replies that are due, each in its turn."""
        due, whole = self._due, sum(inbox.missing for inbox, _ in self._due)
        data = memoryview(self._receive(min(max(whole, _SOME), _CHUNK)))
        while data:
            if not due:
                text = "an answer came that nobody had asked for"
                raise wire.ProtocolError(text)
            inbox, end = due[0]
            count = inbox.missing
            inbox.feed(data[:count])
            data = data[count:]
            if not inbox.missing:
                due.popleft()
                if self._asked - len(self._unsent) < end:
                    text = "an answer came before the question was read"
                    raise wire.ProtocolError(text)

    def drain(self) -> None:
        """Take what the streams still hold, without waiting for more."""
        while ready := [k for k, _ in self._selector.select(0) if k.data is not None]:
            for key in ready:
                self._collect(key)

    def close(self) -> None:
        """Let go of the sockets, which are closed by their owner."""
        self._selector.close()

    def _listen(self, *, writing: bool) -> None:
        """Wait for room to write in, too, only while something is left to send."""
        if writing != self._writing:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
            self._selector.modify(self._channel, events, None)
            self._writing = writing

    def _send(self, data: memoryview) -> int:
        """Send what the line takes now; how much that was."""
        try:
            return self._channel.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            raise GoneError from None
        finally:
            data.release()

    def _receive(self, size: int) -> bytes:
        try:
            data = self._channel.recv(size)
        except BlockingIOError:
            return b""
        except OSError:
            raise GoneError from None
        if not data:
            raise GoneError
        return data

    def _collect(self, key: selectors.SelectorKey) -> None:
        line, printed = key.fileobj, key.data
        assert isinstance(line, socket)
        try:
            data = line.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(line)
        printed.take(data)
        if sum(p.total for p in self.printed.values()) > FLOOD:
            raise FloodError


def batches(
    points: Iterable[Params], limit: int = BATCH, most: int | None = None
) -> Iterator[list[Params]]:
    """Group points into lists of at most `limit` bytes and `most` points; one fits.

    All points are as large as the first.
    """
    points = iter(points)
    first = next(points, None)
    if first is None:
        return
    size = sum(8 * np.size(array) for array in first.values())
    room = max(1, limit // max(1, size))
    room = room if most is None else min(room, most)
    batch = [first]
    for point in points:
        if len(batch) == room:
            yield batch
            batch = []
        batch.append(point)
    yield batch
