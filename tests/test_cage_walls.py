"""The walls: their tables, what they let through, and how they fail."""

import ctypes
import errno
import functools
import os
import re
import struct
from pathlib import Path

import pytest

from gradcheck.submissions.cage import landlock, limits, places, scratch, seccomp

ALLOW, EPERM, ENOSYS, KILL = (
    0x7FFF0000,
    0x50000 | errno.EPERM,
    0x50000 | errno.ENOSYS,
    0x80000000,
)
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def decide(program, number, *arguments, arch=ARCH["x86_64"]):
    """Interpret a filter, as the kernel does, for one system call."""
    numbers = [*arguments, *(6 - len(arguments)) * [0]]
    data = struct.pack("<iIQ6Q", number, arch, 0, *numbers)
    code = list(struct.iter_unpack("<HBBI", program))
    at, register = 0, 0
    while True:
        operation, yes, no, value = code[at]
        at += 1
        if operation == 0x06:
            return value
        if operation == 0x20:
            (register,) = struct.unpack_from("<I", data, value)
        elif operation == 0x54:
            register &= value
        else:
            holds = register == value if operation == 0x15 else register > value
            at += yes if holds else no


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request):
    return request.param


program_of = functools.cache(seccomp.program)


@pytest.fixture
def verdict(machine):
    program = program_of(machine, 4711)
    tables = {**seccomp.REFUSED, **seccomp.WATCHED}

    def verdict(name, *arguments):
        number = tables[name][["x86_64", "aarch64"].index(machine)]
        if number is None:
            return EPERM  # what does not exist cannot be called
        return decide(program, number, *arguments, arch=ARCH[machine])

    return verdict


@pytest.mark.parametrize("name", seccomp.REFUSED)
def test_what_is_refused_is_refused(verdict, name):
    assert verdict(name) == EPERM


def test_threads_are_made_and_processes_are_not(verdict):
    assert verdict("clone", 0x3D0F00) == ALLOW
    assert verdict("clone", 0x1200011) == EPERM


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("kill", (4711, 9), ALLOW),
        ("kill", (4712, 9), EPERM),
        ("kill", (0, 9), EPERM),
        ("kill", (2**32 - 1, 9), EPERM),
        ("tgkill", (4711, 4711, 6), ALLOW),
        ("tgkill", (1, 1, 6), EPERM),
        ("fcntl", (3, 1), ALLOW),
        ("fcntl", (3, 8), EPERM),
        ("fcntl", (3, 10), EPERM),
        ("fcntl", (3, 15), EPERM),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("ioctl", (0, 0x8901), EPERM),
        ("ioctl", (0, 0x8902), EPERM),
        ("prctl", (15,), ALLOW),
        ("prctl", (1,), EPERM),
        ("prctl", (4,), EPERM),
        ("prctl", (36,), EPERM),
        ("prlimit64", (0, 7), ALLOW),
        ("prlimit64", (1, 7), EPERM),
        ("openat", (0, 0, os.O_RDONLY), ALLOW),
        ("openat", (0, 0, os.O_WRONLY | os.O_TRUNC), ALLOW),
        ("openat", (0, 0, os.O_RDONLY | os.O_TRUNC), EPERM),
        ("open", (0, os.O_RDONLY | os.O_TRUNC), EPERM),
    ],
)
def test_arguments_decide_where_they_have_to(verdict, name, arguments, expected):
    assert verdict(name, *arguments) == expected


def test_ordinary_calls_pass_and_unknown_ones_do_not_exist(machine):
    program = seccomp.program(machine, 1)
    arch = ARCH[machine]
    for name, numbers in {
        "read": (0, 63),
        "mmap": (9, 222),
        "futex": (202, 98),
    }.items():
        number = numbers[["x86_64", "aarch64"].index(machine)]
        assert decide(program, number, arch=arch) == ALLOW, name
    assert decide(program, seccomp.CLONE3, arch=arch) == ENOSYS
    assert decide(program, seccomp.LAST_KNOWN + 1, arch=arch) == ENOSYS
    assert decide(program, 0x40000000 | 59, arch=arch) == KILL  # the x32 door
    assert decide(program, 11, arch=0x40000003) == KILL  # int 0x80


def test_a_machine_without_a_table_has_no_filter():
    with pytest.raises(OSError, match="seccomp: no table for riscv64"):
        seccomp.program("riscv64", 1)


