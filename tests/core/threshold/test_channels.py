from __future__ import annotations

import colorsys

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore.threshold import channels
from maskcore.threshold.channels import CHANNELS, SPACES

ANY_IMAGE = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)),
    elements=st.integers(0, 255),
)


def many_colors() -> np.ndarray:
    """Grid of the RGB cube with its corners, and random colors."""
    steps = np.linspace(0, 255, 16).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    random = np.random.default_rng(3).integers(0, 256, (5000, 3), np.uint8)
    return np.concatenate([grid, random])[None]


def lab_by_formula(image: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of sRGB under D65, scaled to 8 bits (IEC 61966-2-1, CIE 15)."""
    coded = image / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    relative = light @ to_xyz.T / to_xyz.sum(axis=1)
    f = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative * 841 / 108 + 4 / 29)
    lightness = 116 * f[..., 1] - 16
    a, b = 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])
    return np.stack([lightness * 255 / 100, a + 128, b + 128], axis=-1)


@pytest.mark.parametrize(("place", "channel"), [(0, "red"), (1, "green"), (2, "blue")])
def test_the_channels_of_rgb_are_the_images_own(place: int, channel: str) -> None:
    image = many_colors()
    assert np.array_equal(channels.extract(image, channel), image[..., place])


def test_gray_weighs_the_colors_as_televisions_do() -> None:
    image = many_colors()
    wanted = image @ [0.299, 0.587, 0.114]
    assert np.abs(channels.extract(image, "gray") - wanted).max() <= 0.51


def test_hue_saturation_and_value_are_those_of_colorsys() -> None:
    image = many_colors()
    wanted = np.array([[colorsys.rgb_to_hsv(*color) for color in (image[0] / 255).tolist()]])
    turned = np.abs(channels.extract(image, "hue") - wanted[..., 0] * 180)
    assert np.minimum(turned, 180 - turned).max() <= 1
    assert np.abs(channels.extract(image, "saturation") - wanted[..., 1] * 255).max() <= 1
    assert np.array_equal(channels.extract(image, "value"), (wanted[..., 2] * 255).round())


@pytest.mark.parametrize(
    ("rgb", "hue"),
    [
        ((255, 0, 0), 0),
        ((255, 255, 0), 30),
        ((0, 255, 0), 60),
        ((0, 255, 255), 90),
        ((0, 0, 255), 120),
        ((255, 0, 255), 150),
        ((77, 77, 77), 0),
    ],
)
def test_hue_counts_half_degrees_from_red(rgb: tuple[int, int, int], hue: int) -> None:
    assert channels.extract(np.array([[rgb]], np.uint8), "hue").tolist() == [[hue]]


def test_lightness_a_and_b_are_within_two_of_the_formula() -> None:
    image = many_colors()
    wanted = lab_by_formula(image)
    for place, channel in enumerate(SPACES["lab"]):
        off = np.abs(channels.extract(image, channel) - wanted[..., place])
        assert off.max() < 2.5
        assert np.mean(off <= 1) > 0.99


def test_neutral_colors_have_a_and_b_of_128() -> None:
    image = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    assert np.all(channels.extract(image, "a") == 128)
    assert np.all(channels.extract(image, "b") == 128)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 7), (700, 3), (5, 800), (600, 900)])
def test_a_channel_is_the_same_whole_or_pixel_by_pixel(
    channel: str, size_hw: tuple[int, int]
) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size_hw, 3), np.uint8)
    before = image.copy()
    values = channels.extract(image, channel)
    assert values.shape == size_hw
    assert values.dtype == np.uint8
    for y, x in {(0, 0), (size_hw[0] - 1, size_hw[1] - 1), (size_hw[0] // 2, size_hw[1] // 3)}:
        assert values[y, x] == channels.extract(image[y : y + 1, x : x + 1], channel)[0, 0]
    assert np.array_equal(channels.extract(np.asfortranarray(image), channel), values)
    assert np.array_equal(channels.extract(image[::-1, ::-1], channel)[::-1, ::-1], values)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_can_be_written_without_changing_the_image(channel: str) -> None:
    image = np.full((3, 4, 3), 9, np.uint8)
    channels.extract(image, channel)[:] = 200
    assert np.all(image == 9)


@pytest.mark.parametrize("channel", CHANNELS)
@given(ANY_IMAGE)
def test_the_histogram_counts_every_value(channel: str, image: np.ndarray) -> None:
    counts = channels.histogram(image, channel)
    values = channels.extract(image, channel)
    assert counts.tolist() == [int((values == value).sum()) for value in range(256)]
    assert counts[CHANNELS[channel].highest + 1 :].sum() == 0


def test_the_histogram_of_a_large_image_is_exact() -> None:
    image = np.zeros((4200, 4100, 3), np.uint8)  # float32 cannot count to 17,219,999
    image[0, 0] = 255
    counts = channels.histogram(image, "red")
    assert counts[0] == 4200 * 4100 - 1
    assert counts[255] == 1


def test_every_channel_of_a_space_is_where_the_space_says() -> None:
    for space, names in SPACES.items():
        assert [(CHANNELS[name].space, CHANNELS[name].place) for name in names] == [
            (space, place) for place in range(3)
        ]


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    image = np.zeros((1, 1, 3), np.uint8)
    for ask in (channels.extract, channels.histogram):
        with pytest.raises(ValueError, match=r"one of gray, red, green, .*, got 'grey'"):
            ask(image, "grey")
    with pytest.raises(ValueError, match="one of rgb, hsv, lab, got 'cmyk'"):
        channels.convert(image, "cmyk")


def test_an_image_is_wanted() -> None:
    with pytest.raises(TypeError, match="image must be a numpy array, got list"):
        channels.extract([[0]], "gray")
    with pytest.raises(ValueError, match=r"image must have shape \(H, W, 3\)"):
        channels.histogram(np.zeros((2, 2), np.uint8), "gray")
