"""Pictures a second through the chain of supervised training in Python, from a plain record set: timed beside record_bench.

Read, decode with Pillow, flip, RandAugment with Pillow, then crop, colour jitter and erasing on tensors of bytes as torchvision does it
(finetuning.md 3), and to floats. With --pillow the last three stay with Pillow. Before any time is taken, every operation must give the
bytes of the golden set, as lafs must in golden.randaugment and golden.augment.

    chain_peer.py RECORDS GOLDEN_FOLDER [--pillow]
"""

import io
import json
import math
import pathlib
import random
import struct
import sys

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps
from record_peer import Records, rate

GREY = (128, 128, 128)
BLEND = {"Color": ImageEnhance.Color, "Contrast": ImageEnhance.Contrast, "Brightness": ImageEnhance.Brightness, "Sharpness": ImageEnhance.Sharpness}


def affine(image, matrix, kernel):
    return image.transform(image.size, Image.AFFINE, matrix, resample=kernel, fillcolor=GREY)


OPS = {
    "AutoContrast": lambda image, a, k: ImageOps.autocontrast(image),
    "Equalize": lambda image, a, k: ImageOps.equalize(image),
    "Invert": lambda image, a, k: ImageOps.invert(image),
    "Rotate": lambda image, a, k: image.rotate(a, resample=k, fillcolor=GREY),
    "Posterize": lambda image, a, k: ImageOps.posterize(image, int(a)),
    "ShearX": lambda image, a, k: affine(image, (1, a, 0, 0, 1, 0), k),
    "ShearY": lambda image, a, k: affine(image, (1, 0, 0, a, 1, 0), k),
    "TranslateXRel": lambda image, a, k: affine(image, (1, 0, a * image.size[0], 0, 1, 0), k),
    "TranslateYRel": lambda image, a, k: affine(image, (1, 0, 0, 0, 1, a * image.size[1]), k),
    **{name + "Increasing": lambda image, a, k, kind=kind: kind(image).enhance(a) for name, kind in BLEND.items()},
}
NAMES = list(OPS)


def argument(name, level):
    sign = 1 if random.random() < 0.5 else -1
    if name == "Posterize":
        return 4 - int(level / 10 * 4)
    if name.endswith("Increasing"):
        return 1 + sign * level / 10 * 0.9
    return sign * level / 10 * {"Rotate": 30, "ShearX": 0.3, "ShearY": 0.3}.get(name, 0.45)


def rand_augment(image):
    for name in np.random.choice(NAMES, 2):
        if random.random() < 0.5:
            level = min(10, max(0, random.gauss(1, 0.5)))
            image = OPS[name](image, argument(name, level), random.choice((Image.BILINEAR, Image.BICUBIC)))
    return image


# --- On tensors of bytes, [3,H,W] -------------------------------------------------------------------------------------------------------


def crop(chw, top, left, height, width, size):
    part = chw[None, :, top : top + height, left : left + width].float()
    return torch.nn.functional.interpolate(part, size=size, mode="bilinear", align_corners=False)[0].round().clamp(0, 255).to(torch.uint8)


def blend(a, b, factor):
    return (factor * a + (1.0 - factor) * b).clamp(0, 255).to(a.dtype)


def grey(chw):
    r, g, b = chw.unbind(0)
    return (0.2989 * r + 0.587 * g + 0.114 * b).to(chw.dtype)[None]


def turned(chw, shift):
    rgb = chw.float() / 255.0
    r, g, b = rgb.unbind(0)
    high, low = rgb.max(0).values, rgb.min(0).values
    same, ones = high == low, torch.ones_like(high)
    span = high - low
    s = span / torch.where(same, ones, high)
    divisor = torch.where(same, ones, span)
    rc, gc, bc = (high - r) / divisor, (high - g) / divisor, (high - b) / divisor
    hr = (high == r) * (bc - gc)
    hg = ((high == g) & (high != r)) * (2.0 + rc - bc)
    hb = ((high != g) & (high != r)) * (4.0 + gc - rc)
    h = (torch.fmod((hr + hg + hb) / 6.0 + 1.0, 1.0) + shift) % 1.0
    i = torch.floor(h * 6.0)
    f = h * 6.0 - i
    i = i.to(torch.int32) % 6
    p, q, t = ((high * (1.0 - part)).clamp(0.0, 1.0) for part in (s, s * f, s * (1.0 - f)))
    mask = (i[None] == torch.arange(6)[:, None, None]).to(rgb.dtype)
    table = torch.stack((torch.stack((high, q, p, p, t, high)), torch.stack((t, high, high, q, p, p)), torch.stack((p, p, t, high, high, q))))
    return (torch.einsum("ijk,xijk->xjk", mask, table) * 255).to(torch.uint8)


TENSOR_STEPS = [
    lambda chw: blend(chw, torch.zeros_like(chw), random.uniform(0.9, 1.1)),
    lambda chw: blend(chw, grey(chw).float().mean(), random.uniform(0.9, 1.1)),
    lambda chw: blend(chw, grey(chw), random.uniform(0.9, 1.1)),
    lambda chw: turned(chw, random.uniform(-0.1, 0.1)),
]


