"""Names and shapes of the published networks' tensors, written from docs/spec/models.md 13 alone."""

import collections

# Blocks of the landmark CNN: in, kernel, expanded, out, squeeze-and-excite (models.md 3.1).
CNN = ((16, 3, 16, 16, 0), (16, 3, 64, 24, 0), (24, 3, 72, 24, 0), (24, 5, 72, 40, 1), (40, 5, 120, 40, 1), (40, 5, 120, 40, 1),
       (40, 3, 240, 80, 0), (80, 3, 200, 80, 0), (80, 3, 184, 80, 0), (80, 3, 184, 80, 0), (80, 3, 480, 112, 1), (112, 3, 672, 112, 1),
       (112, 5, 672, 160, 1), (160, 5, 960, 160, 1), (160, 5, 960, 160, 1))
PEOPLE = {"webface4m": 205990, "ms1mv3": 93431}
FULL = {"dim": 768, "inner": 704, "mlp": 2048, "bottleneck": 256, "hidden": 2048, "outputs": {"lafs": 100000, "dino": 65536}}
SMALL = {"dim": 24, "inner": 64, "mlp": 48, "bottleneck": 4, "hidden": 16, "outputs": {"lafs": 100000, "dino": 65536}}


def norm(prefix, channels):
    names = ("weight", "bias", "running_mean", "running_var")
    return [(f"{prefix}.{name}", (channels,)) for name in names] + [(f"{prefix}.num_batches_tracked", ())]


def landmark_cnn():
    out = [("stn.features.0.0.weight", (16, 3, 3, 3))] + norm("stn.features.0.1", 16)
    for number, (inputs, kernel, wide, outputs, squeeze) in enumerate(CNN, 1):
        conv = f"stn.features.{number}.conv"
        out += [(f"{conv}.0.weight", (wide, inputs, 1, 1))] + norm(f"{conv}.1", wide)
        out += [(f"{conv}.3.weight", (wide, 1, kernel, kernel))] + norm(f"{conv}.4", wide)
        if squeeze:
            out += [(f"{conv}.5.fc.0.weight", (wide // 4, wide)), (f"{conv}.5.fc.2.weight", (wide, wide // 4))]
        out += [(f"{conv}.7.weight", (outputs, wide, 1, 1))] + norm(f"{conv}.8", outputs)
    return out + [("output_layer.1.weight", (392, 160)), ("output_layer.1.bias", (392,))]


def fvit(sizes, landmarks, classes):
    """Tensors of an fViT or a Part-fViT in the order of the published state dict; `classes` 0: no class matrix."""
    dim, inner, mlp = sizes["dim"], sizes["inner"], sizes["mlp"]
    out = [("pos_embedding", (1, 197, dim)), ("cls_token", (1, 1, dim))] + (landmark_cnn() if landmarks else [])
    out += [("patch_to_embedding.weight", (dim, 192)), ("patch_to_embedding.bias", (dim,))]
    for block in range(12):
        attention, forward = (f"transformer.layers.{block}.{i}.fn" for i in (0, 1))
        out += [(f"{attention}.norm.weight", (dim,)), (f"{attention}.norm.bias", (dim,)), (f"{attention}.fn.to_qkv.weight", (3 * inner, dim)),
                (f"{attention}.fn.to_out.0.weight", (dim, inner)), (f"{attention}.fn.to_out.0.bias", (dim,)),
                (f"{forward}.norm.weight", (dim,)), (f"{forward}.norm.bias", (dim,)),
                (f"{forward}.fn.net.0.weight", (mlp, dim)), (f"{forward}.fn.net.0.bias", (mlp,)),
                (f"{forward}.fn.net.3.weight", (dim, mlp)), (f"{forward}.fn.net.3.bias", (dim,))]
    out += [("mlp_head.0.weight", (dim,)), ("mlp_head.0.bias", (dim,))]
    return collections.OrderedDict(out + ([("loss.weight", (classes, dim))] if classes else []))


def head(sizes, outputs):
    dim, hidden, narrow = sizes["dim"], sizes["hidden"], sizes["bottleneck"]
    return collections.OrderedDict([
        ("mlp.0.weight", (hidden, dim)), ("mlp.0.bias", (hidden,)), ("mlp.2.weight", (hidden, hidden)), ("mlp.2.bias", (hidden,)),
        ("mlp.4.weight", (narrow, hidden)), ("mlp.4.bias", (narrow,)), ("last_layer.weight_g", (outputs, 1)),
        ("last_layer.weight_v", (outputs, narrow))])


def check_value(shapes):
    """FNV-1a of a list of names and shapes (models.md 13.10)."""
    value = 0x811C9DC5
    text = "".join(f"{key} {'x'.join(map(str, shape)) or '-'}\n" for key, shape in shapes.items())
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return len(shapes), len(text), value


assert check_value(fvit(FULL, False, 0)) == (138, 6252, 0x7CA9B097)
assert check_value(fvit(FULL, True, 0)) == (432, 17312, 0x362E8C95)
