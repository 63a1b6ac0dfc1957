"""What never ends, and what takes all there is."""

from . import kind

for name, parts in {
    "loop-at-import": {"top": "while True: pass"},
    "loop-in-the-loss": {"call": "while True: pass"},
    "loop-in-a-later-call": {"call": "while CALLS > 3: pass"},
    "sleep": {"call": "time.sleep(99)"},
    "loop-in-c": {"call": "sum(range(10**13))"},
    "huge-power": {"call": "9**9**9"},
    "deaf-to-all-signals": {
        "call": """
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
"""
    },
    "swallows-every-exception": {
        "call": """
while True:
    try:
        while True: pass
    except BaseException: pass
"""
    },
    "stops-itself": {"call": "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(99)"},
    "waits-for-a-lock": {"call": "threading.Event().wait()"},
    "array-that-loops": {
        "top": """
class Slow:
    def __array__(self, *args, **options):
        while True: pass
""",
        "back": "grads['W'] = Slow()",
    },
    "message-that-loops": {
        "top": """
class Loud(Exception):
    def __str__(self):
        while True: pass
""",
        "call": "raise Loud",
    },
    "catastrophic-pattern": {
        "call": "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
    },
    "drip-over-the-channel": {
        "call": """
line = channel()
for byte in header(66, 8) + bytes(100):
    line.send(bytes([byte]))
    time.sleep(0.05)
"""
    },
    "half-a-frame": {"call": "channel().send(header(66, 8)[:20]); time.sleep(99)"},
    "threads-that-stay-busy": {
        "call": """
def spin():
    while True: pass
for _ in range(4): threading.Thread(target=spin, daemon=True).start()
while True: pass
"""
    },
}.items():
    kind(name, "timeout", hangs=True, **parts)

kind("list-that-grows", "memory", call="x = []\nwhile True: x.append(bytes(10**6))")
kind("large-array", "memory", call="np.ones(10**11)")
kind(
    "large-array-forgiven",
    "right",
    call="refused(lambda: np.ones(10**11), errors=(MemoryError,))",
)
kind("large-map", "raised", call="mmap.mmap(-1, 1 << 36)")
kind("string-that-grows", "memory|timeout", call="x = 'a' * 10**7\nwhile True: x += x")
kind(
    "memory-outside-of-the-limit",
    "right",
    crude=True,
    call="""
refused(
    lambda: os.memfd_create("x"),
    lambda: syscall(29, 0, 1 << 20, 0o1600),  # shmget
)
""",
)
kind(
    "gradient-of-a-trillion-entries",
    "shape-mismatch",
    back="grads['W'] = np.broadcast_to(1.0, (10**6, 10**6))",
)
kind(
    "higher-limits",
    "right",
    call="""
for name in ("AS", "CPU", "NOFILE", "NPROC", "FSIZE"):
    which = getattr(resource, f"RLIMIT_{name}")
    refused(lambda: resource.setrlimit(which, (-1, -1)), errors=(ValueError, OSError))
""",
)
kind(
    "twenty-thousand-threads",
    "right",
    crude=True,
    call="""
if CALLS == 1:
    wait = threading.Event()
    def start():
        for _ in range(20_000): threading.Thread(target=wait.wait, daemon=True).start()
    refused(start, errors=(RuntimeError, MemoryError))
    wait.set()
""",
)
