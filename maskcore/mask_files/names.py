"""The names of cut-out files and of the masks they come from, and how to read them back."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from maskcore import boxes
from maskcore.files import archive
from maskcore.types import Box, Instance

# What is left of `archive.MAX_NAME_BYTES` holds the score, a box of five-digit numbers, the
# ending and the number that tells equal names apart.
_MAX_STEM_BYTES = 50
_MAX_LABEL_BYTES = 32
_HASH_DIGITS = 8

_REGION = re.compile(
    r"(?P<stem>.+)\.(?P<score>100|[0-9]{1,2})\.(?P<label>[^.]+)"
    r"\.(?P<box>[0-9]+_[0-9]+_[0-9]+_[0-9]+)(?:_[0-9]+)?\.png",
    re.DOTALL,
)


class FileName(NamedTuple):
    """What the name of a mask or a cut-out says.

    Attributes:
        stem: Which image it is from.
        score: 0 to 1 in hundredths.
        label: What it is, with underscores for spaces.
        box: x1, y1, x2, y2 in the image, with an exclusive maximum.
    """

    stem: str
    score: float
    label: str
    box: Box


def file_name(stem: str, instance: Instance) -> str:
    """Name the mask or the cut-out of an instance as the tutorial does.

    The form is ``<stem>.<score>.<label>.<x>_<y>_<width>_<height>.png``, as in
    ``testimage.99.bird.144_28_172_258.png``. The score counts from 0 to 100 and is rounded down;
    a mask that a person made has no score and counts as 100. The box is that of the mask.

    Args:
        stem: The image's file name without its ending. It may hold dots; one of more than 50
            UTF-8 bytes is cut and ends in a hash, so that it stays apart from others.
        instance: Spaces and dots in its label become underscores, and so does what no file name
            can hold.

    Returns:
        A name that `archive.safe_name` leaves as it is.

    Raises:
        ValueError: If the score is not 0 to 1.

    Source:
        https://levelup.gitconnected.com/image-extraction-via-python-and-deep-learning-27b928830955
    """
    score = 1.0 if instance.score is None else instance.score
    if not 0 <= score <= 1:
        raise ValueError(f"score must be 0 to 1, got {score}")
    # 0.29 * 100 is 28.999999999999996, and a model's scores are no more than 32 bits.
    percent = int(score * 100 + 1e-5)
    box = "_".join(map(str, boxes.xyxy_to_xywh(instance.box)))
    return f"{safe_stem(stem)}.{percent}.{_safe_label(instance.label)}.{box}.png"


def background_name(stem: str) -> str:
    """Name what is left of the image when all objects are cut out: ``<stem>.background.png``."""
    return f"{safe_stem(stem)}.background.png"


def parse_file_name(name: str) -> FileName:
    """Read a name that `file_name` has made, also one with ``_2`` or so behind the box.

    Raises:
        ValueError: If the name has another form.
    """
    found = _REGION.fullmatch(name)
    if found is None:
        raise ValueError(
            "name must be <stem>.<score>.<label>.<x>_<y>_<width>_<height>.png, "
            f"got {archive.safe_name(name)!r}"
        )
    box = boxes.xywh_to_xyxy([int(number) for number in found["box"].split("_")])
    return FileName(found["stem"], int(found["score"]) / 100, found["label"], box)


def safe_stem(stem: str) -> str:
    """Return the stem as it stands in the names; a safe stem is returned unchanged."""
    safe = archive.safe_name(stem, fallback="image")
    if safe == stem and len(safe.encode()) <= _MAX_STEM_BYTES:
        return safe
    # `safe_name` may have cut the text already, so it is the whole of it that is looked at.
    if len(stem.encode(errors="replace")) <= _MAX_STEM_BYTES:
        return safe
    digits = hashlib.sha256(stem.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return archive.safe_name(f"{_cut(safe, _MAX_STEM_BYTES - _HASH_DIGITS - 1)}-{digits}")


def _safe_label(label: str) -> str:
    # "object" first, and cut last: the parts of a name have no ending that `safe_name` may keep.
    safe = archive.safe_name(re.sub(r"[\s./\\]", "_", label), fallback="object")
    return _cut(safe.replace(".", "_"), _MAX_LABEL_BYTES) or "object"


def _cut(text: str, n_bytes: int) -> str:
    return text.encode()[:n_bytes].decode(errors="ignore").rstrip(" .")
