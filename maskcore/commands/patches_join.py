"""``maskcore patches --join``: whole images out of patches."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import get_args

from maskcore import image_io, patches
from maskcore.augment import files as augment_files
from maskcore.commands import options
from maskcore.commands.sources import SUFFIXES
from maskcore.commands.terminal import Progress, Stop, cannot_write, say
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.patches import manifest as patch_manifest, rejoin as patch_join
from maskcore.patches.manifest import PatchEntry
from maskcore.wording import counted

_LEVELS = 3  # from training/masks up to where the manifest is


def add_options(group: argparse._ArgumentGroup) -> None:
    """Add what only joining takes."""
    group.add_argument(
        "--join",
        type=Path,
        metavar="FOLDER",
        help="patches to join; --out is a folder, or a .png if they are of one image. To join "
        "masks, name their folder",
    )
    group.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help="the manifest of the patches (default: in their folder or above)",
    )
    group.add_argument(
        "--overlap",
        choices=get_args(patches.Overlap),
        default="overwrite",
        help="what a pixel becomes that several patches show (default: overwrite)",
    )
    group.add_argument(
        "--fill",
        type=options.whole_number(255, "a whole number from 0 to 255"),
        metavar="0-255",
        help="what a pixel becomes that no patch shows (default: that is an error)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Join what the arguments say and return the exit code."""
    folder, out = arguments.join, arguments.out
    if arguments.images:
        raise Stop("Images are cut, patches joined; do one after the other.", 2)
    if not folder.is_dir():
        raise Stop(f"{folder} is no folder.", 2)
    try:
        manifest = arguments.manifest or _find_manifest(folder)
        images = patch_manifest.of_images(patch_manifest.read(manifest.read_bytes()))
    except MaskcoreError as error:
        raise Stop(str(error), 2) from error
    except OSError as error:
        raise Stop(f"{error.filename} cannot be read: {error.strerror}.", 2) from error
    to_file = out.suffix.lower() == ".png"
    if to_file and len(images) > 1:
        raise Stop(f"The patches are of {len(images)} images; choose a folder with --out.", 2)
    names = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]
    failures = []
    with Progress(len(images)) as progress:
        for stem, (image, entries) in zip(augment_files.stems(images), images.items(), strict=True):
            progress.start(image)
            target = out if to_file else out / f"{stem}.png"
            try:
                n_patches = _join(entries, names, folder, target, arguments)
            except MaskcoreError as error:
                progress.finish(image, str(error))
                failures.append(f"{image}: {error}")
                continue
            progress.finish(image, f"{n_patches:,} patches")
    n_done = len(images) - len(failures)
    say(f"{counted(n_done, 'image')} in {out}.")
    for failure in failures:
        say(f"  {failure}", sys.stderr)
    return 1 if failures else 0


def _join(
    entries: list[PatchEntry],
    names: list[str],
    folder: Path,
    target: Path,
    arguments: argparse.Namespace,
) -> int:
    files, missing = patch_manifest.locate(entries, names)
    if missing and arguments.fill is None:
        raise MaskcoreError(
            f"{len(missing):,} of its {len(entries):,} patches are missing, such as "
            f"{missing[0].file}; --fill 0 leaves them black."
        )
    pixels = patch_join.join(
        files,
        lambda name: (folder / name).read_bytes(),
        overlap=arguments.overlap,
        fill=arguments.fill,
    )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        archive.write_file(target, image_io.encode_png(pixels))
    except OSError as error:
        raise cannot_write(target, error) from error
    return len(files)


def _find_manifest(folder: Path) -> Path:
    above = [folder, *folder.absolute().parents][:_LEVELS]
    for name in patch_manifest.NAMES:
        for place in above:
            if (place / name).is_file():
                return place / name
    raise Stop(f"{folder} has no manifest.json or manifest.csv; name one with --manifest.", 2)
