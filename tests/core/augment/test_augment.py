from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import augment, image_io, rle, samples
from maskcore.augment import Drawn, Ranges
from maskcore.types import Instance
from tests.grids import mask

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (31, 47, 3), np.uint8)
FILLS = {"constant": "constant", "nearest": "edge", "reflect": "symmetric", "wrap": "wrap"}
GEOMETRY = st.builds(
    Drawn,
    size_hw=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    rotation=st.floats(-360, 360),
    shift_x=st.floats(-1, 1),
    shift_y=st.floats(-1, 1),
    zoom=st.floats(0.3, 4),
    shear=st.floats(-60, 60),
    horizontal_flip=st.booleans(),
    vertical_flip=st.booleans(),
    fill=st.sampled_from(list(FILLS)),
)


def smooth(height: int, width: int, *, detail: int = 20) -> np.ndarray:
    """A picture whose colors change every `detail` pixels or so."""
    shape = height // detail, width // detail, 3
    rough = np.random.default_rng(1).integers(40, 216, shape, np.uint8)
    return cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)


def disk(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return (y - height * 0.4) ** 2 + (x - width * 0.45) ** 2 < (0.25 * height) ** 2


def sources_by_hand(drawn: Drawn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pixel of the sample the place in the original, and whether that is clear-cut.

    From the words in the docstrings, step by step and backwards, with lengths from the corner.
    """
    height, width = drawn.size_hw
    y, x = np.mgrid[:height, :width] + 0.5
    x = x - drawn.shift_x * width - width / 2
    y = y - drawn.shift_y * height - height / 2
    angle = np.radians(drawn.rotation)
    x, y = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    x = x + np.tan(np.radians(drawn.shear)) * y
    x, y = x / drawn.zoom, y / drawn.zoom
    x = (-x if drawn.horizontal_flip else x) + width / 2
    y = (-y if drawn.vertical_flip else y) + height / 2
    clear = (np.abs(x - np.rint(x)) > 0.01) & (np.abs(y - np.rint(y)) > 0.01)
    return np.floor(y).astype(int), np.floor(x).astype(int), clear


def nearest_by_hand(pixels: np.ndarray, drawn: Drawn) -> tuple[np.ndarray, np.ndarray]:
    rows, columns, clear = sources_by_hand(drawn)
    room = 1 + max(0, -rows.min(), -columns.min(), rows.max(), columns.max())
    return np.pad(pixels, room, FILLS[drawn.fill])[rows + room, columns + room], clear


@pytest.mark.parametrize(
    "pixels",
    [
        NOISE,
        np.asfortranarray(NOISE),
        NOISE[::-2, ::3],
        np.zeros((1, 1, 3), np.uint8),
    ],
)
def test_with_every_transform_off_nothing_changes(pixels: np.ndarray) -> None:
    inside = pixels[..., 0] > 100
    drawn = augment.draw(Ranges(), pixels.shape[:2], np.random.default_rng(0))
    sample, (moved,) = augment.apply(pixels, drawn, masks=[inside])
    assert (sample == pixels).all()
    assert (moved == inside).all()
    assert not np.shares_memory(sample, pixels)
    assert not np.shares_memory(moved, inside)


def test_with_every_transform_off_instances_and_label_maps_stay() -> None:
    named = [Instance(rle.encode(mask("#..\n.##")), "a", 0.3), Instance(rle.empty((2, 3)), "b")]
    assert augment.apply_instances(named, Drawn((2, 3))) == named
    labels = np.array([[0, 7, 7], [300, 0, 1]], np.uint16)
    for given_map in (labels, np.asfortranarray(labels)):
        same = augment.apply_labels(given_map, Drawn((2, 3)))
        assert (same == labels).all()
        assert not np.shares_memory(same, given_map)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"horizontal_flip": True}, "...#.\n.....\n....."),
        ({"vertical_flip": True}, ".....\n.....\n.#..."),
        ({"horizontal_flip": True, "vertical_flip": True}, ".....\n.....\n...#."),
        ({"rotation": 180}, ".....\n.....\n...#."),
        ({"shift_x": 2 / 5}, "...#.\n.....\n....."),
        ({"shift_y": 1 / 3}, ".....\n.#...\n....."),
        ({"shift_x": -1 / 5, "shift_y": 2 / 3}, ".....\n.....\n#...."),
        ({"shift_x": -2 / 5}, ".....\n.....\n....."),
        ({"shift_x": -2 / 5, "fill": "wrap"}, "....#\n.....\n....."),
        ({"shift_x": -2 / 5, "fill": "reflect"}, ".....\n.....\n....."),
        ({"shift_x": 2 / 5, "fill": "reflect"}, "#..#.\n.....\n....."),
        ({"shift_y": 1 / 3, "fill": "nearest"}, ".#...\n.#...\n....."),
        ({"horizontal_flip": True, "shift_x": 1 / 5}, "....#\n.....\n....."),
    ],
)
def test_a_single_lit_pixel_goes_where_it_should(change: dict, text: str) -> None:
    lit = mask(".#...\n.....\n.....")
    image = np.repeat(lit[..., None] * np.uint8(255), 3, axis=2)
    sample, (moved,) = augment.apply(image, replace(Drawn((3, 5)), **change), masks=[lit])
    assert (moved == mask(text)).all()
    assert (sample == np.where(mask(text), 255, 0)[..., None]).all()


def test_a_quarter_turn_is_clockwise_and_exact() -> None:
    square = NOISE[:31, :31]
    sample, (moved,) = augment.apply(
        square, Drawn((31, 31), rotation=90), masks=[square[..., 0] > 128]
    )
    assert (sample == np.rot90(square, -1)).all()
    assert (moved == np.rot90(square[..., 0] > 128, -1)).all()


def test_zoom_enlarges_around_the_middle() -> None:
    drawn = Drawn((4, 6), zoom=2)
    _, (moved,) = augment.apply(
        np.zeros((4, 6, 3), np.uint8), drawn, masks=[mask("......\n..#...\n...#..\n......")]
    )
    assert (moved == mask(".##...\n.##...\n...##.\n...##.")).all()


def test_shear_leans_to_the_right() -> None:
    upright = mask("..#..\n..#..\n..#..")
    _, (moved,) = augment.apply(
        np.zeros((3, 5, 3), np.uint8), Drawn((3, 5), shear=45), masks=[upright]
    )
    assert (moved == mask("...#.\n..#..\n.#...")).all()


@given(GEOMETRY, st.integers(0, 2**32))
def test_masks_take_the_nearest_pixel_of_a_loop(drawn: Drawn, seed: int) -> None:
    pixels = np.random.default_rng(seed).random(drawn.size_hw) < 0.5
    wanted, clear = nearest_by_hand(pixels, drawn)
    image = np.zeros((*drawn.size_hw, 3), np.uint8)
    _, (moved, again) = augment.apply(image, drawn, masks=[pixels, ~pixels])
    assert moved.dtype == np.bool_
    assert (moved == wanted)[clear].all()
    if drawn.fill != "constant":
        assert (moved != again).all()


@pytest.mark.parametrize("rotation", [0, 17, -140])
@pytest.mark.parametrize("shear", [0, 11])
@pytest.mark.parametrize("zoom", [0.7, 1, 1.6])
def test_it_is_the_affine_of_torchvision(rotation: float, shear: float, zoom: float) -> None:
    torch = pytest.importorskip("torch")
    from torchvision.transforms.v2 import InterpolationMode, functional

    height, width = 60, 80
    image, inside = smooth(height, width), disk(height, width)
    drawn = Drawn(
        (height, width), rotation=rotation, shear=shear, zoom=zoom, shift_x=0.1, shift_y=-0.05
    )
    options = {
        "angle": rotation,
        "translate": [8, -3],
        "scale": zoom,
        "shear": [shear, 0],
    }
    sample, (moved,) = augment.apply(image, drawn, masks=[inside])
    theirs = functional.affine(
        torch.from_numpy(image.transpose(2, 0, 1).copy()),
        interpolation=InterpolationMode.BILINEAR,
        **options,
    )
    their_mask = functional.affine(
        torch.from_numpy(inside[None].astype(np.uint8)),
        interpolation=InterpolationMode.NEAREST,
        **options,
    )
    # Both fill with black, but torchvision does not fade into it at the frame.
    whole = cv2.erode(
        functional.affine(torch.ones(1, height, width), **options).numpy()[0], np.ones((5, 5))
    )
    difference = np.abs(theirs.numpy().transpose(1, 2, 0).astype(int) - sample)
    assert difference[whole == 1].max() <= 2
    assert np.mean(their_mask.numpy()[0].astype(bool) != moved) < 0.002


@given(GEOMETRY, st.integers(2, 40), st.booleans(), st.integers(0, 2**32))
def test_many_masks_move_as_each_does_alone(
    drawn: Drawn, count: int, columns: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    many = [rng.random(drawn.size_hw) < 0.4 for _ in range(count)]
    if columns:
        many = [np.asfortranarray(pixels) for pixels in many]
    image = np.zeros((*drawn.size_hw, 3), np.uint8)
    _, together = augment.apply(image, drawn, masks=many)
    named = [Instance(rle.encode(pixels), f"{place}", 0.5) for place, pixels in enumerate(many)]
    moved = augment.apply_instances(named, drawn)
    assert [(instance.label, instance.score) for instance in moved] == [
        (instance.label, 0.5) for instance in named
    ]
    for pixels, got, instance in zip(many, together, moved, strict=True):
        (alone,) = augment.apply(image, drawn, masks=[pixels])[1]
        assert (got == alone).all()
        assert (rle.decode(instance.mask) == alone).all()


@given(GEOMETRY, st.sampled_from([np.uint8, np.uint16]), st.integers(0, 2**32))
def test_label_maps_gain_no_label_and_move_like_masks(drawn: Drawn, number, seed: int) -> None:
    labels = np.random.default_rng(seed).choice(
        np.array([0, 3, 200, np.iinfo(number).max], number), drawn.size_hw
    )
    moved = augment.apply_labels(labels, drawn)
    assert moved.dtype == number
    assert set(moved.flat) <= {0, *labels.flat}
    image = np.zeros((*drawn.size_hw, 3), np.uint8)
    for label in (3, 200):
        (alone,) = augment.apply(image, drawn, masks=[labels == label])[1]
        assert ((moved == label) == alone).all()


def test_all_labels_survive_where_everything_stays_in_sight() -> None:
    labels = np.zeros((60, 60), np.uint16)
    for label, place in enumerate(range(20, 40, 5), start=300):
        labels[place : place + 4, 20:40] = label
    moved = augment.apply_labels(labels, Drawn((60, 60), rotation=30, shift_x=0.05, shear=8))
    assert set(moved.flat) == set(labels.flat)


@pytest.mark.parametrize("preset", augment.PRESETS)
@pytest.mark.parametrize("index", range(4))
def test_a_mask_stays_on_its_object(preset: str, index: int) -> None:
    inside = disk(90, 120)
    image = np.where(inside, np.uint8(230), np.uint8(20))[..., None].repeat(3, axis=2)
    ranges = replace(
        augment.PRESETS[preset],
        cutouts=0,
        brightness=(1, 1),
        contrast=(1, 1),
        fill="constant",
        fill_color=(20, 20, 20),
    )
    drawn = augment.draw(ranges, (90, 120), augment.generator(0, "a", index))
    sample, (moved,) = augment.apply(image, drawn, masks=[inside])
    seen = sample.mean(axis=2) > 125
    rim = cv2.morphologyEx(moved.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))).astype(bool)
    assert (seen == moved)[~rim].all()


def test_boxes_come_from_the_moved_pixels() -> None:
    # The box of a diamond turned by 45 degrees is far smaller than its box, turned.
    y, x = np.mgrid[:101, :101] - 50
    diamond = Instance(rle.encode(np.abs(y) + np.abs(x) <= 30), "diamond")
    (turned,) = augment.apply_instances([diamond], Drawn((101, 101), rotation=45))
    half = 30 / np.sqrt(2)
    assert np.allclose(turned.box, (50.5 - half, 50.5 - half, 50.5 + half, 50.5 + half), atol=1.5)


def test_an_object_may_leave_the_picture() -> None:
    corner = mask("#....\n.....")
    drawn = Drawn((2, 5), shift_x=-0.5)
    _, (moved,) = augment.apply(np.zeros((2, 5, 3), np.uint8), drawn, masks=[corner])
    assert not moved.any()
    (gone,) = augment.apply_instances([Instance(rle.encode(corner), "a")], drawn)
    assert gone.box == (0, 0, 0, 0)


@pytest.mark.parametrize("fill", FILLS)
def test_a_full_mask_shows_what_is_image_and_what_is_fill(fill: str) -> None:
    drawn = Drawn((20, 30), shift_x=0.5, fill=fill, fill_color=(9, 8, 7))
    image = np.full((20, 30, 3), 200, np.uint8)
    sample, (moved,) = augment.apply(image, drawn, masks=[np.ones((20, 30), np.bool_)])
    if fill == "constant":
        assert moved[:, 15:].all()
        assert not moved[:, :15].any()
        assert (sample[:, :15] == (9, 8, 7)).all()
    else:
        assert moved.all()
        assert (sample == 200).all()


def test_brightness_and_contrast_are_one_rounding() -> None:
    values = np.arange(256, dtype=np.uint8)
    image = values.repeat(3).reshape(16, 16, 3)
    sample, _ = augment.apply(image, Drawn((16, 16), brightness=0.71, contrast=1.63))
    wanted = np.clip(np.rint((values * 0.71 - 127.5) * 1.63 + 127.5), 0, 255)
    assert (sample == wanted.repeat(3).reshape(16, 16, 3)).all()


def test_brightness_0_is_black_and_contrast_0_is_middle_gray() -> None:
    assert not augment.apply(NOISE, Drawn(NOISE.shape[:2], brightness=0))[0].any()
    gray = augment.apply(NOISE, Drawn(NOISE.shape[:2], contrast=0))[0]
    assert set(gray.flat) <= {127, 128}


def test_saturation_0_is_gray_of_the_same_luma() -> None:
    gray = augment.apply(NOISE, Drawn(NOISE.shape[:2], saturation=0))[0].astype(int)
    assert (np.ptp(gray, axis=2) == 0).all()
    assert np.abs(gray[..., 0] - NOISE @ [0.213, 0.715, 0.072]).max() <= 1


def test_hue_and_saturation_leave_gray_gray() -> None:
    gray = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    sample, _ = augment.apply(gray, Drawn((16, 16), saturation=2, hue=77))
    assert np.abs(sample.astype(int) - gray).max() <= 1


def test_hue_goes_around_and_comes_back() -> None:
    soft = 100 + NOISE // 6  # far from where values are clipped
    there, _ = augment.apply(soft, Drawn(NOISE.shape[:2], hue=70))
    back, _ = augment.apply(there, Drawn(NOISE.shape[:2], hue=-70))
    assert np.abs(back.astype(int) - soft).max() <= 3
    assert np.abs(there.astype(int) - soft).max() > 15
    red = np.full((1, 1, 3), (180, 100, 100), np.uint8)
    assert augment.apply(red, Drawn((1, 1), hue=120))[0][0, 0].argmax() == 1  # green
    assert augment.apply(red, Drawn((1, 1), hue=-120))[0][0, 0].argmax() == 2  # blue


@pytest.mark.parametrize("sigma", [1.0, 2.5, 6.0, 20.0])
def test_blur_is_gaussian(sigma: float) -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    image[:, 150:] = 255
    sample, _ = augment.apply(image, Drawn((200, 300), blur=sigma / 200))
    x = np.arange(300) - 149.5
    wanted = 255 * np.cumsum(np.exp(-((x - 0.5) ** 2) / 2 / sigma**2)) / sigma / np.sqrt(2 * np.pi)
    assert np.abs(sample[100, :, 0] - wanted).max() < 5


@pytest.mark.parametrize("deviation", [1, 8, 40])
def test_noise_has_the_deviation_that_was_asked_for(deviation: float) -> None:
    gray = np.full((200, 200, 3), 128, np.uint8)
    sample, _ = augment.apply(gray, Drawn((200, 200), noise=deviation, noise_seed=3))
    added = sample.astype(int) - gray
    assert abs(added.mean()) < deviation / 50
    assert abs(added.std() / deviation - 1) < 0.08
    assert np.abs(np.corrcoef(added.reshape(-1, 3).T) - np.eye(3)).max() < 0.02


def test_noise_is_clipped_not_wrapped() -> None:
    for value in (0, 255):
        flat = np.full((50, 50, 3), value, np.uint8)
        sample, _ = augment.apply(flat, Drawn((50, 50), noise=255))
        assert np.mean(sample == value) > 0.49


def test_jpeg_marks_are_those_of_a_jpeg() -> None:
    sample, _ = augment.apply(NOISE, Drawn(NOISE.shape[:2], jpeg_quality=30))
    wanted = image_io.read_image(image_io.encode_jpeg(NOISE, quality=30))
    assert np.abs(sample.astype(int) - wanted).max() <= 1


def test_squares_are_covered_in_the_image_but_not_in_the_mask() -> None:
    white = np.full((10, 20, 3), 255, np.uint8)
    full = np.ones((10, 20), np.bool_)
    drawn = Drawn((10, 20), cutouts=((0.1, 0.2, 0.3), (0.75, 0.5, 0.5)), fill_color=(1, 2, 3))
    sample, (moved,) = augment.apply(white, drawn, masks=[full])
    covered = np.zeros((10, 20), np.bool_)
    covered[2:5, 2:5] = True
    covered[5:10, 15:20] = True
    assert (sample[covered] == (1, 2, 3)).all()
    assert (sample[~covered] == 255).all()
    assert moved.all()


EVERYTHING = Ranges(
    rotation=(-30, 20),
    shift_x=(0.1, 0.2),
    shift_y=0.3,
    zoom=(0.5, 0.8),
    shear=(5, 10),
    horizontal_flip=0.3,
    vertical_flip=True,
    brightness=0.2,
    contrast=(0.4, 0.5),
    saturation=(1.5, 3),
    hue=40,
    blur=0.01,
    noise=(5, 6),
    jpeg_quality=(20, 22),
    cutouts=(1, 3),
    cutout_size=(0.1, 0.4),
)


def test_what_is_drawn_lies_within_the_ranges_and_reaches_their_ends() -> None:
    rng = np.random.default_rng(0)
    many = [augment.draw(EVERYTHING, (40, 90), rng) for _ in range(400)]
    for name, low, high in [
        ("rotation", -30, 20),
        ("shift_x", 0.1, 0.2),
        ("shift_y", -0.3, 0.3),
        ("zoom", 0.5, 0.8),
        ("shear", 5, 10),
        ("brightness", 0.8, 1.2),
        ("contrast", 0.4, 0.5),
        ("saturation", 1.5, 3),
        ("hue", -40, 40),
        ("blur", 0, 0.01),
        ("noise", 5, 6),
    ]:
        values = np.array([getattr(drawn, name) for drawn in many])
        share = (values - low) / (high - low)
        assert -1e-9 <= share.min() < 0.02
        assert 0.98 < share.max() <= 1 + 1e-9
    assert {drawn.jpeg_quality for drawn in many} == {20, 21, 22}
    assert {len(drawn.cutouts) for drawn in many} == {1, 2, 3}
    assert 0.2 < np.mean([drawn.horizontal_flip for drawn in many]) < 0.4
    assert 0.4 < np.mean([drawn.vertical_flip for drawn in many]) < 0.6
    for left, top, side in (square for drawn in many for square in drawn.cutouts):
        assert 0.1 <= side <= 0.4
        assert left >= 0
        assert top >= 0
        assert left * 90 + side * 40 <= 90 + 1e-9
        assert top + side <= 1 + 1e-9


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    def drawn(*key) -> Drawn:
        return augment.draw(EVERYTHING, (40, 90), augment.generator(*key))

    assert drawn(1, "a.jpg", 2) == drawn(1, "a.jpg", 2)
    others = [
        drawn(1, "a.jpg", 2),
        drawn(2, "a.jpg", 2),
        drawn(1, "b.jpg", 2),
        drawn(1, "a.jpg", 3),
    ]
    assert len({other.rotation for other in others}) == 4
    first, again = (augment.apply(NOISE, replace(others[0], size_hw=(31, 47)))[0] for _ in "ab")
    assert (first == again).all()


@pytest.mark.parametrize("name", ["hue", "cutouts", "zoom", "jpeg_quality", "vertical_flip"])
def test_moving_one_control_leaves_the_rest_of_the_draw(name: str) -> None:
    value = {"hue": 3, "cutouts": 9, "zoom": (1, 3), "jpeg_quality": None, "vertical_flip": 1.0}
    changed = replace(EVERYTHING, **{name: value[name]})
    for index in range(20):
        before = augment.draw(EVERYTHING, (40, 90), augment.generator(0, "a", index))
        after = augment.draw(changed, (40, 90), augment.generator(0, "a", index))
        assert replace(after, **{name: getattr(before, name)}) == before


def test_a_draw_comes_back_from_json() -> None:
    drawn = augment.draw(EVERYTHING, (40, 90), np.random.default_rng(5))
    assert Drawn.from_dict(json.loads(json.dumps(drawn.to_dict()))) == drawn
    assert Drawn.from_dict(json.loads(json.dumps(Drawn((1, 2)).to_dict()))) == Drawn((1, 2))


@pytest.mark.parametrize("ranges", [Ranges(), EVERYTHING, *augment.PRESETS.values()])
def test_ranges_come_back_from_json(ranges: Ranges) -> None:
    assert Ranges(**json.loads(json.dumps(ranges.to_dict()))) == ranges


def test_a_single_number_is_a_range() -> None:
    ranges = Ranges(
        rotation=20,
        shift_x=0.1,
        zoom=0.25,
        brightness=0.5,
        hue=9,
        blur=0.01,
        noise=4,
        jpeg_quality=60,
        cutouts=2,
        cutout_size=0.2,
        horizontal_flip=True,
        vertical_flip=0.1,
    )
    assert ranges.rotation == (-20, 20)
    assert ranges.shift_x == (-0.1, 0.1)
    assert ranges.zoom == (0.75, 1.25)
    assert ranges.brightness == (0.5, 1.5)
    assert ranges.hue == (-9, 9)
    assert ranges.blur == (0, 0.01)
    assert ranges.noise == (0, 4)
    assert ranges.jpeg_quality == (60, 100)
    assert ranges.cutouts == (2, 2)
    assert ranges.cutout_size == (0.2, 0.2)
    assert (ranges.horizontal_flip, ranges.vertical_flip) == (0.5, 0.1)


@pytest.mark.parametrize("reduced_to", [320, 111])
@pytest.mark.parametrize("preset", ["light", "strong", "medical", "documents", "tutorial"])
@pytest.mark.parametrize("index", range(2))
def test_a_reduced_image_shows_the_same_sample(preset: str, reduced_to: int, index: int) -> None:
    image, inside = smooth(900, 1201, detail=150), disk(900, 1201)
    ranges = replace(augment.PRESETS[preset], noise=0)
    drawn = augment.draw(ranges, (900, 1201), augment.generator(7, "a", index))
    full, (full_mask,) = augment.apply(image, drawn, masks=[inside])
    small = image_io.preview(image, reduced_to)
    size_wh = small.shape[1::-1]
    small_inside = cv2.resize(inside.view(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST)
    shown, (shown_mask,) = augment.apply(small, drawn, masks=[small_inside.view(np.bool_)])
    wanted = image_io.preview(full, reduced_to).astype(int)
    assert np.abs(shown.astype(int) - wanted).mean() < 2
    wanted_mask = cv2.resize(full_mask.view(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST)
    assert np.mean(shown_mask != wanted_mask) < 0.02


def test_noise_and_jpeg_marks_fade_in_a_reduced_image_as_they_do_when_it_is_reduced() -> None:
    gray = np.full((600, 800, 3), 128, np.uint8)
    drawn = Drawn((600, 800), noise=40)
    full, shown = (augment.apply(image, drawn)[0] for image in (gray, gray[:150, :200]))
    assert abs(image_io.preview(full, 200).std() / shown.std() - 1) < 0.08

    image, small = smooth(600, 800), image_io.preview(smooth(600, 800), 400)
    drawn = Drawn((600, 800), jpeg_quality=5)
    wanted = image_io.preview(augment.apply(image, drawn)[0], 400).astype(int)
    shown = augment.apply(small, drawn)[0].astype(int)
    assert 0.6 < np.abs(shown - small).mean() / np.abs(wanted - small).mean() < 1.6


def test_a_reduced_photo_shows_the_same_sample() -> None:
    folder = os.environ.get("MASKCORE_TEST_DATA")
    if not folder:
        pytest.skip("MASKCORE_TEST_DATA is not set")
    paths = sorted(Path(folder, "coco", "images").glob("*.jpg"))[:4]
    for path in paths:
        image = image_io.read_image(path)
        for index in range(3):
            size_hw = image.shape[:2]
            drawn = augment.draw(
                augment.PRESETS["strong"], size_hw, augment.generator(0, path.name, index)
            )
            shown, _ = augment.apply(image_io.preview(image, 320), drawn)
            wanted = image_io.preview(augment.apply(image, drawn)[0], 320)
            assert np.abs(shown.astype(int) - wanted).mean() < 8


@pytest.mark.parametrize("form", ["F", "reversed", "every other"])
@pytest.mark.parametrize("preset", augment.PRESETS)
def test_memory_order_makes_no_difference_and_inputs_stay(preset: str, form: str) -> None:
    drawn = augment.draw(augment.PRESETS[preset], (31, 47), np.random.default_rng(1))
    inside = [NOISE[..., 0] > 90, NOISE[..., 1] > 200]

    def laid_out(pixels: np.ndarray) -> np.ndarray:
        if form == "F":
            return np.asfortranarray(pixels)
        if form == "reversed":
            return pixels[::-1, ::-1].copy()[::-1, ::-1]
        return pixels.repeat(2, axis=0).repeat(2, axis=1)[::2, ::2]

    image, masks = laid_out(NOISE), [laid_out(mask) for mask in inside]
    sample, moved = augment.apply(image, drawn, masks=masks)
    wanted, wanted_masks = augment.apply(NOISE, drawn, masks=inside)
    assert (sample == wanted).all()
    for got, expected, given_mask, before in zip(moved, wanted_masks, masks, inside, strict=True):
        assert (got == expected).all()
        assert (given_mask == before).all()
    assert (image == NOISE).all()
    labels = NOISE[..., 0]
    assert (
        augment.apply_labels(laid_out(labels), drawn) == augment.apply_labels(labels, drawn)
    ).all()


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))),
    st.sampled_from(list(augment.PRESETS)),
    st.integers(0, 99),
)
def test_any_size_can_be_augmented(image: np.ndarray, preset: str, seed: int) -> None:
    drawn = augment.draw(augment.PRESETS[preset], image.shape[:2], np.random.default_rng(seed))
    none, full = np.zeros(image.shape[:2], np.bool_), np.ones(image.shape[:2], np.bool_)
    sample, (still_none, _) = augment.apply(image, drawn, masks=[none, full])
    assert sample.shape == image.shape
    assert not still_none.any()


def test_a_photo_without_masks_is_augmented_too() -> None:
    image = image_io.read_image(samples.load("china").image_bytes)
    drawn = augment.draw(augment.PRESETS["strong"], image.shape[:2], augment.generator(0, "c", 0))
    sample, moved = augment.apply(image, drawn)
    assert sample.shape == image.shape
    assert moved == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rotation": (20, -20)}, r"rotation must go from low to high, got \(20, -20\)"),
        ({"rotation": -20}, "rotation must go from low to high, got -20"),
        ({"rotation": 400}, "rotation must be within -360 to 360, got 400"),
        ({"shift_x": 100}, "shift_x must be within -1 to 1, got 100"),
        ({"zoom": 0}, "zoom must be above 0, got 0"),
        ({"zoom": (0, 1)}, r"zoom must be within 0.01 to 100, got \(0, 1\)"),
        ({"zoom": -1}, "zoom must go from low to high, got -1"),
        ({"shear": 90}, "shear must be within -80 to 80, got 90"),
        ({"blur": -1}, "blur must go from low to high, got -1"),
        ({"blur": (-0.1, 0.1)}, "blur must be within 0 to 0.2"),
        ({"noise": 300}, "noise must be within 0 to 255, got 300"),
        ({"brightness": float("inf")}, "brightness must be within 0 to 10, got inf"),
        ({"brightness": 2}, "brightness must be within 0 to 10, got 2"),
        ({"jpeg_quality": 0}, "jpeg_quality must be within 1 to 100, got 0"),
        ({"jpeg_quality": 30.5}, "jpeg_quality must be whole numbers, got 30.5"),
        ({"cutouts": 1.5}, "cutouts must be whole numbers, got 1.5"),
        ({"cutout_size": 2}, "cutout_size must be within 0 to 1, got 2"),
        ({"horizontal_flip": 1.5}, "horizontal_flip must be True, False or a probability, got 1.5"),
        ({"fill": "mirror"}, "fill must be one of .*, got 'mirror'"),
        ({"fill_color": (0, 0, 256)}, r"fill_color must be .* got \(0, 0, 256\)"),
        ({"fill_color": (0, 0)}, r"fill_color must be three numbers"),
    ],
)
def test_ranges_that_make_no_sense_say_so(change: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Ranges(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"rotation": "20"},
        {"zoom": (1, 2, 3)},
        {"hue": None},
        {"noise": (0, "9")},
        {"vertical_flip": "yes"},
        {"blur": True},
        {"shear": float("nan")},
    ],
)
def test_ranges_are_numbers(change: dict) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(change))):
        Ranges(**change)


def test_a_draw_is_for_images_of_its_proportions() -> None:
    drawn = Drawn((40, 90), rotation=5)
    with pytest.raises(ValueError, match=r"must have size \(40, 90\) .* got \(90, 40\)"):
        augment.apply(np.zeros((90, 40, 3), np.uint8), drawn)
    with pytest.raises(ValueError, match="proportions"):
        augment.apply_labels(np.zeros((40, 80), np.uint8), drawn)
    with pytest.raises(ValueError, match="proportions"):
        augment.apply_instances([Instance(rle.empty((40, 80)), "a")], drawn)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_every_preview_has_the_proportions_of_its_image(
    height: int, width: int, longest: int
) -> None:
    small = image_io.preview(np.zeros((height, width, 3), np.uint8), longest)
    augment.apply(small, Drawn((height, width), rotation=5))


def test_wrong_arguments_are_named() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    with pytest.raises(ValueError, match=r"every mask must have size \(4, 5\), got \(5, 4\)"):
        augment.apply(image, Drawn((4, 5)), masks=[np.zeros((5, 4), np.bool_)])
    with pytest.raises(ValueError, match="mask must be bool, got uint8"):
        augment.apply(image, Drawn((4, 5)), masks=[np.zeros((4, 5), np.uint8)])
    with pytest.raises(ValueError, match="labels must be uint8 or uint16, got bool"):
        augment.apply_labels(np.zeros((4, 5), np.bool_), Drawn((4, 5)))
    with pytest.raises(ValueError, match="labels must be 2-D"):
        augment.apply_labels(np.zeros((4, 5, 3), np.uint8), Drawn((4, 5)))
    with pytest.raises(TypeError, match="ranges must be Ranges, got dict"):
        augment.draw({}, (4, 5), np.random.default_rng())
    with pytest.raises(TypeError, match="rng must be a numpy Generator, got int"):
        augment.draw(Ranges(), (4, 5), 0)
    with pytest.raises(ValueError, match="at least 0, got -1 and 0"):
        augment.generator(-1, "a", 0)
    two_sizes = [Instance(rle.empty(size_hw), "a") for size_hw in ((4, 5), (8, 10))]
    with pytest.raises(ValueError, match=r"every mask must have size \(4, 5\), got \(8, 10\)"):
        augment.apply_instances(two_sizes, Drawn((4, 5), rotation=3))
    assert augment.apply_instances([], Drawn((4, 5))) == []


def test_medical_samples_are_never_mirrored() -> None:
    medical = augment.PRESETS["medical"]
    assert medical.horizontal_flip == medical.vertical_flip == 0
    assert augment.PRESETS["documents"].horizontal_flip == 0


def test_the_tutorials_numbers() -> None:
    tutorial = augment.PRESETS["tutorial"]
    assert tutorial.rotation == (-90, 90)
    assert tutorial.shift_x == tutorial.shift_y == (-0.5, 0.5)
    assert tutorial.brightness == (0.2, 1)
    assert tutorial.zoom == (1 / 1.0, 1 / 0.2)
    assert tutorial.vertical_flip == 0.5
