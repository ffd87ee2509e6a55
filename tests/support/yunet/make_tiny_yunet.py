"""Writes tiny_yunet.onnx: a network with the inputs and outputs of OpenCV's YuNet of 2022, which takes bright squares for faces.

    python3 make_tiny_yunet.py tiny_yunet.onnx

Four levels of 8, 16, 32 and 64 pixels with 3, 2, 2 and 3 anchors. At each place of the first level the first anchor's confidence is the mean
brightness of the square; everything else is constant: no other anchor sees a face, boxes are the anchors themselves, and the five points lie at
tenths of the anchor's size from its centre.
"""

import struct
import sys

ANCHORS = {8: 3, 16: 2, 32: 2, 64: 3}
# What YuNet's "loc" says: shift and growth of the box, then x and y of five points, each in tenths of the anchor's size.
LOC = [0.0, 0.0, 0.0, 0.0, -2.0, -2.0, 2.0, -2.0, 0.0, 0.0, -1.5, 2.0, 1.5, 2.0]


def varint(value):
    out = b""
    while True:
        value, low = value >> 7, value & 127
        out += bytes([low | (128 if value else 0)])
        if not value:
            return out


def field(number, value):
    """A field of a message: an integer, or bytes or text with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (2**64 - 1))
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, shape, values, integers=False):
    raw = struct.pack(f"<{len(values)}{'q' if integers else 'f'}", *values)
    return b"".join(field(1, size) for size in shape) + field(2, 7 if integers else 1) + field(8, name) + field(9, raw)


def attribute(name, value):
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    return field(1, name) + b"".join(field(8, item) for item in value) + field(20, 7)


def node(kind, inputs, output, **attributes):
    out = b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, f"{kind}_{output}") + field(4, kind)
    return out + b"".join(field(5, attribute(name, value)) for name, value in attributes.items())


def value_info(name, shape):
    sizes = b"".join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, sizes)))


def level(side, anchors, nodes, weights):
    """Outputs of one level: class probabilities, boxes and points, overlaps; each [1, places * anchors, width]."""
    pooled = f"pooled_{side}"
    nodes.append(node("AveragePool", ["input"], pooled, kernel_shape=[side, side], strides=[side, side]))
    names = []
    for what, width in (("conf", 2), ("loc", 14), ("iou", 1)):
        channels = anchors * width
        kernel, bias = [0.0] * (channels * 3), [0.0] * channels
        for anchor in range(anchors):
            if what == "conf":
                bright = side == 8 and anchor == 0
                bias[anchor * 2] = 0.0 if bright else 1.0
                kernel[(anchor * 2 + 1) * 3 : (anchor * 2 + 2) * 3] = [1 / 765 if bright else 0.0] * 3
            elif what == "loc":
                bias[anchor * 14 : anchor * 14 + 14] = LOC
            else:
                bias[anchor] = 1.0
        name = f"{what}_{side}"
        weights += [tensor(f"{name}_w", [channels, 3, 1, 1], kernel), tensor(f"{name}_b", [channels], bias)]
        weights.append(tensor(f"{name}_shape", [3], [1, -1, width], integers=True))
        nodes.append(node("Conv", [pooled, f"{name}_w", f"{name}_b"], f"{name}_map", kernel_shape=[1, 1]))
        nodes.append(node("Transpose", [f"{name}_map"], f"{name}_last", perm=[0, 2, 3, 1]))
        nodes.append(node("Reshape", [f"{name}_last", f"{name}_shape"], name))
        names.append(name)
    return names


def main():
    nodes, weights = [], []
    levels = [level(side, anchors, nodes, weights) for side, anchors in ANCHORS.items()]
    for what, names in zip(("conf", "loc", "iou"), zip(*levels)):
        nodes.append(node("Concat", names, what, axis=1))
    graph = b"".join(field(1, one) for one in nodes) + field(2, "tiny_yunet") + b"".join(field(5, one) for one in weights)
    graph += field(11, value_info("input", [1, 3, 128, 128]))
    places = sum((128 // side) ** 2 * anchors for side, anchors in ANCHORS.items())
    graph += b"".join(field(12, value_info(what, [1, places, width])) for what, width in (("loc", 14), ("conf", 2), ("iou", 1)))
    model = field(1, 6) + field(2, "lafs") + field(7, graph) + field(8, field(1, "") + field(2, 11))
    with open(sys.argv[1], "wb") as out:
        out.write(model)


if __name__ == "__main__":
    main()
