"""Whatever is in the files of a data set: sentences about it, and the rest is read.

Folders and archives by themselves are put to the test in test_archives.
"""

from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskcore import datasets, image_io, rle
from maskcore.datasets import FORMATS, Dataset, audit, dataset
from maskcore.datasets.files import stem
from maskcore.datasets.formats.coco import document as coco_document
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.types import Instance
from tests.hostile.picture_files import chunk, png
from tests.zips import write_zip

Files = dict[str, bytes]
Held = dict[str, list[rle.RLE]]

SIZES = {"one": (12, 20), "two": (16, 9), "größe 3": (8, 9)}
BOTH_WAYS = [known.name for known in FORMATS.values() if known.can_read and known.can_write]
# Formats that have files of their own for each image.
APART = ["npz", "voc", "yolo", "labelme", "png"]
EVIL: list[Any] = [
    *(None, True, -1, 0, 10**9, 2**63, 10**40, 0.5, 1e308, float("nan"), float("inf")),
    *("", " ", "nan", "-1", "1e999", "../../etc/passwd", "a\nb", "\0", "\u202egnp", "\ud800"),
    *("x" * 5000, "data:image/png;base64,AAAA", "http://[::1", "1 2 3", "0 5", "1 999999999"),
    *([], {}, [[]], [1, 2, 3], [[1, 2], [3]], [[0, 1e9], [5, 1e300], [None, 1]], {"size": [1]}),
    {"size": [10**9, 10**9], "counts": [10**18]},
    {"size": [12, 20], "counts": "o" * 2000},
    json.loads("[" * 400 + "]" * 400),
]
NAMES = (
    *(
        "عربي/صورة",
        "שלום",
        "日本語",
        "नमस्ते",
        "می‌خواهم",
        "👨‍👩‍👧",
        "e\u0301",
        "İ",
        "ﬀ",
        "a b",
        "'",
        "%41",
    ),
    *("a\u202egnp.exe", "\ufeffa", "#", "-1", "=1+1", "{0}", "<b>", "a&b", "a,b", "a;b", 'a"b'),
    *("con", "a:b", "x" * 200, "train/1"),
)


def square(size_hw: tuple[int, int], side: int, label: str) -> Instance:
    mask = np.zeros(size_hw, np.bool_)
    mask[1 : 1 + side, 2 : 2 + side] = True
    return Instance(rle.encode(mask), label)


def picture(size_hw: tuple[int, int]) -> bytes:
    ramp = np.indices((*size_hw, 3)).sum(axis=0)
    return image_io.encode_png((ramp * 5 % 251).astype(np.uint8))


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def written(folder: Path) -> Files:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Files]:
    """A good set of each format."""
    folder = tmp_path_factory.mktemp("good")
    images = {f"{name}.png": picture(size) for name, size in SIZES.items()}
    masks = {
        f"{name}.png": [square(size, 3, "cat"), square(size, 5, "dog")]
        for name, size in SIZES.items()
    }
    whole = datasets.read(put(folder / "images", images)).with_instances(masks)
    for name in BOTH_WAYS:
        datasets.write(whole, folder / name, name)
    return {name: written(folder / name) for name in BOTH_WAYS}


def assert_is_sentence(text: str) -> None:
    assert text.endswith("."), text
    assert len(text) < 700, text
    assert re.fullmatch("[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*", text), text
    assert not re.search(r"NoneType|Traceback|object at|<class|Errno|Error\b|/tmp|codec", text), (
        text
    )


def look_at(path: Path, form: str) -> Held | None:
    """Look at a set in every way; raise if anything but a sentence comes of it."""
    try:
        datasets.detect(path)
        dataset = datasets.read(path, form)
    except MaskcoreError as error:
        assert_is_sentence(str(error))
        return None
    held = {sample.name: [one.mask for one in sample.instances] for sample in dataset.samples}
    look_into(dataset)
    return held


def look_into(dataset: Dataset) -> None:
    problems = list(dataset.problems)
    for sample in dataset.samples:
        problems += sample.read().problems
        try:
            sample.image()
        except MaskcoreError as error:
            assert_is_sentence(str(error))
    findings = audit.check(dataset)
    audit.to_csv(findings)
    lost = [loss for name in ("yolo", "voc") for loss in datasets.losses(dataset, name)]
    for text in (
        *(problem.reason for problem in problems),
        *(part for finding in findings for part in (finding.what, finding.fix)),
        *(loss.text for loss in lost),
    ):
        assert_is_sentence(text)


