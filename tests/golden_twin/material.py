"""What every twin starts from: drawn faces, first weights, and the files they are written to."""

import json
import math
import struct

import torch

DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.int64: "I64", torch.int16: "I16", torch.uint8: "U8",
          torch.bool: "BOOL"}  # fmt: skip


def write_tensors(file, tensors):
    """A safetensors file: the length of a JSON header, the header, the bytes."""
    header, end = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            out.write(tensor.detach().contiguous().numpy().tobytes())


def read_tensors(file):
    """The same, read; what is stored in fp16 comes in fp32."""
    data = bytearray(file.read_bytes())
    (size,) = struct.unpack_from("<Q", data)
    dtypes = {name: dtype for dtype, name in DTYPES.items()}
    tensors = {}
    for name, info in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        first, end = (8 + size + offset for offset in info["data_offsets"])
        tensor = torch.frombuffer(bytearray(data[first:end]), dtype=dtypes[info["dtype"]]).reshape(info["shape"])
        tensors[name] = tensor.float() if tensor.dtype == torch.float16 else tensor
    return tensors


def write_settings(file, settings):
    """One top-level key a line, as in the golden sets."""
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in settings.items())
    file.write_text("{\n" + lines + "\n}\n")


def faces(count, height, width, rng):
    """[count,3,H,W] bytes: ovals with eyes and a mouth in strong colours on a slope, under smooth noise. Nobody's face."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    pictures = []
    for _ in range(count):
        draw = lambda low, high: low + (high - low) * torch.rand((), generator=rng).item()  # noqa: E731
        colour = lambda: torch.rand(3, 1, 1, generator=rng) * 255  # noqa: E731
        picture = colour() + (colour() - 128) * (draw(-1, 1) * x + draw(-1, 1) * y) / 2
        cx, cy = draw(-0.15, 0.15), draw(-0.15, 0.15)

        def oval(px, py, rx, ry, ink, picture):
            inside = torch.sigmoid(12 * (1 - ((x - cx - px) / rx) ** 2 - ((y - cy - py) / ry) ** 2))
            return picture + inside * (ink - picture)

        picture = oval(0, 0, draw(0.5, 0.8), draw(0.7, 0.95), colour(), picture)
        for side in (-1, 1):
            picture = oval(side * draw(0.22, 0.32), draw(-0.3, -0.2), draw(0.08, 0.14), draw(0.05, 0.1), colour(), picture)
        picture = oval(0, draw(0.35, 0.5), draw(0.2, 0.35), draw(0.05, 0.12), colour(), picture)
        noise = torch.rand(1, 3, 1 + height // 6, 1 + width // 6, generator=rng) * 90 - 45
        noise = torch.nn.functional.interpolate(noise, size=(height, width), mode="bilinear", align_corners=True)[0]
        pictures.append((picture + noise + 16 * torch.rand(3, height, width, generator=rng)).clamp(0, 255).to(torch.uint8))
    return torch.stack(pictures)


def first_weights(shapes, rng):
    """Weights of every shape that all matter: vectors are perturbed from what a new network has, matrices large enough to be felt."""
    tensors = {}
    for name, shape in shapes.items():
        normal = torch.randn(shape, generator=rng)
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.zeros((), dtype=torch.int64)
        elif name.endswith("running_var") or name.endswith("weight_g"):
            tensors[name] = torch.ones(shape)
        elif name.endswith("running_mean"):
            tensors[name] = torch.zeros(shape)
        elif len(shape) == 1:
            tensors[name] = 0.1 * normal + (0 if name.endswith(".bias") else 1)
        elif len(shape) == 3:
            tensors[name] = normal  # class token and positions
        elif len(shape) == 4 and name.startswith("stn."):
            tensors[name] = normal * math.sqrt(2 / math.prod(shape[1:]))
        else:
            tensors[name] = normal / math.sqrt(math.prod(shape[1:]))
    return tensors


def digest(tensor, count):
    """Norm and sum in double, and up to `count` of the values, evenly spread."""
    flat = tensor.detach().flatten()
    size = min(count, flat.numel())
    places = torch.arange(size) * flat.numel() // size
    wide = flat.double()
    return {"stat": torch.stack([wide.norm(), wide.sum()]), "sample": flat[places]}
