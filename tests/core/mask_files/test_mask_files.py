"""The files are written by Pillow, or byte by byte, and never by the code under test."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFilter
import pytest

from maskcore import mask_files, rle
from maskcore.errors import ImageError
from maskcore.image_io import stored
from tests.grids import mask
from tests.hostile.picture_files import png, tiff

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
L_SHAPE = mask("""
    #...
    #...
    ##..
""")
LABELS = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 1, 1, 1, 4, 4],
        [0, 1, 1, 1, 4, 4],
    ]
)


def saved(picture: PIL.Image.Image, kind: str = "PNG", **options) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def saved_array(array: np.ndarray, kind: str = "PNG", **options) -> bytes:
    return saved(PIL.Image.fromarray(array), kind, **options)


def masks_of(file: mask_files.MaskFile) -> dict[str, np.ndarray]:
    found = {instance.label: rle.decode(instance.mask) for instance in file.instances}
    assert len(found) == len(file.instances)
    return found


def assert_masks(file: mask_files.MaskFile, wanted: dict[str, np.ndarray]) -> None:
    found = masks_of(file)
    assert list(found) == list(wanted)
    for label, pixels in wanted.items():
        np.testing.assert_array_equal(found[label], pixels, err_msg=label)


def palette_picture(indices: np.ndarray, colors: dict[int, tuple[int, int, int]]):
    picture = PIL.Image.frombytes("P", indices.shape[::-1], indices.astype(np.uint8).tobytes())
    flat = [0] * 768
    for index, color in colors.items():
        flat[3 * index : 3 * index + 3] = color
    picture.putpalette(flat)
    return picture


VOC = {0: (0, 0, 0), 1: (128, 0, 0), 4: (0, 0, 128), 15: (192, 128, 128), 255: (224, 224, 192)}


# Two values


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (3, 200), (254, 255)])
def test_of_two_values_the_larger_is_inside(kind, low, high) -> None:
    content = saved_array(np.where(L_SHAPE, high, low).astype(np.uint8), kind)
    file = mask_files.read(content)
    assert file.kind == "binary"
    assert_masks(file, {"mask": L_SHAPE})
    assert file.summary == "black and white mask, 33.3% inside"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_one_bit_a_pixel_is_read(kind) -> None:
    content = saved_array(L_SHAPE, kind)
    assert PIL.Image.open(io.BytesIO(content)).mode == "1"
    assert_masks(mask_files.read(content), {"mask": L_SHAPE})


def test_a_lossless_webp_and_gray_in_three_channels_are_read_like_gray() -> None:
    color = np.repeat(np.where(L_SHAPE, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    for content in (saved_array(color), saved_array(color, "WEBP", lossless=True)):
        file = mask_files.read(content)
        assert file.kind == "binary"
        assert_masks(file, {"mask": L_SHAPE})


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_two_values_may_be_deep_or_floats(dtype) -> None:
    kind = "PNG" if dtype == np.uint16 else "TIFF"
    file = mask_files.read(saved_array(np.where(L_SHAPE, 700, 0).astype(dtype), kind))
    assert_masks(file, {"mask": L_SHAPE})


def test_black_on_white_can_be_inverted() -> None:
    content = saved_array(np.where(L_SHAPE, 0, 255).astype(np.uint8))
    assert_masks(mask_files.read(content, invert=True), {"mask": L_SHAPE})


def test_a_file_of_one_value_is_full_or_empty() -> None:
    for value in (1, 255):
        file = mask_files.read(saved_array(np.full((2, 3), value, np.uint8)))
        assert_masks(file, {"mask": np.ones((2, 3), bool)})
    file = mask_files.read(saved_array(np.zeros((2, 3), np.uint8)))
    assert (file.kind, file.instances, file.size_hw) == ("binary", (), (2, 3))
    assert file.summary == "black and white mask, 0.0% inside"


def test_one_pixel_is_a_mask() -> None:
    assert_masks(mask_files.read(saved_array(np.full((1, 1), 9, np.uint8))), {"mask": mask("#")})


# Gray


def soft_disk() -> PIL.Image.Image:
    picture = PIL.Image.new("L", (90, 60))
    PIL.ImageDraw.Draw(picture).ellipse((20, 10, 60, 50), fill=255)
    return picture.filter(PIL.ImageFilter.GaussianBlur(2))


def test_soft_edges_are_cut_at_128_or_where_one_wants() -> None:
    picture = soft_disk()
    values = np.asarray(picture)
    file = mask_files.read(saved(picture))
    assert file.kind == "gray"
    assert_masks(file, {"mask": values >= 128})
    for threshold in (1, 30, 255):
        file = mask_files.read(saved(picture), threshold=threshold)
        assert_masks(file, {"mask": values >= threshold})


def test_deep_gray_is_cut_on_the_scale_of_what_it_looks_like() -> None:
    values = np.asarray(soft_disk()).astype(np.uint16) * 257
    file = mask_files.read(saved_array(values))
    assert file.kind == "gray"
    assert_masks(file, {"mask": values >= 128 * 257})


def test_a_mask_that_went_through_jpeg_is_cut_and_that_is_said() -> None:
    picture = PIL.Image.new("L", (160, 120))
    PIL.ImageDraw.Draw(picture).rectangle((30, 20, 100, 90), fill=255)
    for kind, quality in (("JPEG", 60), ("JPEG", 90), ("WEBP", 60)):
        file = mask_files.read(saved(picture, kind, quality=quality))
        assert file.kinds == ("gray",)
        assert "blurs edges" in file.notes[0]
        assert_masks(file, {"mask": np.asarray(picture) > 0})


def test_jpegs_noise_saved_anew_as_png_is_no_label_map() -> None:
    picture = PIL.Image.new("L", (320, 240))
    PIL.ImageDraw.Draw(picture).ellipse((60, 40, 200, 180), fill=255)
    for quality in (30, 50, 75, 90, 95):
        noisy = PIL.Image.open(io.BytesIO(saved(picture, "JPEG", quality=quality)))
        assert mask_files.read(saved(noisy.convert("L"))).kind == "gray"


def test_a_threshold_above_everything_is_explained() -> None:
    file = mask_files.read(saved_array(np.arange(64, dtype=np.uint8).reshape(8, 8)), kind="gray")
    assert file.instances == ()
    assert file.notes == ("No pixel is as bright as 128; the brightest is 63.",)


# Labels


def block_labels(ids: list[int], dtype: type) -> np.ndarray:
    """A block of 5 x 5 pixels for each id, on 0."""
    labels = np.zeros((7, 7 * len(ids)), dtype)
    for place, number in enumerate(ids):
        labels[1:6, 7 * place + 1 : 7 * place + 6] = number
    return labels


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_a_label_map_gives_a_mask_for_each_label(dtype) -> None:
    kind = "PNG" if np.dtype(dtype).kind == "u" else "TIFF"
    labels = block_labels([1, 2, 9], dtype)
    file = mask_files.read(saved_array(labels, kind))
    assert file.kinds == ("label map", "gray")
    assert file.summary == "label map with 3 labels"
    assert (file.labels, file.left_out) == (("0", "1", "2", "9"), ("0",))
    assert_masks(file, {str(i): labels == i for i in (1, 2, 9)})


def test_ids_of_16_bits_are_not_scaled() -> None:
    labels = block_labels([1, 255, 256, 257, 40_000, 65_535], np.uint16)
    file = mask_files.read(saved_array(labels))
    assert_masks(file, {str(i): labels == i for i in (1, 255, 256, 257, 40_000, 65_535)})


def test_ids_beyond_16_bits_and_below_zero_are_kept_apart() -> None:
    labels = block_labels([70_000, 70_001, -1], np.int32)
    file = mask_files.read(saved_array(labels, "TIFF"))
    assert file.left_out == ("-1", "0")
    assert_masks(file, {str(i): labels == i for i in (70_000, 70_001)})


def test_big_endian_16_bit_is_read() -> None:
    pixels = np.array([[0, 300, 2]] * 2, ">u2")
    file = mask_files.read(tiff((3, 2), [16], 1, pixels.tobytes(), order=">"), kind="label map")
    assert list(masks_of(file)) == ["2", "300"]


@pytest.mark.parametrize("bits", [2, 4])
def test_ids_of_2_and_4_bits_are_those_that_were_stored(bits) -> None:
    # 0, 1, 2, 3 in the first row, 3, 0, 0, 0 in the second
    rows = {2: b"\x1b\xc0", 4: b"\x01\x23\x30\x00"}[bits]
    for content in (png((4, 2), bits, 0, rows), tiff((4, 2), [bits], 1, rows)):
        file = mask_files.read(content, kind="label map")
        wanted = {"1": mask(".#..\n...."), "2": mask("..#.\n...."), "3": mask("...#\n#...")}
        assert_masks(file, wanted)


def test_labels_can_be_left_out_and_the_background_taken() -> None:
    labels = block_labels([3, 255], np.uint8)
    file = mask_files.read(saved_array(labels), left_out=["255"])
    assert file.left_out == ("255",)
    assert_masks(file, {"0": labels == 0, "3": labels == 3})


def test_two_labels_can_be_read_as_labels_too() -> None:
    file = mask_files.read(saved_array(np.where(L_SHAPE, 7, 0).astype(np.uint8)), kind="label map")
    assert_masks(file, {"7": L_SHAPE})


def test_many_labels_are_those_of_a_comparison_each() -> None:
    rng = np.random.default_rng(8)
    labels = np.kron(rng.permutation(600).reshape(20, 30), np.ones((4, 5), int)).astype(np.uint16)
    file = mask_files.read(saved_array(labels))
    assert file.kind == "label map"
    assert_masks(file, {str(i): labels == i for i in range(1, 600)})


def test_a_photo_is_gray_and_no_label_map() -> None:
    noise = np.random.default_rng(2).integers(0, 65_536, (400, 400), dtype=np.uint16)
    assert mask_files.read(saved_array(noise)).kinds == ("gray",)
    color = np.random.default_rng(2).integers(0, 256, (600, 600, 3), dtype=np.uint8)
    file = mask_files.read(saved_array(color))
    assert file.kinds == ("gray",)
    assert_masks(file, {"mask": color.max(axis=2) >= 128})
    with pytest.raises(ImageError, match="no color map; read it as gray"):
        mask_files.read(saved_array(color), kind="color map")


def test_floats_that_are_no_whole_numbers_are_gray() -> None:
    values = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    file = mask_files.read(saved_array(values, "TIFF"))
    assert file.kind == "gray"
    assert_masks(file, {"mask": np.rint(values * 255) >= 128})


# Palettes


def test_the_index_is_the_class_and_vocs_border_is_left_out() -> None:
    indices = np.repeat(np.repeat(LABELS, 4, axis=0), 4, axis=1)
    indices[5:8, 2:4] = 255
    file = mask_files.read(saved(palette_picture(indices, VOC)))
    assert file.kinds == ("palette", "color map", "gray")
    assert file.summary == "palette with 2 classes"
    assert file.left_out == ("0", "255")
    assert "Pascal VOC" in file.notes[0]
    assert_masks(file, {"1": indices == 1, "4": indices == 4})

    file = mask_files.read(saved(palette_picture(indices, VOC)), left_out=["0"])
    assert_masks(file, {"1": indices == 1, "4": indices == 4, "255": indices == 255})
    assert file.notes == ()


def test_a_palette_can_be_read_by_its_colors() -> None:
    indices = np.repeat(LABELS, 5, axis=1)
    colors = {0: (0, 0, 0), 1: (255, 0, 0), 4: (255, 0, 0)}
    file = mask_files.read(saved(palette_picture(indices, colors)), kind="color map")
    assert_masks(file, {"#ff0000": indices > 0})


def test_one_class_is_a_class_and_no_binary_mask() -> None:
    file = mask_files.read(saved(palette_picture(np.where(L_SHAPE, 15, 0), VOC)))
    assert file.kind == "palette"
    assert_masks(file, {"15": L_SHAPE})


def test_index_255_is_a_class_where_it_is_the_only_one() -> None:
    file = mask_files.read(saved(palette_picture(np.where(L_SHAPE, 255, 0), VOC)))
    assert_masks(file, {"255": L_SHAPE})


def test_a_transparent_index_is_the_background() -> None:
    indices = np.repeat(LABELS, 5, axis=1)
    colors = {0: (9, 200, 30), 1: (255, 0, 0), 4: (0, 0, 0)}
    content = saved(palette_picture(indices, colors), transparency=4)
    file = mask_files.read(content)
    assert file.kinds == ("palette", "alpha", "color map", "gray")
    assert_masks(file, {"0": indices == 0, "1": indices == 1})
    file = mask_files.read(content, kind="color map")
    assert_masks(file, {"#09c81e": indices == 0, "#ff0000": indices == 1})


def test_a_gray_palette_is_gray() -> None:
    # Index 1 is black here, and 0 is white.
    picture = palette_picture(L_SHAPE, {0: (255, 255, 255), 1: (0, 0, 0)})
    file = mask_files.read(saved(picture))
    assert file.kind == "binary"
    assert_masks(file, {"mask": ~L_SHAPE})


def test_a_palette_of_black_only_still_tells_its_indices_apart() -> None:
    indices = np.repeat(LABELS, 5, axis=1)
    file = mask_files.read(saved(palette_picture(indices, {})))
    assert_masks(file, {"1": indices == 1, "4": indices == 4})


# Colors


def colored(indices: np.ndarray, colors: dict[int, tuple[int, ...]]) -> np.ndarray:
    image = np.zeros((*indices.shape, len(next(iter(colors.values())))), np.uint8)
    for index, color in colors.items():
        image[indices == index] = color
    return image


@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255)])
def test_each_color_is_a_mask_and_black_or_white_the_background(background) -> None:
    indices = np.repeat(LABELS, 5, axis=1)
    file = mask_files.read(
        saved_array(colored(indices, {0: background, 1: (255, 0, 128), 4: (0, 7, 0)}))
    )
    assert file.kinds == ("color map", "gray")
    assert file.summary == "color map with 2 colors"
    assert_masks(file, {"#000700": indices == 4, "#ff0080": indices == 1})


def test_white_is_a_color_where_black_is_the_background() -> None:
    image = colored(LABELS, {0: (0, 0, 0), 1: (255, 255, 255), 4: (0, 9, 0)})
    assert list(masks_of(mask_files.read(saved_array(image)))) == ["#000900", "#ffffff"]


def test_a_color_alone_on_black_is_one_mask_and_bright_enough_as_gray() -> None:
    content = saved_array(colored(L_SHAPE.astype(int), {0: (0, 0, 0), 1: (0, 0, 255)}))
    assert_masks(mask_files.read(content), {"#0000ff": L_SHAPE})
    assert_masks(mask_files.read(content, kind="gray"), {"mask": L_SHAPE})


# Transparency


def test_the_opaque_part_of_a_cut_out_is_the_mask() -> None:
    rng = np.random.default_rng(1)
    cut = rng.integers(0, 256, (40, 50, 4), dtype=np.uint8)
    cut[..., 3] = np.where(rng.random((40, 50)) < 0.5, cut[..., 3], 0)
    for content in (
        saved_array(cut),
        saved_array(cut, "TIFF"),
        saved_array(cut, "WEBP", lossless=True),
    ):
        file = mask_files.read(content)
        assert file.kind == "alpha"
        assert_masks(file, {"opaque": cut[..., 3] >= 128})
        assert_masks(mask_files.read(content, threshold=1), {"opaque": cut[..., 3] > 0})
        inverted = mask_files.read(content, threshold=200, invert=True)
        assert_masks(inverted, {"opaque": cut[..., 3] < 200})


def test_colors_on_nothing_are_a_color_map_whose_background_is_nothing() -> None:
    indices = np.repeat(LABELS, 5, axis=1)
    image = colored(indices, {0: (255, 255, 255, 0), 1: (0, 0, 0, 255), 4: (200, 0, 0, 255)})
    file = mask_files.read(saved_array(image))
    assert file.kinds == ("color map", "alpha", "gray")
    assert file.left_out == ("transparent",)
    assert_masks(file, {"#000000": indices == 1, "#c80000": indices == 4})


def test_gray_with_transparency_is_dark_where_it_is_transparent() -> None:
    gray = np.array([[255, 255, 0, 0]], np.uint8)
    alpha = np.array([[255, 0, 255, 0]], np.uint8)
    picture = PIL.Image.merge("LA", [PIL.Image.fromarray(channel) for channel in (gray, alpha)])
    file = mask_files.read(saved(picture))
    assert file.kind == "alpha"
    assert_masks(file, {"opaque": mask("#.#.")})
    assert_masks(mask_files.read(saved(picture), kind="binary"), {"mask": mask("#...")})


def test_an_opaque_alpha_channel_says_nothing() -> None:
    image = np.dstack([np.where(L_SHAPE, 255, 0)] * 3 + [np.full(L_SHAPE.shape, 255)])
    file = mask_files.read(saved_array(image.astype(np.uint8)))
    assert file.kinds == ("binary", "label map", "gray")


# Orientation, files, arguments


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("stored", ["L", "I;16", "P", "RGBA"])
def test_the_files_orientation_is_undone(orientation, stored) -> None:
    labels = np.kron(LABELS, np.ones((4, 4), int))
    if stored == "P":
        picture = palette_picture(labels, VOC)
    elif stored == "RGBA":
        colors = {0: (0, 0, 0, 0), 1: (0, 9, 0, 255), 4: (255, 0, 0, 255)}
        picture = PIL.Image.fromarray(colored(labels, colors))
    else:
        picture = PIL.Image.fromarray(labels.astype(np.uint8 if stored == "L" else np.uint16))
    file = mask_files.read(saved(picture, exif=exif_of(orientation)))
    turned = upright_by_hand(labels, orientation)
    assert file.size_hw == turned.shape
    names = ["#000900", "#ff0000"] if stored == "RGBA" else ["1", "4"]
    assert_masks(file, {name: turned == i for name, i in zip(names, (1, 4), strict=True)})


def exif_of(orientation: int) -> PIL.Image.Exif:
    found = PIL.Image.Exif()
    found[274] = orientation
    return found


def upright_by_hand(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Where the first row and the first column lie, as CIPA DC-008 says it."""
    height, width = stored.shape
    across = orientation >= 5
    upright = np.zeros((width, height) if across else (height, width), stored.dtype)
    bottom, right = upright.shape[0] - 1, upright.shape[1] - 1
    for row in range(height):
        for column in range(width):
            y, x = (column, row) if across else (row, column)
            if orientation in (3, 4, 7, 8):
                y = bottom - y
            if orientation in (2, 3, 6, 7):
                x = right - x
            upright[y, x] = stored[row, column]
    return upright


