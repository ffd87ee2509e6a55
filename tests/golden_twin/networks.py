"""The networks of models.md as functions of a dict of tensors. Names and order of the tensors are those of a state dict (models.md 13)."""

import math

import torch
import torch.nn.functional as F

SPAN = 111.0  # largest landmark coordinate, whatever the picture's size (models.md 4)

# Trunk of the landmark CNN, blocks 1 to 15 (models.md 3.1): in, kernel, expanded, out, squeeze-excite, hard swish, stride.
TRUNK = [
    (16, 3, 16, 16, 0, 0, 1), (16, 3, 64, 24, 0, 0, 2), (24, 3, 72, 24, 0, 0, 1), (24, 5, 72, 40, 1, 0, 2), (40, 5, 120, 40, 1, 0, 1),
    (40, 5, 120, 40, 1, 0, 1), (40, 3, 240, 80, 0, 1, 2), (80, 3, 200, 80, 0, 1, 1), (80, 3, 184, 80, 0, 1, 1), (80, 3, 184, 80, 0, 1, 1),
    (80, 3, 480, 112, 1, 1, 1), (112, 3, 672, 112, 1, 1, 1), (112, 5, 672, 160, 1, 1, 2), (160, 5, 960, 160, 1, 1, 1),
    (160, 5, 960, 160, 1, 1, 1),
]  # fmt: skip
TRUNK_WIDTH = 160


# --- Shapes: dicts of name to shape, in the order of the state dict -------------------------------------------------------------------


def linear_shapes(name, width_in, width_out, bias=True):
    shapes = {f"{name}.weight": (width_out, width_in)}
    if bias:
        shapes[f"{name}.bias"] = (width_out,)
    return shapes


