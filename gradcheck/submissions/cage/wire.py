"""Frames between the judge and the accused: talk richly, listen poorly.

A frame is a header of 32 bytes and a body. The judge describes its requests in JSON,
for the child may trust it. A reply is raw float64 of a length that the judge knew
before it asked: there is nothing in it to parse, hence nothing to attack.
"""

import json
import math
import secrets
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"GCF1"
LOAD, EVALUATE, NOTES, PROBE, SEVERAL = 1, 2, 3, 4, 5
READY, VALUES, PROBLEM, HINTS = 65, 66, 67, 68
SMALL = 64 * 1024
"""Most bytes of a reply whose length is the child's own choice."""

_HEADER = struct.Struct("<4sBBHII16s")
_LENGTH = struct.Struct("<I")

# Kept by name: in the child, a submission may replace the attributes of numpy.
_frombuffer, _contiguous, _float64 = np.frombuffer, np.ascontiguousarray, np.float64
_prod = math.prod

Arrays = Mapping[str, NDArray[Any]]


class ProtocolError(Exception):
    """The other side did not send the frame that it had to send."""


@dataclass(frozen=True, slots=True)
class Header:
    """What precedes a body: its kind, its length, and which request it belongs to."""

    kind: int
    sequence: int
    length: int
    token: bytes

    def pack(self) -> bytes:
        """Write the 32 bytes."""
        return _HEADER.pack(
            MAGIC, self.kind, 0, 0, self.sequence, self.length, self.token
        )

    @classmethod
    def unpack(cls, data: bytes) -> "Header":
        """Read the 32 bytes, every one of which has to be as it should."""
        magic, kind, flags, reserved, sequence, length, token = _HEADER.unpack(data)
        if magic != MAGIC or flags or reserved:
            raise ProtocolError("what came back is not a frame")
        return cls(kind, sequence, length, token)


HEADER_SIZE = _HEADER.size


def request(kind: int, sequence: int, body: bytes) -> tuple[Header, bytes]:
    """Make a frame with a token that nobody has seen before, and its header."""
    header = Header(kind, sequence, len(body), secrets.token_bytes(16))
    return header, header.pack() + body


def reply(asked: Header, kind: int, body: bytes) -> bytes:
    """Make the frame that answers the request `asked`."""
    return Header(kind, asked.sequence, len(body), asked.token).pack() + body


@dataclass(slots=True)
class Inbox:
    """Collects the one reply to a request, never more than was to be expected.

    Parameters
    ----------
    asked : Header
        Of the request.
    kind : int
        The reply that should come, unless a PROBLEM comes.
    exact : int, optional
        Length of the body of a VALUES in bytes; without it at most `SMALL`.
    """

    asked: Header
    kind: int
    exact: int | None = None
    header: Header | None = None
    _parts: bytearray = field(default_factory=bytearray)

    @property
    def missing(self) -> int:
        """How many bytes may be read now; 0 when the reply is whole.

        The header alone first: what comes behind it may be of another length, and the
        reply to the next request.
        """
        if self.header is None:
            return HEADER_SIZE - len(self._parts)
        return self.header.length - len(self._parts)

    @property
    def body(self) -> bytes:
        """The body received so far."""
        return b"" if self.header is None else bytes(self._parts)

    def feed(self, data: bytes | memoryview) -> None:
        """Take in bytes, at most `missing`; raise ProtocolError at the first lie."""
        if len(data) > self.missing:
            raise ProtocolError("more came back than was asked for")
        self._parts += data
        if self.header is None and len(self._parts) >= HEADER_SIZE:
            self.header = self._judge(Header.unpack(bytes(self._parts[:HEADER_SIZE])))
            del self._parts[:HEADER_SIZE]
            if self.missing < 0:
                raise ProtocolError("more came back than was asked for")

    def _judge(self, got: Header) -> Header:
        if got.kind not in (self.kind, PROBLEM):
            raise ProtocolError(f"a reply of kind {got.kind} came, not {self.kind}")
        if (got.sequence, got.token) != (self.asked.sequence, self.asked.token):
            raise ProtocolError("the reply belongs to another request")
        if got.kind == PROBLEM or self.exact is None:
            if got.length > SMALL:
                raise ProtocolError(f"a message of {got.length} bytes")
        elif got.length != self.exact:
            raise ProtocolError(f"{got.length} bytes of numbers, not {self.exact}")
        return got


def pack_body(head: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    """Join a JSON object and raw bytes: ``u32`` length, JSON, the bytes."""
    text = json.dumps(head).encode()
    return b"".join([_LENGTH.pack(len(text)), text, *blobs])


def unpack_body(body: bytes | memoryview) -> tuple[dict[str, Any], memoryview]:
    """Split what `pack_body` joined. Only the child calls this, on trusted bytes."""
    (length,) = _LENGTH.unpack_from(body)
    rest = memoryview(body)[_LENGTH.size :]
    return json.loads(bytes(rest[:length])), rest[length:]


def pack_arrays(arrays: Arrays) -> tuple[list[tuple[Any, ...]], list[bytes]]:
    """Describe arrays for JSON and give their bytes, in C order."""
    listed = [(k, a.dtype.str, list(a.shape)) for k, a in arrays.items()]
    return listed, [_contiguous(a).tobytes() for a in arrays.values()]


def unpack_arrays(
    listed: Sequence[Sequence[Any]], blob: memoryview
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Give back the arrays that `pack_arrays` described; read-only views of `blob`."""
    start = 0
    for name, dtype, shape in listed:
        count = _prod(shape)
        array: NDArray[Any] = _frombuffer(blob, dtype, count, start).reshape(shape)
        start += array.nbytes
        yield name, array


def values_size(shapes: Mapping[str, tuple[int, ...]], points: int) -> int:
    """Bytes of a VALUES: a loss a point, then for each name its stack of arrays."""
    sizes = sum(_prod(shape) for shape in shapes.values())
    return 8 * points * (1 + sizes)


def unpack_values(
    body: bytes, shapes: Mapping[str, tuple[int, ...]], points: int
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Read losses, shape (points,), and stacks of gradients, (points, *shape)."""
    numbers = _frombuffer(body, "<f8").astype(_float64)
    losses, start, stacks = numbers[:points], points, {}
    for name, shape in shapes.items():
        stop = start + points * _prod(shape)
        stacks[name] = numbers[start:stop].reshape(points, *shape)
        start = stop
    return losses, stacks
