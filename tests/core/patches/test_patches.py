from __future__ import annotations

import itertools
import os
from pathlib import Path

import numpy as np
import pytest

from maskcore import image_io, patches, rle
from maskcore.errors import MaskcoreError
from maskcore.patches import LEFT_OUT, TRAINING, VALIDATION
from tests.grids import mask

DATA = os.environ.get("MASKCORE_TEST_DATA")
PAD_MODES = {"pad": {"mode": "constant"}, "reflect": {"mode": "reflect"}}


def colors(*size_hw: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), np.uint8)


def inside(*size_hw: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(size_hw) < 0.4


def firsts_by_hand(side: int, patch: int, stride: int, edge: str) -> list[int]:
    """Walk along one side until nothing of the image is left."""
    found, first = [], 0
    while first < side:
        if first + patch > side:
            if edge == "drop":
                break
            if edge == "shift":
                first = side - patch
        found.append(first)
        if first + patch >= side:
            break
        first += stride
    return found


def padded_by_hand(pixels: np.ndarray, size_hw: tuple[int, int], edge: str) -> np.ndarray:
    more = [(0, max(0, new - old)) for new, old in zip(size_hw, pixels.shape, strict=False)]
    more += [(0, 0)] * (pixels.ndim - 2)
    return np.pad(pixels, more, **PAD_MODES.get(edge, {}))


@pytest.mark.parametrize("edge", patches.EDGES)
def test_every_size_against_every_stride_joins_to_the_same_image(edge: str) -> None:
    for height, width in [(1, 1), (1, 5), (4, 1), (4, 6), (7, 5)]:
        image, pixels = colors(height, width), inside(height, width)
        for size, stride in itertools.product(range(1, 9), range(1, 9)):
            if edge in ("shift", "drop") and size > min(height, width):
                continue
            p = patches.split(image, size, mask=pixels, stride=stride, edge=edge)
            tops = firsts_by_hand(height, size, stride, edge)
            lefts = firsts_by_hand(width, size, stride, edge)
            assert p.places.tolist() == [[y, x] for y in tops for x in lefts]
            extent = max(height, tops[-1] + size), max(width, lefts[-1] + size)
            bigger, bigger_mask = (
                padded_by_hand(pixels, extent, edge) for pixels in (image, pixels)
            )
            for (y, x), one, its_mask in zip(p.places, p.images, p.masks, strict=True):
                assert (one == bigger[y : y + size, x : x + size]).all()
                assert (its_mask == bigger_mask[y : y + size, x : x + size]).all()

            covered = np.zeros((height, width), bool)
            for y, x in p.places:
                covered[y : y + size, x : x + size] = True
            for overlap in patches.OVERLAPS:
                joined = patches.join(p, overlap=overlap, fill=0)
                assert (joined == np.where(covered[..., None], image, 0)).all()
                joined = patches.join_masks(p, overlap=overlap, fill=0)
                assert joined.dtype == np.bool_
                assert (joined == (pixels & covered)).all()
                if covered.all():
                    assert (patches.join(p, overlap=overlap) == image).all()
                else:
                    with pytest.raises(MaskcoreError, match="of the image open"):
                        patches.join(p, overlap=overlap)


@pytest.mark.parametrize("edge", patches.EDGES)
def test_height_and_width_go_their_own_ways(edge: str) -> None:
    image = colors(9, 20)
    p = patches.split(image, (4, 7), stride=(3, 5), edge=edge)
    assert p.images.shape[1:] == (4, 7, 3)
    assert p.grid.tops == tuple(firsts_by_hand(9, 4, 3, edge))
    assert p.grid.lefts == tuple(firsts_by_hand(20, 7, 5, edge))
    same = patches.split(image, (4, 7), overlap=(1, 2), edge=edge)
    assert (same.images == p.images).all()
    if edge != "drop":
        assert (patches.join(p) == image).all()


def test_what_is_beyond_the_image_has_the_wanted_color() -> None:
    image, labels = colors(2, 3), np.full((2, 3), 7, np.uint16)
    p = patches.split(image, 4, mask=labels, pad_value=(1, 2, 3))
    assert (p.images[0, :2, :3] == image).all()
    assert (p.images[0, 2:] == (1, 2, 3)).all()
    assert (p.images[0, :2, 3:] == (1, 2, 3)).all()
    assert p.masks.dtype == np.uint16
    assert p.masks[0].tolist() == [[7, 7, 7, 0], [7, 7, 7, 0], [0] * 4, [0] * 4]


def test_the_mirror_image_turns_back_as_often_as_it_must() -> None:
    row = np.array([[1, 2, 3]], np.uint8)
    image = np.repeat(row[..., None], 3, axis=2)
    p = patches.split(image, (2, 8), mask=row, edge="reflect")
    assert p.masks[0].tolist() == [[1, 2, 3, 2, 1, 2, 3, 2]] * 2


@pytest.mark.parametrize(
    "turned",
    [
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        lambda a: np.swapaxes(np.swapaxes(a, 0, 1).copy(), 0, 1),
    ],
)
@pytest.mark.parametrize("edge", patches.EDGES)
def test_the_memory_order_does_not_matter(turned, edge: str) -> None:
    image, pixels = colors(9, 13), inside(9, 13)
    labels = pixels.astype(np.uint16) * 300
    for of in (pixels, labels, labels.astype(np.int64)):
        wanted = patches.split(image, 4, mask=of, stride=3, edge=edge, min_mask=0.3)
        given, given_mask = turned(image), turned(of)
        got = patches.split(given, 4, mask=given_mask, stride=3, edge=edge, min_mask=0.3)
        assert (got.images == wanted.images).all()
        assert (got.masks == wanted.masks).all()
        assert (given == image).all()
        assert (given_mask == of).all()


def test_patches_are_copies() -> None:
    image = colors(4, 4)
    before = image.copy()
    p = patches.split(image, 2, mask=image[..., 0] > 100)
    p.images[:] = 0
    p.masks[:] = False
    assert (image == before).all()
    joined = patches.join(p)
    joined[:] = 9
    assert not p.images.any()


@pytest.mark.parametrize("edge", patches.EDGES)
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_only_patches_with_enough_mask_are_kept(edge: str, stride: int) -> None:
    image, pixels = colors(8, 11), inside(8, 11)
    whole = patches.split(image, 3, mask=pixels, stride=stride, edge=edge)
    shares = whole.masks.reshape(len(whole), -1).mean(axis=1)
    assert patches.coverage(pixels, whole.grid) == pytest.approx(shares)
    assert patches.coverage(np.asfortranarray(pixels * np.uint16(9)), whole.grid) == pytest.approx(
        shares
    )
    kept = patches.split(image, 3, mask=pixels, stride=stride, edge=edge, min_mask=4 / 9)
    enough = np.count_nonzero(whole.masks, axis=(1, 2)) >= 4
    assert 0 < enough.sum() < len(whole)
    assert (kept.images == whole.images[enough]).all()
    assert (kept.masks == whole.masks[enough]).all()
    assert (kept.places == whole.places[enough]).all()
    covered = np.zeros((8, 11), bool)
    for y, x in kept.places:
        covered[y : y + 3, x : x + 3] = True
    assert (patches.join(kept, fill=77) == np.where(covered[..., None], image, 77)).all()


@pytest.mark.parametrize(("share", "count"), [(0.0, 4), (1.0, 1), (0.5, 2)])
def test_the_least_share_counts_itself(share: float, count: int) -> None:
    pixels = mask("""
        ##..
        ##.#
        #.#.
        ....
    """)  # shares 1, 1/4, 1/4, 1/4
    pixels[3, 1] = True
    p = patches.split(colors(4, 4), 2, mask=pixels, min_mask=share)
    assert len(p) == count


def test_nothing_may_be_kept() -> None:
    p = patches.split(colors(4, 4), 2, mask=np.zeros((4, 4), bool), min_mask=0.1)
    assert p.images.shape == (0, 2, 2, 3)
    assert p.masks.shape == (0, 2, 2)
    for overlap in patches.OVERLAPS:
        with pytest.raises(MaskcoreError, match="no patch to join"):
            patches.join(p, overlap=overlap)


@pytest.mark.parametrize("overlap", patches.OVERLAPS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.bool_])
@pytest.mark.parametrize("channels", [(), (3,)])
def test_what_several_patches_say_is_a_loop_over_all_of_them(overlap, dtype, channels) -> None:
    rng = np.random.default_rng(5)
    for shape, patch_hw, n in [((6, 8), (3, 4), 12), ((5, 5), (4, 2), 30), ((3, 3), (5, 5), 3)]:
        pieces = (rng.normal(0, 60, (n, *patch_hw, *channels)) + 30 * (dtype != np.int16)).astype(
            np.float64
        )
        if dtype != np.float32:
            low = 0 if np.dtype(dtype).kind in "bu" else -200
            pieces = rng.integers(low, 2 if dtype == np.bool_ else 255, pieces.shape)
        pieces = pieces.astype(dtype)
        places = np.stack([rng.integers(0, shape[0], n), rng.integers(0, shape[1], n)], axis=1)
        pixels_at: dict[tuple[int, int], list] = {}
        for (y, x), piece in zip(places.tolist(), pieces, strict=True):
            for i, j in itertools.product(range(patch_hw[0]), range(patch_hw[1])):
                pixels_at.setdefault((y + i, x + j), []).append(piece[i, j])
        joined = patches.paste(pieces, places, shape, overlap=overlap, fill=1)
        assert joined.dtype == dtype
        for at in itertools.product(range(shape[0]), range(shape[1])):
            values = np.array(pixels_at.get(at, [np.ones(channels, dtype)]))
            if overlap == "overwrite":
                wanted = values[-1]
            elif overlap == "maximum":
                wanted = values.max(axis=0)
            elif dtype == np.float32:
                wanted = pytest.approx(values.astype(float).mean(axis=0), rel=1e-5)
            else:
                wanted = np.floor(values.astype(float).mean(axis=0) + 0.5).astype(dtype)
            assert np.all(joined[at] == wanted)


