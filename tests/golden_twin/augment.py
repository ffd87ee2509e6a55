"""Twin of set augment: Pillow's operations on drawn faces, and the tensor transforms by finetuning.md 3.3 (golden README, set 10).

The tensor path's hue is left out: its bytes hang on the order of every sum.
"""

import numpy
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from material import faces, write_settings, write_tensors


def bytes_of(picture):
    return torch.from_numpy(numpy.asarray(picture).copy())


def hue(picture, shift):
    """On 8-bit HSV, as torchvision has it for Pillow's pictures."""
    h, s, v = picture.convert("HSV").split()
    turned = (numpy.asarray(h).astype(numpy.int32) + int(shift * 255)) % 256
    return Image.merge("HSV", (Image.fromarray(turned.astype(numpy.uint8)), s, v)).convert("RGB")


def grey(picture, _):
    one = picture.convert("L")
    return Image.merge("RGB", (one, one, one))


STEPS = {
    "flip": lambda picture, _: ImageOps.mirror(picture),
    "brightness": lambda picture, factor: ImageEnhance.Brightness(picture).enhance(factor),
    "contrast": lambda picture, factor: ImageEnhance.Contrast(picture).enhance(factor),
    "saturation": lambda picture, factor: ImageEnhance.Color(picture).enhance(factor),
    "hue": hue,
    "grey": grey,
    "gray": grey,
    "blur": lambda picture, radius: picture.filter(ImageFilter.GaussianBlur(radius)),
    "solarize": lambda picture, _: ImageOps.solarize(picture),
}
JITTER = ("brightness", "contrast", "saturation", "hue")


def cropped(picture, box, size, kernel=Image.BICUBIC):
    top, left, height, width = box
    return picture.crop((left, top, left + width, top + height)).resize((size, size), kernel)


