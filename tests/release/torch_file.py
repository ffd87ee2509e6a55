"""Writes files as torch.save does, without PyTorch: a zip archive with a pickle of protocol 2 and one entry for each storage
(docs/spec/data-formats.md 6). Values are drawn from the name of a tensor, so that every file can be made again."""

import argparse
import array
import collections
import io
import pickle
import random
import struct
import sys
import types
import zipfile
import zlib

POOL = 262139  # numbers that are drawn once and repeated; a prime, so that the rows of a matrix differ


def stub(module, name, kind):
    """A class or function that a pickle can name although PyTorch is not there."""
    parent, _, child = module.rpartition(".")
    if module not in sys.modules:
        sys.modules[module] = types.ModuleType(module)
        if parent:
            stub(parent, child, None)
    if kind is None:
        return None
    made = type(name, (), {}) if kind == "class" else lambda *arguments: None
    made.__module__, made.__qualname__, made.__name__ = module, name, name
    setattr(sys.modules[module], name, made)
    return made


REBUILD = stub("torch._utils", "_rebuild_tensor_v2", "function")
STORAGE = {"F32": stub("torch", "FloatStorage", "class"), "I64": stub("torch", "LongStorage", "class")}
SCALAR = stub("numpy.core.multiarray", "scalar", "function")
DTYPE = stub("numpy", "dtype", "class")


class Drawn:
    """Random numbers of some size, uniform around a middle."""

    def __init__(self):
        chance = random.Random(1)
        self.base = [chance.uniform(-1, 1) for _ in range(POOL)]
        self.pools = {}

    def bytes(self, key, count, middle, size):
        if (middle, size) not in self.pools:
            self.pools[middle, size] = array.array("f", (middle + size * x for x in self.base)).tobytes()
        pool, start = self.pools[middle, size], zlib.crc32(key.encode()) % POOL * 4
        turned = pool[start:] + pool[:start]
        return (turned * (count * 4 // len(turned) + 1))[: count * 4]


DRAWN = Drawn()


def values(key, shape):
    """Bytes of a tensor, so that a network of them gives embeddings that differ between pictures (docs/spec/models.md 16)."""
    count, name = product(shape), key.rpartition(".")[2]
    if name == "num_batches_tracked":
        return (0).to_bytes(8, "little")
    fan_in = product(shape[1:])
    rules = (
        (name == "running_var", 1.25, 0.25),
        (name == "running_mean", 0, 0.1),
        (name == "bias", 0, 0.05),
        (name == "weight_g", 1, 0),
        (name in ("pos_embedding", "cls_token"), 0, 0.5),
        (len(shape) == 1, 1, 0.1),
        (len(shape) == 4, 0, (6 / max(fan_in, 1)) ** 0.5),
        (True, 0, (3 / max(fan_in, 1)) ** 0.5),
    )
    middle, size = next((middle, size) for holds, middle, size in rules if holds)
    return DRAWN.bytes(key, count, middle, size)


def product(sizes):
    out = 1
    for size in sizes:
        out *= size
    return out


class Storage:
    def __init__(self, key, shape):
        self.kind = "I64" if key.endswith("num_batches_tracked") else "F32"
        self.key, self.shape = key, shape


class Tensor:
    def __init__(self, key, shape):
        self.storage, self.shape = Storage(key, shape), tuple(shape)

    def __reduce__(self):
        strides = tuple(product(self.shape[i + 1 :]) for i in range(len(self.shape)))
        return REBUILD, (self.storage, 0, self.shape, strides, False, collections.OrderedDict())


class Float64:
    """numpy.dtype("f8")."""

    def __reduce__(self):
        return DTYPE, ("f8", False, True), (3, "<", None, None, None, -1, -1, 0)


class Scalar:
    """A NumPy float64, as learning rates are saved."""

    def __init__(self, value):
        self.value = value

    def __reduce__(self):
        return SCALAR, (Float64(), struct.pack("<d", self.value))


def state_dict(shapes, prefix="", salt=""):
    """An OrderedDict of tensors with the attribute that PyTorch gives it."""
    out = collections.OrderedDict((prefix + key, Tensor(salt + key, shape)) for key, shape in shapes.items())
    out._metadata = collections.OrderedDict([("", {"version": 1})])
    return out


def namespace(**options):
    return argparse.Namespace(**options)


def save(file, saved):
    """What torch.save(saved, file) writes."""
    storages = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            storages.append(value)
            return ("storage", STORAGE[value.kind], str(len(storages) - 1), "cuda:0", product(value.shape))

    pickled = io.BytesIO()
    Pickler(pickled, protocol=2).dump(saved)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickled.getvalue())
        for i, storage in enumerate(storages):
            archive.writestr(f"archive/data/{i}", values(storage.key, storage.shape))
        archive.writestr("archive/version", "3\n")
