from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from maskcore import rle
from maskcore.samples import shape_scenes
from maskcore.types import Instance, Mask

SCENES = [shape_scenes.scene(seed) for seed in range(1, 201)]
EMPTY = 153
"""The first seed whose scene shows nothing."""


def pixels(instance: Instance) -> Mask:
    return rle.decode(instance.mask)


def whole(label: str) -> list[Instance]:
    """Those of some size in front of all others and off the image's border."""
    found = []
    for scene in SCENES:
        height, width = scene.image.shape[:2]
        for instance in scene.instances[-1:]:
            x1, y1, x2, y2 = instance.box
            inside = x1 > 0 and y1 > 0 and x2 < width and y2 < height
            if instance.label == label and inside and rle.area(instance.mask) > 400:
                found.append(instance)
    return found


def hull(instance: Instance) -> np.ndarray:
    points = np.argwhere(pixels(instance))[:, ::-1].astype(np.int32)
    return cv2.convexHull(points.reshape(-1, 1, 2))


def test_a_scene_is_an_rgb_image_of_128_to_256_pixels_a_side() -> None:
    sizes = np.array([scene.image.shape for scene in SCENES])
    assert (sizes[:, 2] == 3).all()
    assert sizes[:, :2].min() >= 128
    assert sizes[:, :2].max() <= 256
    assert len({tuple(size) for size in sizes}) > 180
    assert {scene.image.dtype for scene in SCENES} == {np.dtype(np.uint8)}


def test_masks_have_the_size_of_the_image_and_no_score() -> None:
    for scene in SCENES:
        assert {instance.mask.size_hw for instance in scene.instances} <= {scene.image.shape[:2]}
        assert {instance.score for instance in scene.instances} <= {None}


def test_every_label_is_common() -> None:
    labels = [instance.label for scene in SCENES for instance in scene.instances]
    assert set(labels) == set(shape_scenes.LABELS) == {"circle", "square", "triangle"}
    assert min(labels.count(label) for label in shape_scenes.LABELS) > 0.25 * len(labels)


def test_instances_do_not_overlap() -> None:
    for scene in SCENES:
        covered = sum(
            (pixels(instance).astype(int) for instance in scene.instances), start=np.zeros((), int)
        )
        assert covered.max(initial=0) <= 1


def test_an_instance_is_more_than_a_speck() -> None:
    for scene in SCENES:
        for instance in scene.instances:
            x1, y1, x2, y2 = instance.box
            assert rle.area(instance.mask) >= 40
            assert min(x2 - x1, y2 - y1) >= 4


def test_only_the_visible_part_of_a_shape_is_masked() -> None:
    """Later shapes lie on top: what the hull of an earlier one lost belongs to the later ones."""
    lost = 0
    for scene in SCENES:
        for place, instance in enumerate(scene.instances):
            whole = (
                cv2.fillConvexPoly(np.zeros(instance.mask.size_hw, np.uint8), hull(instance), 1)
                == 1
            )
            for later in scene.instances[place + 1 :]:
                lost += int((whole & pixels(later)).sum())
                assert not (pixels(instance) & pixels(later)).any()
    assert lost > 10_000


def test_a_whole_circle_is_an_ellipse() -> None:
    circles = whole("circle")
    assert len(circles) > 20
    for instance in circles:
        _, axes, _ = cv2.minAreaRect(hull(instance))
        ellipse = np.pi / 4 * (axes[0] + 1) * (axes[1] + 1)
        assert rle.area(instance.mask) == pytest.approx(ellipse, rel=0.06)
        assert 0.72 < min(axes) / max(axes) <= 1


def test_a_whole_square_fills_its_tightest_box() -> None:
    squares = whole("square")
    assert len(squares) > 20
    for instance in squares:
        _, sides, _ = cv2.minAreaRect(hull(instance))
        assert rle.area(instance.mask) == pytest.approx((sides[0] + 1) * (sides[1] + 1), rel=0.12)
        assert 0.68 < min(sides) / max(sides) <= 1


def test_a_whole_triangle_fills_its_tightest_triangle() -> None:
    triangles = whole("triangle")
    assert len(triangles) > 20
    for instance in triangles:
        area, _ = cv2.minEnclosingTriangle(hull(instance).astype(np.float32))
        assert rle.area(instance.mask) == pytest.approx(area, rel=0.16)


def test_the_edge_of_a_mask_is_where_the_image_changes() -> None:
    """Judged on the whole: an edge may by chance lie between two like colors."""
    steps_at, steps_elsewhere = [], []
    for scene in SCENES:
        gray = scene.image.astype(float).sum(2)
        change = np.abs(np.diff(gray, axis=1))
        shown = sum(
            (i * pixels(instance) for i, instance in enumerate(scene.instances, 1)),
            np.zeros(1, int),
        )
        if scene.instances:
            border = np.diff(shown, axis=1) != 0
            steps_at.append(change[border].mean())
            steps_elsewhere.append(change[~border].mean())
    assert np.mean(steps_at) > 4 * np.mean(steps_elsewhere)


def test_the_same_seed_gives_the_same_scene() -> None:
    again = shape_scenes.scene(7)
    assert np.array_equal(again.image, shape_scenes.scene(7).image)
    assert again.instances == shape_scenes.scene(7).instances
    other = shape_scenes.scene(8)
    assert other.image.shape != again.image.shape or not np.array_equal(other.image, again.image)


def test_a_scene_may_show_nothing() -> None:
    assert shape_scenes.scene(EMPTY).instances == []
    assert shape_scenes.scene(EMPTY).image.max() > 0


@pytest.mark.parametrize("size_hw", [(64, 96), (384, 512), (1, 1), (5, 300)])
def test_the_size_can_be_given(size_hw: tuple[int, int]) -> None:
    scene = shape_scenes.scene(1, size_hw)
    assert scene.image.shape == (*size_hw, 3)
    assert {instance.mask.size_hw for instance in scene.instances} <= {size_hw}


def test_a_wrong_size_or_seed_is_refused() -> None:
    with pytest.raises(ValueError, match=r"size_hw must be at least \(1, 1\), got \(0, 5\)"):
        shape_scenes.scene(1, (0, 5))
    with pytest.raises(ValueError, match="non-negative"):
        shape_scenes.scene(-1)


def test_scenes_need_no_torch() -> None:
    script = (
        "import sys; from maskcore.samples import shape_scenes; shape_scenes.scene(1);"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
