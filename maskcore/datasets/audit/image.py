"""What may be wrong with the image of one sample, and between the image and its masks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from maskcore import checks
from maskcore.datasets.audit.finding import Finding, make_finding
from maskcore.datasets.dataset import Contents, PictureFile, Sample
from maskcore.errors import MaskcoreError
from maskcore.image_io import probe as image_probe
from maskcore.image_io.probe import Probe
from maskcore.masks import sizes as mask_size
from maskcore.types import Image
from maskcore.wording import counted


def check(
    sample: Sample, contents: Contents, *, read_images: bool
) -> tuple[tuple[int, int] | None, list[Finding], Image | None]:
    """Look at the image of a sample; only its header unless something there is odd.

    Args:
        sample: The sample.
        contents: Its annotations.
        read_images: Decode the image.

    Returns:
        (height, width) of the image, else as the annotations state it, None if nothing tells;
        the findings; the image if it was wanted and can be decoded.
    """
    if sample.picture is None:
        size, findings = _sizes(sample, contents, None)
        return size, findings, None
    fault, probe, image = "", None, None
    try:
        probe = sample.probe
        fault = (
            _fault_of_size(probe) if probe is not None else _fault_of_header(sample, sample.picture)
        )
        # What is written behind the end of a picture may hide its end mark; decoding is sure.
        if probe is not None and not fault and (read_images or probe.is_cut_short):
            image = sample.image()
    except MaskcoreError as error:
        fault = str(error)
    except Exception:  # a damaged archive raises anything
        fault = "The file is damaged."
    size, findings = _sizes(sample, contents, probe)
    if fault:
        findings.insert(
            0, make_finding("unreadable-image", sample.name, sample.picture.path, fault)
        )
    return size, findings, image if read_images else None


def _fault_of_header(sample: Sample, picture: PictureFile) -> str:
    with picture.open() as file:
        return _fault_of_size(image_probe.probe(file, sample.title))


def _fault_of_size(probe: Probe) -> str:
    height, width = probe.size_hw
    if min(height, width) < 1:
        return "The file is damaged; its header says that the image has no pixels."
    if height * width <= checks.MAX_PIXELS:
        return ""
    return (
        f"The image has {width:,} × {height:,} pixels; at most {checks.MAX_PIXELS:,} pixels can "
        "be opened."
    )


def _sizes(
    sample: Sample, contents: Contents, probe: Probe | None
) -> tuple[tuple[int, int] | None, list[Finding]]:
    places = defaultdict(list)
    for place, annotation in enumerate(contents.annotations):
        places[annotation.instance.mask.size_hw].append(place)
    stated = contents.size_hw or next(iter(places), None)
    if probe is None:
        return stated, list(_among_masks(sample, contents, places, stated))
    findings = []
    for size, of_size in places.items():
        if size != probe.size_hw:
            findings.append(_other_size(sample, contents, probe, size, of_size))
    if not places and stated is not None and stated not in (probe.size_hw, probe.stored_hw):
        what = (
            f"The annotations state an image of {_shown(stated)} pixels, but the image has "
            f"{_shown(probe.size_hw)}."
        )
        findings.append(make_finding("size", sample.name, "", what))
    return probe.size_hw, findings


def _among_masks(
    sample: Sample,
    contents: Contents,
    places: dict[tuple[int, int], list[int]],
    stated: tuple[int, int] | None,
) -> Iterator[Finding]:
    for size, of_size in places.items():
        if stated is not None and size != stated:
            what = (
                f"{_these(of_size)} {_shown(size)} pixels, but the image is said to have "
                f"{_shown(stated)}."
            )
            where = contents.annotations[of_size[0]].where
            yield make_finding("size", sample.name, where, what, mask=of_size[0])


def _other_size(
    sample: Sample,
    contents: Contents,
    probe: Probe,
    size: tuple[int, int],
    places: list[int],
) -> Finding:
    sizes = f"{_these(places)} {_shown(size)} pixels, but the image has {_shown(probe.size_hw)}"
    where, mask = contents.annotations[places[0]].where, places[0]
    if size == probe.stored_hw:
        what = (
            f"{sizes}: its pixels lie on their side in the file, and it is turned when it is "
            f"opened (EXIF orientation {probe.orientation}), but the masks are not."
        )
        return make_finding("turned", sample.name, where, what, is_certain=True, mask=mask)
    if mask_size.is_turned(size, probe.size_hw):
        fix = "Look whether height and width are swapped in the annotations."
        return make_finding("size", sample.name, where, f"{sizes}.", fix=fix, mask=mask)
    if mask_size.has_proportions(size, probe.size_hw):
        fix = "Resize the masks, or take the image in the size in which they were made."
        return make_finding("size", sample.name, where, f"{sizes}.", fix=fix, mask=mask)
    return make_finding("size", sample.name, where, f"{sizes}.", mask=mask)


def _these(places: list[int]) -> str:
    return f"{counted(len(places), 'mask')} {'has' if len(places) == 1 else 'have'}"


def _shown(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[1]:,} × {size_hw[0]:,}"