def test_a_tiffs_orientation_is_undone_once() -> None:
    pixels = LABELS.astype("<u2").tobytes()
    file = mask_files.read(tiff((6, 4), [16], 1, pixels, t274=(3, [6])), kind="label map")
    assert_masks(file, {str(i): np.rot90(LABELS, -1) == i for i in (1, 4)})
    assert file.notes == ("Turned upright (EXIF orientation 6).",)


@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["label map", "gray"])
def test_quarter_turns_go_to_the_right(turns, kind) -> None:
    values = (LABELS * 60).astype(np.uint8)
    file = mask_files.read(saved_array(values), kind=kind, quarter_turns=turns)
    turned = np.rot90(values, -turns)
    assert file.size_hw == turned.shape
    last = list(masks_of(file).values())[-1]
    np.testing.assert_array_equal(last, turned == 240)


def test_only_the_first_frame_is_read() -> None:
    frames = [PIL.Image.fromarray(mask.astype(np.uint8) * 255) for mask in (L_SHAPE, ~L_SHAPE)]
    content = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    file = mask_files.read(content)
    assert_masks(file, {"mask": L_SHAPE})
    assert file.notes == ("Has 2 frames; the first is used.",)


def test_a_path_reads_like_its_bytes(tmp_path) -> None:
    path = tmp_path / "cells.png"
    path.write_bytes(saved_array(block_labels([1, 300], np.uint16)))
    assert mask_files.read(path) == mask_files.read(path.read_bytes())
    with pytest.raises(ImageError, match=r"absent\.png does not exist"):
        mask_files.read(tmp_path / "absent.png")


