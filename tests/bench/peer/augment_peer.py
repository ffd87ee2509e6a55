"""The view chains of lafs_views and dino_views with Pillow, timed beside augment_bench: images a second on one core.

Needs Pillow and numpy. The same steps as pretraining.md 3, drawn with Python's own generator; as in a torch loader, every view ends as an
array of its own.
"""
import math
import random
import time

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps


def picture(side=112):
    draws = np.random.default_rng(7)
    blocks = draws.integers(0, 192, (side // 8 + 1, side // 8 + 1, 3)).repeat(8, 0).repeat(8, 1)[:side, :side]
    return Image.fromarray((blocks + draws.integers(0, 64, (side, side, 3))).astype(np.uint8))


def cropped(image, size, low, high):
    width, height = image.size
    box = (0, 0, width, height)
    for _ in range(10):
        area = width * height * random.uniform(low, high)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            top, left = random.randint(0, height - h), random.randint(0, width - w)
            box = (left, top, left + w, top + h)
            break
    view = image.crop(box).resize((size, size), Image.BICUBIC)
    return view.transpose(Image.FLIP_LEFT_RIGHT) if random.random() < 0.5 else view


def turned(image, shift):
    h, s, v = image.convert("HSV").split()
    h = Image.fromarray(np.asarray(h) + np.uint8(int(shift * 255) % 256))
    return Image.merge("HSV", (h, s, v)).convert("RGB")


def jittered(image):
    steps = [
        lambda x, f=random.uniform(0.6, 1.4): ImageEnhance.Brightness(x).enhance(f),
        lambda x, f=random.uniform(0.6, 1.4): ImageEnhance.Contrast(x).enhance(f),
        lambda x, f=random.uniform(0.8, 1.2): ImageEnhance.Color(x).enhance(f),
        lambda x, f=random.uniform(-0.1, 0.1): turned(x, f),
    ]
    random.shuffle(steps)
    for step in steps:
        image = step(image)
    return image


def coloured(image, blur, solarise):
    if random.random() < 0.8:
        image = jittered(image)
    if random.random() < 0.2:
        grey = image.convert("L")
        image = Image.merge("RGB", (grey, grey, grey))
    if random.random() <= blur:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2.0)))
    return ImageOps.solarize(image) if random.random() < solarise else image


def lafs_views(image):
    out = []
    for blur, solarise in [(1.0, 0.0), (0.1, 0.2)] + 8 * [(0.5, 0.0)]:
        view = cropped(image, 112, 0.4, 1.0)
        out += [np.array(view), np.array(coloured(view, blur, solarise))]
    return out


def dino_views(image):
    out = [np.array(coloured(cropped(image, 112, 0.4, 1.0), *p)) for p in [(1.0, 0.0), (0.1, 0.2)]]
    return out + [np.array(coloured(cropped(image, 48, 0.05, 0.4), 0.5, 0.0)) for _ in range(8)]


def rate(chain, image, rounds=5, count=40):
    best = 0
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count):
            chain(image)
        best = max(best, count / (time.perf_counter() - start))
    return best


if __name__ == "__main__":
    source = picture()
    for chain in (lafs_views, dino_views):
        print(f"{chain.__name__}: {rate(chain, source):.0f} images/s, best of 5 x 40")
