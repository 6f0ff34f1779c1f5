"""PNG and TIFF files built byte by byte, so that tests can say things no encoder would."""

import struct
import zlib

FORMATS = {1: "B", 2: "s", 3: "H", 4: "I"}


def exif(orientation: int) -> bytes:
    """A big-endian EXIF block with nothing but an orientation."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(size_wh, depth: int, color_type: int, pixels: bytes, *extra: bytes) -> bytes:
    """A PNG with unfiltered rows; ``extra`` chunks go between the header and the pixels."""
    header = struct.pack(">IIBBBBB", *size_wh, depth, color_type, 0, 0, 0)
    row = max(1, len(pixels) // size_wh[1])
    rows = b"".join(b"\0" + pixels[at : at + row] for at in range(0, len(pixels), row))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *extra,
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def tiff(size_wh, bits, photometric: int, pixels: bytes, order: str = "<", **tags) -> bytes:
    """An uncompressed TIFF of one strip; ``tags`` are given as t274=(3, [6])."""
    entries = {
        256: (4, [size_wh[0]]),
        257: (4, [size_wh[1]]),
        258: (3, bits),
        259: (3, [1]),
        262: (3, [photometric]),
        273: (4, [0]),
        277: (3, [len(bits)]),
        278: (4, [size_wh[1]]),
        279: (4, [len(pixels)]),
    } | {int(name[1:]): value for name, value in tags.items()}
    packed = {
        tag: struct.pack(f"{order}{len(values)}{FORMATS[kind]}", *values)
        for tag, (kind, values) in sorted(entries.items())
    }
    behind = 8 + 2 + 12 * len(packed) + 4
    long_values = b"".join(value for value in packed.values() if len(value) > 4)
    packed[273] = struct.pack(f"{order}I", behind + len(long_values))

    directory = struct.pack(f"{order}H", len(packed))
    for tag, value in packed.items():
        kind, values = entries[tag]
        directory += struct.pack(f"{order}HHI", tag, kind, len(values))
        if len(value) > 4:
            directory += struct.pack(f"{order}I", behind)
            behind += len(value)
        else:
            directory += value.ljust(4, b"\0")
    magic = b"II*\0" if order == "<" else b"MM\0*"
    head = magic + struct.pack(f"{order}I", 8)
    return head + directory + struct.pack(f"{order}I", 0) + long_values + pixels