def test_numbers_are_read_once_and_interpreted_often_without_a_change() -> None:
    pixels = stored.read(saved_array(block_labels([1, 2, 200], np.uint8)))
    before = pixels.values.copy()
    for kind in ("label map", "gray"):
        for threshold in (1, 150):
            mask_files.interpret(pixels, kind=kind, threshold=threshold, invert=True)
    np.testing.assert_array_equal(pixels.values, before)
    np.testing.assert_array_equal(pixels.brightness, before)


@pytest.mark.parametrize("kind", ["alpha", "palette", "color map", "binary"])
def test_a_kind_that_the_file_has_not_is_named_with_those_it_has(kind) -> None:
    content = saved_array(block_labels([1, 2], np.uint8))
    with pytest.raises(ImageError, match=f"as {kind}, only as gray or label map"):
        mask_files.read(content, kind=kind)


def test_arguments_out_of_range_say_what_they_got() -> None:
    content = saved_array(L_SHAPE)
    with pytest.raises(ValueError, match="'mask'"):
        mask_files.read(content, kind="mask")
    for threshold in (0, 256):
        with pytest.raises(ValueError, match=str(threshold)):
            mask_files.read(content, threshold=threshold)
    with pytest.raises(TypeError, match="source must be bytes or a path, got int"):
        mask_files.read(5)  # type: ignore[arg-type]


@pytest.mark.skipif(
    not (DATA / "dsb2018").is_dir(), reason="MASKCORE_TEST_DATA names no folder with dsb2018/"
)
def test_a_map_of_real_nuclei_gives_back_each_nucleus() -> None:
    from maskcore import masks, rle_csv

    table = rle_csv.read(next((DATA / "dsb2018").glob("*.csv")))
    rows = [row.mask for row in table.rows if row.image == table.rows[0].image]
    ids = [77 * (place + 1) for place in range(len(rows))]
    labels = masks.label_map(rows, ids=ids)
    file = mask_files.read(saved_array(labels))
    assert_masks(file, {str(i): labels == i for i in ids})
