from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from maskcore import masks, rle
from maskcore.masks import geojson
from maskcore.types import Instance
from tests.grids import mask

RING = mask("""
    .......
    .###...
    .#.#.#.
    .###...
""")


def test_a_feature_is_a_multipolygon_with_closed_rings():
    text = geojson.write([Instance(rle.encode(RING), "Riß 1", 0.75)])
    assert "Riß 1" in text
    assert json.loads(text) == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"label": "Riß 1", "score": 0.75},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [
                        [
                            [[1, 1], [4, 1], [4, 4], [1, 4], [1, 1]],
                            [[2, 3], [3, 3], [3, 2], [2, 2], [2, 3]],
                        ],
                        [[[5, 2], [6, 2], [6, 3], [5, 3], [5, 2]]],
                    ],
                },
            }
        ],
    }


def test_every_instance_is_a_feature_and_only_detections_have_a_score():
    empty = np.zeros_like(RING)
    written = geojson.write([Instance(rle.encode(mask), "a") for mask in (RING, empty)])
    features = json.loads(written)["features"]
    assert [feature["properties"] for feature in features] == [{"label": "a"}, {"label": "a"}]
    assert features[1]["geometry"] == {"type": "MultiPolygon", "coordinates": []}
    assert json.loads(geojson.write([]))["features"] == []


def test_outer_rings_are_counterclockwise_where_y_points_up_as_the_rfc_wants():
    written = geojson.write([Instance(rle.encode(RING), "a")])
    rings = json.loads(written)["features"][0]["geometry"]["coordinates"][0]
    areas = [sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring)) / 2 for ring in rings]
    assert areas == [9, -1]


def test_the_mask_comes_back_from_the_file():
    pixels = np.random.default_rng(0).random((30, 41)) < 0.6
    features = json.loads(geojson.write([Instance(rle.encode(pixels), "a")]))["features"]
    polygons = features[0]["geometry"]["coordinates"]
    assert np.array_equal(masks.polygons_to_mask(polygons, pixels.shape), pixels)


def test_a_tolerance_makes_the_file_shorter():
    v, u = np.ogrid[:100, :100]
    disk = Instance(rle.encode((v - 50) ** 2 + (u - 50) ** 2 < 40**2), "disk")
    assert len(geojson.write([disk], tolerance=1)) < len(geojson.write([disk])) / 4
    with pytest.raises(ValueError, match="tolerance must be at least 0, got -1"):
        geojson.write([disk], tolerance=-1)
