from __future__ import annotations

import io
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from maskcore import rle
from maskcore.datasets.formats import npz
from tests.core.datasets import items
from tests.grids import mask

RING = mask("###.\n#.#.\n####")
TWO = mask("#..#\n#..#\n....")


def only(folder: Path) -> Any:
    (sample,) = items.read(npz, folder).samples
    return sample


def archive(folder: Path, **members: bytes) -> Path:
    """A zip archive of arrays in whatever form: masks=b"..." is masks.npy."""
    path = folder / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(text: str, data: bytes = b"", version: int = 1) -> bytes:
    """An array whose header claims whatever ``text`` says."""
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode("latin-1") + data


# Writing


def test_numpy_reads_what_is_written_without_pickles(tmp_path: Path):
    written = items.item(
        "sub/a",
        items.instance(RING, "cat", score=0.1),
        items.instance(TWO, "größe", is_crowd=True),
    )
    items.write(tmp_path, npz.NpzWriter([]), [written])
    with np.load(tmp_path / "masks" / "sub" / "a.npz", allow_pickle=False) as arrays:
        assert set(arrays.files) == {"masks", "labels", "scores", "is_crowd"}
        assert arrays["masks"].dtype == np.bool_
        assert arrays["masks"].tolist() == [RING.tolist(), TWO.tolist()]
        assert arrays["masks"].flags.c_contiguous
        assert arrays["labels"].tolist() == ["cat", "größe"]
        assert arrays["scores"][0] == 0.1
        assert np.isnan(arrays["scores"][1])
        assert arrays["is_crowd"].tolist() == [False, True]
    assert (tmp_path / "images" / "sub" / "a.png").is_file()


def test_an_image_without_masks_keeps_its_size(tmp_path: Path):
    items.write(tmp_path, npz.NpzWriter([]), [items.item("a", size_hw=(5, 3))])
    with np.load(tmp_path / "masks" / "a.npz", allow_pickle=False) as arrays:
        assert arrays["masks"].shape == (0, 5, 3)
        assert [arrays[key].shape for key in ("labels", "scores", "is_crowd")] == [(0,)] * 3
    contents = only(tmp_path).read()
    assert (contents.annotations, contents.problems, contents.size_hw) == ([], [], (5, 3))


def test_equal_samples_are_equal_files():
    item = items.item("a", items.instance(RING))
    assert list(npz.NpzWriter([]).sample(item)) == list(npz.NpzWriter([]).sample(item))
    assert list(npz.NpzWriter([]).end()) == []


def test_everything_is_read_back(tmp_path: Path):
    full, empty = np.ones((1, 7), np.bool_), np.zeros((1, 7), np.bool_)
    instances = {
        "x/a": (items.instance(RING, "a/b", score=0.0), items.instance(RING, "", is_crowd=True)),
        "y/a": (items.instance(full, "1", score=1.0), items.instance(empty, " 2 ")),
        "one": (items.instance(mask("#"), "\u4eba"), items.instance(mask("."), "a\nb")),
        "none": (),
    }
    written = [
        items.item(stem, *some, size_hw=None if some else (2, 9))
        for stem, some in instances.items()
    ]
    items.write(tmp_path, npz.NpzWriter([]), written)
    dataset = items.read(npz, tmp_path)
    assert dataset.format == "npz"
    assert {sample.name: tuple(sample.instances) for sample in dataset.samples} == {
        f"images/{stem}.png": some for stem, some in instances.items()
    }
    assert {sample.name: sample.picture.path for sample in dataset.samples} == {
        f"images/{stem}.png": f"images/{stem}.png" for stem in instances
    }


@settings(max_examples=40)
@given(st.lists(st.text(max_size=5), max_size=4), st.integers(1, 5), st.integers(1, 5), st.data())
def test_labels_and_scores_of_every_kind_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str], height: int, width: int, data: Any
):
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(height * 7 + width)
    scores = st.none() | st.floats(0, 1)
    instances = [
        items.instance(rng.random((height, width)) < 0.5, label, score=data.draw(scores))
        for label in labels
    ]
    items.write(folder, npz.NpzWriter([]), [items.item("a", *instances, size_hw=(height, width))])
    found = only(folder).instances
    assert [(instance.mask, instance.score) for instance in found] == [
        (instance.mask, instance.score) for instance in instances
    ]
    # NumPy's text arrays have no NUL at the end.
    assert [instance.label for instance in found] == [label.rstrip("\0") for label in labels]


# Archives of others


