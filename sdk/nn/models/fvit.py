"""The transformer of fViT and Part-fViT, with the names of tensors that the reference's files have."""

import torch
from torch import nn
from torch.nn import functional

from drop_path import DropPath


class Attention(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.heads, self.dim_head = options["heads"], options["dim_head"]
        inner = self.heads * self.dim_head
        # Quirk M1: the reference scales the logits by the width of a token, not by that of a head.
        width = {"width": options["dim"], "head": self.dim_head}[options["attention_scale"]]
        self.scale = width**-0.5
        self.to_qkv = nn.Linear(options["dim"], 3 * inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, options["dim"]), nn.Dropout(options["dropout"]))

    def forward(self, x):  # [B,N,D], same shape
        parts = self.to_qkv(x).view(x.shape[0], x.shape[1], 3, self.heads, self.dim_head).permute(2, 0, 3, 1, 4)
        out = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], scale=self.scale)
        return self.to_out(out.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self, options):
        super().__init__()
        dim, hidden, rate = options["dim"], options["mlp_dim"], options["dropout"]
        self.net = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(rate), nn.Linear(hidden, dim), nn.Dropout(rate))

    def forward(self, x):
        return self.net(x)


class Normed(nn.Module):
    """function(norm(x))"""

    def __init__(self, dim, function):
        super().__init__()
        self.norm, self.fn = nn.LayerNorm(dim), function

    def forward(self, x):
        return self.fn(self.norm(x))


class Branch(nn.Module):
    """x + function(norm(x))"""

    def __init__(self, dim, function, drop_path):
        super().__init__()
        self.fn, self.path = Normed(dim, function), DropPath(drop_path)

    def forward(self, x):
        return x + self.path(self.fn(x))


class Transformer(nn.Module):
    def __init__(self, options):
        super().__init__()
        depth, self.layers = options["depth"], nn.ModuleList()
        for block in range(depth):
            # Quirk M9: the same rate in every block, or one that grows with depth.
            growing = options["drop_path_schedule"] == "linear" and depth > 1
            rate = options["drop_path"] * (block / (depth - 1) if growing else 1)
            parts = Attention(options), FeedForward(options)
            self.layers.append(nn.ModuleList([Branch(options["dim"], part, rate) for part in parts]))

    def forward(self, x):
        for attention, feed_forward in self.layers:
            x = feed_forward(attention(x))
        return x


class Fvit(nn.Module):
    """Tokens of patches, a class token, learned positions that are never interpolated, and a transformer (Sun et al. 2024)."""

    def __init__(self, options, contract):
        super().__init__()
        self.patch, self.pool, dim = options["patch"], options["pool"], options["dim"]
        patches = options["num_patches"] or (contract["height"] // self.patch) * (contract["width"] // self.patch)
        self.pos_embedding = nn.Parameter(torch.zeros(1, patches + 1, dim))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.patch_to_embedding = nn.Linear(3 * self.patch**2, dim)
        self.dropout = nn.Dropout(options["emb_dropout"])
        self.transformer = Transformer(options)
        self.mlp_head = nn.Sequential(nn.LayerNorm(dim))
        if options["class_head"] > 0:  # Quirk M11: a class matrix that no embedding uses.
            self.loss = nn.Linear(dim, options["class_head"], bias=False)

    def tokens(self, images):
        """Patches [B,N,3*p*p], row by row; in a token the channel runs fastest, then the column, then the row."""
        b, c, height, width = images.shape
        rows, columns, p = height // self.patch, width // self.patch, self.patch
        return images.view(b, c, rows, p, columns, p).permute(0, 2, 4, 3, 5, 1).reshape(b, rows * columns, p * p * c)

    def forward(self, images):
        """[B,3,H,W] to embeddings [B,D]."""
        x = self.patch_to_embedding(self.tokens(images))
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1)
        # Quirk M6: positions are the first rows of the table, whatever the tokens show.
        x = self.transformer(self.dropout(x + self.pos_embedding[:, : x.shape[1]]))
        return self.mlp_head(x[:, 0] if self.pool == "cls" else x.mean(1))
