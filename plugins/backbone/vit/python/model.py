"""The vision transformer of DINO (Caron et al. 2021), whose learned positions are interpolated to any size of picture."""

import math

import torch
from torch import nn
from torch.nn import functional

from drop_path import DropPath

SIZES = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12)}  # width, blocks, heads


class Attention(nn.Module):
    def __init__(self, dim, heads, bias, dropout):
        super().__init__()
        self.heads, self.dropout = heads, nn.Dropout(dropout)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=bias), nn.Linear(dim, dim)

    def forward(self, x):  # [B,N,D], same shape
        parts = self.qkv(x).view(x.shape[0], x.shape[1], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        out = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        return self.dropout(self.proj(out.transpose(1, 2).flatten(2)))


class FeedForward(nn.Module):
    def __init__(self, dim, hidden, dropout):
        super().__init__()
        self.fc1, self.fc2, self.dropout = nn.Linear(dim, hidden), nn.Linear(hidden, dim), nn.Dropout(dropout)

    def forward(self, x):
        return self.dropout(self.fc2(self.dropout(functional.gelu(self.fc1(x)))))


class Block(nn.Module):
    def __init__(self, dim, heads, options, drop_path):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, options["eps"]), nn.LayerNorm(dim, options["eps"])
        self.attn = Attention(dim, heads, options["qkv_bias"], options["dropout"])
        self.mlp = FeedForward(dim, int(dim * options["mlp_ratio"]), options["dropout"])
        self.path = DropPath(drop_path)

    def forward(self, x):
        x = x + self.path(self.attn(self.norm1(x)))
        return x + self.path(self.mlp(self.norm2(x)))


def cubic(distance):
    """The kernel of a cubic convolution with A = -0.75."""
    a, x = -0.75, abs(distance)
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2 else 0.0


def resampling(before, after, offset):
    """[after,before]: what each old position gives to each new one. The factor (after + offset) / before places the new ones."""
    out, scale = torch.zeros(after, before, dtype=torch.float64), (after + offset) / before
    for new in range(after):
        source = (new + 0.5) / scale - 0.5
        left = math.floor(source)
        for tap in range(left - 1, left + 3):
            out[new, min(max(tap, 0), before - 1)] += cubic(source - tap)
    return out.float()


class PatchEmbedding(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)

    def forward(self, images):  # [B,3,H,W] to [B,N,D]
        return self.proj(images).flatten(2).transpose(1, 2)


class Backbone(nn.Module):
    def __init__(self, options, contract):
        super().__init__()
        dim, depth, heads = SIZES.get(options["size"]) or (options["dim"], options["depth"], options["heads"])
        self.patch, self.offset = options["patch"], options["position_offset"]
        # Quirk M14: the table of positions is for pictures of 224 pixels, whatever the input is; 0 stands for the input's side.
        self.side = (options["img_size"] or contract["height"]) // self.patch
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, self.side**2 + 1, dim))
        self.patch_embed = PatchEmbedding(dim, self.patch)
        self.dropout = nn.Dropout(options["dropout"])
        rates = [options["drop_path"] * block / max(1, depth - 1) for block in range(depth)]
        self.blocks = nn.ModuleList([Block(dim, heads, options, rate) for rate in rates])
        self.norm = nn.LayerNorm(dim, options["eps"])

    def positions(self, height, width):
        """[1,1+N,D] for pictures of that size, the class token's row first."""
        rows, columns, side = height // self.patch, width // self.patch, self.side
        if height == width and rows * columns == side**2:
            return self.pos_embed
        down, across = (resampling(side, to, self.offset).to(self.pos_embed.device) for to in (rows, columns))
        table = self.pos_embed[0, 1:].view(side, side, -1)
        tall = torch.einsum("ry,yxd->rxd", down, table)
        wide = torch.einsum("cx,rxd->rcd", across, tall).reshape(1, rows * columns, -1)
        return torch.cat([self.pos_embed[:, :1], wide], 1)

    def forward(self, images):
        """[B,3,H,W] to embeddings [B,D]."""
        x = torch.cat([self.cls_token.expand(images.shape[0], -1, -1), self.patch_embed(images)], 1)
        x = self.dropout(x + self.positions(images.shape[2], images.shape[3]))
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 0]