class Maker:
    """The operations and their outputs, by name."""

    def __init__(self, pictures, low_contrast, large, rng):
        self.rng = rng
        self.ops, self.tensors = {}, {}
        self.sources = {f"image{i}": picture for i, picture in enumerate(pictures)}
        self.sources["image1_low_contrast"], self.sources[f"image{large.shape[-1]}"] = low_contrast, large
        self.sources["image1_part"] = pictures[1][:, 7:-20, 30:-11]
        for name, picture in self.sources.items():
            self.tensors[name] = picture.permute(1, 2, 0).contiguous()

    def uniform(self, low, high):
        return low + (high - low) * torch.rand((), generator=self.rng).item()

    def integer(self, low, high):
        return torch.randint(low, high, (), generator=self.rng).item()

    def source(self, image):
        return Image.fromarray(self.tensors[image if isinstance(image, str) else f"image{image}"].numpy())

    def add(self, name, op, image, output, **more):
        self.ops[name] = {"op": op, "image": image, **more}
        self.tensors[name] = output if isinstance(output, torch.Tensor) else bytes_of(output)

    def box(self, side):
        height, width = self.integer(side // 4, side + 1), self.integer(side // 4, side + 1)
        return self.integer(0, side - height + 1), self.integer(0, side - width + 1), height, width


def crops(maker, side, sizes):
    for number in range(2 * len(sizes)):
        image, size = number % 2, sizes[number % len(sizes)]
        box = maker.box(side)
        named = dict(zip(("top", "left", "height", "width"), box))
        for kernel, text in ((Image.BICUBIC, "bicubic"), (Image.BILINEAR, "bilinear")):
            maker.add(f"crop_{text}_{number}", f"crop then antialiased {text} resize (Pillow)", image,
                      cropped(maker.source(image), box, size, kernel), **named, size=size)  # fmt: skip


def single_steps(maker):
    for name, op, low, high in (("brightness", "brightness", 0.6, 1.4), ("contrast", "contrast", 0.6, 1.4),
                                ("saturation", "saturation", 0.8, 1.2), ("hue", "hue", -0.1, 0.1)):  # fmt: skip
        for number in range(3):
            factor = maker.uniform(low, high)
            maker.add(f"{name}_{number}", op, number % 2, STEPS[name](maker.source(number % 2), factor), factor=factor)
    for number in range(4):
        radius = maker.uniform(0.1, 2)
        maker.add(f"blur_{number}", "Gaussian blur (three box passes)", 1, STEPS["blur"](maker.source(1), radius), radius=radius)
    for name, op, step in (("hflip", "mirror columns", "flip"), ("solarize", "solarise, threshold 128", "solarize"),
                           ("gray3", "luma in three channels", "gray"), ("grey_again", "grey", "grey")):  # fmt: skip
        maker.add(name, op, 0, STEPS[step](maker.source(0), None))
    for number in range(2):
        order = torch.randperm(4, generator=maker.rng).tolist()
        factors = [maker.uniform(0.6, 1.4), maker.uniform(0.6, 1.4), maker.uniform(0.8, 1.2), maker.uniform(-0.1, 0.1)]
        picture = maker.source(1)
        for step in order:
            picture = STEPS[JITTER[step]](picture, factors[step])
        op = "colour jitter in the given order; 0 brightness, 1 contrast, 2 saturation, 3 hue"
        maker.add(f"jitter_{number}", op, 1, picture, order=order, factors=factors)


def chains(maker, side, views):
    """View chains that hold every step, the grey one under both its names."""
    for view in range(views):
        image = view % 2
        box = maker.box(side)
        steps = [["crop", [*box, side]]] + ([["flip", True]] if view % 2 == 0 else [])
        clean = list(steps)
        steps += [["contrast", maker.uniform(0.6, 1.4)], ["hue", maker.uniform(-0.1, 0.1)]]
        steps += [[("grey", "gray")[view % 2], True]] if view % 3 != 2 else [["saturation", maker.uniform(0.8, 1.2)]]
        steps += [["blur", maker.uniform(0.1, 2)], ["solarize", True]]
        for slot, chain in ((2 * view, clean), (2 * view + 1, steps)):
            picture = cropped(maker.source(image), box, side)
            for step, argument in chain[1:]:
                picture = STEPS[step](picture, argument)
            maker.add(f"lafs_view{image}.{slot}", "sequence", image, picture, steps=chain)


def evaluation_resize(maker, large, shorter, centre):
    picture = maker.source(f"image{large}").resize((shorter, shorter), Image.BICUBIC)
    edge = round((shorter - centre) / 2)
    output = picture.crop((edge, edge, edge + centre, edge + centre))
    op = f"shorter side to {shorter}, bicubic, then centre crop {centre}"
    maker.add(f"resize{large}_to{shorter}_center{centre}", op, f"image{large}", output)


# --- The tensor path: uint8 CHW, every result truncated to bytes ----------------------------------------------------------------------


def blended(a, b, factor):
    return (factor * a.float() + (1.0 - factor) * b).clamp(0, 255).to(torch.uint8)


def tensor_grey(chw):
    return (0.2989 * chw[0].float() + 0.587 * chw[1].float() + 0.114 * chw[2].float()).to(torch.uint8).float()


def tensor_operations(maker, side):
    add = lambda name, op, output, **more: maker.add(name, op, 0, output, layout="CHW", **more)  # noqa: E731
    chw = maker.sources["image0"]
    for number in range(2):
        height, width = maker.integer(side * 9 // 10, side + 1), maker.integer(side * 9 // 10, side + 1)
        top, left = maker.integer(0, side - height + 1), maker.integer(0, side - width + 1)
        piece = chw[None, :, top : top + height, left : left + width].float()
        output = torch.nn.functional.interpolate(piece, size=(side, side), mode="bilinear", align_corners=False)[0]
        add(f"tensor_crop_{number}", "tensor crop then bilinear resize without antialias", output.round().to(torch.uint8), top=top, left=left,
            height=height, width=width)  # fmt: skip
    factor = maker.uniform(0.9, 1.1)
    add("tensor_brightness_0", "tensor brightness", blended(chw, 0.0, factor), factor=factor)
    add("tensor_contrast_0", "tensor contrast", blended(chw, tensor_grey(chw).mean(), factor), factor=factor)
    add("tensor_saturation_0", "tensor saturation", blended(chw, tensor_grey(chw), factor), factor=factor)
    box = {"top": 11, "left": 4, "height": side // 5, "width": side // 3}
    erased = chw.clone()
    erased[:, box["top"] : box["top"] + box["height"], box["left"] : box["left"] + box["width"]] = 0
    add("tensor_erase", "erase", erased, **box, value=0)


# --- RandAugment: the 13 operations of finetuning.md 3.2 -------------------------------------------------------------------------------

GREY = (128, 128, 128)
FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
LEVELS = (0.0, 0.3, 1.0, 2.2, 2.5, 4.9, 7.25, 10.0)
TABLES = {
    "AutoContrast": ImageOps.autocontrast,
    "Equalize": ImageOps.equalize,
    "Invert": ImageOps.invert,
}
ENHANCERS = {
    "ColorIncreasing": ImageEnhance.Color,
    "ContrastIncreasing": ImageEnhance.Contrast,
    "BrightnessIncreasing": ImageEnhance.Brightness,
    "SharpnessIncreasing": ImageEnhance.Sharpness,
}
# The matrix of an argument for a picture of w x h: output to input.
AFFINE = {
    "ShearX": lambda f, w, h: (1, f, 0, 0, 1, 0),
    "ShearY": lambda f, w, h: (1, 0, 0, f, 1, 0),
    "TranslateXRel": lambda f, w, h: (1, 0, f * w, 0, 1, 0),
    "TranslateYRel": lambda f, w, h: (1, 0, 0, 0, 1, f * h),
}
LARGEST = {"ShearX": 0.3, "ShearY": 0.3, "TranslateXRel": 0.45, "TranslateYRel": 0.45, "Rotate": 30.0}


def moved(picture, op, argument, kernel):
    if op == "Rotate":
        return picture.rotate(argument, resample=kernel, fillcolor=GREY)
    return picture.transform(picture.size, Image.AFFINE, AFFINE[op](argument, *picture.size), resample=kernel, fillcolor=GREY)


def rand_augment(maker):
    """Every operation on pictures of several sizes, with arguments of their own."""
    for number, image in enumerate(maker.sources):
        picture = maker.source(image)
        for op, work in TABLES.items():
            maker.add(f"ra_{op}_{image}", op, image, work(picture))
        bits = number % 5
        maker.add(f"ra_Posterize_{bits}_{image}", "Posterize", image, ImageOps.posterize(picture, bits), bits=bits)
        for op, enhancer in ENHANCERS.items():
            factor = maker.uniform(0.1, 1.9)
            maker.add(f"ra_{op}_{image}", op, image, enhancer(picture).enhance(factor), factor=factor)
        for op, largest in LARGEST.items():
            for name, kernel in FILTERS.items():
                argument = maker.uniform(-largest, largest)
                maker.add(f"ra_{op}_{name}_{image}", op, image, moved(picture, op, argument, kernel), argument=argument, filter=name,
                          fill=list(GREY))  # fmt: skip


def level_tables():
    """[level, argument, argument with the other sign]."""
    tables = {"rows": "[level, result with one sign, result with the other]"}
    tables["PosterizeIncreasing"] = [[level, 4 - int(level / 10 * 4), 4 - int(level / 10 * 4)] for level in LEVELS]
    for op in ENHANCERS:
        tables[op] = [[level, 1.0 + level / 10 * 0.9, 1.0 - level / 10 * 0.9] for level in LEVELS]
    for op, largest in LARGEST.items():
        tables[op] = [[level, level / 10 * largest, -(level / 10 * largest)] for level in LEVELS]
    return tables


def scalings(maker, every=8):
    slot = maker.tensors["lafs_view0.1"].permute(2, 0, 1)[:, ::every, ::every].float()
    maker.ops["normalized_half"] = {"op": f"float output of slot 1 of image 0: (v/255 - 0.5)/0.5, every {every}th row and column"}
    maker.tensors["normalized_half"] = (slot / 255 - 0.5) / 0.5
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    pixels = maker.sources["image0"][:, ::every, ::every].float()
    output = (pixels / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(deviation).view(3, 1, 1)
    maker.add("normalized_imagenet", "(v/255 - mean)/std", 0, output, mean=mean, std=deviation)


def augment(folder, rng, side=96, sizes=(96, 40, 64), views=5):
    pictures = faces(2, side, side, rng)
    low_contrast = (pictures[1].float() * 0.3 + 90).to(torch.uint8)
    maker = Maker(pictures, low_contrast, faces(1, 140, 140, rng)[0], rng)
    crops(maker, side, sizes)
    single_steps(maker)
    chains(maker, side, views)
    evaluation_resize(maker, 140, 90, 77)
    tensor_operations(maker, side)
    rand_augment(maker)
    scalings(maker)
    settings = {"layout": "HWC uint8 RGB unless the entry says CHW", "ops": maker.ops, "randaugment_level_to_argument": level_tables()}
    write_settings(folder / "augment.json", settings)
    write_tensors(folder / "augment.safetensors", maker.tensors)
