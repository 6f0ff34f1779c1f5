from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from maskcore import cutout, rle
from maskcore.files import archive
from maskcore.types import Instance


def box_mask(x: int, y: int, width: int, height: int) -> rle.RLE:
    inside = np.zeros((y + height + 1, x + width + 1), np.bool_)
    inside[y : y + height, x : x + width] = True
    return rle.encode(inside)


BIRD = box_mask(144, 28, 172, 258)
DOT = box_mask(1, 2, 3, 4)


def test_a_name_is_that_of_the_tutorial() -> None:
    assert cutout.file_name("stem", Instance(BIRD, "bird", 0.99)) == (
        "stem.99.bird.144_28_172_258.png"
    )
    assert cutout.file_name("stem", Instance(BIRD, "bird", 0.998)) == (
        "stem.99.bird.144_28_172_258.png"
    )


@pytest.mark.parametrize(
    ("label", "score", "name"),
    [
        ("traffic light", 0.5, "photo.50.traffic_light.1_2_3_4.png"),
        ("bird", None, "photo.100.bird.1_2_3_4.png"),
        ("bird", 1.0, "photo.100.bird.1_2_3_4.png"),
        ("bird", 0.0, "photo.0.bird.1_2_3_4.png"),
        ("bird", 0.9999, "photo.99.bird.1_2_3_4.png"),
        ("v1.2/draft\\x", 0.5, "photo.50.v1_2_draft_x.1_2_3_4.png"),
        ("../../etc/passwd", 0.5, "photo.50.______etc_passwd.1_2_3_4.png"),
        ("", 0.5, "photo.50.object.1_2_3_4.png"),
        ("\u202e\n", 0.5, "photo.50._.1_2_3_4.png"),
        ("попугай", 0.5, "photo.50.попугай.1_2_3_4.png"),
    ],
)
def test_score_and_label_in_a_name(label: str, score: float | None, name: str) -> None:
    assert cutout.file_name("photo", Instance(DOT, label, score)) == name


def test_hundredths_stay_what_they_are_also_in_32_bits() -> None:
    for percent in range(101):
        for score in (percent / 100, float(np.float32(percent / 100))):
            name = cutout.file_name("a", Instance(DOT, "b", score))
            assert name == f"a.{percent}.b.1_2_3_4.png"


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_score_is_0_to_1(score: float) -> None:
    with pytest.raises(ValueError, match="score must be 0 to 1, got"):
        cutout.file_name("a", Instance(DOT, "b", score))


def test_an_empty_mask_has_the_empty_box() -> None:
    name = cutout.file_name("a", Instance(rle.empty((5, 5)), "b", 0.5))
    assert name == "a.50.b.0_0_0_0.png"


def test_the_background_has_a_name() -> None:
    assert cutout.background_name("my.photo") == "my.photo.background.png"


def test_a_stem_may_hold_dots() -> None:
    name = cutout.file_name("2024.05.bird.1_2_3_4", Instance(DOT, "cat", 0.25))
    assert name == "2024.05.bird.1_2_3_4.25.cat.1_2_3_4.png"
    assert cutout.parse_file_name(name) == ("2024.05.bird.1_2_3_4", 0.25, "cat", (1, 2, 4, 6))


def test_a_number_that_tells_names_apart_does_not_matter() -> None:
    names = archive.unique_names(["a.50.b.1_2_3_4.png"] * 2)
    first, second = map(cutout.parse_file_name, names)
    assert first == second == ("a", 0.5, "b", (1, 2, 4, 6))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a.png",
        "a.background.png",
        "a.101.b.1_2_3_4.png",
        "a.50.b.1_2_3.png",
        "a.50.b.1_2_3_4.jpg",
        "a.50.b.-1_2_3_4.png",
        "a.50..1_2_3_4.png",
        ".50.b.1_2_3_4.png",
        "a.٥٠.b.1_2_3_4.png",
        "a.50.b.1_2_3_4.png\n",
    ],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name must be <stem>"):
        cutout.parse_file_name(name)


def test_a_long_stem_stays_apart_from_others() -> None:
    one, other = ("x" * 300 + end for end in "ab")
    names = [cutout.background_name(stem) for stem in (one, other)]
    assert names[0] != names[1]
    assert all(len(name.encode()) <= archive.MAX_NAME_BYTES for name in names)


@given(
    st.text(max_size=80),
    st.text(max_size=50),
    st.floats(0, 1) | st.none(),
    st.tuples(*[st.integers(0, 60)] * 2, *[st.integers(1, 60)] * 2),
)
@example("con", "nul", 0.5, (1, 2, 3, 4))
@example("x" * 50, "y" * 32, None, (1, 2, 3, 4))
@example("a ", " b ", 0.5, (1, 2, 3, 4))
@example("con" + " " * 50 + "x", "́", 0.5, (1, 2, 3, 4))
@example("a\udc80", "b\udc80", 0.5, (1, 2, 3, 4))
def test_a_name_reads_back_and_is_safe(stem, label, score, box) -> None:
    x, y, width, height = box
    instance = Instance(box_mask(x, y, width, height), label, score)
    name = cutout.file_name(stem, instance)
    assert archive.safe_name(name) == name
    assert len(name.encode()) <= archive.MAX_NAME_BYTES - 5
    parsed = cutout.parse_file_name(name)
    assert parsed.box == (x, y, x + width, y + height)
    assert abs(parsed.score - (1 if score is None else score)) <= 0.01
    # And making the name anew from what was read changes nothing.
    again = Instance(instance.mask, parsed.label, parsed.score)
    assert cutout.file_name(parsed.stem, again) == name
    assert cutout.background_name(stem) == f"{parsed.stem}.background.png"
