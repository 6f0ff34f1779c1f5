from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from maskcore import rle
from maskcore.datasets.dataset import Dataset
from maskcore.datasets.formats import voc
from maskcore.datasets.formats.voc import (
    boxes as voc_boxes,
    classes as voc_classes,
    palette as voc_palette,
)
from maskcore.errors import DatasetError
from maskcore.types import Instance
from tests.core.datasets import items
from tests.grids import mask

# As the development kit's documentation lists them.
FIRST_COLORS = [
    (0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128),
    (0, 128, 128), (128, 128, 128), (64, 0, 0),
]  # fmt: skip

CLASSES = """
    0 0 0 0 0 0
    0 7 7 255 0 0
    0 7 7 255 7 7
    0 255 255 255 15 15
"""
OBJECTS = """
    0 0 0 0 0 0
    0 1 1 255 0 0
    0 1 1 255 2 2
    0 255 255 255 3 3
"""
LABEL_MAP = """\
# label:color_rgb:parts:actions
background:0,0,0::
road:10,20,30::
車:40,50,60:wheel,door:parked
"""
XML = """<annotation><filename>a.jpg</filename>
<object><name>person</name><bndbox>
  <xmin>5</xmin><ymin>4</ymin><xmax>6</xmax><ymax>4</ymax></bndbox></object>
<object><name>car</name><bndbox>
  <xmin>2</xmin><ymin>2</ymin><xmax>3</xmax><ymax>3</ymax></bndbox></object>
<object><name>car</name><bndbox>
  <xmin>4.5</xmin><ymin>2.5</ymin><xmax>6</xmax><ymax>3</ymax></bndbox></object>
</annotation>"""


def grid(text: str) -> NDArray[np.uint8]:
    return np.array([line.split() for line in text.strip().splitlines()], np.uint8)


