from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import overlay, rle
from maskcore.types import Instance
from tests.grids import mask

RED, BLUE = (200, 0, 0), (0, 0, 100)
# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colors) -> np.ndarray:
    share = np.array(colors, np.float64) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def luminance(colors) -> np.ndarray:
    return linear(colors) @ (0.2126, 0.7152, 0.0722)


def lab_as_seen(colors, vision: str) -> np.ndarray:
    seen = np.clip(linear(colors) @ np.array(VISION[vision]).T, 0, 1)
    gamma = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(gamma.astype(np.float32)[None], cv2.COLOR_RGB2Lab)[0]


def instance(text: str, label: str = "", score: float | None = None) -> Instance:
    return Instance(rle.encode(mask(text)), label, score)


def disk(size_hw: tuple[int, int], center_xy: tuple[int, int], radius: int) -> rle.RLE:
    picture = cv2.circle(np.zeros(size_hw, np.uint8), center_xy, radius, 1, -1)
    return rle.encode(picture.astype(np.bool_))


def written(image, instances, **options) -> np.ndarray:
    """Where the texts are: the pixels that change if they are left out."""
    with_text = overlay.draw(image, instances, **options)
    without = overlay.draw(image, instances, labels=False, **options)
    return (with_text != without).any(axis=2)


def test_a_mask_is_blended_in_its_color() -> None:
    image = np.array([[[100, 50, 10], [100, 50, 10], [0, 0, 0]]], np.uint8)
    drawn = overlay.draw(
        image, [instance(".##")], opacity=0.25, outline=False, labels=False, colors=[RED]
    )
    # 3/4 of the image and 1/4 of the color: 75 + 50, 37.5 to even, 7.5 to even; 50, 0, 0.
    assert drawn.tolist() == [[[100, 50, 10], [125, 38, 8], [50, 0, 0]]]


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(np.uint8, (6, 7, 3)),
    hnp.arrays(np.bool_, (2, 6, 7)),
    st.floats(0, 1),
)
def test_blending_is_that_of_real_numbers(image, pixels, opacity: float) -> None:
    instances = [Instance(rle.encode(layer), "") for layer in pixels]
    drawn = overlay.draw(
        image, instances, opacity=opacity, outline=False, labels=False, colors=[RED, BLUE]
    )
    wanted = image.astype(np.float64)
    for layer, color in zip(pixels, (RED, BLUE), strict=True):
        wanted[layer] = np.rint((1 - opacity) * wanted[layer] + opacity * np.array(color))
    # A value halfway between two may be rounded either way, and once more by the second mask.
    assert np.abs(drawn - wanted).max() <= 1 + (1 - opacity)
    assert np.array_equal(drawn[~pixels.any(axis=0)], image[~pixels.any(axis=0)])


def test_opacity_zero_and_one() -> None:
    image = np.full((2, 2, 3), 90, np.uint8)
    plain = {"outline": False, "labels": False, "colors": [RED]}
    full = [instance("##\n##")]
    assert np.array_equal(overlay.draw(image, full, opacity=0, **plain), image)
    assert (overlay.draw(image, full, opacity=1, **plain) == RED).all()


def test_the_outline_has_the_full_color_and_leaves_the_frame_free() -> None:
    image = np.zeros((5, 6, 3), np.uint8)
    pixels = """
        ......
        .####.
        .####.
        .####.
        .####.
    """
    rim = mask("""
        ......
        .####.
        .#..#.
        .#..#.
        .#..#.
    """)
    drawn = overlay.draw(image, [instance(pixels)], opacity=0, labels=False, colors=[RED])
    assert np.array_equal((drawn == RED).all(axis=2), rim)
    assert not drawn[~rim].any()


