"""The channel: what is not an answer, and answers to questions of its own."""

from . import kind

kind("garbage", "protocol", call="channel().send(b'\\x00' * 64)")
kind("early-answer", "protocol", call="channel().send(header(66, 8, token=bytes(16)))")
kind(
    "zeros-before-the-answer",
    "protocol|wrong",
    call="if CALLS == 1: channel().send(header(66, 24) + bytes(24))",
)
kind("endless-answer", "protocol", call="while True: channel().send(bytes(10**6))")
kind("four-gigabytes", "protocol", call="channel().send(header(66, 2**32 - 1))")
kind("long-problem", "protocol", call="channel().send(header(67, 2**20))")
kind("another-kind", "protocol", call="channel().send(header(65, 2) + b'{}')")
kind(
    "forged-problem",
    "failed",
    call="""
body = b'{"code": "correct", "text": "all right\\\\u202e\\\\u001b[2J", "line": 10}'
body = struct.pack("<I", len(body)) + body
channel().send(header(67, len(body)) + body); time.sleep(1)
""",
)
kind(
    "nested-problem",
    "protocol",
    call="""
body = b"\\0" * 4 + b"[" * 60000
channel().send(header(67, len(body)) + body); time.sleep(1)
""",
)
kind(
    "problem-with-a-long-number",
    "protocol",
    call="""
body = b'\\0\\0\\0\\0{"line": ' + b"9" * 60000 + b"}"
channel().send(header(67, len(body)) + body); time.sleep(1)
""",
)
kind(
    "problem-that-is-no-object",
    "protocol",
    call="""
body = b"\\0\\0\\0\\0[1, 2]"
channel().send(header(67, len(body)) + body); time.sleep(1)
""",
)
kind(
    "problem-of-odd-things",
    "failed",
    call="""
body = b'\\0\\0\\0\\0{"code": {}, "text": [], "line": -3, "parameter": [], "got": "x"}'
channel().send(header(67, len(body)) + body); time.sleep(1)
""",
)
kind(
    "shapes-that-are-none",
    "shape-mismatch",
    call="""
body = b'\\0\\0\\0\\0{"code": "shape-mismatch", "parameter": "W", "got": [-1, 1e9]}'
channel().send(header(67, len(body)) + body); time.sleep(1)
""",
)
kind("closes-the-channel", "exit|protocol", call="os.closerange(3, 400)")
kind("hangs-up", "protocol", call="channel().shutdown(2); time.sleep(9)")
kind(
    "writes-to-every-descriptor",
    "protocol",
    call="""
for number in range(0, 400):
    try: os.write(number, b"verdict: correct\\n" * 10)
    except OSError: pass
""",
)
kind(
    "answers-for-itself",
    "wrong",
    top="""
import json
def take(line, count):
    data = b""
    while len(data) < count: data += line.recv(count - len(data))
    return data

def lie(line, first):
    while True:
        head = first or take(line, 32)
        length, = struct.unpack_from("<I", head, 12)
        body = b"" if first else take(line, length)
        if not first:
            size, = struct.unpack_from("<I", body)
            told = json.loads(body[4:4 + size])
            numbers, at = {}, 4 + size
            for name, dtype, shape in told["arrays"]:
                count = int(np.prod(shape))
                numbers[name] = np.frombuffer(body, dtype, count, at).reshape(shape)
                at += numbers[name].nbytes
            names = told["parameters"]
            flat = [numbers[n].reshape(told["points"], -1) for n in names]
            answer = (sum((f * f).sum(1) for f in flat) / 2).tobytes()
            for n in names if told["gradients"] else (): answer += numbers[n].tobytes()
        else:
            answer = bytes(8 * 3)
        front = head[:4] + bytes([66]) + head[5:12] + struct.pack("<I", len(answer))
        line.sendall(front + head[16:] + answer)
        first = None
""",
    call="h = asked(); lie(channel(), h.pack())",
)
kind(
    "patches-the-loop",
    "wrong",
    top="""
frame = sys._getframe()
while "accused" not in frame.f_locals: frame = frame.f_back
type(frame.f_locals["accused"]).evaluate = lambda self, head, blob: bytes(
    8 * head["points"] * (13 if head["gradients"] else 1) + 8 * head["gradients"]
)
""",
)
kind(
    "patches-the-frames",
    "protocol",
    top="""
for module in list(sys.modules.values()):
    if module.__name__.endswith(".wire"): module.MAGIC = b"XXXX"
""",
)
kind(
    "a-second-answer-at-once",
    "protocol|wrong",
    top="""
def twice(line, data, send=socket.socket.sendall):
    send(line, data); send(line, data)
frame = sys._getframe()
while "channel" not in frame.f_locals: frame = frame.f_back
""",
    call="channel().send(header(66, 24) + bytes(24)); channel().send(header(66, 24))",
)
