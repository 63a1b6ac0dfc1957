"""Files: its own, ours, everybody's; and files without end."""

from . import kind

kind(
    "fills-the-disk",
    "right|scratch|timeout",
    call="""
if CALLS == 1:
    try:
        for i in range(40):
            with open(f"large{i}", "wb") as file:
                for _ in range(15): file.write(bytes(1 << 20))
        time.sleep(0.3)
        raise BrokeOut("600 MB")
    except OSError: pass
""",
)
kind(
    "fills-the-disk-unseen",
    "right|scratch|timeout",
    crude=True,
    call="""
if CALLS == 1:
    kept = []
    def write():
        for i in range(70):
            kept.append(open("unseen", "wb"))
            os.unlink("unseen")
            kept[-1].write(bytes(1 << 20)); kept[-1].flush()
    refused(write)
    kept.clear()
""",
)
kind(
    "a-file-without-end",
    "right",
    call="""
def write():
    with open("endless", "wb") as file:
        while True: file.write(bytes(1 << 20))
if CALLS == 1: refused(write); os.unlink("endless")
""",
)
kind(
    "five-thousand-files",
    "right|scratch|timeout",
    call="""
if CALLS == 1:
    try:
        for i in range(5000): open(f"f{i}", "w").close()
        time.sleep(0.3)
        raise BrokeOut("5000 files")
    except OSError: pass
""",
)
kind(
    "deep-folders",
    "right|scratch|timeout",
    call="""
if CALLS == 1:
    top = os.getcwd()
    try:
        for _ in range(1000): os.mkdir("d"); os.chdir("d")
        time.sleep(0.2)
    except OSError: pass
    os.chdir(top)
""",
)
kind(
    "odd-names-and-links",
    "right",
    call="""
if CALLS == 1:
    for name in ("a\\nb", "\\u202eb", "x" * 255, "-rf", "*"): open(name, "w").close()
    os.symlink("/", "root"); os.symlink("loop", "loop")
    os.mkdir("closed", 0)
""",
)
kind(
    "descriptors-without-end",
    "right",
    call="""
def take():
    kept = []
    while True: kept.append(open(os.devnull))
refused(take)
""",
)
kind(
    "writes-elsewhere",
    "right",
    crude=True,
    call="""
folder = os.path.dirname(__file__)
for place in ("/tmp", "/dev/shm", "/var/tmp", "/", folder, "/run", "/etc"):
    name = os.path.join(place, "gradcheck-was-here")
    refused(lambda: open(name, "w"), lambda: os.mkdir(name))
    refused(lambda: os.symlink("/", name))
os.symlink(folder, "out") if not os.path.lexists("out") else None
refused(lambda: open("out/gradcheck-was-here", "w"))
""",
)
kind(
    "deletes-its-file",
    "right",
    crude=True,
    call="refused(lambda: os.unlink(__file__), lambda: os.rename(__file__, 'x'))",
)
kind(
    "rewrites-its-file",
    "right",
    crude=True,
    call="""
refused(lambda: open(__file__, "w"), lambda: open(__file__, "a"))
refused(lambda: os.truncate(__file__, 0), lambda: os.open(__file__, os.O_TRUNC))
refused(lambda: os.rename("/dev/null", __file__))
""",
)
kind(
    "changes-its-file",
    "right",
    crude=True,
    call="""
refused(lambda: os.chmod(__file__, 0o777), lambda: os.utime(__file__))
refused(lambda: os.chown(__file__, 0, 0), lambda: os.setxattr(__file__, "user.a", b"b"))
refused(lambda: os.link(__file__, "hard"))
""",
)
kind(
    "files-of-others",
    "right",
    crude=True,
    call="""
refused(lambda: open("/etc/passwd"), lambda: open("/etc/shadow"), lambda: open(OTHER))
refused(lambda: os.listdir('/proc/1'), lambda: os.listdir(OTHER + '/..'))
""",
    top="OTHER = os.path.join(os.path.dirname(__file__), '..', 'other', 'secret.py')",
)
kind(
    "files-by-handle",
    "right",
    crude=True,
    call="""
handle = ctypes.create_string_buffer(struct.pack("<IiQ", 8, 1, 2) + bytes(120))
refused(lambda: syscall(304, -100, handle, 0))
""",
)
kind(
    "lasting-objects",
    "right",
    crude=True,
    call="""
refused(lambda: syscall(29, 4711, 4096, 0o1666), lambda: syscall(64, 4711, 1, 0o1666))
refused(lambda: syscall(68, 4711, 0o1666), lambda: syscall(240, b"q", 0o102, 0o600, 0))
refused(lambda: syscall(248, b"user", b"a", b"b", 1, -3))
""",
)
kind(
    "mounts-and-namespaces",
    "right",
    crude=True,
    call="""
refused(lambda: syscall(272, 0x10000000), lambda: syscall(165, b"a", b"/", b"tmpfs", 0))
refused(lambda: os.chroot("."), lambda: syscall(155, b".", b"."))
refused(lambda: syscall(430, b"tmpfs", 0))
""",
)
kind(
    "wide-doors-of-the-kernel",
    "right",
    crude=True,
    call="""
buffer = ctypes.create_string_buffer(120)
refused(lambda: syscall(425, 1, buffer), lambda: syscall(321, 0, buffer, 120))
refused(lambda: syscall(298, buffer, 0, -1, -1, 0), lambda: syscall(323, 1))
""",
)
kind(
    "terminals",
    "right",
    crude=True,
    call="refused(lambda: open('/dev/tty'), os.openpty, lambda: open('/dev/ptmx'))",
)
kind(
    "root-again",
    "right",
    crude=True,
    call="""
refused(lambda: os.setuid(0)) if os.getuid() else None
refused(lambda: os.setgroups([0]), lambda: os.mknod("device", 0o20666, 0x103))
refused(lambda: os.sethostname("x")) if hasattr(os, "sethostname") else None
""",
)
