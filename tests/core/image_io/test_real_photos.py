"""A real COCO-trained Mask R-CNN on real photos: what is in them is found and cut out."""

from __future__ import annotations

import io
import json

import numpy as np
import PIL.Image
import pytest

from maskcore import cutout, image_io, rle
from maskcore.cutout import files as cutout_files
from maskcore.maskrcnn import Segmenter
from tests import two_go

PHOTOS = two_go.FOLDER.parents[1] / "photos"

pytestmark = pytest.mark.skipif(not two_go.available(), reason="needs MASKCORE_TEST_DATA")


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(two_go.build(), two_go.labels())


@pytest.mark.parametrize(
    ("name", "label", "at_least"),
    [
        ("wildlife/african_elephants.jpg", "elephant", 3),
        ("wildlife/african_elephants_with_exif_orientation.jpg", "elephant", 3),
        ("wildlife/domestic_dog.jpg", "dog", 1),
        ("wildlife/human.jpg", "person", 1),
        ("wildlife/vehicle.jpg", "car", 1),
        ("torchvision/dog1.jpg", "dog", 1),
        ("torchvision/astronaut.jpg", "person", 1),
    ],
)
def test_what_is_in_the_photo_is_found_and_cut_out(
    segmenter: Segmenter, name: str, label: str, at_least: int
) -> None:
    image = image_io.preview(image_io.read_image(PHOTOS / name), 1280)
    instances = segmenter.predict(image, score_threshold=0.6, labels=[label])
    assert len(instances) >= at_least
    assert {instance.label for instance in instances} == {label}

    files = dict(cutout_files.members(image, instances, stem="photo"))
    entries = json.loads(files["manifest.json"])
    cutouts = [entry for entry in entries if entry["kind"] == "cutout"]
    assert len(cutouts) == len(instances)
    covered = np.zeros(image.shape[:2], bool)
    for entry, instance in zip(cutouts, instances, strict=True):
        cut = np.array(PIL.Image.open(io.BytesIO(files[entry["file"]])))
        x1, y1, x2, y2 = cutout.parse_file_name(entry["file"]).box
        inside = rle.decode(instance.mask)[y1:y2, x1:x2]
        assert np.array_equal(cut[..., 3] == 255, inside)
        assert np.array_equal(cut[..., :3][inside], image[y1:y2, x1:x2][inside])
        covered |= rle.decode(instance.mask)
    background = np.array(PIL.Image.open(io.BytesIO(files["photo.background.png"])))
    assert np.array_equal(background[..., 3] == 0, covered)
