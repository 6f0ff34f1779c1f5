"""What can be wrong with the things a user gives us.

    ValueError
    └── MaskcoreError       one sentence a non-programmer can act on
        ├── ImageError      an image file
        ├── RLEError        run-length text or counts
        ├── DatasetError    an annotation file or archive
        └── ModelError      a checkpoint

A caller's own mistakes (the wrong type, an array of the wrong shape) stay plain ``TypeError``
and ``ValueError``.
"""


class MaskcoreError(ValueError):
    """A fault in a file, a text or a checkpoint that a user gave."""


class ImageError(MaskcoreError):
    """An image file that cannot be used."""


class RLEError(MaskcoreError):
    """Run-length text or counts that do not describe a mask."""


class DatasetError(MaskcoreError):
    """An annotation file or an archive that cannot be used."""


class ModelError(MaskcoreError):
    """A checkpoint that cannot be used."""