def test_labels_have_no_mean() -> None:
    p = patches.split(colors(4, 4), 2, mask=np.ones((4, 4), np.uint8), stride=1)
    with pytest.raises(ValueError, match="for labels"):
        patches.join_masks(p, overlap="average")
    assert patches.join_masks(p, overlap="maximum").tolist() == [[1] * 4] * 4


def test_changed_patches_change_the_image() -> None:
    p = patches.split(colors(4, 6), 2)
    p.images[:] = np.arange(6)[:, None, None, None]
    assert patches.join(p)[..., 0].tolist() == [
        [0, 0, 1, 1, 2, 2],
        [0, 0, 1, 1, 2, 2],
        [3, 3, 4, 4, 5, 5],
        [3, 3, 4, 4, 5, 5],
    ]


def test_a_piece_inside_the_image_is_a_view() -> None:
    image = colors(5, 5)
    grid = patches.grid((5, 5), 3)
    assert np.shares_memory(patches.piece(image, grid, 0, 0), image)
    for y, x in grid.places.tolist():
        i = grid.places.tolist().index([y, x])
        assert (patches.piece(image, grid, y, x) == patches.cut(image, grid)[i]).all()


# ---- training and validation


def shown_pixels(grid: patches.Grid) -> list[set[int]]:
    """What each patch shows of the image: every pixel has a number of its own."""
    numbers = np.arange(1, grid.size_hw[0] * grid.size_hw[1] + 1).reshape(grid.size_hw)
    return [set(patch.ravel().tolist()) - {0} for patch in patches.cut(numbers, grid)]


