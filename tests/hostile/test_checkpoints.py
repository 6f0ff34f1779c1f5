"""Whatever a checkpoint holds, it gives weights or a ModelError with one sentence; nothing runs."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from maskcore.errors import ModelError
from maskcore.maskrcnn import architecture, checkpoint, demo

LONGEST_SENTENCE = 250


def refusal(content: bytes, folder: Path) -> str:
    """The sentence that refuses the file, which begins with its name."""
    path = folder / "w.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        checkpoint.load_state(path)
    sentence = str(caught.value)
    assert sentence.startswith("w.pt ")
    assert "\n" not in sentence
    assert len(sentence) < LONGEST_SENTENCE
    return sentence.removeprefix("w.pt ")


def read_or_refused(content: bytes, path: Path) -> dict[str, Tensor] | None:
    """The weights, or None after a ModelError; anything else that is raised fails the test."""
    path.write_bytes(content)
    try:
        return checkpoint.load_state(path)
    except ModelError as error:
        assert len(str(error)) < LONGEST_SENTENCE  # noqa: PT017
        return None


def saved(content: object, **options: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def archive(
    members: dict[str, bytes], method: int = zipfile.ZIP_STORED, *, comment: bytes = b""
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
        opened.comment = comment
    return buffer.getvalue()


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


class Call:
    """Pickles as a call: opening the pickle makes it."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}
GOOD = saved(WEIGHTS)


# what could run


def with_pickle(pickled: bytes) -> bytes:
    return archive({"w/data.pkl": pickled, "w/version": b"3\n", "w/byteorder": b"little"})


def test_a_program_in_a_pickle_does_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    attacks = [
        with_pickle(pickle.dumps({"w": Call(os.mkdir, str(marker))}, protocol))
        for protocol in range(6)
    ]
    attacks.append(saved({"w": Call(os.mkdir, str(marker))}))
    attacks.append(saved({"w": Call(os.mkdir, str(marker))}, _use_new_zipfile_serialization=False))
    attacks.append(pickle.dumps({"w": Call(os.mkdir, str(marker))}))
    attacks.append(with_pickle(pickle.dumps({"w": Call(eval, f"open({str(marker)!r}, 'w')")}, 2)))
    for attack in attacks:
        refusal(attack, tmp_path)
        assert not marker.exists()
    torch.load(io.BytesIO(attacks[2]), weights_only=False)  # proves that the attack is one
    assert marker.exists()


def test_the_sentence_says_what_the_pickle_named(tmp_path: Path) -> None:
    attack = with_pickle(pickle.dumps(Call(os.mkdir, "x"), 2))
    assert refusal(attack, tmp_path) == (
        f"holds more than weights ({os.mkdir.__module__}.mkdir) and was not opened; "
        "save model.state_dict() alone"
    )


def test_a_whole_model_is_refused(tmp_path: Path) -> None:
    sentence = refusal(saved(torch.nn.Linear(2, 2)), tmp_path)
    assert sentence.startswith("holds more than weights (torch.nn.modules.linear.Linear) and was")


def test_calls_that_only_cost_memory_are_refused(tmp_path: Path) -> None:
    for function, argument in ((bytearray, 10**11), (torch.FloatTensor, 10**11), (set, "ab")):
        sentence = refusal(with_pickle(pickle.dumps(Call(function, argument), 2)), tmp_path)
        assert sentence.startswith("holds more than weights (")


def test_the_other_formats_of_torch_are_refused(tmp_path: Path) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as opened:
        for name in ("storages", "tensors", "pickle"):
            opened.addfile(tarfile.TarInfo(name))
    script = members_of(GOOD) | {"archive/constants.pkl": b"", "archive/code/__torch__.py": b""}
    for content, sentence in (
        (saved(WEIGHTS, _use_new_zipfile_serialization=False), "is in the format of PyTorch befo"),
        (tar.getvalue(), "is in the format of PyTorch before 1.6"),
        (pickle.dumps({"w": 1}), "is a bare pickle, which can hold a program, and was not opened"),
        (archive(script), "is a TorchScript program, not a checkpoint"),
    ):
        assert refusal(content, tmp_path).startswith(sentence)


