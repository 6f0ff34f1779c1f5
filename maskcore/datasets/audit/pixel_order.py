"""Whether a table of run-length codes was read along the wrong side of the images."""

from __future__ import annotations

from collections.abc import Iterator

from maskcore import rle, rle_text
from maskcore.datasets.audit.finding import Finding, make_finding
from maskcore.datasets.audit.masks import MeasuredMask

_MOST = 100  # masks; counting outlines needs pixels
_FEWEST = 3
_LEAST_AREA = 100  # pixels
_SHARE = 0.8


class PixelOrder:
    """Compares the outlines of masks with those they have with rows and columns exchanged.

    Read in the wrong order, an object falls into stripes, and its outline becomes much longer. In
    square images it only lies on its side, which nothing here can tell.
    """

    def __init__(self) -> None:
        self._n = 0
        self._n_mistaken = 0
        self._outline, self._other = 0, 0

    def add(self, measured: MeasuredMask) -> None:
        """Look at a mask; only the first large ones count."""
        mask = measured.annotation.instance.mask
        height, width = mask.size_hw
        if self._n == _MOST or measured.area < _LEAST_AREA or height == width:
            return
        outline = rle_text.outline_length(mask)
        # The codes may have been read by columns, or by rows.
        by_rows = rle.from_counts((width, height), mask.counts, shortest=True)
        by_columns = rle.from_counts((height, width), rle.transpose(mask).counts, shortest=True)
        other = min(map(rle_text.outline_length, (by_rows, by_columns)))
        self._n += 1
        if 2 * other < outline:
            self._n_mistaken += 1
            self._outline += outline
            self._other += other

    def findings(self) -> Iterator[Finding]:
        """Yield a finding if most masks have much shorter outlines in the other order."""
        if self._n >= _FEWEST and self._n_mistaken >= _SHARE * self._n:
            n = self._n_mistaken
            yield make_finding(
                "dialect",
                "",
                "",
                f"{n:,} of the first {self._n:,} masks fall into stripes: their outlines are "
                f"{self._outline // n:,} pixels long on average, but {self._other // n:,} with "
                "rows and columns exchanged.",
            )
