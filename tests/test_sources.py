"""Reading a file that nobody should trust."""

import os
import socket

import pytest

from gradcheck import check_submission
from gradcheck.submissions import sources
from gradcheck.submissions.problems import UnreadableError, code_of, printable
from gradcheck.submissions.sources import (
    read_source,
    readable_roots,
    roots_of,
    shown,
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "student.py"
    path.write_bytes(b"import numpy\nx = 1\n")
    return path


def refusal(path, **options):
    with pytest.raises(UnreadableError) as caught:
        read_source(path, **options)
    return caught.value


def test_a_file_is_read_whole(file):
    source = read_source(file)
    assert source.data == file.read_bytes()
    assert (source.name, source.lines) == ("student.py", 3)


@pytest.mark.parametrize(
    ("make", "code", "text"),
    [
        (
            lambda p: p.mkdir(),
            "not-a-file",
            "is a folder, but should be a Python file or a notebook",
        ),
        (
            os.mkfifo,
            "not-a-file",
            "is a named pipe, but should be a Python file or a notebook",
        ),
        (
            lambda p: p.symlink_to("/dev/zero"),
            "not-a-file",
            "is a device, but should be a Python file or a notebook",
        ),
        (
            lambda p: p.symlink_to(p),
            "not-readable",
            "cannot be opened (too many levels of symbolic links); check the path",
        ),
        (lambda p: None, "not-found", "does not exist; check the path"),
        (
            lambda p: p.write_bytes(b"x = 1\n\0"),
            "not-text",
            "holds a NUL byte, which no Python source does; hand in the .py file",
        ),
        (
            lambda p: p.write_bytes("x = 1".encode("utf-16")),
            "encoding",
            "is text in UTF-16, but should be UTF-8; save it again with that encoding",
        ),
    ],
)
def test_what_is_no_source_is_refused_at_once(tmp_path, make, code, text):
    path = tmp_path / "odd.py"
    make(path)
    error = refusal(path)
    assert (error.code, error.text) == (code, text)
    assert str(error).startswith("odd.py")


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its path may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.py")
        assert "is a socket" in refusal(tmp_path / "s.py").text


def test_the_line_of_a_nul_byte_is_named(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b"a\nb\n\0")
    assert str(refusal(path)).startswith("a.py:3: holds a NUL byte")


def test_a_hundred_megabytes_are_not_read(tmp_path):
    path = tmp_path / "large.py"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert refusal(path).text == (
        "has 104,857,600 bytes, but a submission has at most 1,048,576; hand in the "
        "source alone, without data in it"
    )


def test_a_notebook_may_carry_its_pictures(tmp_path):
    path = tmp_path / "large.ipynb"
    path.write_bytes(b" " * (sources.PYTHON_LIMIT + 1))
    assert len(read_source(path).data) == sources.PYTHON_LIMIT + 1


def test_a_file_without_permission_is_named(file, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert refusal(file).text == "may not be read; check its permissions"


def test_a_path_that_no_system_knows_is_refused(tmp_path):
    assert refusal("a\0b.py").code == "not-readable"
    assert refusal(tmp_path / ("n" * 300)).text == (
        "cannot be opened (file name too long); check the path"
    )


def test_a_link_is_followed_only_within_the_folder_of_submissions(file, tmp_path):
    folder = tmp_path / "handed-in"
    folder.mkdir()
    inside, outside = folder / "inside.py", folder / "outside.py"
    (folder / "a.py").write_text("x = 1\n")
    inside.symlink_to(folder / "a.py")
    outside.symlink_to(file)
    assert read_source(inside, within=folder).data == b"x = 1\n"
    assert read_source(outside).data == file.read_bytes()
    assert refusal(outside, within=folder).text == (
        "is a link that leads out of the folder of submissions; put the file itself "
        "there"
    )


def test_the_roots_are_the_folder_and_the_root_of_its_package(tmp_path):
    package = tmp_path / "course" / "net"
    package.mkdir(parents=True)
    assert readable_roots(package / "a.py") == (package,)
    (package / "__init__.py").touch()
    (package.parent / "__init__.py").touch()
    assert readable_roots(package / "a.py") == (package, tmp_path)
    assert readable_roots("/a.py") == ()


def test_the_roots_hold_what_a_file_imports_from_the_folders_above(tmp_path):
    course = tmp_path / "home" / "course"
    models = course / "models"
    models.mkdir(parents=True)
    (course / "layers.py").touch()
    (tmp_path / "home" / "tools.py").touch()
    (tmp_path / "home" / "solutions").mkdir()
    (tmp_path / "home" / "solutions" / "right.py").touch()
    net = models / "net.py"
    net.write_text("from course.layers import *\nimport tools, json\nimport layers\n")
    tools = tmp_path / "home" / "tools.py"
    assert roots_of(read_source(net)) == (models, course / "layers.py", course, tools)
    net.write_text("import sys\nsys.path.append('..')\nimport layers\n")
    assert roots_of(read_source(net)) == (models, course)
    net.write_text("from ..layers import *\nfrom .other import f\n")
    assert roots_of(read_source(net)) == (models, course)
    net.write_text("from ...................layers import *\n")
    assert roots_of(read_source(net)) == (models,)
    net.write_text("import models.other, empty\n")
    assert roots_of(read_source(net)) == (models,)


@pytest.mark.parametrize("module", ["course.layers", "..layers"])
def test_a_package_without_an_init_is_found_by_its_name(tmp_path, module):
    models = tmp_path / "course" / "models"
    models.mkdir(parents=True)
    (tmp_path / "course" / "layers.py").write_text(
        "import numpy as np\n"
        "def residual(w, X, y):\n    return X @ w - y\n"
    )  # fmt: skip
    net = models / "net.py"
    net.write_text(
        f"from {module} import *\n"
        "def loss_and_grad(w, X, y):\n"
        "    r = residual(w, X, y)\n"
        "    return 0.5 * np.sum(r * r), X.T @ r\n"
    )
    assert check_submission(net).verdict.value == "correct"


def test_a_name_is_shown_without_what_a_terminal_would_obey(tmp_path):
    assert shown(tmp_path / "a\x1b[2J\n‮b.py") == "a[2J\nb.py".replace("\n", "")
    assert len(shown(tmp_path / ("x" * 255))) == 100


def test_long_texts_are_cut():
    assert printable("abcdef", limit=4) == "abc…"


@pytest.mark.parametrize("code", [None, "", "A", "a b", "x" * 41, 3, "é"])
def test_a_code_that_is_none_becomes_the_general_one(code):
    assert code_of(code) == "failed"
    assert code_of("shape-mismatch") == "shape-mismatch"