# what is no checkpoint


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty; download or copy it again"),
        (b"x", "is not a PyTorch or safetensors checkpoint"),
        (b"<!DOCTYPE html><title>404</title>", "is not a PyTorch or safetensors checkpoint"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "is a Keras (HDF5) file, not a PyTorch checkpoint"),
        (b"\x1f\x8b\x08" + bytes(600), "is a gzip archive; unpack it first"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is only the Git LFS pointer to a file"),
        (b"PK\x05\x06" + bytes(18), "is not a PyTorch or safetensors checkpoint"),
        (b"PK\x03\x04", "is cut short or damaged"),
        (archive({"a.txt": b"x"}), "is a zip archive, but not a PyTorch checkpoint"),
        (archive({"data.pkl": b"x"}), "is a zip archive, but not a PyTorch checkpoint"),
        (saved([1, 2]), "holds no state dict"),
        (saved({"epoch": 3}), "holds no state dict"),
        (saved({"model": {}}), "holds no state dict"),
        (saved({1: torch.ones(1)}), "holds no state dict"),
        (saved(torch.ones(3)), "holds no state dict"),
    ],
)
def test_what_is_no_checkpoint_is_said_to_be_none(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    assert refusal(content, tmp_path).startswith(sentence)


# archives that are not as torch.save writes them


def changed(content: bytes, where: int, to: bytes) -> bytes:
    where %= len(content)
    return content[:where] + to + content[where + len(to) :]


def test_archives_that_readers_could_take_differently_are_refused(tmp_path: Path) -> None:
    members = members_of(GOOD)
    evil_pickle = pickle.dumps(Call(os.mkdir, "x"), 2)
    assert GOOD[-42:-38] == b"PK\x06\x07"
    for what, content in {
        "compressed": archive(members, zipfile.ZIP_DEFLATED),
        "a comment": archive(members, comment=b"PK\x05\x06" + bytes(18)),
        "something before it": b"PK\x03\x04" + GOOD,
        "something after it": GOOD + b"\0",
        "another directory": changed(GOOD, -34, struct.pack("<Q", 0)),
        "two pickles": archive({**members, "b/data.pkl": evil_pickle}),
        "two names for torch": archive({**members, "ARCHIVE/DATA.PKL": evil_pickle}),
        "two folders": archive({**members, "b/version": b"3"}),
        "a name cut short": archive({**members, "archive/a?": b""}).replace(b"a?", b"a\0"),
        "a long pickle": archive({**members, "archive/data.pkl": bytes(3 << 20)}),
        "encrypted": archive(members).replace(
            b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"
        ),
    }.items():
        assert content != GOOD, what
        refusal(content, tmp_path)
    assert read_or_refused(archive(members), tmp_path / "w.pt") is not None


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    whole = archive(members_of(GOOD))
    directory = whole.rindex(b"PK\x01\x02")
    # The last member is said to begin where the first does.
    assert "damaged" in refusal(changed(whole, directory + 42, bytes(4)), tmp_path)


def test_a_member_larger_than_the_file_is_refused(tmp_path: Path) -> None:
    whole = archive(members_of(GOOD))
    directory = whole.rindex(b"PK\x01\x02")
    sizes = struct.pack("<2L", 1 << 31, 1 << 31)
    assert "cut short or damaged" in refusal(changed(whole, directory + 20, sizes), tmp_path)


# tensors that are not what they say


def test_a_storage_shorter_than_it_says_is_refused(tmp_path: Path) -> None:
    members = members_of(GOOD)
    assert len(members["archive/data/0"]) == 24
    for length in (0, 23, 25, 4096):
        content = archive({**members, "archive/data/0": bytes(length)})
        assert refusal(content, tmp_path) == "is damaged; download or copy it again"


def test_a_tensor_of_a_million_million_values_is_refused(tmp_path: Path) -> None:
    state = OrderedDict(demo.build().state_dict())
    giant = torch.zeros(1).expand(10**6, 10**6)
    tiny = tmp_path / "tiny.pt"
    tiny.write_bytes(saved({"w": giant}))
    assert tiny.stat().st_size < 2500
    assert checkpoint.load_state(tiny)["w"].shape == (10**6, 10**6)
    classes = "roi_heads.box_predictor.cls_score.weight"
    for key, value, reason in (
        (next(iter(state)), giant, "has the shape (1000000, 1000000) instead of (24, 3, 3, 3)"),
        (classes, giant, f"is damaged ({classes} has fewer values than it says)"),
        (classes, torch.zeros(1).expand(10**9, 128), "has fewer values than it says"),
        (classes, torch.zeros(0, 128), "has the shape (0, 128)"),
        (next(iter(state)), torch.zeros(1).expand(24, 3, 3, 3), "has fewer values than it says"),
    ):
        with pytest.raises(ModelError) as caught:
            architecture.build({**state, key: value}, "w.pt")
        assert reason in str(caught.value)


# damage


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    for length in [*range(0, len(GOOD), 37), *range(len(GOOD) - 120, len(GOOD))]:
        refusal(GOOD[:length], tmp_path)


def test_damage_anywhere_gives_weights_or_a_sentence(tmp_path: Path) -> None:
    rng = random.Random(0)
    for _ in range(500):
        content = bytearray(GOOD)
        for _ in range(rng.choice((1, 1, 2, 8))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        read = read_or_refused(bytes(content), tmp_path / "w.pt")
        for value in (read or {}).values():
            assert value.untyped_storage().nbytes() < 1000


def test_damage_in_the_pickle_gives_weights_or_a_sentence(tmp_path: Path) -> None:
    rng = random.Random(1)
    members = members_of(GOOD)
    for _ in range(500):
        pickled = bytearray(members["archive/data.pkl"])
        for _ in range(rng.choice((1, 2, 4))):
            pickled[rng.randrange(len(pickled))] = rng.randrange(256)
        read_or_refused(archive({**members, "archive/data.pkl": bytes(pickled)}), tmp_path / "w.pt")


def test_random_bytes_are_refused(tmp_path: Path) -> None:
    rng = random.Random(2)
    for start in (b"", b"PK\x03\x04", b"\x80\x02", struct.pack("<Q", 40) + b"{"):
        for _ in range(40):
            refusal(start + rng.randbytes(rng.randrange(1, 400)), tmp_path)


# safetensors


def safetensors_file(header: object, values: bytes = b"", *, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + values


def row(dtype: object = "F32", shape: object = (2,), place: object = (0, 8)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": place}


LYING = {
    "cut short": safetensors_file({"w": row()}, bytes(4)),
    "header longer than the file": safetensors_file({"w": row()}, bytes(8), length=10**6),
    "header of 2**63": safetensors_file({"w": row()}, bytes(8), length=2**63),
    "header of 11 MB": safetensors_file(b"{" + b" " * (11 << 20) + b"}"),
    "not JSON": safetensors_file(b'{"w":'),
    "not UTF-8": safetensors_file(b'{"\xff": 1}'),
    "nested": safetensors_file(b'{"w":' + b"[" * 100_000),
    "a number of 5000 digits": safetensors_file(b'{"w":' + b"9" * 5000 + b"}"),
    "the same name twice": safetensors_file(b'{"w": 1, "w": 1}'),
    "the same name twice, whole": safetensors_file(
        b'{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
        b'"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
        bytes(2),
    ),
    "numbers that torch cannot make": safetensors_file({"w": row("F4", (0,), (0, 0))}),
    "no row": safetensors_file({"w": 3}),
    "no dtype": safetensors_file({"w": {"shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
    "unknown dtype": safetensors_file({"w": row("F4")}, bytes(8)),
    "dtype of another type": safetensors_file({"w": row(["F32"])}, bytes(8)),
    "no shape": safetensors_file({"w": {"dtype": "F32", "data_offsets": [0, 8]}}, bytes(8)),
    "negative shape": safetensors_file({"w": row(shape=[-2])}, bytes(8)),
    "two negative sides": safetensors_file({"w": row(shape=[-1, -2])}, bytes(8)),
    "fractional shape": safetensors_file({"w": row(shape=[2.0])}, bytes(8)),
    "true as a side": safetensors_file({"w": row(shape=[True, 2])}, bytes(8)),
    "NaN as a side": safetensors_file(b'{"w": {"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}'),
    "shape of text": safetensors_file({"w": row(shape="2")}, bytes(8)),
    "giant shape": safetensors_file({"w": row(shape=[10**6, 10**6])}, bytes(8)),
    "shape that overflows": safetensors_file({"w": row(shape=[2**40, 2**40, 0], place=[0, 0])}),
    "many dimensions": safetensors_file({"w": row(shape=[1] * 100 + [2])}, bytes(8)),
    "shape too small": safetensors_file({"w": row(shape=[1])}, bytes(8)),
    "offsets past the end": safetensors_file({"w": row(place=[8, 16])}, bytes(8)),
    "offsets turned round": safetensors_file({"w": row(place=[8, 0])}, bytes(8)),
    "three offsets": safetensors_file({"w": row(place=[0, 4, 8])}, bytes(8)),
    "overlap": safetensors_file({"v": row(), "w": row(place=[4, 12])}, bytes(12)),
    "the same values twice": safetensors_file({"v": row(), "w": row()}, bytes(8)),
    "a gap": safetensors_file({"v": row(), "w": row(place=[12, 20])}, bytes(20)),
    "more than its tensors": safetensors_file({"w": row()}, bytes(9)),
    "nothing": safetensors_file({}),
}


@pytest.mark.parametrize("what", LYING)
def test_a_safetensors_file_that_lies_is_refused(tmp_path: Path, what: str) -> None:
    if what == "nothing":
        assert refusal(LYING[what], tmp_path).startswith("holds no state dict")
    else:
        sentence = refusal(LYING[what], tmp_path)
        assert sentence.startswith("is not a whole safetensors file: ")


def test_damage_in_a_safetensors_file_gives_weights_or_a_sentence(tmp_path: Path) -> None:
    rng = random.Random(3)
    good = safetensors_file({"v": row(), "w": row("BF16", (2, 2), (8, 16))}, bytes(16))
    assert read_or_refused(good, tmp_path / "w.pt") is not None
    for _ in range(500):
        content = bytearray(good)
        for _ in range(rng.choice((1, 1, 2, 8))):
            content[rng.randrange(len(content))] = rng.randrange(256)
        read = read_or_refused(bytes(content), tmp_path / "w.pt")
        for value in (read or {}).values():
            assert value.untyped_storage().nbytes() <= 16
    for length in range(len(good)):
        refusal(good[:length], tmp_path)


# memory

BOMBS = """
import resource, sys
from pathlib import Path
from maskcore.errors import ModelError
from maskcore.maskrcnn import checkpoint

checkpoint.load_state(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[2:]:
    try:
        checkpoint.load_state(Path(path))
    except ModelError:
        continue
    raise SystemExit(path + " was opened")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_bombs_take_no_memory(tmp_path: Path) -> None:
    members = members_of(GOOD)
    deflated = {**members, "archive/data/0": bytes(300 << 20)}
    bombs = {
        "deflated": archive(deflated, zipfile.ZIP_DEFLATED),
        "bytearray": with_pickle(pickle.dumps({"w": Call(bytearray, 10**9)}, 2)),
        "sets": with_pickle(b"\x80\x02(" + b"\x8f" * (3 << 20) + b"l."),
        "header": LYING["header of 11 MB"],
        "giant": LYING["giant shape"],
        "nested": LYING["nested"],
    }
    (tmp_path / "good").write_bytes(GOOD)
    for name, content in bombs.items():
        (tmp_path / name).write_bytes(content)
        assert len(content) < 12 << 20
    done = subprocess.run(
        [sys.executable, "-c", BOMBS, *(tmp_path / name for name in ("good", *bombs))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 50