def test_the_outline_grows_with_the_image() -> None:
    for side, width in ((300, 1), (900, 2), (2000, 3)):
        image = np.zeros((side, side, 3), np.uint8)
        pixels = np.zeros((side, side), np.bool_)
        pixels[:, side // 2 :] = True
        drawn = overlay.draw(
            image, [Instance(rle.encode(pixels), "")], opacity=0, colors=[RED], labels=False
        )
        assert np.count_nonzero(drawn[0, :, 0]) == width


def test_later_instances_lie_on_top() -> None:
    image = np.zeros((1, 3, 3), np.uint8)
    drawn = overlay.draw(
        image,
        [instance("##."), instance(".##")],
        opacity=1,
        outline=False,
        labels=False,
        colors=[RED, BLUE],
    )
    assert drawn.tolist() == [[list(RED), list(BLUE), list(BLUE)]]


def test_the_highlighted_instance_lies_on_top_and_the_others_are_dimmed() -> None:
    image = np.zeros((1, 3, 3), np.uint8)
    drawn = overlay.draw(
        image,
        [instance("##."), instance(".##")],
        opacity=1,
        outline=False,
        labels=False,
        colors=[RED, BLUE],
        highlight=0,
    )
    assert drawn[0, :2].tolist() == [list(RED), list(RED)]
    assert 0 < drawn[0, 2, 2] < BLUE[2] / 2


def test_only_the_highlighted_instance_keeps_its_text() -> None:
    image = np.zeros((300, 600, 3), np.uint8)
    instances = [
        Instance(disk((300, 600), (150, 150), 40), "left"),
        Instance(disk((300, 600), (450, 150), 40), "right"),
    ]
    columns = np.flatnonzero(written(image, instances, highlight=1).any(axis=0))
    assert columns.size
    assert columns.min() > 300


def test_the_input_is_not_changed() -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    before = image.copy()
    instances = [Instance(disk((120, 160), (80, 60), 30), "disk", 0.5)]
    for drawn in (
        overlay.draw(image, instances),
        overlay.draw(image, []),
        overlay.draw_preview(image, instances, 80),
        overlay.draw_preview(image, instances, 1000),
    ):
        assert not np.shares_memory(drawn, image)
        drawn[:] = 0
    assert np.array_equal(image, before)


def test_a_view_is_drawn_like_its_copy() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    view = image.transpose(1, 0, 2)[::-1]
    instances = [Instance(disk((80, 60), (30, 40), 20), "disk")]
    assert np.array_equal(
        overlay.draw(view, instances), overlay.draw(np.ascontiguousarray(view), instances)
    )


def test_an_empty_mask_draws_nothing() -> None:
    image = np.full((50, 300, 3), 90, np.uint8)
    nothing = [Instance(rle.empty((50, 300)), "nothing", 0.9)]
    assert np.array_equal(overlay.draw(image, nothing), image)
    assert np.array_equal(overlay.draw_preview(image, nothing, 300), image)


def test_instances_of_one_label_share_a_color() -> None:
    image = np.zeros((1, 5, 3), np.uint8)
    instances = [instance("#....", "cat"), instance("..#..", "dog"), instance("....#", "cat")]
    drawn = overlay.draw(image, instances, opacity=1, outline=False, labels=False)
    assert tuple(drawn[0, 0]) == overlay.PALETTE[0]
    assert tuple(drawn[0, 2]) == overlay.PALETTE[1]
    assert tuple(drawn[0, 4]) == overlay.PALETTE[0]


def test_colors_follow_the_first_appearance_and_begin_again_after_the_last() -> None:
    assert overlay.colors(["b", "a", "b"]) == {"b": overlay.PALETTE[0], "a": overlay.PALETTE[1]}
    many = overlay.colors(map(str, range(len(overlay.PALETTE) + 1)))
    assert list(many.values()) == [*overlay.PALETTE, overlay.PALETTE[0]]


@pytest.mark.parametrize("vision", VISION)
def test_the_palette_can_be_told_apart_and_from_steel(vision: str) -> None:
    steel = [(level, level, level) for level in (70, 100, 130)]
    seen = lab_as_seen(overlay.PALETTE, vision)
    far_from_steel = [np.linalg.norm(seen - gray, axis=1) for gray in lab_as_seen(steel, vision)]
    assert np.min(far_from_steel) > 18
    pairs = list(itertools.combinations(range(len(seen)), 2))
    distance = {pair: float(np.linalg.norm(seen[pair[0]] - seen[pair[1]])) for pair in pairs}
    assert len(overlay.PALETTE) >= 10
    assert min(distance.values()) > 9
    assert min(distance[pair] for pair in pairs if max(pair) < 6) > 19


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"opacity": 1.5}, "opacity must be 0 to 1, got 1.5"),
        ({"opacity": float("nan")}, "opacity must be 0 to 1, got nan"),
        ({"highlight": 1}, "highlight must be 0 to 0, got 1"),
        ({"highlight": -1}, "highlight must be 0 to 0, got -1"),
        ({"colors": []}, "colors must be one per instance, got 0"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        overlay.draw(np.zeros((1, 2, 3), np.uint8), [instance("#.")], **options)


@pytest.mark.parametrize("work", [overlay.draw, lambda *a: overlay.draw_preview(*a, 1)])
def test_a_mask_of_another_size_is_refused(work) -> None:
    with pytest.raises(ValueError, match=r"every mask must have size \(2, 4\), got \(1, 2\)"):
        work(np.zeros((2, 4, 3), np.uint8), [instance("#.")])


def test_the_text_stays_beside_its_mask_and_off_it() -> None:
    image = np.full((400, 500, 3), 90, np.uint8)
    shape = disk((400, 500), (250, 200), 60)
    text = written(image, [Instance(shape, "disk", 0.87)])
    rows, columns = (np.flatnonzero(text.any(axis=axis)) for axis in (1, 0))
    assert not (text & rle.decode(shape)).any()
    assert 140 - 40 <= rows.min() <= rows.max() < 140
    assert columns.min() < 250 < columns.max()


@pytest.mark.parametrize("center_xy", [(0, 0), (499, 0), (0, 299), (499, 299), (250, 0), (0, 150)])
def test_the_text_stays_in_the_image(center_xy: tuple[int, int]) -> None:
    image = np.full((300, 500, 3), 90, np.uint8)
    inner = written(image, [Instance(disk((300, 500), (250, 150), 30), "a label", 0.5)])
    text = written(image, [Instance(disk((300, 500), center_xy, 30), "a label", 0.5)])
    # All of it: as many pixels as where there is room.
    assert text.sum() == inner.sum()


def test_texts_do_not_cover_each_other_where_there_is_room() -> None:
    image = np.full((300, 500, 3), 90, np.uint8)
    same = [Instance(disk((300, 500), (250, 150), 40), name) for name in ("aaa", "bbb", "ccc")]
    apart = sum(int(written(image, [one]).sum()) for one in same)
    assert written(image, same).sum() > 0.98 * apart


def test_the_score_is_written_as_a_percentage() -> None:
    image = np.full((300, 500, 3), 90, np.uint8)
    shape = disk((300, 500), (250, 150), 40)

    def drawn(label: str, score: float | None) -> np.ndarray:
        return overlay.draw(image, [Instance(shape, label, score)], colors=[RED])

    assert np.array_equal(drawn("cat", 0.874), drawn("cat 87%", None))
    assert np.array_equal(drawn("", 1.0), drawn("100%", None))
    assert not np.array_equal(drawn("cat", 0.874), drawn("cat", None))


def test_a_long_label_is_shortened_and_the_score_kept() -> None:
    image = np.full((200, 400, 3), 90, np.uint8)
    shape = disk((200, 400), (200, 120), 40)
    long = overlay.draw(image, [Instance(shape, "w" * 500, 0.5)])
    longer = overlay.draw(image, [Instance(shape, "w" * 900, 0.5)])
    other_score = overlay.draw(image, [Instance(shape, "w" * 500, 0.6)])
    assert np.array_equal(long, longer)
    assert not np.array_equal(long, other_score)


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 500), (500, 3), (12, 12), (16, 40)])
def test_an_image_without_room_for_text_is_drawn_without(size_hw: tuple[int, int]) -> None:
    image = np.full((*size_hw, 3), 90, np.uint8)
    everything = Instance(rle.encode(np.ones(size_hw, np.bool_)), "a label", 0.5)
    drawn = overlay.draw(image, [everything], opacity=0)
    assert drawn.shape == image.shape


