"""What an image file is, in a few words."""

from __future__ import annotations

from maskcore.image_io import ImageFile

_MODES = {
    "1": "black and white",
    "L": "gray",
    "LA": "gray with transparency",
    "P": "palette",
    "RGB": "RGB color",
    "RGBA": "RGB color with transparency",
    "CMYK": "CMYK (print colors)",
    "I;16": "gray, 16-bit",
    "F": "gray, floating point",
}


def of_file(file: ImageFile) -> dict[str, str]:
    """Say in a few words what an image file is."""
    height, width = file.image.shape[:2]
    turned = f"turned upright (EXIF {file.orientation})"
    return {
        "Size": f"{width:,} × {height:,} pixels, {width * height / 1e6:.2f} megapixels",
        "File": f"{file.format}, {file.n_bytes / 1e6:,.2f} MB",
        "Pixels": _MODES.get(file.mode, file.mode),
        "Orientation": "upright as stored" if file.orientation == 1 else turned,
    }