HEADERS = {
    0: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    1: Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("column", HEADERS)
def test_the_table_agrees_with_the_headers_of_the_kernel(column):
    if not HEADERS[column].exists():
        pytest.skip(f"{HEADERS[column]} is not installed")
    text = HEADERS[column].read_text()
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\n", text))
    ours = {**seccomp.REFUSED, **seccomp.WATCHED}
    checked = [
        name
        for name, numbers in ours.items()
        if name in known and numbers[column] is not None
    ]
    assert {n: ours[n][column] for n in checked} == {n: int(known[n]) for n in checked}
    assert len(checked) > 70
    absent = [n for n, numbers in ours.items() if numbers[column] is None]
    assert [n for n in absent if n in known] == []


@pytest.mark.parametrize(
    ("abi", "rights"),
    [
        (1, ((1 << 13) - 1, 0, 0)),
        (2, ((1 << 14) - 1, 0, 0)),
        (3, ((1 << 15) - 1, 0, 0)),
        (4, ((1 << 15) - 1, 3, 0)),
        (5, ((1 << 16) - 1, 3, 0)),
        (6, ((1 << 16) - 1, 3, 3)),
    ],
)
def test_a_version_of_landlock_is_asked_for_what_it_knows(abi, rights):
    assert landlock.handled(abi) == rights


def test_without_landlock_the_wall_says_so(monkeypatch):
    def refuse(*args):
        raise OSError(errno.ENOSYS, "no")

    monkeypatch.setattr(landlock.kernel, "call", refuse)
    assert landlock.version() == 0
    with pytest.raises(OSError, match="landlock: not offered"):
        landlock.restrict([], "/")


def test_a_rule_for_a_file_has_the_rights_of_files(tmp_path):
    file = tmp_path / "file"
    file.touch()
    rules = landlock.reading([str(tmp_path), str(file), str(tmp_path / "none")])
    masks = [struct.unpack("<Qi", rule.attributes.raw)[0] for rule in rules]
    assert masks == [0b1100, 0b100]
    for rule in rules:
        os.close(rule.place)


def test_a_limit_that_is_lower_already_stays(monkeypatch):
    calls = {}

    class Fake:
        RLIM_INFINITY = -1
        RLIMIT_CPU, RLIMIT_AS = 0, 1

        @staticmethod
        def getrlimit(which):
            return (-1, 5) if which == 0 else (-1, -1)

        @staticmethod
        def setrlimit(which, pair):
            if which == 1:
                raise ValueError("as macOS does")
            calls[which] = pair

    monkeypatch.setattr(limits, "resource", Fake)
    mask = os.umask(0o077)
    limits.impose({"RLIMIT_CPU": (9, 10), "RLIMIT_AS": (1, 1), "RLIMIT_NONE": (1, 1)})
    os.umask(mask)
    assert calls == {0: (5, 5)}


def test_limits_add_to_what_is_there():
    table = limits.wanted({"memory_mb": 2, "cpu": 1.5}, base=100, threads=7)
    assert table["RLIMIT_AS"] == (100 + 2 * 1024**2, 100 + 2 * 1024**2)
    assert table["RLIMIT_CPU"] == (2, 3)
    assert table["RLIMIT_NPROC"] == (71, 71)
    assert limits.address_space() > 10**7
    assert limits.threads_of_machine() > 1


def test_without_proc_the_limits_are_guessed(monkeypatch):
    def refuse(*args, **options):
        raise OSError

    monkeypatch.setattr("builtins.open", refuse)
    assert limits.address_space() == 0
    assert limits.threads_of_machine() == 4096


def test_a_deep_scratch_folder_is_removed_without_recursion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "scratch"
    root.mkdir()
    (root / "empty").mkdir()
    (root / "file").write_text("x")
    (root / "link").symlink_to(tmp_path)
    os.chdir(root)
    for _ in range(60):
        os.mkdir("d")
        os.chdir("d")
    (Path(root) / "closed").mkdir()
    (root / "closed" / "inside").touch()
    (root / "closed").chmod(0)
    os.chdir(tmp_path)
    scratch.clear(str(root))
    assert not root.exists()
    assert Path.cwd() == tmp_path
    scratch.clear(str(root))  # once more does no harm


@pytest.mark.parametrize(
    ("make", "within"),
    [
        (lambda p: (p / "a").write_bytes(bytes(1000)), True),
        (lambda p: (p / "a").write_bytes(bytes(5000)), False),
        (lambda p: [(p / str(i)).touch() for i in range(6)], False),
        (lambda p: (p / "1/2/3/4").mkdir(parents=True), False),
        (lambda p: (p / "1/2").mkdir(parents=True), True),
        (lambda p: p.rmdir(), True),
    ],
)
def test_scratch_is_measured_by_bytes_entries_and_depth(
    tmp_path, monkeypatch, make, within
):
    monkeypatch.setattr(scratch, "LIMIT_BYTES", 4096)
    monkeypatch.setattr(scratch, "ENTRIES", 5)
    monkeypatch.setattr(scratch, "DEPTH", 2)
    folder = tmp_path / "scratch"
    folder.mkdir()
    make(folder)
    assert scratch.measure(str(folder)) is within


def test_what_is_hidden_is_named_nowhere(tmp_path):
    for path in ("lib/site-packages/torch", "lib/json", "lib/deep/x/secret"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "lib/os.py").touch()
    hidden = [str(tmp_path / p) for p in ("lib/site-packages", "lib/deep/x/secret")]
    shown = places.Places([str(tmp_path / "lib")], hidden, ["/numpy"])
    names = {os.path.relpath(p, tmp_path) for p in shown.one_by_one()[:-1]}
    assert names == {"lib/json", "lib/os.py"}
    assert shown.one_by_one()[-1] == "/numpy"
    assert shown.only([str(tmp_path)]).one_by_one() == [
        str(tmp_path / "lib" / name)
        for name in os.listdir(tmp_path / "lib")
        if name in ("json", "os.py")
    ]


def test_a_folder_that_cannot_be_listed_is_not_shown(tmp_path):
    gone = str(tmp_path / "gone")
    assert places.Places([gone], [f"{gone}/inside"], []).one_by_one() == []


def test_the_places_of_python_hold_numpy_and_no_other_library():
    import numpy

    site = os.path.realpath(Path(numpy.__file__).parents[1])
    found = places.of_python({"numpy": site}, [site])
    readable = found.one_by_one()
    assert f"{site}/numpy" in readable
    assert site not in readable
    assert not any(path.startswith(f"{site}/pytest") for path in readable)
    assert any("libc.so" in path or "musl" in path for path in readable)


def test_without_proc_no_shared_library_is_named(monkeypatch):
    def refuse(*args, **options):
        raise OSError

    monkeypatch.setattr("builtins.open", refuse)
    assert places._shared_libraries() == []


def test_ctypes_strings_outlive_the_call():
    """The address of a temporary buffer is an address of freed memory."""
    rule = landlock.Rule("/", 0)
    assert isinstance(rule.attributes, ctypes.Array)
    os.close(rule.place)