def test_labels_may_hold_anything() -> None:
    image = np.full((200, 400, 3), 90, np.uint8)
    shape = disk((200, 400), (200, 120), 40)
    blank = overlay.draw(image, [Instance(shape, "")])
    assert np.array_equal(overlay.draw(image, [Instance(shape, " \n\t")]), blank)
    for label in ("a\nb", "Царапина", "划痕", "\x00", "😀", "e\u0301", "שלום", "%s %d"):
        assert not np.array_equal(overlay.draw(image, [Instance(shape, label)]), blank)


def test_the_text_is_legible_on_every_color() -> None:
    image = np.full((200, 400, 3), 90, np.uint8)
    instances = [Instance(disk((200, 400), (200, 120), 40), "label")]
    for color in overlay.PALETTE:
        text = written(image, instances, colors=[color])
        inks = luminance(overlay.draw(image, instances, colors=[color])[text])
        pill = luminance(color)
        contrast = (np.maximum(inks, pill) + 0.05) / (np.minimum(inks, pill) + 0.05)
        assert contrast.max() >= 4.5


def test_a_preview_shows_what_the_reduced_drawing_shows() -> None:
    image = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8), (0, 0), 5
    )
    instances = [
        Instance(disk((600, 800), (200, 300), 150), "a"),
        Instance(disk((600, 800), (500, 300), 200), "b"),
    ]
    plain = {"labels": False, "outline": False}
    preview = overlay.draw_preview(image, instances, 200, **plain)
    reduced = cv2.resize(
        overlay.draw(image, instances, **plain), (200, 150), interpolation=cv2.INTER_AREA
    )
    assert preview.shape == (150, 200, 3)
    off = np.abs(preview.astype(int) - reduced).max(axis=2)
    assert np.median(off) <= 1
    # Only the pixels that a mask's border crosses may differ: 2 pi r of them, twice.
    assert np.count_nonzero(off > 2) < 2 * 2 * np.pi * 50


