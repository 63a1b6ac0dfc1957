"""Ends of every sort, words without end, and sources that are none."""

from . import kind

kind("exit-at-import", "exit", top="sys.exit(0)")
kind("exit-in-the-loss", "exit", call="sys.exit(0)")
kind("quiet-exit-at-import", "exit", top="os._exit(0)")
kind("quiet-exit-in-the-loss", "exit", call="os._exit(0)")
kind("exit-in-a-later-call", "exit", call="if CALLS > 3: os._exit(0)")
kind(
    "work-at-exit",
    "exit",
    top="""
import atexit
atexit.register(lambda: channel().send(bytes(10**6)))
""",
    call="sys.exit(0)",
)
kind("raises-nothing-known", "raised", call="raise BaseException('odd')")
kind("raises-an-interrupt", "raised", call="raise KeyboardInterrupt")
kind("raises-the-end-of-a-generator", "raised", call="raise GeneratorExit")
kind(
    "exception-without-words",
    "raised",
    top="""
class Mute(Exception):
    def __str__(self): raise self
""",
    call="raise Mute",
)
kind("message-of-ten-megabytes", "raised", call="raise ValueError('x' * 10**7)")
kind(
    "exception-with-a-long-name",
    "raised",
    call="raise type('E' * 10**6, (Exception,), {})('x')",
)
kind("abort", "killed", call="os.abort()")
kind("segfault", "killed", call="ctypes.string_at(0)")
kind("kills-itself", "killed|right", call="os.kill(os.getpid(), 9); time.sleep(0.02)")
kind("recursion", "recursion", call="loss_and_grads(params, X, y, reg)")
kind(
    "recursion-through-c",
    "killed|memory|recursion",
    call="""
sys.setrecursionlimit(10**9)
class Deep:
    def __repr__(self): return repr([self])
repr(Deep())
""",
)
kind("asks-for-input", "raised", call="input()")
kind(
    "faults-are-shown",
    "killed",
    call="import faulthandler; faulthandler.enable(); ctypes.string_at(0)",
)

kind("flood-of-words", "flood", call="while True: print('x' * 10**5)")
kind(
    "flood-of-errors",
    "flood",
    call="while True: os.write(2, bytes(10**5))",
)
kind(
    "flood-on-both",
    "flood",
    call="""
def spill():
    while True: os.write(2, bytes(10**5))
threading.Thread(target=spill, daemon=True).start()
while True: os.write(1, bytes(10**5))
""",
)
kind(
    "closed-streams",
    "right",
    call="""
if CALLS == 1:
    sys.stdout.close(); sys.stderr = None
    for number in (0, 1, 2): os.close(number)
""",
)
kind(
    "words-that-a-terminal-obeys",
    "right",
    call="print('\\x1b[2J\\x1b]0;title\\x07\\u202e\\0'); sys.stdout.flush()",
)

kind("no-python", "raised", raw=b"def f(:\n")
kind("python-2", "raised", raw=b"print 'hello'\n")
kind("bad-bytes", "raised", raw=b"x = '\xff\xfe'\n")
kind("unknown-encoding", "raised", raw=b"# coding: klingon\n")
kind("code-in-rot13", "raised", raw=b"# coding: rot13\nvzcbeg bf\n")
kind(
    "ninety-thousand-signs",
    "killed|memory|raised|recursion",
    raw=b"x = " + b"-" * 90_000 + b"1\n",
)
kind("brackets", "killed|memory|raised|recursion", raw=b"x = " + b"(" * 50_000 + b"\n")
kind(
    "parse-bomb",
    "memory|timeout|killed|no-gradient",
    raw=b"()\n" * 340_000,
    hangs=True,
)
kind("folding-bomb", "memory", raw=b"x = 'a' * 10**10\n")
kind("nothing", "no-gradient", raw=b"")
kind(
    "latin-1-as-said",
    "no-gradient",
    raw="# coding: latin-1\nx = 'é'\n".encode("latin-1"),
)
kind("byte-order-mark", "no-gradient", raw=b"\xef\xbb\xbfx = 1\n")