def png(picture: PIL.Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def indexed(text: str, palette: list[tuple[int, ...]] | None = None) -> bytes:
    picture = PIL.Image.fromarray(grid(text))
    colors = [part for color in palette or FIRST_COLORS for part in color]
    picture.putpalette(colors + [9] * (768 - len(colors)))
    return png(picture)


def colored(text: str, *colors: tuple[int, int, int]) -> bytes:
    return png(PIL.Image.fromarray(np.array(colors, np.uint8)[grid(text)]))


def gray(text: str) -> bytes:
    return png(PIL.Image.fromarray(grid(text)))


def make(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = items.picture((4, 6)) if content == "image" else content.encode()
        path.write_bytes(content)
    return folder


def read(tmp_path: Path, files: dict[str, str | bytes]) -> Dataset:
    dataset: Dataset = items.read(voc, make(tmp_path, {"JPEGImages/a.jpg": "image", **files}))
    return dataset


def drawn(dataset: Dataset) -> list[tuple[str, str]]:
    """Labels and pixels, as grids in one line."""
    return [
        (label, " ".join("".join(".#"[number] for number in row) for row in pixels))
        for label, pixels in items.decoded(dataset.samples[0])
    ]


def reasons(dataset: Dataset) -> list[tuple[str, str]]:
    return [
        (problem.where, problem.reason)
        for one in dataset.samples
        for problem in one.read().problems
    ]


def test_the_palette_is_pascal_vocs() -> None:
    colors = voc_palette.colors()
    assert [tuple(color) for color in colors[:9].tolist()] == FIRST_COLORS
    assert colors[20].tolist() == [0, 64, 128]
    assert colors[255].tolist() == [224, 224, 192]
    assert len(np.unique(colors, axis=0)) == 256


def test_the_class_of_each_object_is_that_of_most_of_its_pixels(tmp_path: Path) -> None:
    files = {
        "SegmentationClass/a.png": indexed(CLASSES),
        "SegmentationObject/a.png": indexed(OBJECTS),
    }
    dataset = read(tmp_path, dict(files))
    assert drawn(dataset) == [
        ("car", "...... .##... .##... ......"),
        ("car", "...... ...... ....## ......"),
        ("person", "...... ...... ...... ....##"),
    ]
    assert dataset.samples[0].name == "JPEGImages/a.jpg"
    contents = dataset.samples[0].read()
    assert contents.size_hw == (4, 6)
    assert [annotation.where for annotation in contents.annotations] == [
        f"object {i} in SegmentationObject/a.png" for i in (1, 2, 3)
    ]
    assert dataset.stated_labels == ()
    assert (dataset.problems, reasons(dataset)) == ([], [])


def test_without_objects_each_class_is_one_mask_and_the_border_none(tmp_path: Path) -> None:
    assert drawn(read(tmp_path, {"SegmentationClass/a.png": indexed(CLASSES)})) == [
        ("car", "...... .##... .##.## ......"),
        ("person", "...... ...... ...... ....##"),
    ]


def test_a_class_image_with_cars_alone_is_read_by_its_indices(tmp_path: Path) -> None:
    # The palette's color of cars is gray, and so is black.
    files = {"SegmentationClass/a.png": indexed("0 7 0\n0 7 7")}
    assert drawn(read(tmp_path, dict(files))) == [("car", ".#. .##")]


def test_pixels_of_a_class_that_are_of_no_object_are_a_mask_too(tmp_path: Path) -> None:
    files = {
        "SegmentationClass/a.png": indexed("1 1 0\n1 2 2"),
        "SegmentationObject/a.png": indexed("1 0 0\n1 2 0"),
    }
    assert drawn(read(tmp_path, dict(files))) == [
        ("aeroplane", "#.. #.."),
        ("bicycle", "... .#."),
        ("aeroplane", ".#. ..."),
        ("bicycle", "... ..#"),
    ]


def test_stray_pixels_of_another_class_go_with_their_object(tmp_path: Path) -> None:
    files = {
        "SegmentationClass/a.png": indexed("1 1 2\n1 0 255"),
        "SegmentationObject/a.png": indexed("5 5 5\n5 5 5"),
    }
    assert drawn(read(tmp_path, dict(files))) == [("aeroplane", "### ###")]


def test_an_object_without_a_class_is_a_mask_and_is_said(tmp_path: Path) -> None:
    files = {
        "SegmentationClass/a.png": indexed("0 0 0\n0 0 255"),
        "SegmentationObject/a.png": indexed("0 4 4\n0 0 4"),
    }
    dataset = read(tmp_path, dict(files))
    assert drawn(dataset) == [("mask", ".## ..#")]
    assert [where for where, _ in reasons(dataset)] == ["object 4 in SegmentationObject/a.png"]


def test_objects_alone_have_no_label_but_that_of_their_box(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"SegmentationObject/a.png": indexed(OBJECTS)}
    assert [label for label, _ in drawn(read(tmp_path, files))] == ["mask"] * 3
    files["Annotations/a.xml"] = XML
    assert [label for label, _ in drawn(read(tmp_path, files))] == ["car", "car", "person"]


def test_boxes_are_those_of_the_xml_file_whatever_its_order(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "SegmentationClass/a.png": indexed(CLASSES),
        "SegmentationObject/a.png": indexed(OBJECTS),
        "Annotations/a.xml": XML,
    }
    annotations = read(tmp_path, files).samples[0].read().annotations
    # From 1-based to 0-based, and from the last pixel to the one behind it.
    assert [annotation.box for annotation in annotations] == [
        (1, 1, 3, 3),
        (3.5, 1.5, 6, 3),
        (4, 3, 6, 4),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<annotation><object>",
        '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><annotation>&c;</annotation>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>',
        "\x00\x01",
    ],
)
def test_boxes_that_cannot_be_read_are_said_and_the_masks_are_read(
    tmp_path: Path, text: str
) -> None:
    files: dict[str, str | bytes] = {
        "SegmentationObject/a.png": indexed(OBJECTS),
        "Annotations/a.xml": text,
    }
    dataset = read(tmp_path, files)
    assert [label for label, _ in drawn(dataset)] == ["mask"] * 3
    assert [where for where, _ in reasons(dataset)] == ["Annotations/a.xml"]


@pytest.mark.parametrize("side", ["", "abc", "nan", "inf", "1e999"])
def test_an_object_whose_box_is_no_box_is_left_out(side: str) -> None:
    broken = XML.replace("<xmin>5</xmin>", f"<xmin>{side}</xmin>")
    assert [stated.label for stated in voc_boxes.read(broken)] == ["car", "car"]


def test_entities_are_refused_in_any_encoding() -> None:
    bomb = "<!DOCTYPE a [<!ENTITY b 'ha'>]><annotation/>"
    with pytest.raises(DatasetError, match="document type"):
        voc_boxes.read(bomb)
    with pytest.raises(DatasetError):
        voc_boxes.read(bomb.encode("utf-16").decode("latin-1"))


def test_colors_mean_what_the_label_map_says(tmp_path: Path) -> None:
    colors = [(0, 0, 0), (10, 20, 30), (40, 50, 60), (224, 224, 192), (1, 2, 3)]
    files: dict[str, str | bytes] = {
        "SegmentationClass/a.png": colored("0 1 1\n2 3 4", *colors),
        "labelmap.txt": LABEL_MAP,
    }
    dataset = read(tmp_path, files)
    assert drawn(dataset) == [("#010203", "... ..#"), ("road", ".## ..."), ("車", "... #..")]
    assert dataset.stated_labels == ("road", "車")


def test_objects_in_colors_are_numbered_by_the_palette(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "SegmentationClass/a.png": colored("0 1 1\n2 2 2", (0, 0, 0), (10, 20, 30), (40, 50, 60)),
        "SegmentationObject/a.png": colored("0 2 1\n3 8 8", *FIRST_COLORS),
        "labelmap.txt": LABEL_MAP,
    }
    assert drawn(read(tmp_path, files)) == [
        ("road", "..# ..."),
        ("road", ".#. ..."),
        ("車", "... #.."),
        ("車", "... .##"),
    ]


def test_a_palette_with_the_label_maps_colors_is_read_by_them(tmp_path: Path) -> None:
    palette = [(0, 0, 0), (40, 50, 60), (10, 20, 30)]
    files: dict[str, str | bytes] = {"labelmap.txt": LABEL_MAP}
    swapped = files | {"SegmentationClass/a.png": indexed("0 1 2", palette)}
    assert drawn(read(tmp_path, swapped)) == [("車", ".#."), ("road", "..#")]
    other = files | {"SegmentationClass/a.png": indexed("0 1 2")}
    assert drawn(read(tmp_path, other)) == [("road", ".#."), ("車", "..#")]


def test_a_background_of_another_color_is_left_out(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "SegmentationClass/a.png": colored("0 1 2", (0, 128, 0), (10, 10, 128), (0, 0, 0)),
        "labelmap.txt": "background:0,128,0::\naeroplane:10,10,128::\n",
    }
    assert drawn(read(tmp_path, files)) == [("aeroplane", ".#.")]


def test_a_label_map_without_colors_counts_as_the_palette_does(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "SegmentationClass/a.png": colored("0 1 2", *FIRST_COLORS),
        "labelmap.txt": "cat:::\ndog:::\n",
    }
    assert drawn(read(tmp_path, files)) == [("cat", ".#."), ("dog", "..#")]


def test_labelmes_class_names_are_read(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "SegmentationClass/a.npy": b"",
        "SegmentationClassPNG/a.png": indexed("0 1 2"),
        "SegmentationClassVisualization/a.jpg": "image",
        "class_names.txt": "__ignore__\n_background_\ncat\nsmall dog\n",
    }
    dataset = read(tmp_path, files)
    assert drawn(dataset) == [("cat", ".#."), ("small dog", "..#")]
    assert [sample.name for sample in dataset.samples] == ["JPEGImages/a.jpg"]


def gray_of_few_bits(text: str, bits: int) -> bytes:
    """A PNG as its specification builds it; Pillow writes gray with 1, 8 or 16 bits only."""
    digits = ["".join(f"{number:0{bits}b}" for number in row) for row in grid(text).tolist()]
    rows = [bytes([0, int(row.ljust(8, "0"), 2)]) for row in digits]
    height, width = grid(text).shape
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(rows))),
        (b"IEND", b""),
    ):
        content += struct.pack(">I", len(body)) + kind + body
        content += struct.pack(">I", zlib.crc32(kind + body))
    return content


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_gray_numbers_are_read_like_indices(tmp_path: Path, bits: int) -> None:
    text = "0 1\n1 0" if bits == 1 else "0 1\n3 0"
    content = gray(text) if bits == 8 else gray_of_few_bits(text, bits)
    found = dict(drawn(read(tmp_path, {"SegmentationClass/a.png": content})))
    assert found == (
        {"aeroplane": ".# #."} if bits == 1 else {"aeroplane": ".# ..", "bird": ".. #."}
    )