def test_a_thin_mask_does_not_vanish_from_a_preview() -> None:
    image = np.full((1200, 1600, 3), 90, np.uint8)
    scratch = cv2.line(np.zeros((1200, 1600), np.uint8), (101, 0), (101, 1199), 1).astype(np.bool_)
    plain = {"labels": False, "outline": False, "opacity": 1, "colors": [RED]}
    preview = overlay.draw_preview(image, [Instance(rle.encode(scratch), "")], 200, **plain)
    assert (preview[:, 12] == RED).all()
    assert (np.delete(preview, 12, axis=1) == 90).all()


def test_a_small_image_is_previewed_at_its_own_size() -> None:
    image = np.full((60, 80, 3), 90, np.uint8)
    instances = [Instance(disk((60, 80), (40, 40), 15), "x")]
    assert np.array_equal(
        overlay.draw_preview(image, instances, 1000), overlay.draw(image, instances)
    )


def test_a_box_lies_just_inside_the_edges_of_the_mask() -> None:
    image = np.zeros((5, 6, 3), np.uint8)
    instance = Instance(rle.encode(mask("......\n.#..#.\n......\n.#....\n......")), "a")
    drawn = overlay.draw(
        image, [instance], opacity=0, outline=False, labels=False, boxes=True, colors=[(9, 8, 7)]
    )
    framed = mask("......\n.####.\n.#..#.\n.####.\n......")
    assert np.array_equal((drawn == (9, 8, 7)).all(axis=2), framed)


def test_an_empty_mask_has_no_box_to_draw() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    drawn = overlay.draw(image, [Instance(rle.empty((4, 4)), "a")], boxes=True)
    assert not drawn.any()