def damaged(content: bytes, rng: random.Random) -> Iterator[bytes]:
    yield from (content[: len(content) * tenth // 10] for tenth in range(10))
    yield from (start + content for start in (b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\x80"))
    yield content + b"\0" * 100
    for n_flips in (1, 1, 5, 50):
        flipped = bytearray(content)
        for _ in range(n_flips):
            flipped[rng.randrange(len(flipped))] = rng.randrange(256)
        yield bytes(flipped)
    middle = len(content) // 2
    yield content[:middle] + content[middle // 2 :]
    if content.isascii():
        yield from (
            content.decode().encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-32")
        )
        yield from (b"null", b"[]", b"{}", b"[" * 50_000, b'{"a":' * 50_000, b"<a>" * 50_000)


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_damaged_files_are_sentences(name: str, good: dict[str, Files], tmp_path: Path) -> None:
    rng = random.Random(7)
    kinds: dict[str, str] = {}
    for one in good[name]:
        if name == "coco" or not re.match("(images/|JPEGImages/)", one):
            folder = one.rpartition("/")[0].partition("/")[0]
            kinds.setdefault(f"{folder} {Path(one).suffix}", one)
    put(tmp_path, good[name])
    for one in kinds.values():
        for content in damaged(good[name][one], rng):
            look_at(put(tmp_path, {one: content}), name)
        put(tmp_path, {one: good[name][one]})


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_files_that_are_gone_or_swapped_are_sentences(
    name: str, good: dict[str, Files], tmp_path: Path
) -> None:
    first, *others = good[name]
    for number, other in enumerate(others):
        swapped = {first: good[name][other], other: good[name][first]}
        look_at(put(tmp_path / f"swapped {number}", {**good[name], **swapped}), name)
        gone = {file: content for file, content in good[name].items() if file != other}
        look_at(put(tmp_path / f"gone {number}", gone), name)


@pytest.mark.parametrize("other", BOTH_WAYS)
@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_set_of_another_format_is_a_sentence(
    name: str, other: str, good: dict[str, Files], tmp_path: Path
) -> None:
    look_at(put(tmp_path, good[other]), name)


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield everything that holds something in a document, and where in it."""
    keys = document if isinstance(document, dict) else range(len(document))
    for key in list(keys):
        yield document, key
        if isinstance(document[key], dict | list):
            yield from places(document[key])


@pytest.mark.parametrize("name", ["coco", "label-studio", "labelme", "png"])
def test_wrong_values_in_json_are_sentences(
    name: str, good: dict[str, Files], tmp_path: Path
) -> None:
    rng = random.Random(11)
    one = next(file for file in good[name] if file.endswith(".json"))
    for _ in range(25):
        document = json.loads(good[name][one])
        holder, key = rng.choice(list(places(document)))
        holder[key] = rng.choice(EVIL)
        if rng.random() < 0.2:
            del holder[key]
        content = json.dumps(document).encode()
        look_at(put(tmp_path, {**good[name], one: content}), name)


@pytest.mark.parametrize("name", ["cvat", "kaggle-rle", "open-images", "yolo", "voc"])
def test_wrong_words_in_text_are_sentences(
    name: str, good: dict[str, Files], tmp_path: Path
) -> None:
    rng = random.Random(13)
    texts = [file for file in good[name] if Path(file).suffix in (".xml", ".csv", ".txt", ".yaml")]
    for _ in range(25):
        one = rng.choice(texts)
        words = re.split(r'([ ,:"<>\n]+)', good[name][one].decode())
        evil = rng.choice(EVIL)
        words[rng.randrange(len(words))] = evil if isinstance(evil, str) else json.dumps(evil)
        content = "".join(words).encode("utf-8", "replace")
        look_at(put(tmp_path, {**good[name], one: content}), name)


@pytest.mark.parametrize("name", APART)
def test_the_samples_beside_a_bad_one_are_read_as_before(
    name: str, good: dict[str, Files], tmp_path: Path
) -> None:
    before = look_at(put(tmp_path / "good", good[name]), name)
    assert before is not None
    assert all(before.values())
    bad = [file for file in good[name] if re.search(r"(^|/)two[./]", file)]
    assert bad
    for number, one in enumerate(bad):
        for content in (b"", b"\0" * 50, good[name][one][:40], b"<" + good[name][one]):
            path = put(tmp_path / f"{number}", {**good[name], one: content})
            after = look_at(path, name)
            assert after is not None
            kept = {key: masks for key, masks in before.items() if stem(key) != "two"}
            assert {key: after[key] for key in kept} == kept


@pytest.mark.parametrize(
    ("name", "one", "old", "new"),
    [
        ("coco", "annotations/instances.json", '"image_id": 2,', '"image_id": "nobody",'),
        ("kaggle-rle", "train.csv", "one.png", "nobody.png"),
        ("open-images", "annotations/train-annotations-object-segmentation.csv", ",one", ",nobody"),
        ("cvat", "annotations.xml", 'name="one.png"', 'name="nobody.png"'),
        ("label-studio", "tasks.json", "one.png", "nobody.png"),
        ("labelme", "one.json", "one.png", "nobody.png"),
        ("yolo", "labels/one.txt", "", ""),
        ("npz", "masks/one.npz", "", ""),
    ],
)
def test_an_annotation_of_an_unknown_image_leaves_the_others(
    name: str, one: str, old: str, new: str, good: dict[str, Files], tmp_path: Path
) -> None:
    files = dict(good[name])
    content = files.pop(one)
    other = content.decode().replace(old, new).encode() if old else content
    files[one.replace("one", "nobody")] = other
    assert other != content or not old
    held = look_at(put(tmp_path, files), name)
    assert held is not None
    by_stem = {stem(key): masks for key, masks in held.items()}
    expected = {
        key: [square(size, side, "").mask for side in (3, 5)]
        for key, size in SIZES.items()
        if key != "one"
    }
    assert {key: by_stem[key] for key in expected} == expected
    assert by_stem["one"] == []


@pytest.mark.parametrize("name", BOTH_WAYS)
@pytest.mark.parametrize(
    "size_wh", [(10**9, 10**9), (2**31 - 1, 1), (2**32 - 1, 2**32 - 1), (0, 0)]
)
def test_a_header_that_lies_about_its_size_takes_no_memory(
    name: str, size_wh: tuple[int, int], good: dict[str, Files], tmp_path: Path
) -> None:
    liar = png((1, 1), 8, 0, b"\0")
    size = b"".join(side.to_bytes(4, "big") for side in size_wh)
    liar = liar[:8] + chunk(b"IHDR", size + b"\x08\0\0\0\0") + liar[33:]
    images = {file: liar for file in good[name] if file.endswith("one.png") and "masks" not in file}
    assert images
    held = look_at(put(tmp_path / "images", {**good[name], **images}), name)
    assert held is not None
    pictures = {file: liar for file in good[name] if file.endswith(".png")}
    look_at(put(tmp_path / "all", {**good[name], **pictures}), name)


def test_entities_and_anchors_are_never_expanded(good: dict[str, Files], tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(20))
    head = f'<!DOCTYPE a [<!ENTITY a0 "aaaaaaaaaa">{entities}]>'
    text = good["cvat"]["annotations.xml"].decode()
    bomb = text.replace("<annotations>", f"{head}<annotations>").replace("cat", "&a20;")
    for place, content in (("first", bomb), ("second", text.replace("cat", "&a20;"))):
        look_at(
            put(tmp_path / place, {**good["cvat"], "annotations.xml": content.encode()}), "cvat"
        )
    boxes = f"{head}<annotation><object><name>&a20;</name></object></annotation>"
    held = look_at(
        put(tmp_path / "voc", {**good["voc"], "Annotations/one.xml": boxes.encode()}), "voc"
    )
    assert held is not None
    assert all(held.values())
    anchors = "a0: &a0 [x, x]\n" + "".join(
        f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(20)
    )
    files = {**good["yolo"], "data.yaml": f"{anchors}names: *a20\n".encode()}
    held = look_at(put(tmp_path / "yolo", files), "yolo")
    assert held is not None
    assert all(held.values())


def test_text_that_invites_endless_attempts_is_read_at_once(tmp_path: Path) -> None:
    image, mask = picture((8, 9)), image_io.encode_png(np.eye(8, 9, dtype=np.bool_))
    pair = {"images/a.png": image, "masks/a.png": mask}
    lines = {"labels/a.txt": b"0 .1 .1 .2 .2 .3 .1", "images/a.png": image}
    for number, files in enumerate(
        (
            {"a.xml": b"<!---->" * 5_000 + b"<meta>", "a.png": image},
            {**pair, "classes.txt": b"a" + b"\t" * 500_000 + b"b"},
            {**lines, "data.yaml": b"names: [" + b'"\\' * 300_000},
            {**lines, "data.yaml": b"names: {1" + b" " * 300_000 + b"x"},
            {**lines, "data.yaml": b"names:\n  - a" + b" #" * 300_000},
            {"t.csv": b"ImageId,EncodedPixels\na.png,1" + b" " * 500_000 + b"x", "a.png": image},
            {"SegmentationClass/a.png": mask, "labelmap.txt": b"a:" * 300_000},
        )
    ):
        look_at(put(tmp_path / f"{number}", files), "auto")


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_what_does_not_belong_into_an_archive_is_left_aside(
    name: str, good: dict[str, Files], tmp_path: Path
) -> None:
    plain = look_at(write_zip(tmp_path / "plain.zip", good[name]), name)
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    strange: dict[str | zipfile.ZipInfo, bytes] = {
        **good[name],
        "../../climbs.png": picture((3, 3)),
        "/etc/climbs.png": picture((3, 3)),
        "C:\\climbs.png": picture((3, 3)),
        link: b"/etc/passwd",
        "more/inside.zip": (tmp_path / "plain.zip").read_bytes(),
        ".hidden/one.png": b"",
        "__MACOSX/._one.png": b"",
    }
    path = write_zip(tmp_path / "strange.zip", strange)
    assert look_at(path, name) == plain
    reasons = [problem.reason for problem in datasets.read(path, name).problems]
    assert (
        len(
            [
                reason
                for reason in reasons
                if "left out: " in reason or "archive in itself" in reason
            ]
        )
        == 3
    )
    encrypted = bytearray(path.read_bytes())
    for place in re.finditer(b"PK\x01\x02", bytes(encrypted)):
        encrypted[place.start() + 8] |= 1
    path.write_bytes(encrypted)
    look_at(path, name)


def test_a_damaged_archive_is_a_sentence(good: dict[str, Files], tmp_path: Path) -> None:
    rng = random.Random(17)
    whole = write_zip(tmp_path / "whole.zip", good["coco"]).read_bytes()
    for content in damaged(whole, rng):
        (tmp_path / "bad.zip").write_bytes(content)
        look_at(tmp_path / "bad.zip", "auto")
    # A large member is read in pieces, and fails in the midst of it.
    large = {**good["coco"], "images/one.png": good["coco"]["images/one.png"] + rng.randbytes(9**7)}
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in large.items():
            archive.writestr(name, content)
    broken = bytearray((tmp_path / "large.zip").read_bytes())
    at = broken.index(b"images/one.png") + 30
    broken[at : at + 40] = rng.randbytes(40)
    (tmp_path / "large.zip").write_bytes(broken)
    held = look_at(tmp_path / "large.zip", "coco")
    assert held is not None
    assert all(held.values())


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_names_in_any_script_keep_their_masks(name: str, tmp_path: Path) -> None:
    images = {f"{word}.png": picture((8, 9)) for word in NAMES}
    bare = datasets.read(put(tmp_path / "in", images), "images")
    assert len(bare.samples) == len(NAMES)
    sides = {sample.name: 1 + i % 6 for i, sample in enumerate(bare.samples)}
    whole = bare.with_instances(
        {key: [square((8, 9), side, key[:50])] for key, side in sides.items()}
    )
    datasets.write(whole, tmp_path / "out.zip", name)
    held = look_at(tmp_path / "out.zip", name)
    assert held is not None
    assert [len(masks) for masks in held.values()] == [1] * len(NAMES)
    areas = sorted(rle.area(mask) for (mask,) in held.values())
    assert areas == sorted(side**2 for side in sides.values())


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_labels_of_any_kind_are_written_and_read(name: str, tmp_path: Path) -> None:
    labels = [value for value in EVIL if isinstance(value, str) and value.strip()] + [
        *NAMES,
        "a\r\nb",
        "\x1b[",
    ]
    bare = datasets.read(put(tmp_path / "in", {"a.png": picture((40, 60))}), "images")
    masks = []
    for i, label in enumerate(labels):
        mask = np.zeros((40, 60), np.bool_)
        mask[4 * (i // 12) : 4 * (i // 12) + 3, 5 * (i % 12) : 5 * (i % 12) + 3] = True
        masks.append(Instance(rle.encode(mask), label))
    whole = bare.with_instances({"a.png": masks})
    datasets.write(whole, tmp_path / "out", name)
    held = look_at(tmp_path / "out", name)
    assert held is not None
    (found,) = held.values()
    assert set(found) == {instance.mask for instance in masks}


@pytest.mark.parametrize("path", ["a" * 300, "a/" * 3000, "a\0b", "\ud800", "gone.zip"])
def test_a_path_that_cannot_be_is_a_sentence(path: str, tmp_path: Path) -> None:
    for ask in (datasets.read, datasets.detect):
        with pytest.raises(MaskcoreError) as caught:
            ask(tmp_path / path)
        assert_is_sentence(str(caught.value))


def test_thousands_of_the_same_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    """So many that a look at each pair would never end."""
    n = 4_000
    image, mask = picture((2, 3)), image_io.encode_png(np.ones((2, 3), np.bool_))
    files = {f"set/{i}/images/0.png": image for i in range(n)}
    path = write_zip(
        tmp_path / "a.zip", {**files, **{f"set/{i}/masks/0.png": mask for i in range(n)}}
    )
    found = datasets.read(path, "png").samples
    assert len(found) == n
    assert [len(sample.instances) for sample in found[:: n // 7]] == [1] * 8
    listed = [{"id": i, "file_name": f"{i}/images/0.png"} for i in range(n)]
    document = {"images": listed, "annotations": [], "categories": []}
    content = json.dumps(document).encode()
    path = write_zip(tmp_path / "b.zip", {**files, "about/instances.json": content})
    assert [sample.name for sample in datasets.read(path, "coco").samples] == list(files)
    tasks = [{"id": i, "data": {"image": "gone.png"}, "annotations": []} for i in range(n)]
    path = write_zip(tmp_path / "c.zip", {"tasks.json": json.dumps(tasks).encode()})
    assert len({sample.name for sample in datasets.read(path, "label-studio").samples}) == n


@pytest.mark.parametrize(
    ("name", "text", "row", "between"),
    [
        ("a.json", '{"images": [%s], "annotations": []}', '{"id": %d, "file_name": "a%d"}', ","),
        ("a.csv", "ImageId,EncodedPixels\n%s\n", "%d.png,%d 1", "\n"),
        ("a.csv", "ImageId,LabelName,ImageWidth,ImageHeight,Mask\n%s\n", "%d,%d,3,2,x", "\n"),
    ],
)
def test_files_that_tell_of_too_many_images_are_a_sentence(
    name: str, text: str, row: str, between: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "MAX_SAMPLES", 4)
    rows = [row % (i, i) for i in range(1, 6)]
    path = tmp_path / name
    path.write_text(text % between.join(rows[:4]))
    assert len(datasets.read(path).samples) == 4
    path.write_text(text % between.join(rows))
    with pytest.raises(DatasetError, match="more than 4 "):
        datasets.read(path)


def test_several_documents_that_tell_of_too_many_images_together_are_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "MAX_SAMPLES", 4)
    for k in range(2):
        images = [{"id": i, "file_name": f"{k}{i}.png"} for i in range(3)]
        (tmp_path / f"{k}.json").write_text(json.dumps({"images": images, "annotations": []}))
    with pytest.raises(DatasetError, match="more than 4 samples"):
        datasets.read(tmp_path)


def test_a_document_of_too_many_annotations_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coco_document, "_MAX_ANNOTATIONS", 4)
    path = tmp_path / "a.json"
    for count in (4, 5):
        annotations = [{"image_id": 1, "segmentation": []}] * count
        document = {"images": [{"id": 1, "file_name": "a"}], "annotations": annotations}
        path.write_text(json.dumps(document))
        if count == 4:
            assert len(datasets.read(path).samples) == 1
    with pytest.raises(DatasetError, match="more than 4 annotations"):
        datasets.read(path)
