from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from maskcore.datasets.dataset import Contents, Sample
from maskcore.datasets.files import open_files
from maskcore.datasets.picture_finder import PictureFinder
from maskcore.datasets.sizes import header_size
from maskcore.datasets.source import FileSource, sniff, unannotated
from maskcore.errors import DatasetError
from tests.core.datasets.items import picture


def put(folder: Path, **files: bytes) -> FileSource:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return FileSource(open_files(folder), "set")


def found(names: list[str], called: str, beside: str = "") -> str | None:
    files = open_files(Path(__file__))
    image = PictureFinder(files, names).find(called, beside=beside)
    return image.path if image else None


def test_images_are_known_by_their_endings(tmp_path: Path) -> None:
    source = put(tmp_path, **{"a.PNG": b"", "b.jpeg": b"", "c.txt": b"", "d": b"", "e.json": b"{}"})
    assert source.image_names == ("a.PNG", "b.jpeg")
    assert source.with_suffix(".txt", ".json") == ["c.txt", "e.json"]


def test_a_folder_a_zip_and_a_file_are_opened_alike(tmp_path: Path) -> None:
    put(tmp_path / "set", **{"x/a.txt": b"one"})
    with zipfile.ZipFile(tmp_path / "set.ZIP", "w") as archive:
        archive.write(tmp_path / "set/x/a.txt", "x/a.txt")
    for path, name in (("set", "x/a.txt"), ("set.ZIP", "x/a.txt"), ("set/x/a.txt", "a.txt")):
        files = open_files(tmp_path / path)
        assert list(files.names) == [name]
        assert files.read(name) == b"one"
        assert FileSource(files, "set").head(name, 2) == b"on"


def test_images_are_found_by_what_annotations_call_them() -> None:
    names = ["train/images/a.jpg", "val/images/a.jpg", "val/images/B.png"]
    assert found(names, "val/images/a.jpg") == "val/images/a.jpg"
    assert found(names, "images/a.jpg", beside="val/instances.json") == "val/images/a.jpg"
    assert found(names, "C:\\data\\val\\images\\a.jpg") == "val/images/a.jpg"
    assert found(names, "a", beside="train/x.json") == "train/images/a.jpg"
    assert found(names, "b.png") == "val/images/B.png"
    assert found(names, "B.tif") == "val/images/B.png"
    assert found(names, "../../etc/B") == "val/images/B.png"
    assert found(names, "c") is None
    assert found(names, "a.txt") is None


def test_capitals_tell_two_files_apart() -> None:
    assert found(["A.png", "a.png"], "a.png") == "a.png"
    assert found(["x/A.png", "x/a.png"], "a.png") == "x/a.png"
    assert found(["x/A.png", "x/a.png"], "A.png") == "x/A.png"


def test_documents_are_read_once_and_the_last_are_kept(tmp_path: Path) -> None:
    source = put(tmp_path, **{f"{i}.json": b'{"a": 1}' for i in range(4)})
    first = source.json("0.json")
    assert source.json("0.json") is first
    for i in range(1, 4):
        source.json(f"{i}.json")
    assert source.json("0.json") is not first


def test_what_another_reader_makes_of_a_document_is_kept_apart(tmp_path: Path) -> None:
    source = put(tmp_path, **{"a.json": b"[1]"})
    made = source.json("a.json", parse=bytearray)
    assert made == b"[1]"
    assert source.json("a.json") == [1]
    assert source.json("a.json", parse=bytearray) is made


@pytest.mark.parametrize("content", [b"{", b"[" * 200_000, b"\xff\xfe\xff", b""])
def test_what_is_no_json_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DatasetError, match=r"^a\.json is no JSON that can be read\.$"):
        put(tmp_path, **{"a.json": content}).json("a.json")


def test_text_is_read_in_the_usual_encodings(tmp_path: Path) -> None:
    texts = {
        "utf8.txt": "ñ".encode(),
        "bom.txt": "\ufeffñ".encode(),
        "utf16.txt": "ñ".encode("utf-16"),
    }
    source = put(tmp_path, **texts, **{"bad.txt": b"\xff", "binary.txt": b"a\0b"})
    assert [source.text(text) for text in texts] == ["ñ"] * 3
    for name in ("bad.txt", "binary.txt"):
        with pytest.raises(DatasetError, match=rf"^{name}: "):
            source.text(name)


def test_the_head_of_what_cannot_be_read_is_empty(tmp_path: Path) -> None:
    source = put(tmp_path, **{"a.txt": b"text", "b.txt": b""})
    (tmp_path / "a.txt").unlink()
    assert source.head("a.txt") == source.head("b.txt") == b""


def test_images_that_no_annotation_speaks_of_are_samples(tmp_path: Path) -> None:
    source = put(tmp_path, **{f"{letter}.png": picture((2, 3)) for letter in "abc"})
    known = [
        Sample("first", source.pictures.stored("a.png"), Contents),
        Sample("b.png", None, Contents),
    ]
    (left,) = unannotated(source, source.image_names, known)
    assert left.name == "c.png"
    assert left.instances == []
    assert left.size_hw == (2, 3)


def test_the_nearest_of_many_files_of_one_name_is_found() -> None:
    names = [f"all/{i}/images/0.png" for i in range(3_000)]
    assert found(names, "1234/images/0.png") == "all/1234/images/0.png"
    assert found(names, "D:\\x\\1234\\IMAGES\\0.PNG") == "all/1234/images/0.png"
    assert found(names, "0.jpg", beside="all/2999/a.json") == "all/2999/images/0.png"
    assert found(names, "elsewhere/0.png") in names
    assert found([*names, "z/0.PNG"], "z/0") == "z/0.PNG"


def test_a_picture_that_breaks_off_in_its_archive_states_no_size(tmp_path: Path) -> None:
    """A large one is read in pieces, and fails in whatever way while it is read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", picture((2, 3)) + b"\1")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[content.index(b"\1PK\1\2")] = 2  # the sum no longer agrees
    at = content.index(b"PK\1\2")
    content[at + 24 : at + 28] = (9_000_000).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(content)
    source = FileSource(open_files(tmp_path / "a.zip"), "a.zip")
    stored = source.pictures.stored("a.png")
    with pytest.raises(zipfile.BadZipFile), stored.open() as file:
        file.read()
    assert Sample("a.png", stored, Contents).probe is None
    assert Sample("a.png", stored, Contents).size_hw is None
    assert header_size(stored) is None


def test_of_a_large_folder_all_or_those_that_were_looked_at_are_taken(tmp_path: Path) -> None:
    contents = {"ours": [b"ours"] * 200, "others": [b"other"] * 200, "few": [b"ours", b"other"]}
    for folder, files in contents.items():
        (tmp_path / folder).mkdir()
        for number, content in enumerate(files):
            (tmp_path / folder / f"{number}.txt").write_bytes(content)
    (tmp_path / "ours" / "57.txt").write_bytes(b"other")
    source = FileSource(open_files(tmp_path), "set")
    looked_at: list[bytes] = []

    def is_ours(head: bytes) -> bool:
        looked_at.append(head)
        return head == b"ours"

    found = sniff(source, source.with_suffix(".txt"), is_ours)
    assert sorted(found) == sorted(["few/0.txt", *(f"ours/{i}.txt" for i in range(200))])
    assert len(looked_at) <= 82
