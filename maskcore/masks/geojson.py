"""Instances as GeoJSON, which viewers of large images and programs for maps read.

The form is that of RFC 7946, but for the coordinates: they are x, y in pixels from the image's top
left corner, y downwards. Corners of polygons are corners of pixels, see `masks.polygons`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from maskcore import rle
from maskcore.masks.polygons import mask_to_polygons
from maskcore.types import Instance


def write(instances: Iterable[Instance], *, tolerance: float = 0) -> str:
    """Write the outlines of instances as one GeoJSON text.

    Args:
        instances: One feature is made of each, with its label and, if it has one, its score.
        tolerance: Pixels by which an outline may be off, see `masks.polygons.mask_to_polygons`.

    Returns:
        A feature collection of multipolygons: a polygon per connected part, holes as inner rings.

    Raises:
        ValueError: If the tolerance is negative or no number.
    """
    features = [_feature(instance, tolerance) for instance in instances]
    return json.dumps(
        {"type": "FeatureCollection", "features": features},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _feature(instance: Instance, tolerance: float) -> dict[str, Any]:
    properties: dict[str, str | float] = {"label": instance.label}
    if instance.score is not None:
        properties["score"] = instance.score
    polygons = mask_to_polygons(rle.decode(instance.mask), tolerance=tolerance)
    closed = [[np.vstack((ring, ring[:1])).tolist() for ring in polygon] for polygon in polygons]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "MultiPolygon", "coordinates": closed},
    }
