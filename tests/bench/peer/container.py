"""Reads the files of `lafs_step_bench` and gives their tensors to the peers' modules."""

import json
import struct

import torch

TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}


def read(path):
    """Tensors and, from the metadata, the sizes of a safetensors file."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = bytearray(file.read())
    facts = json.loads(header.pop("__metadata__")["facts"])
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype = TYPES[entry["dtype"]]
        tensors[name] = torch.frombuffer(bytearray(body[begin:end]), dtype=dtype).view(entry["shape"])
    return tensors, facts


def fvit_pairs(depth):
    """(peer's name, name in the files) of every parameter of a network's backbone."""
    names = [(f"backbone.{n}", f"backbone.{n}") for n in ("pos_embedding", "cls_token")]
    names += [(f"backbone.patch_to_embedding.{k}", f"backbone.patch_to_embedding.{k}") for k in ("weight", "bias")]
    for i in range(depth):
        here, there = f"backbone.blocks.{i}", f"backbone.transformer.layers.{i}"
        for mine, theirs in (
            ("norm1", "0.fn.norm"), ("to_out", "0.fn.fn.to_out.0"), ("norm2", "1.fn.norm"),
            ("widen", "1.fn.fn.net.0"), ("narrow", "1.fn.fn.net.3"),
        ):  # fmt: skip
            names += [(f"{here}.{mine}.{k}", f"{there}.{theirs}.{k}") for k in ("weight", "bias")]
        names.append((f"{here}.to_qkv.weight", f"{there}.0.fn.fn.to_qkv.weight"))
    names += [(f"backbone.norm.{k}", f"backbone.mlp_head.0.{k}") for k in ("weight", "bias")]
    return names


def dino_head_pairs():
    names = [(f"head.mlp.{i}.{k}", f"head.mlp.{i}.{k}") for i in (0, 2, 4) for k in ("weight", "bias")]
    return [*names, ("head.weight_v", "head.last_layer.weight_v")]


@torch.no_grad()
def load(module, tensors, prefix, pairs):
    parameters = dict(module.named_parameters())
    for mine, theirs in pairs:
        parameters.pop(mine).copy_(tensors[prefix + theirs])
    if parameters:
        raise SystemExit(f"peer: nothing for {sorted(parameters)[0]}")


def gradients(module, tensors, pairs):
    parameters = dict(module.named_parameters())
    for mine, theirs in pairs:
        yield theirs, parameters[mine].grad, tensors["gradient." + theirs]


@torch.no_grad()
def load_landmarks(module, tensors, prefix, order):
    """The CNN's tensors stand in the same order in both trees; `order` names those of the file."""
    mine = [t for t in module.state_dict(keep_vars=True).values() if t.dtype == torch.float32]
    theirs = [tensors[prefix + name] for name in order]
    if [t.shape for t in mine] != [t.shape for t in theirs]:
        raise SystemExit("peer: the landmark CNN has other shapes")
    for target, value in zip(mine, theirs):
        target.data.copy_(value)