def box(height, width, low, high, shapes, inclusive):
    """top, left, height, width of a random part, or nothing after ten tries."""
    for _ in range(10):
        area, ratio = height * width * random.uniform(low, high), math.exp(random.uniform(*map(math.log, shapes)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w < width + inclusive and 0 < h < height + inclusive:
            return random.randint(0, height - h), random.randint(0, width - w), h, w
    return None


def on_tensors(image):
    chw = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
    side = chw.shape[1:]
    chw = crop(chw, *(box(*side, 0.9, 1.0, (3 / 4, 4 / 3), 1) or (0, 0, *side)), side)
    for step in random.sample(TENSOR_STEPS, 4):
        chw = step(chw)
    if random.random() < 0.5 and (part := box(*side, 0.02, 0.1, (1 / 3.3, 1 / 0.3), 0)):
        top, left, height, width = part
        chw[:, top : top + height, left : left + width] = 0
    return chw


# --- With Pillow ------------------------------------------------------------------------------------------------------------------------


def pillow_turned(image, shift):
    h, s, v = image.convert("HSV").split()
    h = Image.fromarray(np.asarray(h) + np.uint8(int(shift * 255) % 256))
    return Image.merge("HSV", (h, s, v)).convert("RGB")


PILLOW_STEPS = [
    lambda image: ImageEnhance.Brightness(image).enhance(random.uniform(0.9, 1.1)),
    lambda image: ImageEnhance.Contrast(image).enhance(random.uniform(0.9, 1.1)),
    lambda image: ImageEnhance.Color(image).enhance(random.uniform(0.9, 1.1)),
    lambda image: pillow_turned(image, random.uniform(-0.1, 0.1)),
]


def with_pillow(image):
    width, height = image.size
    top, left, h, w = box(height, width, 0.9, 1.0, (3 / 4, 4 / 3), 1) or (0, 0, height, width)
    image = image.crop((left, top, left + w, top + h)).resize((width, height), Image.BILINEAR)
    for step in random.sample(PILLOW_STEPS, 4):
        image = step(image)
    if random.random() < 0.5 and (part := box(height, width, 0.02, 0.1, (1 / 3.3, 1 / 0.3), 0)):
        image.paste((0, 0, 0), (part[1], part[0], part[1] + part[3], part[0] + part[2]))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


# --- Golden bytes -----------------------------------------------------------------------------------------------------------------------


def golden(folder):
    data = (folder / "augment.safetensors").read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    header, start = json.loads(data[8 : 8 + size]), 8 + size
    header.pop("__metadata__", None)

    def tensor(name):
        first, end = header[name]["data_offsets"]
        return np.frombuffer(data[start + first : start + end], np.uint8).reshape(header[name]["shape"])

    return json.loads((folder / "augment.json").read_text())["ops"], tensor


def result(entry, array):
    op, chw = entry["op"], torch.from_numpy(array.copy()).permute(2, 0, 1).contiguous()
    if op in OPS:
        kernel = Image.BICUBIC if entry.get("filter") == "bicubic" else Image.BILINEAR
        given = entry.get("argument", entry.get("factor", entry.get("bits", 0)))
        return np.asarray(OPS[op](Image.fromarray(array), given, kernel))
    if op.startswith("tensor crop"):
        return crop(chw, entry["top"], entry["left"], entry["height"], entry["width"], chw.shape[1:]).numpy()
    steps = {"tensor brightness": torch.zeros_like(chw), "tensor contrast": grey(chw).float().mean(), "tensor saturation": grey(chw)}
    if op in steps:
        return blend(chw, steps[op], entry["factor"]).numpy()
    return turned(chw, entry["shift"]).numpy() if op.startswith("tensor hue") and "255.999" not in op else None


def compare(folder):
    ops, tensor = golden(folder)
    compared = 0
    for name, entry in ops.items():
        if "image" not in entry:
            continue
        source = entry["image"] if isinstance(entry["image"], str) else f"image{entry['image']}"
        made = result(entry, tensor(source))
        if made is None:
            continue
        compared += 1
        if not np.array_equal(made, tensor(name)):
            raise SystemExit(f"peer: {name} is not the golden one")
    if compared == 0:
        raise SystemExit(f"peer: {folder} has nothing to compare with")
    return compared


if __name__ == "__main__":
    torch.set_num_threads(1)
    compared = compare(pathlib.Path(sys.argv[2]))
    records = Records(sys.argv[1])
    work = with_pillow if "--pillow" in sys.argv[3:] else on_tensors

    def chain(key):
        image = Image.open(io.BytesIO(records.encoded(key)[1])).convert("RGB")
        if random.random() < 0.5:
            image = image.transpose(Image.FLIP_LEFT_RIGHT)
        return work(rand_augment(image)).float().div(255).sub(0.5).div(0.5)

    print(f"chain: {rate(chain, sorted(records.offsets)):.0f} images/s, best of 5 x 200; {compared} golden outputs equal")