def test_gray_numbers_of_16_bits_are_objects_beyond_255(tmp_path: Path) -> None:
    content = png(PIL.Image.fromarray(np.array([[0, 255, 300]], np.uint16)))
    assert drawn(read(tmp_path, {"SegmentationObject/a.png": content})) == [
        ("mask", ".#."),
        ("mask", "..#"),
    ]


def test_a_black_and_white_image_is_one_mask(tmp_path: Path) -> None:
    files = {"SegmentationClass/a.png": gray("0 255\n255 255")}
    assert drawn(read(tmp_path, dict(files))) == [("mask", ".# ##")]


def test_files_of_two_sizes_are_said_and_the_classes_are_read(tmp_path: Path) -> None:
    files = {
        "SegmentationClass/a.png": indexed("1 1 0\n1 0 0"),
        "SegmentationObject/a.png": indexed("1 0 2"),
    }
    dataset = read(tmp_path, dict(files))
    assert drawn(dataset) == [("aeroplane", "##. #..")]
    assert dataset.samples[0].read().size_hw == (2, 3)
    ((where, reason),) = reasons(dataset)
    assert where == "SegmentationObject/a.png"
    assert "3 × 1 pixels but the file of classes has 3 × 2" in reason


def broken_pngs() -> dict[str, bytes]:
    good = indexed(CLASSES)
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    huge = bytearray(good)
    huge[16:24] = (60_000).to_bytes(4, "big") * 2
    return {
        "cut short": good[:-30],
        "flipped": good[:-20] + bytes([good[-20] ^ 255]) + good[-19:],
        "no PNG": b"GIF89a" + bytes(50),
        "empty": b"",
        "a photo": png(PIL.Image.fromarray(noise)),
        "huge": bytes(huge),
    }