@pytest.mark.parametrize("edge", patches.EDGES)
@pytest.mark.parametrize(("size", "stride"), [(4, 4), (4, 2), (5, 1), (3, 2), (6, 5), (2, 3)])
def test_no_pixel_is_on_both_sides(edge: str, size: int, stride: int) -> None:
    for shape, seed in itertools.product([(6, 6), (13, 21), (6, 40), (17, 9)], range(6)):
        grid = patches.grid(shape, size, stride=stride, edge=edge)
        sides = patches.sides(grid, seed=seed, validation=0.3)
        shown = shown_pixels(grid)
        for i, j in itertools.combinations(range(len(grid)), 2):
            if {sides[i], sides[j]} == {TRAINING, VALIDATION}:
                assert not shown[i] & shown[j], (shape, seed, i, j)


def test_without_overlap_nothing_is_left_out_and_the_share_is_as_wanted() -> None:
    grid = patches.grid((100, 100), 10)
    for seed in range(5):
        sides = patches.sides(grid, validation=0.2, seed=seed)
        assert np.bincount(sides, minlength=3).tolist() == [80, 20, 0]


@pytest.mark.parametrize("stride", [256, 192, 128, 64])
def test_with_overlap_the_share_is_about_as_wanted(stride: int) -> None:
    grid = patches.grid((3000, 4000), 256, stride=stride)
    for seed in range(5):
        sides = patches.sides(grid, validation=0.2, seed=seed)
        n_training, n_validation, n_left_out = np.bincount(sides, minlength=3)
        assert n_validation / (n_training + n_validation) == pytest.approx(0.2, abs=0.07)
        assert n_left_out < 0.45 * len(grid)


