"""A network that lafs trained, for PyTorch: backbone "BACKBONE_NAME", embeddings of EMBEDDING_WIDTH numbers.

    import model

    network = model.load()                                           # a torch.nn.Module in evaluation mode
    embeddings = model.embed(network, ["one.jpg", "another.jpg"])    # [2,EMBEDDING_WIDTH], the numbers of `lafs embed`

`python model.py PICTURE...` prints the first numbers of embeddings. Pictures are faces, cut out and aligned as those that the network was
trained on: nothing here looks for a face. The files beside this one:

    model.safetensors    the weights; load() accepts no missing and no additional tensor
    config.json          the backbone, every option of it, and the training that the weights come from
    input.json           what the network is fed: size, order of colours, mean and std of v/255, alignment, flip rule

Written by `lafs export --python`.
"""

import json
import math
import pathlib
import sys

import torch
from backbone import Backbone

HERE = pathlib.Path(__file__).resolve().parent


def load(folder=HERE, device="cpu"):
    """The network with its weights. What it is fed is its member `contract`, the content of input.json."""
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise ImportError("model.safetensors is read by the package safetensors: pip install safetensors") from None
    folder = pathlib.Path(folder)
    contract = json.loads((folder / "input.json").read_text())
    network = Backbone(json.loads((folder / "config.json").read_text())["options"], contract)
    network.load_state_dict(load_file(folder / "model.safetensors"), strict=True)
    network.contract = contract
    return network.eval().to(device)


def resampled(values, size, interpolation):
    """[...,N] to [...,size]: each new value is a weighted mean of those around its place, of more of them where there will be fewer."""

    def weight(x):  # at a distance from the middle: a triangle, or Keys' cubic with a = -0.5
        if interpolation == "bilinear":
            return max(0.0, 1 - x)
        return (1.5 * x - 2.5) * x * x + 1 if x < 1 else ((-0.5 * x + 2.5) * x - 4) * x + 2 if x < 2 else 0.0

    before, scale = values.shape[-1], values.shape[-1] / size
    stretch = max(1.0, scale)
    reach = (1 if interpolation == "bilinear" else 2) * stretch
    taps = 2 * math.ceil(reach) + 1
    places, weights = torch.zeros(size, taps, dtype=torch.int64), torch.zeros(size, taps)
    for new in range(size):
        middle = (new + 0.5) * scale
        near = range(max(0, math.floor(middle - reach)), min(before, math.ceil(middle + reach)))
        heights = [weight(abs((old + 0.5 - middle) / stretch)) for old in near]
        total = sum(heights)
        for tap, (old, height) in enumerate(zip(near, heights)):
            places[new, tap], weights[new, tap] = old, height / total
    out = torch.zeros(*values.shape[:-1], size)
    for tap in range(places.shape[1]):  # in this order, so that the last bit is that of lafs
        out = out + weights[:, tap] * values[..., places[:, tap]]
    return out


def pixels(picture, contract):
    """A picture, as a file or a Pillow image, as the network sees it: [3,H,W]."""
    try:
        from PIL import Image
    except ImportError:
        raise ImportError("pictures are read by the package pillow: pip install pillow") from None
    if not isinstance(picture, Image.Image):
        with Image.open(picture) as file:
            picture = file.convert("RGB")
    picture = picture.convert("RGB")
    values = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(picture.height, picture.width, 3)
    values = values.permute(2, 0, 1).float()
    if values.shape[1:] != (contract["height"], contract["width"]):
        values = resampled(values, contract["width"], contract["interpolation"])
        values = resampled(values.transpose(1, 2), contract["height"], contract["interpolation"]).transpose(1, 2)
        values = values.round().clamp(0, 255)
    if contract["colour"] == "bgr":
        values = values.flip(0)
    mean, std = (torch.tensor(contract[name], dtype=torch.float32)[:, None, None] for name in ("mean", "std"))
    return (values / 255 - mean) / std


@torch.no_grad()
def embed(network, pictures, batch=32):
    """Embeddings [N,D] of pictures, each a file or a Pillow image, under the flip rule of input.json."""
    device, rows = next(network.parameters()).device, []
    for first in range(0, len(pictures), batch):
        images = torch.stack([pixels(picture, network.contract) for picture in pictures[first : first + batch]]).to(device)
        embeddings = network(images)
        if network.contract["flip"] == "sum":
            embeddings = embeddings + network(images.flip(-1))
        rows.append(embeddings.cpu())
    return torch.cat(rows)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python model.py PICTURE...")
    for name, row in zip(sys.argv[1:], embed(load(), sys.argv[1:])):
        print(f"{name}: {' '.join(f'{number:.5f}' for number in row[:6])} ... ({len(row)} numbers)")
