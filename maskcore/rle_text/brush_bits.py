"""Masks as Label Studio packs them: runs of an RGBA picture in a stream of bits.

Source: HumanSignal/label-studio-sdk, converter/brush.py, after @thi.ng/rle-pack. The stream says in
32 bits how many values there are, in 5 how many bits a value has, and in 4 each how many bits the
four kinds of run lengths have, all less one. Then stretches follow: one bit that says "repeated",
two that choose the kind of length, the length less one, and one value if it is repeated or as many
as the length.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.rle import RLE

_CHANNELS = 4
_WORD_BITS = 8
_SIZES = np.array((3, 4, 8, 16))  # bits of a run's length
_LONGEST = 1 << 16
_HEADER_BITS = 32 + 5 + 4 * 4
_AHEAD = struct.Struct(">Q")  # as a stretch begins within the first byte, 57 bits of it at least


def pack(r: RLE) -> bytes:
    """Pack a mask; the painted pixels are opaque white."""
    starts, ends = rle.starts_and_ends(rle.transpose(r))
    edges = np.concatenate(([0], np.stack((starts, ends), axis=1).reshape(-1)))
    n_values = r.size_hw[0] * r.size_hw[1] * _CHANNELS
    lengths = np.diff(np.append(edges * _CHANNELS, n_values))
    values = np.arange(lengths.size) % 2 * 255
    values, lengths = values[lengths > 0], lengths[lengths > 0]
    n_parts = -(-lengths // _LONGEST)
    values, parts = np.repeat(values, n_parts), np.full(n_parts.sum(), _LONGEST)
    parts[np.cumsum(n_parts) - 1] = lengths - (n_parts - 1) * _LONGEST
    kinds = np.searchsorted(1 << _SIZES, parts)
    sizes = _SIZES[kinds]
    stretches = ((0b100 + kinds << sizes) + parts - 1 << _WORD_BITS) + values
    header = n_values << 5 | _WORD_BITS - 1
    for size in _SIZES.tolist():
        header = header << 4 | size - 1
    numbers = np.concatenate(([header], stretches)).astype(np.uint64)
    n_bits = np.concatenate(([_HEADER_BITS], 3 + sizes + _WORD_BITS))
    return _joined(numbers, n_bits)


def unpack(packed: bytes, size_hw: tuple[int, int]) -> RLE:
    """Read a mask: painted is where alpha is not 0.

    Args:
        packed: The stream, filled up to whole bytes.
        size_hw: (height, width) of the picture.

    Raises:
        RLEError: If it is damaged, or made for another number of pixels.
    """
    n_values = size_hw[0] * size_hw[1] * _CHANNELS
    stated = int.from_bytes(packed[:4], "big")
    if len(packed) >= 4 and stated != n_values:
        raise RLEError(f"It is made for {stated // _CHANNELS} pixels, not {n_values // _CHANNELS}.")
    if 8 * len(packed) < _HEADER_BITS:
        raise _cut_short()
    header = int.from_bytes(packed[4:7], "big") >> 3
    word = (header >> 16) + 1
    sizes = [(header >> shift & 15) + 1 for shift in (12, 8, 4, 0)]
    painted = _painted(packed, n_values, word, sizes)
    return rle.encode(painted.reshape(size_hw))


def _joined(numbers: NDArray[np.uint64], n_bits: NDArray[np.int64]) -> bytes:
    """Write numbers of (N,) bits one behind the other."""
    left = numbers << (64 - n_bits).astype(np.uint64)
    bits = np.unpackbits(left.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return np.packbits(bits[np.arange(64) < n_bits[:, None]]).tobytes()


def _painted(packed: bytes, n_values: int, word: int, sizes: list[int]) -> NDArray[np.bool_]:
    """Return which pixels have an alpha other than 0, row by row."""
    padded, n_bits = packed + bytes(_AHEAD.size), 8 * len(packed)
    ends, values, literals = [0], [], []
    place, bit = 0, _HEADER_BITS
    while place < n_values:
        (ahead,) = _AHEAD.unpack_from(padded, bit >> 3)
        ahead <<= bit & 7  # the bits before the stretch are pushed out above the 64th
        size = sizes[ahead >> 61 & 3]
        count = (ahead >> 61 - size & (1 << size) - 1) + 1
        bit += 3 + size
        if bit > n_bits:
            raise _cut_short()
        if place + count > n_values:
            raise RLEError("A run goes past the last pixel.")
        if ahead >> 63 & 1:
            values.append(ahead >> 61 - size - word & (1 << word) - 1)
            bit += word
        else:
            values.append(0)
            literals.append((place, place + count, bit))
            bit += count * word
        if bit > n_bits:
            raise _cut_short()
        place += count
        ends.append(place)
    # Alpha is the last of four: the pixels p with start <= 4p + 3 < end.
    painted = np.repeat(np.array(values) != 0, np.diff(np.array(ends) // _CHANNELS))
    for start, end, bit in literals:
        nonzero = _nonzero(packed, bit, end - start, word)
        alpha = nonzero[_CHANNELS - 1 - start % _CHANNELS :: _CHANNELS]
        painted[start // _CHANNELS : end // _CHANNELS] = alpha
    return painted


def _nonzero(packed: bytes, bit: int, count: int, word: int) -> NDArray[np.bool_]:
    """Return which of the values from a bit on are not 0."""
    stretch = np.frombuffer(packed[bit // 8 : (bit + count * word + 7) // 8], np.uint8)
    bits = np.unpackbits(stretch)[bit % 8 : bit % 8 + count * word]
    nonzero: NDArray[np.bool_] = np.logical_or.reduce(bits.reshape(count, word), axis=1)
    return nonzero


def _cut_short() -> RLEError:
    return RLEError("The bytes end before the last pixel.")