def test_a_strip_is_split_too() -> None:
    for edge, seed in itertools.product(patches.EDGES, range(10)):
        grid = patches.grid((256, 1600), 256, edge=edge)
        sides = patches.sides(grid, validation=0.2, seed=seed)
        assert 1 <= np.count_nonzero(sides == VALIDATION) <= 2
        assert np.count_nonzero(sides == TRAINING) >= 3


def test_the_same_seed_deals_alike_and_another_one_does_not() -> None:
    grid = patches.grid((100, 100), 10)
    first, again = (patches.sides(grid, seed=[3, 8]) for _ in range(2))
    assert (first == again).all()
    assert (first != patches.sides(grid, seed=[3, 9])).any()


def test_what_is_not_kept_counts_on_no_side() -> None:
    grid = patches.grid((40, 40), 4)
    kept = inside(100)
    sides = patches.sides(grid, kept=kept, validation=0.25)
    assert (sides[~kept] == LEFT_OUT).all()
    n_training, n_validation, _ = np.bincount(sides, minlength=3)
    assert n_training + n_validation == kept.sum()
    assert n_validation == round(0.25 * kept.sum())


def test_where_all_patches_overlap_they_stay_together() -> None:
    grid = patches.grid((12, 12), 8, stride=1)
    sides = {tuple(np.unique(patches.sides(grid, seed=seed))) for seed in range(40)}
    assert sides == {(TRAINING,), (VALIDATION,)}


@pytest.mark.parametrize(("share", "side"), [(0, TRAINING), (1, VALIDATION)])
def test_all_patches_may_be_on_one_side(share: float, side: int) -> None:
    assert (patches.sides(patches.grid((9, 9), 2), validation=share) == side).all()


def test_no_patch_at_all_can_be_dealt() -> None:
    sides = patches.sides(patches.grid((9, 9), 3), kept=np.zeros(9, bool))
    assert (sides == LEFT_OUT).all()


# ---- the picture


def test_the_picture_shows_frames_and_dims_the_rest() -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    grid = patches.grid((40, 40), 20)
    drawn = patches.draw(image, grid, np.array([TRAINING, LEFT_OUT, VALIDATION, TRAINING], "u1"))
    training, validation = patches.COLORS
    assert tuple(drawn[0, 5]) == tuple(drawn[19, 19]) == training
    assert tuple(drawn[20, 5]) == validation
    assert tuple(drawn[10, 10]) == (200, 200, 200)
    assert drawn[10, 30, 0] < 200
    assert drawn[30, 10, 0] > drawn[30, 10, 2]  # a tint of orange
    assert (image == 200).all()


def test_the_picture_is_larger_by_what_is_padded() -> None:
    image = np.full((30, 50, 3), 200, np.uint8)
    grid = patches.grid((300, 500), 200)
    drawn = patches.draw(image, grid, np.zeros(6, np.uint8), pad_value=(0, 0, 90))
    assert drawn.shape == (40, 60, 3)
    assert tuple(drawn[35, 55]) == (0, 0, 90)
    inward = patches.grid((300, 500), 200, edge="shift")
    assert patches.draw(image, inward, np.zeros(6, np.uint8)).shape == image.shape


def test_frames_of_very_many_patches_do_not_hide_the_image() -> None:
    image = np.full((100, 100, 3), 200, np.uint8)
    grid = patches.grid((1000, 1000), 20, stride=4)
    drawn = patches.draw(image, grid, np.zeros(len(grid), np.uint8))
    assert (drawn == 200).all(axis=2).mean() > 0.3


# ---- names


def test_names_sort_as_the_patches_lie() -> None:
    grid = patches.grid((30, 1200), 10)
    names = [patches.name("a_y1_x2", y, x) for y, x in grid.places.tolist()]
    assert names == sorted(names)
    assert names[1] == "a_y1_x2_y000000_x000010.png"
    assert patches.parse_name(names[1]) == ("a_y1_x2", 0, 10)
    assert patches.parse_name("strip_y001024_x1000000.JPG") == ("strip", 1024, 1_000_000)


@pytest.mark.parametrize("text", ["", "a.png", "a_y1_x2.png", "_y000000_x000000.png", "a_y000000"])
def test_other_names_are_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="name must be"):
        patches.parse_name(text)