@pytest.mark.parametrize("kind", list(broken_pngs()))
def test_a_png_that_cannot_be_read_is_said_and_the_others_are_read(
    tmp_path: Path, kind: str
) -> None:
    content = broken_pngs()[kind]
    files: dict[str, str | bytes] = {
        "SegmentationClass/a.png": content,
        "SegmentationClass/b.png": indexed(CLASSES),
    }
    dataset = read(tmp_path, files)
    assert [len(sample.instances) for sample in dataset.samples] == [0, 2]
    assert [where for where, _ in reasons(dataset)] == ["SegmentationClass/a.png"]


def test_every_image_is_a_sample_and_every_mask_too(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "VOC/JPEGImages/a.b.jpg": "image",
        "VOC/JPEGImages/train/a.jpg": "image",
        "VOC/SegmentationClass/a.b.png": indexed("1"),
        "VOC/SegmentationClass/train/a.png": indexed("2"),
        "VOC/SegmentationClass/gone.png": indexed("3"),
        "VOC/SegmentationClassVisualization/a.png": "image",
        "VOC/ImageSets/Segmentation/train.txt": 'a.b\ngone\n"train/a"\nnot here\n\n',
        "VOC/ImageSets/Main/car_train.txt": "nobody -1\n",
    }
    dataset = read(tmp_path, files)
    assert {sample.name: [one.label for one in sample.instances] for sample in dataset.samples} == {
        "VOC/JPEGImages/a.b.jpg": ["aeroplane"],
        "VOC/JPEGImages/train/a.jpg": ["bicycle"],
        "VOC/SegmentationClass/gone.png": ["bird"],
        "JPEGImages/a.jpg": [],
    }
    (problem,) = dataset.problems
    assert problem.where == "VOC/ImageSets/Segmentation/train.txt"
    assert problem.reason == "Neither image nor mask is there of 1 of its names: not here."


def test_masks_of_images_in_another_folder_find_them_by_name(tmp_path: Path) -> None:
    files = {"photos/b.c.png": "image", "SegmentationClass/b.c.png": indexed("1")}
    dataset = items.read(voc, make(tmp_path, dict(files)))
    assert [sample.name for sample in dataset.samples] == ["photos/b.c.png"]


def test_what_is_of_another_format_is_not_claimed(tmp_path: Path) -> None:
    files = {"JPEGImages/a.jpg": "image", "Annotations/a.xml": XML, "SegmentationClass/a.png": b"x"}
    make(tmp_path, dict(files))
    assert voc.find(items.source(tmp_path)) == []


@given(
    st.lists(
        st.text(st.characters(codec="utf-8"), min_size=1),
        unique=True,
        max_size=5,
    )
)
def test_any_label_comes_back_from_a_label_map(names: list[str]) -> None:
    text = voc_classes.write(enumerate(names, start=1))
    lines = text.splitlines()[2:]
    assert len(lines) == len(names)
    assert all(line.count(":") == 3 for line in lines)
    assert voc_classes.read(text).by_number == dict(enumerate(names, start=1))


