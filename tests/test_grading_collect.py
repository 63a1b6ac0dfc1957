"""What is found in a folder, an archive, a glob; and what cannot get out of it."""

import os
import stat
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from gradcheck.errors import GradcheckError
from gradcheck.grading.archive import Limits, extract
from gradcheck.grading.collect import collect, digest


def plant(folder, *names, text="x = 1\n"):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}# {name}\n")
    return folder


def zipped(path, members):
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def find(tmp_path):
    def find(source, **options):
        workspace = tmp_path / "workspace"
        workspace.mkdir()
        return collect(str(source), workspace=workspace, **options)

    return find


def names(collection):
    return [submission.name for submission in collection.submissions]


def test_each_file_of_a_folder_is_a_submission(tmp_path, find):
    folder = plant(tmp_path / "hw", "bob.py", "alice.ipynb", ".hidden.py", "notes.txt")
    found = find(folder)
    assert names(found) == ["alice.ipynb", "bob.py"]
    assert found.notes == ("notes.txt is neither .py nor .ipynb and is left out",)
    assert found.submissions[1].path == folder / "bob.py"
    assert found.submissions[1].shown == "bob.py"


def test_each_folder_is_a_submission_with_its_one_file(tmp_path, find):
    folder = plant(
        tmp_path, "hw/alice/src/net.py", "hw/bob/net.py", "hw/bob/__pycache__/net.py"
    )
    found = find(folder / "hw")
    assert names(found) == ["alice", "bob"]
    assert [s.path.name for s in found.submissions] == ["net.py", "net.py"]
    assert [s.shown for s in found.submissions] == ["alice/src/net.py", "bob/net.py"]


def test_the_homework_is_the_file_that_differs_between_students(tmp_path, find):
    for student in ("alice", "bob"):
        plant(tmp_path / "hw" / student, "helper.py")
        plant(tmp_path / "hw" / student, "net.py", text=f"# by {student}\n")
    found = find(tmp_path / "hw")
    assert [s.path.name for s in found.submissions] == ["net.py", "net.py"]


def test_a_tie_is_asked_about_and_not_guessed(tmp_path, find):
    folder = plant(tmp_path / "hw", "alice/a.py", "alice/b.py", "bob/c.py")
    found = find(folder)
    assert found.submissions[0].path is None
    assert found.submissions[0].problem == (
        "alice: 2 files could be it (a.py, b.py); say which: --file"
    )
    assert found.submissions[1].path == folder / "bob" / "c.py"


def test_the_instructor_names_the_file(tmp_path, find):
    folder = plant(
        tmp_path / "hw",
        "alice/net.py",
        "alice/old/net.py",
        "bob/other.py",
        "carol/cs/net.py",
        "carol/x.py",
        "dave/1/net.py",
        "dave/2/net.py",
    )
    found = find(folder, pattern="net.py")
    paths = {s.name: s.path for s in found.submissions}
    assert paths["alice"] == folder / "alice/net.py"
    assert paths["carol"] == folder / "carol/cs/net.py"
    assert paths["bob"] is paths["dave"] is None
    problems = {s.name: s.problem for s in found.submissions}
    assert problems["bob"] == "bob: no file net.py in it; found other.py"
    assert problems["dave"].startswith("dave: 2 files could be it (net.py)")


def test_an_empty_folder_is_a_submission_without_a_file(tmp_path, find):
    plant(tmp_path / "hw", "alice/essay.pdf", "bob/net.py", "bob/test_net.py")
    found = find(tmp_path / "hw")
    assert found.submissions[0].problem == "alice: no .py or .ipynb file in it"
    assert found.submissions[1].path.name == "net.py"


def test_single_children_are_gone_through(tmp_path, find):
    plant(tmp_path / "download", "hw1/submissions/alice.py", "hw1/submissions/bob.py")
    assert names(find(tmp_path / "download")) == ["alice.py", "bob.py"]


def test_a_folder_can_be_one_submission(tmp_path, find):
    folder = plant(tmp_path / "submission", "two_layer.py")
    found = find(folder, single=True)
    assert names(found) == ["submission"]
    assert found.submissions[0].path.name == "two_layer.py"


