"""The maskcore calls that do what the page of patches does, as text."""

from __future__ import annotations

from pages.shared import cutouts
from pages.shared.view import Shown
from pages.use.patches.controls import CutRequest

_SETTINGS = ("size_hw", "stride_hw", "edge", "pad_rgb", "min_mask", "validation", "seed")


def cut(shown: Shown, stem: str, request: CutRequest) -> str:
    """Write the calls that cut a picture as the page does, and join it again."""
    name = shown.picture.name
    settings = request.settings
    said = "".join(f"    {name_}={getattr(settings, name_)!r},\n" for name_ in _SETTINGS)
    imports = ["image_io", "patches"]
    load, mask = f"image = image_io.read_image(Path({name!r}))", "None"
    if shown.instances:
        imports.append("masks" if request.with_labels else "rle")
        joined = "rle.decode(rle.union(it.mask for it in instances))"
        if request.with_labels:
            joined = "masks.label_map([it.mask for it in instances], ids=ids)"
        load, mask = cutouts.FROM_LAYERS.replace("{name!r}", repr(name)).strip(), "mask"
        if request.with_labels:
            load += (
                "\nlabels = list(dict.fromkeys(it.label for it in instances))"
                "\nids = [1 + labels.index(it.label) for it in instances]"
            )
        load += f"\nmask = {joined}"
    least = f", min_mask={settings.min_mask!r}" if settings.min_mask else ""
    fill = ", fill=0" if settings.min_mask or settings.edge == "drop" else ""
    return f"""\
from pathlib import Path

from maskcore import {", ".join(sorted(imports))}
from maskcore.files import archive
from maskcore.patches import files as patch_files
{load}

# As arrays: patches.images, patches.masks, patches.places.
cut = patches.split(
    image,
    {settings.size_hw!r},
    mask={mask},
    stride={settings.stride_hw!r},
    edge={settings.edge!r},
    pad_value={settings.pad_rgb!r}{least},
)
whole = patches.join(cut{fill})

# As files, with the manifest.
settings = patch_files.Settings(
{said})
source = patch_files.PatchSource({stem!r}, {name!r}, image, {mask})
archive.write_zip(Path("patches.zip"), patch_files.members([source], settings))
"""


def join(name: str, masks: bool, overlap: str, fill: bool) -> str:
    """Write the calls that join the patches of one image as the page does."""
    return f"""\
from pathlib import Path

from maskcore import image_io
from maskcore.patches import manifest, rejoin

folder = Path("patches")
entries = manifest.read((folder / "manifest.json").read_bytes())
names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
files, missing = manifest.locate(
    manifest.of_images(entries)[{name!r}], names, masks={masks}
)
read = lambda name: (folder / name).read_bytes()
whole = rejoin.join(files, read, overlap={overlap!r}, fill={0 if fill else None})
image_io.write_image(Path("whole.png"), whole)
"""