@pytest.mark.parametrize("piece", [":", " ", ": ", "1,", ":1 ,1,1 ", "%41", "#", "a"])
def test_a_hostile_label_map_takes_no_time(piece: str) -> None:
    for start in ("", "a:", "a:1,2,3:"):
        voc_classes.read(start + piece * 20_000 + "x")


def test_the_files_are_those_of_the_development_kit(tmp_path: Path) -> None:
    first = items.instance(mask("##..\n#...\n...."), "dog")
    second = items.instance(mask("..#.\n..##\n...#"), "cat: the “other”")
    third = items.instance(mask("....\n....\n##.."), "dog")
    writer = voc.VocWriter(["bird"])
    empty = items.item("val/none", size_hw=(2, 5))
    items.write(tmp_path, writer, [items.item("train/a", first, second, third), empty])
    with PIL.Image.open(tmp_path / "SegmentationClass/train/a.png") as classes:
        assert classes.mode == "P"
        assert classes.getpalette() == voc_palette.colors().reshape(-1).tolist()
        assert np.asarray(classes).tolist() == [[2, 2, 3, 0], [2, 0, 3, 3], [2, 2, 0, 3]]
    with PIL.Image.open(tmp_path / "SegmentationObject/train/a.png") as objects:
        assert objects.mode == "P"
        assert np.asarray(objects).tolist() == [[1, 1, 2, 0], [1, 0, 2, 2], [3, 3, 0, 2]]
    with PIL.Image.open(tmp_path / "SegmentationClass/val/none.png") as nothing:
        assert (nothing.mode, nothing.size, nothing.getextrema()) == ("P", (5, 2), (0, 0))
    assert (tmp_path / "JPEGImages/train/a.png").exists()
    assert (tmp_path / "labelmap.txt").read_text("utf-8").splitlines() == [
        "# label:color_rgb:parts:actions",
        "background:0,0,0::",
        "bird:128,0,0::",
        "dog:0,128,0::",
        "cat%3A the “other”:128,128,0::",
    ]
    lists = {path.name: path.read_text().split() for path in tmp_path.glob("ImageSets/*/*.txt")}
    assert lists == {
        "train.txt": ["train/a"],
        "val.txt": ["val/none"],
        "trainval.txt": ["train/a", "val/none"],
    }
    back = items.read(voc, tmp_path)
    assert [sample.instances for sample in back.samples] == [[first, second, third], []]
    assert back.stated_labels == ("bird", "dog", "cat: the “other”")
    assert back.problems == []


def test_masks_of_one_pixel_full_ones_and_a_class_called_background_come_back(
    tmp_path: Path,
) -> None:
    one = items.item("a", items.instance(mask("#"), "background"))
    wide = items.item("b", items.instance(mask("#####"), "ignored"))
    items.write(tmp_path, voc.VocWriter([]), [one, wide])
    back = items.read(voc, tmp_path)
    assert [items.decoded(sample) for sample in back.samples] == [
        [("background", [[True]])],
        [("ignored", [[True] * 5])],
    ]


def test_objects_beyond_254_come_back_joined(tmp_path: Path) -> None:
    pixels = np.eye(260, dtype=np.bool_)
    many = [items.instance(pixels[[i]], "cat" if i % 2 else "dog") for i in range(260)]
    writer = voc.VocWriter([])
    items.write(tmp_path, writer, [items.item("a", *many)])
    back = items.read(voc, tmp_path).samples[0].instances
    assert back[:254] == many[:254]
    joined = {
        instance.label: rle.decode(instance.mask).nonzero()[1].tolist() for instance in back[254:]
    }
    assert joined == {"dog": [254, 256, 258], "cat": [255, 257, 259]}


def test_more_classes_than_the_palette_has_are_refused() -> None:
    names = [str(i) for i in range(255)]
    voc.VocWriter(names[:254])
    with pytest.raises(DatasetError, match="254 classes"):
        voc.VocWriter(names)
    writer = voc.VocWriter(names[:254])
    with pytest.raises(DatasetError, match="254 classes"):
        list(writer.sample(items.item("a", items.instance(mask("#"), "new"))))


def test_writing_does_not_change_the_masks() -> None:
    pixels = np.asfortranarray(mask(".##.\n####\n.#.."))
    before = rle.encode(pixels)
    list(voc.VocWriter([]).sample(items.item("a", Instance(before, "x"))))
    assert rle.decode(before).tolist() == pixels.tolist()
