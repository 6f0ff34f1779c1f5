"""Pairs of start and length, as Kaggle's competitions write masks: text to runs and back.

One row and a whole table go the same way: the numbers become run lengths, and a row is good if
none of them is negative. Only a row that fails is looked at again, to say why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.files import whole_numbers
from maskcore.rle import RLE

_MOST_RUNS = 5_000_000  # those of noise on 20 megapixels; reading them takes half a GB


@dataclass(frozen=True)
class Pairs:
    """How the pairs of a dialect are meant.

    Attributes:
        base: The number of the first pixel, 0 or 1.
        by_rows: Pixels are counted along the rows instead of down the columns.
        relative: A start counts from the end of the run before instead of from the first pixel.
    """

    base: int = 1
    by_rows: bool = False
    relative: bool = False

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask; an RLEError says which run is wrong."""
        numbers = whole_numbers.read(text)
        pixels = size_hw[0] * size_hw[1]
        if numbers.size > 2 * _MOST_RUNS:
            raise RLEError(f"It has {numbers.size // 2:,} runs; at most {_MOST_RUNS:,} are read.")
        if numbers.size % 2:
            raise self._fault(numbers, pixels)
        edges = np.empty(numbers.size + 2, np.int64)
        edges[0], edges[1:-1:2], edges[2:-1:2], edges[-1] = 0, *self._starts_ends(numbers), pixels
        counts = edges[1:] - edges[:-1]
        # Numbers no larger than the image cannot have overflowed on the way.
        if np.minimum.reduce(counts) > 0 and np.maximum.reduce(numbers) <= pixels:
            return self._build(size_hw, counts)
        return self._parse_unusual(numbers, size_hw)

    def parse_many(
        self, texts: Sequence[str], sizes_hw: Sequence[tuple[int, int]]
    ) -> list[RLE | RLEError]:
        """Read many masks at once: the same as `parse` of each, but errors are returned."""
        found: list[RLE | RLEError] = []
        # Parts that stay in the processor's cache: twice as fast as the whole table at once.
        for start, end in _parts(texts, characters=250_000):
            rows = texts[start:end], sizes_hw[start:end]
            # A text that is a part of its own may be a hundred times as long, and all at once
            # takes more memory than one by one.
            masks = (end - start > 1 and self._parse_part(*rows)) or [None] * (end - start)
            found += [
                mask or self._parse_or_error(text, size_hw)
                for mask, text, size_hw in zip(masks, *rows, strict=True)
            ]
        return found

    def _parse_part(
        self, texts: Sequence[str], sizes_hw: Sequence[tuple[int, int]]
    ) -> list[RLE | None] | None:
        """Read rows all at once; None for a row, or for all, that needs a closer look."""
        read = whole_numbers.read_many(texts)
        if read is None or (read[1] % 2).any():
            return None
        numbers, tokens = read
        pixels = np.array([height * width for height, width in sizes_hw], np.int64)
        # Per row one place more than it has runs: the gap before each run, and the one at the end.
        runs = tokens // 2
        last = np.cumsum(runs + 1) - 1
        first = last - runs
        has_run = np.ones(last[-1] + 1, np.bool_)
        has_run[last] = False
        has_end = np.ones(last[-1] + 1, np.bool_)
        has_end[first] = False
        gaps = np.empty(has_run.size, np.int64)
        ends = np.zeros(has_run.size, np.int64)
        lengths = np.ones(has_run.size, np.int64)
        gaps[has_run], ends[has_end] = self._starts_ends(numbers, tokens)
        gaps[last] = pixels
        lengths[has_run] = numbers[1::2]
        flat = np.stack((gaps - ends, lengths), axis=1).reshape(-1)
        good = np.minimum.reduceat(flat, 2 * first) > 0
        good &= np.maximum.reduceat(numbers, 2 * (first - np.arange(first.size))) <= pixels
        return [
            self._build(size_hw, flat[start : end + 1]) if is_good else None
            for size_hw, start, end, is_good in zip(
                sizes_hw, (2 * first).tolist(), (2 * last).tolist(), good.tolist(), strict=True
            )
        ]

    def _parse_or_error(self, text: str, size_hw: tuple[int, int]) -> RLE | RLEError:
        try:
            return self.parse(text, size_hw)
        except RLEError as error:
            return error

    def format(self, r: RLE) -> str:
        """Write one mask; of an empty one nothing."""
        starts, ends = rle.starts_and_ends(rle.transpose(r) if self.by_rows else r)
        numbers = np.empty(starts.size * 2, np.int64)
        numbers[1::2] = ends - starts
        if self.relative:
            starts[1:] -= ends[:-1]
        numbers[::2] = starts + self.base
        return " ".join(map(str, numbers.tolist()))

    def _starts_ends(
        self, numbers: NDArray[np.int64], tokens: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first pixel of each run, from 0, and the pixel after its last.

        Args:
            numbers: Starts and lengths in turn, of one mask or of several.
            tokens: How many of the numbers each mask has, if there are several.
        """
        if not self.relative:
            starts = numbers[::2] - self.base
            return starts, starts + numbers[1::2]
        edges = np.cumsum(numbers)
        if tokens is not None:
            before = np.concatenate(([0], edges[np.cumsum(tokens[:-1]) - 1]))
            edges -= np.repeat(before, tokens)
        return edges[::2] - self.base, edges[1::2] - self.base

    def _build(self, size_hw: tuple[int, int], counts: NDArray[np.int64]) -> RLE:
        if not self.by_rows:
            return rle.from_counts(size_hw, counts, shortest=True)
        return rle.transpose(rle.from_counts((size_hw[1], size_hw[0]), counts, shortest=True))

    def _parse_unusual(self, numbers: NDArray[np.int64], size_hw: tuple[int, int]) -> RLE:
        """Read runs that touch or are out of order; anything else is a fault."""
        pixels = size_hw[0] * size_hw[1]
        if numbers.max() > pixels:
            raise self._fault(numbers, pixels)
        starts, ends = self._starts_ends(numbers)
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
        inside = starts[0] >= 0 and ends[-1] <= pixels
        if not inside or numbers[1::2].min() < 1 or (starts[1:] < ends[:-1]).any():
            raise self._fault(numbers, pixels)
        apart = starts[1:] > ends[:-1]
        starts, ends = starts[np.append(True, apart)], ends[np.append(apart, True)]
        edges = np.concatenate(([0], np.stack((starts, ends), axis=1).reshape(-1), [pixels]))
        return self._build(size_hw, np.diff(edges))

    def _fault(self, numbers: NDArray[np.int64], pixels: int) -> RLEError:
        """Say in one sentence what is wrong with the numbers of one mask."""
        if numbers.size % 2:
            return RLEError(
                f"Starts and lengths come in pairs, but there are {numbers.size} numbers."
            )
        # Limited, so that sums cannot overflow; what is too large stays so.
        starts, ends = self._starts_ends(np.minimum(numbers, pixels + 2))
        too_early, too_late = starts < 0, ends > pixels
        bad = too_early | too_late | (numbers[1::2] < 1)
        if bad.any():
            at = int(bad.argmax())
            start, length = numbers[2 * at : 2 * at + 2].tolist()
            if too_early[at]:
                return RLEError(
                    f"Run {at + 1} starts at {start}, but the first pixel is {self.base}."
                )
            if length < 1:
                return RLEError(f"Run {at + 1} has the length {length}.")
            return RLEError(
                f"Run {at + 1} (start {start}, length {length}) goes past the last of "
                f"{pixels:,} pixels."
            )
        order = np.argsort(starts, kind="stable")
        at = int((starts[order[1:]] < ends[order[:-1]]).argmax())
        first, second = sorted(order[at : at + 2].tolist())
        return RLEError(f"Run {second + 1} overlaps with run {first + 1}.")


def starts_increase(text: str) -> bool:
    """Say whether each start comes after the one before, as they do unless they are gaps."""
    starts = whole_numbers.read(text)[::2]
    return bool((starts[1:] > starts[:-1]).all())


def _parts(texts: Sequence[str], characters: int) -> Iterator[tuple[int, int]]:
    """Cut a list of texts into ranges of at most so many characters, or of one text."""
    start = size = 0
    for place, text in enumerate(texts):
        if start < place and size + len(text) > characters:
            yield start, place
            start, size = place, 0
        size += len(text)
    if texts:
        yield start, len(texts)
