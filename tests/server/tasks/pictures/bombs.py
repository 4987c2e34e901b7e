"""Small files that say that they are large pictures."""

import struct
import zlib

from tests.server.image_models import encoded, plain


def huge_png(width: int, height: int, **chunks: bytes) -> bytes:
    """With more chunks, by their names, before the pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    more = b"".join(chunk(name.encode(), data) for name, data in chunks.items())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def huge_webp(width: int, height: int) -> bytes:
    extended = struct.pack("<I", 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", len(extended)) + extended
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def huge_jpeg(width: int, height: int) -> bytes:
    content = encoded(plain("red", (16, 16)), "JPEG")
    start = content.index(b"\xff\xc0")
    return content[: start + 5] + struct.pack(">HH", height, width) + content[start + 9 :]


def huge_gif(width: int, height: int) -> bytes:
    content = encoded(plain("red", (16, 16)), "GIF")
    return content[:6] + struct.pack("<HH", width, height) + content[10:]


def huge_bmp(width: int, height: int) -> bytes:
    content = encoded(plain("red", (16, 16)), "BMP")
    return content[:18] + struct.pack("<ii", width, height) + content[26:]


def huge_tiff(width: int, height: int, compression: int = 1) -> bytes:
    """One strip that says it holds all rows, of 8-bit gray."""
    entries = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, compression),
        (262, 3, 1),
        (273, 4, 8 + 2 + 9 * 12 + 4),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, 2**31 - 1),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value) for tag, kind, value in entries
    )
    return b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + zlib.compress(bytes(100_000))


BOMBS = (huge_png, huge_webp, huge_jpeg, huge_gif, huge_bmp, huge_tiff)


def packed_text(kind: str) -> bytes:
    """A PNG of 8 x 8 whose text or colour profile unpacks to 200 MB."""
    packed = zlib.compress(bytes(200_000_000), 9)
    data = {
        "zTXt": b"a\0\0" + packed,
        "iTXt": b"a\0\1\0\0\0" + packed,
        "iCCP": b"a\0\0" + packed,
    }
    return huge_png(8, 8, **{kind: data[kind]})
