#!/usr/bin/env python3
"""A ResNet and a vision transformer of timm, traced and exported, give the embeddings of PyTorch through `torchscript` and `onnx`; the
transformer also by its weights through our `vit`. It needs a Python with torch, timm and onnx, and is not part of ctest:

    python tests/outside/timm_models.py --program build/bin/lafs

OpenCV 4.6 does not read the transformer as PyTorch exports it. `PlainVit` is the same network in operators that it reads.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import timm
import torch
from torch import nn

SIDE, PEOPLE, PICTURES = 112, 3, 4
TOLERANCE = 1e-4  # of the largest number of an embedding
INPUT = '{ flip = "none" }'

RECIPE = """[run]
epochs = 1
steps = 1
batch = 4
device = "cpu"
evaluate_every = 0

[data_source]
use = "image_folder"
root = "pictures"

[augmentation]
use = "face_supervised"

[input]
flip = "none"

[backbone]
use = "vit"
size = "tiny"
img_size = 112

[head]
use = "cosface"

[objective]
use = "identification"

[optimizer]
use = "adamw"
lr = 0
weight_decay = 0

[[init]]
into = "backbone"
from = "vit.pth"
map = "dino_backbone"
"""


class FullLinear(nn.Module):
    """A linear layer over [1,N,D] whose bias has a row for each token: OpenCV 4.6 adds and multiplies no [D] to [1,N,D]."""

    def __init__(self, weight, bias, tokens):
        super().__init__()
        self.weight = nn.Parameter(weight.t().clone())
        self.bias = nn.Parameter(bias.expand(1, tokens, -1).clone())

    def forward(self, x):
        return torch.matmul(x, self.weight) + self.bias


class FullNorm(nn.Module):
    """LayerNorm, written out, with a gain and a bias for each token."""

    def __init__(self, norm, tokens):
        super().__init__()
        self.gain = nn.Parameter(norm.weight.expand(1, tokens, -1).clone())
        self.bias = nn.Parameter(norm.bias.expand(1, tokens, -1).clone())
        self.eps = norm.eps

    def forward(self, x):
        x = x - x.mean(-1, keepdim=True)
        return x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.gain + self.bias


class PlainBlock(nn.Module):
    """A block of a transformer with queries, keys and values as three layers."""

    def __init__(self, block, tokens):
        super().__init__()
        qkv, width = block.attn.qkv, block.attn.proj.weight.shape[0]
        self.heads, self.scale, self.tokens = block.attn.num_heads, block.attn.scale, tokens
        self.norm1, self.norm2 = FullNorm(block.norm1, tokens), FullNorm(block.norm2, tokens)
        rows = [slice(i * width, (i + 1) * width) for i in range(3)]
        self.query, self.key, self.value = (FullLinear(qkv.weight[r], qkv.bias[r], tokens) for r in rows)
        self.out = FullLinear(block.attn.proj.weight, block.attn.proj.bias, tokens)
        self.first = FullLinear(block.mlp.fc1.weight, block.mlp.fc1.bias, tokens)
        self.second = FullLinear(block.mlp.fc2.weight, block.mlp.fc2.bias, tokens)

    def split(self, x):
        return x.reshape(1, self.tokens, self.heads, -1).transpose(1, 2)

    def forward(self, x):
        y = self.norm1(x)
        query, key, value = self.split(self.query(y)), self.split(self.key(y)), self.split(self.value(y))
        attention = torch.softmax(torch.matmul(query * self.scale, key.transpose(2, 3)), -1)
        x = x + self.out(torch.matmul(attention, value).transpose(1, 2).reshape(1, self.tokens, -1))
        y = self.first(self.norm2(x))
        return x + self.second(y * 0.5 * (1 + torch.erf(y * 0.5**0.5)))


class PlainVit(nn.Module):
    """A vision transformer of timm for one picture at a time."""

    def __init__(self, vit):
        super().__init__()
        tokens = vit.pos_embed.shape[1]
        self.cut, self.class_token, self.positions = vit.patch_embed.proj, vit.cls_token, vit.pos_embed
        self.blocks = nn.ModuleList([PlainBlock(block, tokens) for block in vit.blocks])
        self.norm = FullNorm(vit.norm, tokens)

    def forward(self, images):
        patches = self.cut(images)
        patches = patches.reshape(1, patches.shape[1], -1).transpose(1, 2)
        x = torch.cat([self.class_token, patches], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 0]


def varied(model):
    """Weights that no two tensors share, so that every one of them counts."""
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                gain = 1 if tensor.dim() == 1 and ("weight" in name or "var" in name) else 0
                tensor.copy_(torch.rand_like(tensor) * 0.1 + gain if "running" in name else torch.randn_like(tensor) * 0.03 + gain)
    return model.eval()


def write_pictures(folder):
    """Pictures of waves, a folder a person; returns them in the order of names, [n,112,112,3] bytes."""
    random, pictures = np.random.default_rng(1), []
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    for person in range(PEOPLE):
        at = folder / f"person_{person}"
        at.mkdir(parents=True)
        for number in range(PICTURES):
            planes = [np.sin(random.uniform(3, 30) * x + random.uniform(3, 30) * y + random.uniform(0, 6)) for _ in range(3)]
            picture = np.stack([plane * 100 + 127 for plane in planes], -1).astype(np.uint8)
            (at / f"{number}.ppm").write_bytes(b"P6\n%d %d\n255\n" % (SIDE, SIDE) + picture.tobytes())
            pictures.append(picture)
    return np.stack(pictures)


def lafs(program, *arguments, fails=False):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if (done.returncode != 0) != fails:
        sys.exit(f"{' '.join(map(str, arguments))}\nexit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stderr.strip()


def compared(name, features, wanted):
    """Prints how far features are from PyTorch's; true within the tolerance."""
    difference = np.abs(features - wanted).max() / np.abs(wanted).max()
    print(f"{name:34s} [{features.shape[0]},{features.shape[1]}]  largest difference {difference:.1e} of the largest number")
    return bool(difference <= TOLERANCE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    warnings.filterwarnings("ignore")
    timm.layers.set_fused_attn(False)
    torch.manual_seed(0)
    print(f"torch {torch.__version__}, timm {timm.__version__}")
    with tempfile.TemporaryDirectory() as scratch:
        folder, right = pathlib.Path(scratch), True
        pictures = write_pictures(folder / "pictures")
        images = (torch.tensor(pictures).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
        one, options = images[:1], {"dynamo": False, "input_names": ["images"], "output_names": ["embedding"]}

        def features(model, *more):
            lafs(program, "embed", model, folder / "pictures", "--out", folder / "f.npy", "--force", "--device", "cpu", "--quiet", *more)
            return np.load(folder / "f.npy")

        for name, arguments in ("resnet18", {}), ("vit_tiny_patch16_224", {"img_size": SIDE}):
            model = varied(timm.create_model(name, pretrained=False, num_classes=0, **arguments))
            with torch.no_grad():
                wanted = model(images).numpy()
                torch.jit.trace(model, one).save(str(folder / "model.pt"))
                torch.onnx.export(model, one, str(folder / "model.onnx"), opset_version=13, **options)
            right &= compared(f"{name}, torchscript", features(folder / "model.pt", "--input", INPUT), wanted)
            if name == "resnet18":
                right &= compared(f"{name}, onnx", features(folder / "model.onnx", "--input", INPUT), wanted)
                continue
            said = lafs(program, "embed", folder / "model.onnx", folder / "pictures", "--out", folder / "g.npy", "--device", "cpu",
                        "--quiet", "--input", INPUT, fails=True)
            print(f"{name}, as exported: {said.replace(str(folder) + '/', '')}")
            for opset in 11, 13:
                with torch.no_grad():
                    torch.onnx.export(PlainVit(model).eval(), one, str(folder / "plain.onnx"), opset_version=opset, **options)
                right &= compared(f"PlainVit, onnx, opset {opset}", features(folder / "plain.onnx", "--input", INPUT), wanted)
            torch.save(model.state_dict(), folder / "vit.pth")
            (folder / "vit.toml").write_text(RECIPE)
            lafs(program, "run", folder / "vit.toml", "--out", folder / "run", "--quiet")
            weights = json.loads((folder / "run" / "weights.json").read_text())
            right &= compared(f"{name}, weights into vit", features(folder / "run"), wanted)
            print(f"  {json.dumps(weights)[:160]}")
        print("the same embeddings everywhere" if right else f"a difference is above {TOLERANCE}")
        return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
