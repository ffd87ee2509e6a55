#!/usr/bin/env python3
"""Writes pictures.safetensors: small picture files of every kind that is read, and the RGB that Pillow reads from each.

    python3 tests/sdk/imaging/make_pictures.py            # needs Pillow and numpy; the tests need only the file

NAME holds the bytes of a file, NAME.pixels what Pillow's convert("RGB") makes of it: rows, columns, 3. Files are Pillow's own, or put together
here where it does not write a form that it reads."""

import io
import json
import pathlib
import struct

import numpy
import PIL
from PIL import Image

HEIGHT, WIDTH = 13, 21
files = {}


def colours(seed, channels=3):
    """Smooth enough that JPEG keeps it, with a few hard edges."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [127 + 60 * numpy.sin(x / (3 + c + seed % 5)) + 50 * numpy.cos(y / (2 + c)) + 25 * ((x + y + c) % 7 == 0) for c in range(channels)]
    return numpy.clip(numpy.stack(planes, -1), 0, 255).astype(numpy.uint8)


RGB = Image.fromarray(colours(1))
GREY = RGB.convert("L")
RGBA = Image.fromarray(colours(2, 4), "RGBA")
CMYK = Image.fromarray(colours(3, 4), "CMYK")
PALETTE = RGB.quantize(23)
BITS = GREY.point(lambda v: 255 if v > 120 else 0).convert("1")


def save(name, image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    files[name] = out.getvalue()
    return files[name]


def jpegs():
    for sampling in (0, 1, 2):
        save(f"jpeg_{sampling}", RGB, "JPEG", quality=90, subsampling=sampling)
    save("jpeg_progressive", RGB, "JPEG", progressive=True)
    save("jpeg_restart", RGB, "JPEG", restart_marker_blocks=1)
    save("jpeg_grey", GREY, "JPEG")
    save("jpeg_rgb", RGB, "JPEG", keep_rgb=True)
    save("jpeg_cmyk", CMYK, "JPEG", quality=95)
    save("jpeg_cmyk_progressive", CMYK, "JPEG", progressive=True)
    # The same without Adobe's marker.
    data = files["jpeg_cmyk"]
    at = data.find(b"\xff\xee")
    files["jpeg_cmyk_unmarked"] = data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :] if at > 0 else data
    save("jpeg_odd", RGB.crop((0, 0, 1, 1)), "JPEG")


def webps():
    save("webp_lossy", RGB, "WEBP", quality=80)
    save("webp_lossless", RGB, "WEBP", lossless=True)
    save("webp_alpha", RGBA, "WEBP", quality=90)
    save("webp_alpha_lossless", RGBA, "WEBP", lossless=True, exact=True)
    save("webp_grey", GREY, "WEBP", quality=60)
    save("webp_one", RGB.crop((0, 0, 1, 1)), "WEBP", lossless=True)


def bmp(name, header, bits, rows, palette=b"", down=True, compression=0, masks=b"", size=None):
    """A BMP put together by hand: rows from the top."""
    height, width = size or (HEIGHT, WIDTH)
    padded = [row + b"\0" * (-len(row) % 4) for row in (reversed(rows) if down else rows)]
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height if down else -height, 1, bits, compression, 0, 2835, 2835, len(palette) // 4, 0)
        info += masks + b"\0" * (header - 40 - len(masks) if header > 40 else 0)
    offset = 14 + len(info) + len(palette)
    body = b"".join(padded)
    files[name] = b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + info + palette + body


def bmps():
    save("bmp_24", RGB, "BMP")
    save("bmp_8", GREY, "BMP")
    save("bmp_palette", PALETTE, "BMP")
    save("bmp_32", RGBA, "BMP")
    pixels = colours(4)
    blue_first = [numpy.ascontiguousarray(row[:, ::-1]).tobytes() for row in pixels]
    four = [b"".join(bytes(p[::-1]) + b"\x37" for p in row) for row in pixels]
    bmp("bmp_top_down", 40, 24, blue_first, down=False)
    bmp("bmp_old", 12, 24, blue_first)
    bmp("bmp_32_plain", 40, 32, four)
    for name, header in (("bmp_v4", 108), ("bmp_v5", 124)):
        bmp(name, header, 32, [row.tobytes() for row in numpy.dstack([pixels, pixels[:, :, :1]])], compression=3,
            masks=struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000))
    bmp("bmp_masks", 40, 32, four, compression=3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF))
    index = numpy.asarray(PALETTE)
    colour_map = bytes(PALETTE.getpalette()[: 23 * 3])
    entries = b"".join(bytes((colour_map[i + 2], colour_map[i + 1], colour_map[i], 0)) for i in range(0, len(colour_map), 3))
    bmp("bmp_short_palette", 40, 8, [row.tobytes() for row in index], palette=entries)


def tiffs():
    for kind in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd"):
        save(f"tiff_rgb_{kind}", RGB, "TIFF", compression=kind)
    save("tiff_jpeg", RGB, "TIFF", compression="jpeg", quality=92)
    save("tiff_jpeg_grey", GREY, "TIFF", compression="jpeg", quality=92)
    save("tiff_grey", GREY, "TIFF")
    save("tiff_white_is_zero", GREY, "TIFF", tiffinfo={262: 0})
    save("tiff_bits", BITS, "TIFF")
    save("tiff_bits_fax", BITS, "TIFF", compression="group4")
    save("tiff_palette", PALETTE, "TIFF")
    save("tiff_rgba", RGBA, "TIFF")
    save("tiff_grey_alpha", RGBA.convert("LA"), "TIFF")
    save("tiff_cmyk", CMYK, "TIFF")
    save("tiff_strips", RGB, "TIFF", compression="tiff_lzw", tiffinfo={278: 4})
    save("tiff_pages", RGB, "TIFF", save_all=True, append_images=[GREY])
    save("tiff_big", RGB, "TIFF", big_tiff=True)
    for orientation in range(1, 9):
        save(f"tiff_turned_{orientation}", RGB, "TIFF", tiffinfo={274: orientation})
    by_hand("tiff_big_endian", colours(5).tobytes(), ">")
    by_hand("tiff_planes", colours(6).transpose(2, 0, 1).tobytes(), "<", planes=True)
    by_hand("tiff_16_bits", (colours(7).astype("<u2") * 257 + 3).astype("<u2").tobytes(), "<", bits=16)
    by_hand("tiff_16_bits_big", (colours(7).astype(">u2") * 255 + 3).astype(">u2").tobytes(), ">", bits=16)
    by_hand("tiff_multiplied", colours(8, 4).tobytes(), "<", samples=4, extra=1)
    by_hand("tiff_not_multiplied", colours(8, 4).tobytes(), "<", samples=4, extra=2)
    by_hand("tiff_four", colours(8, 4).tobytes(), "<", samples=4, extra=0)
    tiles = numpy.zeros((16, 32, 3), numpy.uint8)
    tiles[:HEIGHT, :WIDTH] = colours(9)
    by_hand("tiff_tiles", tiles[:, :16].tobytes() + tiles[:, 16:].tobytes(), "<", tile=16)


def by_hand(name, body, order, bits=8, samples=3, planes=False, extra=None, tile=0):
    """An uncompressed RGB TIFF: header, pixels, tags, lists of numbers."""
    pieces = 3 if planes else 2 if tile else 1
    each = len(body) // pieces
    tags = [(256, 4, [WIDTH]), (257, 4, [HEIGHT]), (258, 3, [bits] * samples), (259, 3, [1]), (262, 3, [2]), (277, 3, [samples]),
            (284, 3, [2 if planes else 1])]
    where = [8 + i * each for i in range(pieces)]
    if tile:
        tags += [(322, 4, [tile]), (323, 4, [tile]), (324, 4, where), (325, 4, [each] * pieces)]
    else:
        tags += [(273, 4, where), (278, 4, [HEIGHT]), (279, 4, [each] * pieces)]
    if extra is not None:
        tags.append((338, 3, [extra]))
    tags.sort()
    body += b"\0" * (len(body) % 2)
    start = 8 + len(body)
    lists_at = start + 2 + 12 * len(tags) + 4
    entries, lists = b"", b""
    for tag, kind, values in tags:
        packed = b"".join(struct.pack(order + ("H" if kind == 3 else "I"), v) for v in values)
        if len(packed) > 4:
            place, lists = struct.pack(order + "I", lists_at + len(lists)), lists + packed + b"\0" * (len(packed) % 2)
        else:
            place = packed + b"\0" * (4 - len(packed))
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + place
    mark = b"II" if order == "<" else b"MM"
    files[name] = mark + struct.pack(order + "HI", 42, start) + body + struct.pack(order + "H", len(tags)) + entries + b"\0" * 4 + lists


def pnms():
    pixels, grey, bits = colours(10), numpy.asarray(GREY), numpy.asarray(BITS)
    sizes = f"{WIDTH} {HEIGHT}".encode()
    packed = numpy.packbits(~bits, axis=1).tobytes()
    files["pnm_p1"] = b"P1\n# bits\n" + sizes + b"\n" + b"\n".join(b" ".join(b"01"[not v :][:1] for v in row) for row in bits)
    files["pnm_p1_dense"] = b"P1 " + sizes + b"\n" + b"\n".join(b"".join(b"01"[not v :][:1] for v in row) for row in bits)
    files["pnm_p4"] = b"P4\n" + sizes + b"\n" + packed
    for largest in (1, 7, 100, 254, 255):
        small = (grey.astype(int) * largest // 255).astype(numpy.uint8)
        head = sizes + b"\n%d\n" % largest
        files[f"pnm_p2_{largest}"] = b"P2\n" + head + b"\n".join(b" ".join(b"%d" % v for v in row) for row in small)
        files[f"pnm_p5_{largest}"] = b"P5\n" + head + small.tobytes()
    for largest in (1, 31, 255, 256, 1023, 65535):
        wide = pixels.astype(int) * largest // 255
        head = sizes + b"\n%d\n" % largest
        files[f"pnm_p3_{largest}"] = b"P3\n" + head + b"# a comment\n" + b"\n".join(b"  ".join(b"%d" % v for v in row.reshape(-1)) for row in wide)
        files[f"pnm_p6_{largest}"] = b"P6\n" + head + wide.astype(">u2" if largest > 255 else numpy.uint8).tobytes()


def main():
    for make in (jpegs, webps, bmps, tiffs, pnms):
        make()
    tensors = {}
    for name, data in files.items():
        image = Image.open(io.BytesIO(data))
        tensors[name] = numpy.frombuffer(data, numpy.uint8)
        tensors[name + ".pixels"] = numpy.asarray(image.convert("RGB"))
    header, body = {"__metadata__": {"made_by": f"make_pictures.py, Pillow {PIL.__version__}"}}, b""
    for name, values in tensors.items():
        header[name] = {"dtype": "U8", "shape": list(values.shape), "data_offsets": [len(body), len(body) + values.size]}
        body += values.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    out = pathlib.Path(__file__).with_name("pictures.safetensors")
    out.write_bytes(len(text).to_bytes(8, "little") + text + body)
    print(f"{out}: {len(files)} pictures, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
