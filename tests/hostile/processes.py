"""Other processes: making them, ending them, looking into them; and the network."""

from . import kind

kind("fork", "right", crude=True, call="refused(os.fork)")
kind("fork-bomb", "raised", crude=True, call="while True: os.fork()")
kind(
    "fork-bomb-that-insists",
    "timeout",
    crude=True,
    hangs=True,
    call="""
while True:
    try: os.fork()
    except OSError: pass
""",
)
kind(
    "daemon",
    "right",
    crude=True,
    call="""
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(99)
        os._exit(0)
refused(daemon, os.setsid)
""",
)
kind("program", "right", crude=True, call="refused(lambda: subprocess.run(['true']))")
kind(
    "shell",
    "right",
    crude=True,
    call="""
if os.system("true") == 0: raise BrokeOut("os.system")
refused(lambda: os.popen("true").close(), lambda: os.execv("/bin/true", ["true"]))
refused(lambda: os.posix_spawn("/bin/true", ["true"], {}))
""",
)
kind(
    "clone-by-number",
    "right",
    crude=True,
    call="""
def child(pid):
    if pid == 0: os._exit(0)
    return pid
refused(lambda: child(syscall(56, 17, 0, 0, 0, 0)))  # clone
refused(lambda: child(syscall(57)), lambda: child(syscall(58)))  # fork, vfork
refused(lambda: child(syscall(435, 0, 0)))  # clone3
""",
)
kind(
    "another-architecture",
    "killed",
    crude=True,
    call="""
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes([0xB8, 2, 0, 0, 0, 0xCD, 0x80, 0xC3]))  # mov eax, fork; int 0x80; ret
address = ctypes.addressof(ctypes.c_char.from_buffer(code))
raise BrokeOut(ctypes.CFUNCTYPE(ctypes.c_int)(address)())
""",
)
kind(
    "the-x32-door",
    "killed",
    crude=True,
    call="raise BrokeOut(syscall(0x40000000 + 57))",
)
kind(
    "pool-of-processes",
    "right",
    crude=True,
    call="""
import multiprocessing
refused(lambda: multiprocessing.get_context("fork").Process(target=print).start())
""",
)

# signals
kind(
    "kill-the-parent",
    "right",
    crude=True,
    call="if os.getppid(): refused(lambda: os.kill(os.getppid(), 9))",
)
kind(
    "kill-the-group",
    "right",
    crude=True,
    call="refused(lambda: os.killpg(0, 9), lambda: os.kill(0, 15))",
)
kind(
    "kill-everything",
    "right",
    crude=True,
    call="""
refused(lambda: os.kill(-1, 9))
for pid in range(1, 3000):
    if pid != os.getpid(): refused(lambda: os.kill(pid, 9))
""",
)
kind(
    "signals-by-other-calls",
    "right",
    crude=True,
    call="""
for pid in (1, os.getppid()):
    if pid == os.getpid(): continue
    refused(lambda: syscall(234, pid, pid, 9), lambda: syscall(200, pid, 9))
    refused(lambda: syscall(129, pid, 9, 0), lambda: os.pidfd_open(pid))
""",
)
kind(
    "signals-to-the-owner-of-a-file",
    "right",
    crude=True,
    call="""
import fcntl
refused(lambda: fcntl.fcntl(1, fcntl.F_SETOWN, 1), lambda: fcntl.fcntl(1, 10, 9))
refused(lambda: fcntl.ioctl(1, 0x8901, struct.pack("i", 1)))
""",
)
kind(
    "outlive-the-parent",
    "right",
    crude=True,
    call="""
libc = ctypes.CDLL(None)
for option in (1, 4, 36):  # death signal, dumpable, subreaper
    if libc.prctl(option, 0, 0, 0, 0) == 0: raise BrokeOut(option)
""",
)
kind(
    "limits-of-others",
    "right",
    crude=True,
    call="refused(lambda: resource.prlimit(os.getppid() or 2, 7, (0, 0)))",
)
kind(
    "priority-of-others",
    "right",
    crude=True,
    call="""
refused(lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19))
refused(lambda: os.sched_setaffinity(os.getppid(), {0}))
""",
)
kind(
    "own-alarm",
    "killed|right",  # the first process of a namespace does not feel it
    call="signal.setitimer(signal.ITIMER_REAL, 0.01); time.sleep(0.02)",
)

# prying
kind(
    "memory-of-the-parent",
    "right",
    crude=True,
    call="""
for pid in {os.getppid(), 1} - {os.getpid()}:
    refused(lambda: open(f"/proc/{pid}/mem", "rb"), lambda: open(f"/proc/{pid}/maps"))
    refused(lambda: syscall(101, 16, pid, 0, 0))
    refused(lambda: syscall(310, pid, 0, 0, 0, 0, 0))
""",
)
kind(
    "environment-of-the-judge",
    "right",
    crude=True,
    call="""
if "GRADCHECK_SECRET" in os.environ: raise BrokeOut("environment")
for pid in {os.getppid(), 1} - {os.getpid()}:
    refused(lambda: open(f"/proc/{pid}/environ"), lambda: open(f"/proc/{pid}/cmdline"))
""",
)
kind(
    "objects-of-the-judge",
    "right",
    call="""
frames = []
frame = sys._getframe()
while frame: frames.append(frame); frame = frame.f_back
seen = " ".join(str(sorted(f.f_globals)) + str(sorted(f.f_locals)) for f in frames)
if "reference" in seen or "answer_key" in seen: raise BrokeOut(seen)
if any(name.startswith("gradcheck") for name in sys.modules): raise BrokeOut("modules")
""",
)
kind(
    "the-reference-solution",
    "right",
    crude=True,
    call="""
if CALLS == 1:
    before = list(sys.path), list(sys.meta_path)
    sys.meta_path[:] = [f for f in sys.meta_path if "Shelf" not in type(f).__name__]
    for folder in (REFERENCE, SITE): sys.path.insert(0, folder)
    for name in ("gradcheck.networks", "hypothesis", "click", "torch", "autograd"):
        refused(lambda: __import__(name), errors=(ImportError, OSError))
    sys.path[:], sys.meta_path[:] = before
""",
    top="""
from pathlib import Path
REFERENCE = str(Path(__file__).parent / "reference")  # what a test puts there is seen
SITE = str(Path(np.__file__).parents[1])
""",
)

# the network
kind(
    "sockets",
    "right",
    crude=True,
    call="""
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
    for type_ in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        refused(lambda: socket.socket(family, type_))
refused(socket.socketpair)
""",
)
kind(
    "names-on-the-network",
    "right",
    crude=True,
    call="refused(lambda: socket.gethostbyname('example.org'))",
)
kind(
    "descriptors-for-the-judge",
    "right",
    crude=True,
    call="refused(lambda: socket.send_fds(channel(), [b'x'], [0]))",
)
