from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from maskcore import rle, samples
from maskcore.errors import MaskcoreError


def severstal_mask(pairs: str) -> np.ndarray:
    """The decoder of the competition's kernels: 1-based starts, down the columns."""
    flat = np.zeros(256 * 1600, np.bool_)
    numbers = [int(number) for number in pairs.split()]
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        flat[start - 1 : start - 1 + length] = True
    return flat.reshape(1600, 256).T


def test_every_sample_is_an_image_file_of_its_name() -> None:
    assert list(samples.SAMPLES) == ["china", "flower", "shapes", "steel"]
    for name in samples.SAMPLES:
        sample = samples.load(name)
        with PillowImage.open(io.BytesIO(sample.image_bytes)) as picture:
            picture.load()
            assert {"JPEG": ".jpg", "PNG": ".png"}[picture.format or ""] == Path(sample.name).suffix


def test_the_photos_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_sample_image

    for name in ("china", "flower"):
        sample = samples.load(name)
        assert sample.name == f"{name}.jpg"
        assert sample.rows == ""
        with PillowImage.open(io.BytesIO(sample.image_bytes)) as picture:
            assert np.array_equal(np.asarray(picture), load_sample_image(sample.name))


def test_the_photos_are_found_without_importing_scikit_learn() -> None:
    script = (
        "import sys; from maskcore import samples; samples.load('china');"
        "sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_without_scikit_learn_its_photos_are_missed_and_no_other_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MaskcoreError) as caught:
        samples.load("china")
    assert str(caught.value) == (
        'The photo china.jpg needs scikit-learn: pip install "mask-studio[learn]"'
    )
    assert samples.load("steel").rows
    assert samples.load("shapes").image_bytes


def test_a_scikit_learn_without_its_photos_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn/__init__.py").touch()
    monkeypatch.delitem(sys.modules, "sklearn", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MaskcoreError, match=r"no photo china\.jpg"):
        samples.load("china")


def test_an_unknown_sample_is_named() -> None:
    with pytest.raises(ValueError, match="no sample 'moon', only china, flower, shapes, steel"):
        samples.load("moon")


def test_the_shapes_are_drawn_without_importing_torch() -> None:
    script = (
        "import sys; from maskcore import samples; samples.load('shapes'); samples.shapes();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_shapes_are_six_that_do_not_overlap_with_every_kind_among_them() -> None:
    scene = samples.shapes()
    labels = [instance.label for instance in scene.instances]
    assert sorted(labels) == ["circle"] * 3 + ["square"] * 2 + ["triangle"]
    masks = np.array([rle.decode(instance.mask) for instance in scene.instances])
    assert masks.shape == (6, 384, 512)
    assert masks.sum(axis=0).max() == 1
    assert masks.sum(axis=(1, 2)).min() > 1500


def test_the_file_of_the_shapes_shows_their_scene() -> None:
    sample = samples.load("shapes")
    assert (sample.name, sample.rows) == ("shapes.png", "")
    with PillowImage.open(io.BytesIO(sample.image_bytes)) as picture:
        assert np.array_equal(np.asarray(picture), samples.shapes().image)


def test_the_steel_strip_is_the_same_for_the_same_seed() -> None:
    first, first_defects = samples.steel(seed=1)
    second, second_defects = samples.steel(seed=1)
    assert np.array_equal(first, second)
    assert all(np.array_equal(first_defects[k], second_defects[k]) for k in samples.STEEL_CLASSES)
    assert not np.array_equal(first, samples.steel(seed=2)[0])


@pytest.mark.parametrize("seed", range(4))
def test_the_steel_strip_is_gray_with_four_separate_defects(seed: int) -> None:
    image, defects = samples.steel(seed)
    assert image.shape == (256, 1600, 3)
    assert image.dtype == np.uint8
    assert (image == image[..., :1]).all()
    assert 80 < image[:, :1500].mean() < 130
    assert list(defects) == [1, 2, 3, 4]
    assert np.sum(list(defects.values()), axis=0).max() == 1
    assert all(300 < mask.sum() < 40_000 for mask in defects.values())


@pytest.mark.parametrize("seed", range(4))
def test_a_defect_differs_from_the_steel_around_it(seed: int) -> None:
    image, defects = samples.steel(seed)
    smooth = cv2.GaussianBlur(image[..., 0].astype(np.float32), (0, 0), 1)
    anywhere = np.any(list(defects.values()), axis=0).astype(np.uint8)
    sound = (cv2.dilate(anywhere, np.ones((7, 7), np.uint8)) == 0).astype(np.float32)
    # The light falls unevenly, so a pixel is compared with the sound steel near it.
    steel = cv2.blur(smooth * sound, (61, 61)) / np.maximum(cv2.blur(sound, (61, 61)), 1e-3)
    difference = np.abs(smooth - steel)
    for mask in defects.values():
        near = cv2.dilate(mask.astype(np.uint8), np.ones((31, 31), np.uint8)) == 1
        assert np.median(difference[mask]) > 3 * np.median(difference[near & (sound == 1)])


def test_the_rows_are_the_masks_in_the_dialect_of_the_competition() -> None:
    _, defects = samples.steel()
    sample = samples.load("steel")
    rows = list(csv.DictReader(io.StringIO(sample.rows)))
    assert [(row["ImageId"], row["ClassId"]) for row in rows] == [
        ("steel.png", str(class_id)) for class_id in (1, 2, 3, 4)
    ]
    for row in rows:
        decoded = severstal_mask(row["EncodedPixels"])
        assert np.array_equal(decoded, defects[int(row["ClassId"])])


def test_loading_twice_gives_the_same_file() -> None:
    for name in ("shapes", "steel"):
        digests = {hashlib.sha256(samples.load(name).image_bytes).hexdigest() for _ in range(2)}
        assert len(digests) == 1