@pytest.mark.parametrize(
    "masks",
    [
        np.stack([RING, TWO]),
        np.stack([RING, TWO]).astype(np.uint8) * 255,
        np.stack([RING, TWO]).astype(">i4") * -7,
        np.asfortranarray(np.stack([RING, TWO])),
        np.asfortranarray(np.stack([RING, TWO]).astype(np.uint16) * 256),
    ],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_masks_of_every_whole_type_and_order_are_read(tmp_path: Path, masks: Any, save: Any):
    save(tmp_path / "a.npz", image=np.zeros(3), masks=masks)
    sample = only(tmp_path)
    assert items.decoded(sample) == [("mask", RING.tolist()), ("mask", TWO.tolist())]
    contents = sample.read()
    assert contents.problems == []
    assert [annotation.where for annotation in contents.annotations] == [
        "mask 1 in a.npz",
        "mask 2 in a.npz",
    ]


@pytest.mark.parametrize("masks", [RING, np.asfortranarray(RING), np.uint8(RING) * 3])
def test_a_single_mask_needs_no_third_side(tmp_path: Path, masks: Any):
    np.savez(tmp_path / "a.npz", masks=masks, labels=np.array(["cat"]))
    assert items.decoded(only(tmp_path)) == [("cat", RING.tolist())]


def test_labels_may_be_numbers(tmp_path: Path):
    np.savez(tmp_path / "a.npz", masks=np.stack([RING, TWO]), labels=np.array([3, 10]))
    assert [finding.label for finding in only(tmp_path).instances] == ["3", "10"]


def test_images_without_an_archive_are_samples_too(tmp_path: Path):
    np.savez(tmp_path / "a.npz", masks=RING)
    (tmp_path / "b.png").write_bytes(items.picture((2, 2)))
    first, second = items.read(npz, tmp_path).samples
    assert (first.name, first.picture, first.size_hw) == ("a", None, (3, 4))
    assert (second.name, second.instances) == ("b.png", [])


def test_two_archives_of_one_image_are_a_problem(tmp_path: Path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        np.savez(tmp_path / folder / "a.npz", masks=RING)
    (tmp_path / "a.png").write_bytes(items.picture((3, 4)))
    dataset = items.read(npz, tmp_path)
    assert len(dataset.samples) == 1
    assert [problem.where for problem in dataset.problems] == ["y/a.npz"]


def test_archives_without_masks_are_not_claimed(tmp_path: Path):
    assert npz.find(items.source(tmp_path)) == []
    np.savez(tmp_path / "a.npz", image=np.zeros((2, 2)))
    (tmp_path / "b.npz").write_bytes(b"PK\3\4 no archive")
    (tmp_path / "c.npz").write_bytes(b"")
    assert npz.find(items.source(tmp_path)) == []


# Bad input

BAD_MASKS = {
    "no magic": b"nothing",
    "empty": b"",
    "floats": npy(np.zeros((1, 3, 4))),
    "objects": npy(np.array([{1: 2}], dtype=object)),
    "text": npy(np.array(["a"])),
    "four sides": npy(np.zeros((1, 2, 3, 4), np.bool_)),
    "no side": npy(np.array(True)),
    "no pixel": npy(np.zeros((2, 0, 4), np.bool_)),
    "cut short": npy(np.ones((2, 3, 4), np.bool_))[:-5],
    "too long": npy(np.ones((2, 3, 4), np.bool_)) + b"\1",
    "huge": header("{'descr': '|b1', 'fortran_order': False, 'shape': (1, 100000, 100000)}\n"),
    "many": header("{'descr': '|b1', 'fortran_order': False, 'shape': (999999999, 1, 1)}\n"),
    "deep": header("{'descr': '|b1', 'fortran_order': False, 'shape': (3000, 5000, 9000)}\n"),
    "by columns": header("{'descr': '|b1', 'fortran_order': True, 'shape': (900, 1000, 1000)}\n"),
    "negative": header(
        "{'descr': '|b1', 'fortran_order': False, 'shape': (1, -3, -4)}\n", b"x" * 12
    ),
    "code": header("{'descr': '|b1', 'fortran_order': False, 'shape': exit()}\n"),
    "nested": header("(" * 9000 + "\n"),
    "long header": header("{" + " " * 60_000 + "}\n"),
    "longer header": header("{" + " " * 200_000 + "}\n", version=2),
    "unknown version": header(
        "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1)}\n", b"\1", 9
    ),
    "unknown type": header("{'descr': 'zz', 'fortran_order': False, 'shape': (1, 1)}\n", b"\1"),
    "python 2": header("{'descr': '|b1', 'fortran_order': False, 'shape': (1L, 1L)}\n", b""),
}


@pytest.mark.parametrize("case", BAD_MASKS)
def test_masks_that_cannot_be_read_are_one_problem(tmp_path: Path, case: str):
    archive(tmp_path, masks=BAD_MASKS[case])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of the headers of Python 2
        contents = only(tmp_path).read()
    assert contents.annotations == ()
    (problem,) = contents.problems
    assert (problem.where, problem.sample) == ("a.npz", "a")
    assert problem.reason.endswith((".", ")."))
    assert len(problem.reason) < 200


@pytest.mark.parametrize(
    "content",
    [
        npy(np.array(["a", None], dtype=object)),
        npy(np.array(["a"])),
        npy(np.array([["a", "b"]])),
        npy(np.array([0.5, 1.5])),
        header("{'descr': '<U1', 'fortran_order': False, 'shape': (2,)}\n", b"\xff" * 8),
        header("{'descr': '<U99999999', 'fortran_order': False, 'shape': (2,)}\n"),
        b"nothing",
    ],
)
def test_labels_that_cannot_be_read_leave_the_masks(tmp_path: Path, content: bytes):
    archive(tmp_path, masks=npy(np.stack([RING, TWO])), labels=content)
    contents = only(tmp_path).read()
    assert [annotation.instance.label for annotation in contents.annotations] == ["mask", "mask"]
    assert [
        rle.decode(annotation.instance.mask).tolist() for annotation in contents.annotations
    ] == [
        RING.tolist(),
        TWO.tolist(),
    ]
    (problem,) = contents.problems
    assert "labels.npy" in problem.reason


def test_text_without_characters_is_text(tmp_path: Path):
    empty = header("{'descr': '<U0', 'fortran_order': False, 'shape': (2,)}\n")
    archive(tmp_path, masks=npy(np.stack([RING, TWO])), labels=empty)
    assert [finding.label for finding in only(tmp_path).instances] == ["", ""]


def test_a_score_that_is_no_number_is_none(tmp_path: Path):
    masks = np.stack([RING] * 4)
    scores = np.array([np.nan, np.inf, 0.25, -np.inf], np.float32)
    np.savez(tmp_path / "a.npz", masks=masks, scores=scores)
    contents = only(tmp_path).read()
    found = [annotation.instance.score for annotation in contents.annotations]
    assert found == [None, None, 0.25, None]
    assert [(problem.where, problem.reason) for problem in contents.problems] == [
        ("mask 2 in a.npz", "Its score is not between 0 and 1: inf."),
        ("mask 4 in a.npz", "Its score is not between 0 and 1: -inf."),
    ]
    assert not any(problem.is_left_out for problem in contents.problems)


def test_a_changed_byte_is_noticed(tmp_path: Path):
    path = tmp_path / "a.npz"
    np.savez(path, masks=np.stack([RING, TWO]))
    content = bytearray(path.read_bytes())
    content[content.index(b"\1\1\1\0")] = 0  # the first pixel
    path.write_bytes(content)
    contents = only(tmp_path).read()
    assert contents.annotations == ()
    (problem,) = contents.problems
    assert "damaged" in problem.reason


def test_one_damaged_archive_does_not_keep_the_others_from_being_read(tmp_path: Path):
    np.savez(tmp_path / "a.npz", masks=RING)
    (tmp_path / "b.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "c.npz", other=RING)
    first, second, third = items.read(npz, tmp_path).samples
    assert len(first.instances) == 1
    assert "damaged" in second.read().problems[0].reason
    assert third.read().problems[0].reason == "It has no array called masks."


def test_text_that_python_cannot_hold_is_a_problem(tmp_path: Path):
    labels = header("{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}", b"\xff" * 16)
    archive(tmp_path, masks=npy(np.array([RING, TWO])), labels=labels)
    contents = only(tmp_path).read()
    assert [problem.reason for problem in contents.problems] == [
        "labels.npy holds text that is damaged."
    ]
    assert [annotation.instance.label for annotation in contents.annotations] == ["mask", "mask"]


def test_a_type_that_takes_pages_is_cut_short_in_its_sentence(tmp_path: Path):
    wide = np.zeros((1, 2, 2), [(f"a field with a long name {i}", "u1") for i in range(50)])
    archive(tmp_path, masks=npy(wide))
    (problem,) = only(tmp_path).read().problems
    assert len(problem.reason) < 200
    assert problem.reason.endswith(" of shape (N, H, W).")