def test_one_file_and_a_glob_are_sources_too(tmp_path, find):
    folder = plant(tmp_path / "hw", "a1.py", "a2.py", "b1.py")
    assert names(find(folder / "a1.py")) == ["a1.py"]
    found = collect(str(folder / "a*.py"), workspace=tmp_path / "unused")
    assert names(found) == ["a1.py", "a2.py"]
    deep = plant(tmp_path / "deep", "s1/hw/net.py", "s2/hw/net.py")
    found = collect(str(deep / "*" / "hw" / "net.py"), workspace=tmp_path / "unused")
    assert names(found) == ["s1/hw/net.py", "s2/hw/net.py"]


def test_nothing_to_check_is_said(tmp_path, find):
    with pytest.raises(GradcheckError, match="nothing to check there; there should be"):
        find(tmp_path / "absent")
    plant(tmp_path / "hw", "essay.pdf")
    with pytest.raises(GradcheckError, match=r"1 files, but none \.py or \.ipynb"):
        collect(str(tmp_path / "hw"), workspace=tmp_path)


def test_links_out_of_the_folder_are_not_followed(tmp_path, find):
    folder = plant(tmp_path / "hw", "bob.py", "carol/net.py")
    secret = plant(tmp_path, "secret.py") / "secret.py"
    (folder / "alice.py").symlink_to(secret)
    (folder / "carol" / "more.py").symlink_to(secret)
    (folder / "carol" / "up").symlink_to(tmp_path)
    (folder / "dave.py").symlink_to(folder / "bob.py")
    (folder / "erin.py").symlink_to(folder / "erin.py")
    found = {s.name: s for s in find(folder).submissions}
    out = "is a link that leads out of the folder; it was not followed"
    assert found["alice.py"].problem == f"alice.py {out}"
    assert found["alice.py"].path is None
    assert found["carol"].path == folder / "carol" / "net.py"
    assert found["dave.py"].path is not None


def test_a_huge_folder_is_not_searched_forever(tmp_path, find, monkeypatch):
    monkeypatch.setattr("gradcheck.grading.collect._ENTRIES", 3)
    plant(tmp_path / "hw", *(f"alice/{i}.py" for i in range(9)), "bob/net.py")
    found = find(tmp_path / "hw")
    assert found.submissions[0].problem == "alice: no .py or .ipynb file in it"


def test_names_of_any_bytes_can_be_written(tmp_path, find):
    folder = plant(tmp_path / "hw", "ok.py")
    with open(os.fsencode(folder) + b"/caf\xe9.py", "w"):
        pass
    assert names(find(folder)) == ["caf\\xe9.py", "ok.py"]


def test_an_archive_is_a_class(tmp_path, find):
    path = zipped(tmp_path / "hw.zip", {"hw/alice.py": "1", "hw/bob/net.py": "2"})
    assert names(find(path)) == ["alice.py", "bob"]


def test_an_archive_in_a_folder_is_a_submission(tmp_path, find):
    folder = plant(tmp_path / "hw", "bob.py")
    zipped(folder / "alice.zip", {"net.py": "1"})
    (folder / "mallory.zip").write_bytes(b"no zip at all")
    found = {s.name: s for s in find(folder).submissions}
    assert found["alice.zip"].path.read_text() == "1"
    assert found["mallory.zip"].problem.startswith("mallory.zip cannot be unpacked")
    assert found["bob.py"].path is not None


def member(name, mode=0, flags=0):
    info = ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits = flags
    return info


@pytest.mark.parametrize(
    "name",
    ["../evil.py", "/etc/evil.py", "a/../../evil.py", "..\\evil.py", "C:\\evil.py"],
)
def test_nothing_is_written_outside_of_the_folder(tmp_path, name):
    archive = zipped(tmp_path / "a.zip", {"good.py": "1"})
    with ZipFile(archive, "a") as opened:
        info = ZipInfo("x")
        info.filename = name
        opened.writestr(info, "evil")
    notes = extract(archive, tmp_path / "in" / "side")
    assert notes == [f"a.zip: {name!r} points outside of the folder and is left out"]
    assert sorted(p.name for p in tmp_path.rglob("*.py")) == ["good.py"]