def norm_shapes(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def batch_norm_shapes(name, width):
    return {**norm_shapes(name, width), f"{name}.running_mean": (width,), f"{name}.running_var": (width,), f"{name}.num_batches_tracked": ()}


def fvit_shapes(s, landmarks=False):
    """models.md 13.1; with `landmarks` 13.2."""
    dim, inner = s["dim"], s["heads"] * s["dim_head"]
    patches = (s["image"] // s["patch"]) ** 2
    shapes = {"pos_embedding": (1, patches + 1, dim), "cls_token": (1, 1, dim)}
    if landmarks:
        shapes |= landmark_cnn_shapes(patches)
    shapes |= linear_shapes("patch_to_embedding", 3 * s["patch"] ** 2, dim)
    for layer in range(s["depth"]):
        attention, forward = (f"transformer.layers.{layer}.{part}.fn" for part in (0, 1))
        shapes |= norm_shapes(f"{attention}.norm", dim)
        shapes |= linear_shapes(f"{attention}.fn.to_qkv", dim, 3 * inner, bias=False)
        shapes |= linear_shapes(f"{attention}.fn.to_out.0", inner, dim)
        shapes |= norm_shapes(f"{forward}.norm", dim)
        shapes |= linear_shapes(f"{forward}.fn.net.0", dim, s["mlp_dim"])
        shapes |= linear_shapes(f"{forward}.fn.net.3", s["mlp_dim"], dim)
    shapes |= norm_shapes("mlp_head.0", dim)
    if s.get("num_class"):
        shapes["loss.weight"] = (s["num_class"], dim)
    return shapes


def landmark_cnn_shapes(landmarks):
    """models.md 13.3 and the layer that makes coordinates of the features."""
    shapes = {"stn.features.0.0.weight": (16, 3, 3, 3)} | batch_norm_shapes("stn.features.0.1", 16)
    for number, (width_in, kernel, expanded, width_out, squeeze, _, _) in enumerate(TRUNK, 1):
        conv = f"stn.features.{number}.conv"
        shapes[f"{conv}.0.weight"] = (expanded, width_in, 1, 1)
        shapes |= batch_norm_shapes(f"{conv}.1", expanded)
        shapes[f"{conv}.3.weight"] = (expanded, 1, kernel, kernel)
        shapes |= batch_norm_shapes(f"{conv}.4", expanded)
        if squeeze:
            shapes |= linear_shapes(f"{conv}.5.fc.0", expanded, expanded // 4, bias=False)
            shapes |= linear_shapes(f"{conv}.5.fc.2", expanded // 4, expanded, bias=False)
        shapes[f"{conv}.7.weight"] = (width_out, expanded, 1, 1)
        shapes |= batch_norm_shapes(f"{conv}.8", width_out)
    return shapes | linear_shapes("output_layer.1", TRUNK_WIDTH, 2 * landmarks)


def vit_shapes(s):
    """models.md 13.6."""
    dim, patch, hidden = s["embed_dim"], s["patch_size"], s["embed_dim"] * s["mlp_ratio"]
    patches = (s["img_size"] // patch) ** 2
    shapes = {"cls_token": (1, 1, dim), "pos_embed": (1, patches + 1, dim), "patch_embed.proj.weight": (dim, 3, patch, patch),
              "patch_embed.proj.bias": (dim,)}  # fmt: skip
    for layer in range(s["depth"]):
        block = f"blocks.{layer}"
        shapes |= norm_shapes(f"{block}.norm1", dim)
        shapes |= linear_shapes(f"{block}.attn.qkv", dim, 3 * dim, bias=s["qkv_bias"])
        shapes |= linear_shapes(f"{block}.attn.proj", dim, dim)
        shapes |= norm_shapes(f"{block}.norm2", dim)
        shapes |= linear_shapes(f"{block}.mlp.fc1", dim, hidden) | linear_shapes(f"{block}.mlp.fc2", hidden, dim)
    return shapes | norm_shapes("norm", dim)


def head_shapes(width, hidden, bottleneck, outputs):
    """models.md 13.5."""
    shapes = linear_shapes("mlp.0", width, hidden) | linear_shapes("mlp.2", hidden, hidden) | linear_shapes("mlp.4", hidden, bottleneck)
    return shapes | {"last_layer.weight_g": (outputs, 1), "last_layer.weight_v": (outputs, bottleneck)}


def part(tensors, prefix):
    """The tensors below a prefix, without it."""
    return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}  # fmt: skip


# --- Layers ---------------------------------------------------------------------------------------------------------------------------


def linear(p, name, x):
    return F.linear(x, p[f"{name}.weight"], p.get(f"{name}.bias"))


def layer_norm(p, name, x, eps):
    return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"], eps)


def attention_rows(q, k, scale):
    return (scale * q @ k.transpose(-1, -2)).softmax(-1)


def heads_of(qkv, heads):
    """[B,N,3*inner] to q, k, v of [B,heads,N,inner/heads]; the head runs slowest within an inner."""
    batch, tokens, _ = qkv.shape
    return qkv.view(batch, tokens, 3, heads, -1).permute(2, 0, 3, 1, 4)


# --- fViT (models.md 2) ---------------------------------------------------------------------------------------------------------------


def cut_tokens(images, patch):
    """Row by row; inside a token the channel runs fastest, then the column (models.md 2.3)."""
    batch, channels, height, width = images.shape
    tiles = images.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return tiles.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, patch * patch * channels)


def fvit_sequence(p, tokens):
    x = linear(p, "patch_to_embedding", tokens)
    x = torch.cat([p["cls_token"].expand(x.shape[0], -1, -1), x], 1)
    return x + p["pos_embedding"][:, : x.shape[1]]


def fvit_block(p, layer, x, heads):
    name = f"transformer.layers.{layer}"
    dim = x.shape[-1]
    q, k, v = heads_of(linear(p, f"{name}.0.fn.fn.to_qkv", layer_norm(p, f"{name}.0.fn.norm", x, 1e-5)), heads)
    mixed = attention_rows(q, k, dim**-0.5) @ v  # by the model's width, not the head's (quirk M1)
    x = linear(p, f"{name}.0.fn.fn.to_out.0", mixed.transpose(1, 2).flatten(2)) + x
    hidden = F.gelu(linear(p, f"{name}.1.fn.fn.net.0", layer_norm(p, f"{name}.1.fn.norm", x, 1e-5)))
    return linear(p, f"{name}.1.fn.fn.net.3", hidden) + x


def fvit(p, s, tokens):
    x = fvit_sequence(p, tokens)
    for layer in range(s["depth"]):
        x = fvit_block(p, layer, x, s["heads"])
    return layer_norm(p, "mlp_head.0", x[:, 0], 1e-5)


# --- Landmarks (models.md 3 to 5) -----------------------------------------------------------------------------------------------------


def batch_norm(p, name, x, training):
    """In training the running statistics of `p` move (momentum 0.1), and the batch's own are used."""
    if training:
        p[f"{name}.num_batches_tracked"] += 1
    return F.batch_norm(x, p[f"{name}.running_mean"], p[f"{name}.running_var"], p[f"{name}.weight"], p[f"{name}.bias"], training, 0.1, 1e-5)


def hard_sigmoid(x):
    return (x + 3).clamp(0, 6) / 6


def trunk_block(p, number, x, training):
    width_in, kernel, expanded, width_out, squeeze, swish, stride = TRUNK[number - 1]
    conv = f"stn.features.{number}.conv"
    bend = (lambda y: y * hard_sigmoid(y)) if swish else F.relu
    y = bend(batch_norm(p, f"{conv}.1", F.conv2d(x, p[f"{conv}.0.weight"]), training))
    y = F.conv2d(y, p[f"{conv}.3.weight"], stride=stride, padding=kernel // 2, groups=expanded)
    y = batch_norm(p, f"{conv}.4", y, training)
    if squeeze:  # before the second bend (quirk M8)
        gate = linear(p, f"{conv}.5.fc.2", F.relu(linear(p, f"{conv}.5.fc.0", y.mean((2, 3)))))
        y = y * hard_sigmoid(gate)[:, :, None, None]
    y = batch_norm(p, f"{conv}.8", F.conv2d(bend(y), p[f"{conv}.7.weight"]), training)
    return x + y if stride == 1 and width_in == width_out else y


def trunk(p, images, training=False):
    x = F.conv2d(images, p["stn.features.0.0.weight"], stride=2, padding=1)
    x = batch_norm(p, "stn.features.0.1", x, training)
    x = x * hard_sigmoid(x)
    for number in range(1, len(TRUNK) + 1):
        x = trunk_block(p, number, x, training)
    return x


def stretched(raw):
    """[B,2L] to landmarks [B,L,(x, y)] in pixels: x and y together from 0 to SPAN (quirk M5)."""
    low, high = raw.amin(1, keepdim=True), raw.amax(1, keepdim=True)
    return ((raw - low) / (high - low) * SPAN).view(raw.shape[0], -1, 2)


def landmarks(p, images):
    return stretched(linear(p, "output_layer.1", trunk(p, images).mean((2, 3))))


def gather(images, places, patch):
    """Tokens at landmarks: patches read off-centre and transposed (models.md 5; quirks M3, M4)."""
    batch, count, _ = places.shape
    half = images.shape[-1] / 2
    offsets = torch.arange(patch, dtype=places.dtype) - patch / 2
    x = ((places[..., 0, None] + offsets) / half - 1)[..., :, None].expand(batch, count, patch, patch)
    y = ((places[..., 1, None] + offsets) / half - 1)[..., None, :].expand(batch, count, patch, patch)
    grid = torch.stack([x, y], -1).reshape(batch, count * patch, patch, 2)
    patches = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return patches.view(batch, images.shape[1], count, patch, patch).permute(0, 2, 3, 4, 1).reshape(batch, count, -1)


# --- DINO's transformer and head (models.md 9, 10) ------------------------------------------------------------------------------------


def vit_positions(p, s, height, width):
    """The table, resampled where the picture has another size: bicubic, the sides' scale with 0.1 added."""
    table, patch = p["pos_embed"], s["patch_size"]
    side = math.isqrt(table.shape[1] - 1)
    rows, columns = height // patch, width // patch
    if rows * columns == side * side and height == width:
        return table
    grid = table[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    scale = ((rows + 0.1) / side, (columns + 0.1) / side)
    grid = F.interpolate(grid, scale_factor=scale, mode="bicubic", align_corners=False)
    assert grid.shape[2:] == (rows, columns)
    return torch.cat([table[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], 1)


def vit_blocks(p, s, images):
    """Sequences after every block, and the attention of the last."""
    eps, heads = s["layer_norm_eps"], s["heads"]
    x = F.conv2d(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=s["patch_size"]).flatten(2).transpose(1, 2)
    x = torch.cat([p["cls_token"].expand(x.shape[0], -1, -1), x], 1) + vit_positions(p, s, *images.shape[2:])
    after, rows = [], None
    for layer in range(s["depth"]):
        block = f"blocks.{layer}"
        q, k, v = heads_of(linear(p, f"{block}.attn.qkv", layer_norm(p, f"{block}.norm1", x, eps)), heads)
        rows = attention_rows(q, k, q.shape[-1] ** -0.5)
        x = x + linear(p, f"{block}.attn.proj", (rows @ v).transpose(1, 2).flatten(2))
        hidden = F.gelu(linear(p, f"{block}.mlp.fc1", layer_norm(p, f"{block}.norm2", x, eps)))
        x = x + linear(p, f"{block}.mlp.fc2", hidden)
        after.append(x)
    return after, rows


def vit_class(p, s, sequence):
    return layer_norm(p, "norm", sequence, s["layer_norm_eps"])[:, 0]


def vit(p, s, images):
    return vit_class(p, s, vit_blocks(p, s, images)[0][-1])


def head(p, x):
    x = linear(p, "mlp.4", F.gelu(linear(p, "mlp.2", F.gelu(linear(p, "mlp.0", x)))))
    prototypes = p["last_layer.weight_g"] * p["last_layer.weight_v"] / p["last_layer.weight_v"].norm(dim=1, keepdim=True)
    return F.linear(F.normalize(x, dim=-1, eps=1e-12), prototypes)