# ---- what is wrong


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"size": (2, 0)}, r"size must be at least 1, got \(2, 0\)"),
        ({"size": (1, 2, 3)}, "size must be one number"),
        ({"stride": 0}, "stride must be at least 1, got 0"),
        ({"overlap": 2}, "overlap must be less than the size"),
        ({"overlap": -1}, "overlap must be at least 0"),
        ({"stride": 1, "overlap": 1}, "stride or overlap must be None"),
        ({"edge": "wrap"}, "edge must be one of .* got 'wrap'"),
        ({"min_mask": 0.5}, "min_mask must be 0 without a mask"),
        ({"mask": np.zeros((2, 2), bool)}, r"mask must have size \(4, 4\), got \(2, 2\)"),
        ({"mask": np.zeros((4, 4), bool), "min_mask": 2}, "min_mask must be 0 to 1, got 2"),
        ({"mask": np.zeros((4, 4))}, "mask must be 2-D bool or labels, got float64"),
    ],
)
def test_a_wrong_argument_is_named(options: dict, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        patches.split(colors(4, 4), **{"size": 2, **options})


@pytest.mark.parametrize(
    "options", [{"size": 2.5}, {"size": "2"}, {"stride": 1.5}, {"mask": [[True]]}]
)
def test_a_wrong_type_is_named(options: dict) -> None:
    with pytest.raises(TypeError, match="must be"):
        patches.split(colors(4, 4), **{"size": 2, **options})


@pytest.mark.parametrize("edge", ["shift", "drop"])
def test_patches_larger_than_the_image_are_one_sentence(edge: str) -> None:
    with pytest.raises(MaskcoreError, match=r"patches of 9 × 9 pixels are larger .* of 4 × 20"):
        patches.split(colors(20, 4), 9, edge=edge)
    for padded in ("pad", "reflect"):
        p = patches.split(colors(5, 4), 9, edge=padded)
        assert len(p) == 1
        assert (patches.join(p) == colors(5, 4)).all()


def test_too_many_patches_are_refused_before_they_are_made() -> None:
    with pytest.raises(MaskcoreError, match="would be 48,000,000 patches"):
        patches.grid((6000, 8000), 1)


def test_patches_that_do_not_go_together_are_one_sentence() -> None:
    paster = patches.Paster((8, 8))
    paster.add(np.zeros((4, 4, 3), np.uint8), 0, 0)
    for wrong, sentence in [
        (np.zeros((4, 5, 3), np.uint8), "5 × 4, color, those before it are 4 × 4, color"),
        (np.zeros((4, 4), np.uint8), "4 × 4, gray, "),
        (np.zeros((4, 4), bool), "black and white"),
        (np.zeros((4, 4), np.uint16), "uint16"),
    ]:
        with pytest.raises(MaskcoreError, match=sentence):
            paster.add(wrong, 0, 4)
    with pytest.raises(MaskcoreError, match="x 8, y 0 lies outside the image of 8 × 8"):
        paster.add(np.zeros((4, 4, 3), np.uint8), 0, 8)
    with pytest.raises(MaskcoreError, match=r"leave 75\.000% of the image open"):
        paster.image()


def test_places_and_patches_are_as_many() -> None:
    with pytest.raises(ValueError, match=r"got \(1, 2\) for 2"):
        patches.paste(np.zeros((2, 4, 4)), np.zeros((1, 2), int), (4, 4))
    with pytest.raises(ValueError, match="overlap must be one of"):
        patches.paste(np.zeros((1, 4, 4)), np.zeros((1, 2), int), (4, 4), overlap="mean")


@pytest.mark.skipif(not DATA, reason="needs MASKCORE_TEST_DATA")
@pytest.mark.parametrize("options", [{}, {"stride": 200, "edge": "shift"}, {"edge": "reflect"}])
def test_real_images_join_to_themselves(options: dict) -> None:
    strips = sorted(Path(DATA or "", "severstal").rglob("*.jpg"))
    photo = max(Path(DATA or "", "photos/large").iterdir(), key=lambda path: path.stat().st_size)
    assert strips
    for path in [*strips, photo]:
        image = image_io.read_image(path)
        bright = rle.decode(rle.encode(image[..., 0] > 128))
        p = patches.split(image, 256, mask=bright, **options)
        assert np.array_equal(patches.join(p), image)
        assert np.array_equal(patches.join_masks(p), bright)
        if path is not photo:
            assert np.array_equal(patches.join(p, overlap="average"), image)