def test_links_and_devices_are_left_out(tmp_path):
    with ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member("link.py", stat.S_IFLNK | 0o777), "/etc/passwd")
        archive.writestr(member("fifo.py", stat.S_IFIFO), "")
        archive.writestr(member("file.py", stat.S_IFREG | 0o777), "1")
        archive.writestr(member("empty/", stat.S_IFDIR | 0o755), "")
    (tmp_path / "in" / "empty").mkdir(parents=True)
    notes = extract(tmp_path / "a.zip", tmp_path / "in")
    assert [note.split(" ", 2)[1] for note in notes] == ["'link.py'", "'fifo.py'"]
    assert (tmp_path / "in" / "file.py").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "in" / "empty").is_dir()


def test_an_archive_cannot_swell(tmp_path):
    archive = zipped(tmp_path / "bomb.zip", {f"{i}.py": b"0" * 5000 for i in range(9)})
    with pytest.raises(GradcheckError, match="unpacks to more than 20000 bytes"):
        extract(archive, tmp_path / "a", limits=Limits(bytes=20_000))
    with pytest.raises(
        GradcheckError, match="holds 9 files, but should hold at most 8"
    ):
        extract(archive, tmp_path / "b", limits=Limits(files=8))
    notes = extract(archive, tmp_path / "c", limits=Limits(file_bytes=4000))
    assert len(notes) == 9
    assert "is larger than 4000 bytes and is left out" in notes[0]


def test_a_member_that_lies_about_its_size_is_left_out(tmp_path):
    path = zipped(tmp_path / "a.zip", {"liar.py": b"0" * 90_000, "ok.py": b"1"})
    raw = bytearray(path.read_bytes())
    place = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"PK\x01\x02"))
    raw[place + 24 : place + 28] = (10).to_bytes(4, "little")
    path.write_bytes(raw)
    notes = extract(path, tmp_path / "in")
    assert len(notes) == 1
    assert "liar.py" in notes[0]
    assert not (tmp_path / "in" / "liar.py").exists()
    assert (tmp_path / "in" / "ok.py").exists()


def test_damage_encryption_and_doubles_are_noted(tmp_path):
    path = tmp_path / "a.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("damaged.py", "x = 12345678")
        archive.writestr("secret.py", "x = 2")
        archive.writestr("good.py", "first")
    raw = path.read_bytes().replace(b"x = 12345678", b"x = 87654321")
    flags = raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 1) + 8
    path.write_bytes(raw[:flags] + b"\x01" + raw[flags + 1 :])
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.py").write_text("there before")
    notes = extract(path, tmp_path / "in")
    assert [note.split("' ", 1)[1][:16] for note in notes] == [
        "cannot be unpack",
        "is encrypted and",
        "is there twice; ",
    ]
    assert (tmp_path / "in" / "good.py").read_text() == "there before"
    assert not (tmp_path / "in" / "damaged.py").exists()


def test_a_file_that_cannot_be_read_has_a_digest_all_the_same(tmp_path):
    absent = digest(tmp_path / "absent.py")
    assert absent != digest(plant(tmp_path, "a.py") / "a.py")
    assert digest(tmp_path / "a.py", limit=3) != digest(tmp_path / "a.py")


def test_folders_within_folders_end_somewhere(tmp_path, find):
    deep = plant(tmp_path / "hw", "/".join("abcdefghi") + "/net.py")
    assert names(find(deep)) == ["g"]


@pytest.mark.parametrize("name", ["josé.py", "Müller/netz.py", "名前.py", "plain.py"])
def test_a_name_in_utf_8_is_read_as_that_without_its_flag(tmp_path, name):
    archive = tmp_path / "class.zip"
    with ZipFile(archive, "w") as written:
        written.writestr(name, "x = 1\n")
    data = archive.read_bytes()
    flagged = [i for i in range(len(data)) if data[i : i + 2] == b"PK"]
    bare = bytearray(data)
    for i in flagged:  # what some archivers write: the name so, the flag not
        offset = {b"\x03\x04": 6, b"\x01\x02": 8}.get(data[i + 2 : i + 4])
        if offset is not None:
            bare[i + offset + 1] &= ~0x08
    archive.write_bytes(bare)
    folder = tmp_path / "out"
    assert extract(archive, folder) == []
    assert (folder / name).read_text() == "x = 1\n"
