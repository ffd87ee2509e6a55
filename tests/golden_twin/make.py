#!/usr/bin/env python3
"""Twins of golden sets: the same files, names and layout as tests/golden_data, but other seeds, sizes and counts.

Golden tests must read every size from the files. A test that assumes one passes on tests/golden_data and fails on a twin:

    python3 -m venv /tmp/twin && /tmp/twin/bin/pip install torch==2.11.0 numpy 'pillow<12'
    /tmp/twin/bin/python tests/golden_twin/make.py /tmp/twin/sets --seed 1
    LAFS_GOLDEN_DIR=/tmp/twin/sets build/bin/lafs_golden

Made from the specification alone, with PyTorch and Pillow; nothing of the reference projects is here. Takes about a minute on two cores.
Pillow before 12: later ones may resize columns before rows, which rounds otherwise; the reference's Pillow resized rows first.
"""

import argparse
import pathlib

import torch

from augment import augment
from heads import heads
from part_fvit import part_fvit_tiny
from steps import dino_step, dinoface_step, lafs_step

SETS = ("part_fvit_tiny", "lafs_step", "dino_step", "dinoface_step", "augment", "heads")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="where the sets go; made if it is not there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS, help="lafs_step makes part_fvit_tiny too: it needs its CNN")
    parser.add_argument("--batch", type=int, default=3, help="pictures of a step")
    parser.add_argument("--local-crops", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--iters", type=int, default=2, help="steps of an epoch")
    parser.add_argument("--kept", type=int, default=36, help="landmarks of a local view in lafs_step")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # runs repeat to the bit

    def rng(name):
        return torch.Generator().manual_seed(1000 * options.seed + SETS.index(name))

    steps = {"batch": options.batch, "local_crops": options.local_crops, "epochs": options.epochs, "iters": options.iters}
    head = {"out_dim": 144, "head_hidden": 40, "head_bottleneck": 20}
    if {"part_fvit_tiny", "lafs_step"} & set(options.sets):
        sizes = {"dim": 40, "depth": 3, "heads": 2, "mlp_dim": 72, "dim_head": 24, "num_class": 5, "batch": options.batch}
        cnn = part_fvit_tiny(options.folder, rng("part_fvit_tiny"), sizes | {"batch_train_mode": options.batch + 1})
    if "lafs_step" in options.sets:
        sizes = {"dim": 32, "depth": 3, "heads": 2, "mlp_dim": 80, "dim_head": 24, "num_class": 9, "patch_size": 8, "noise_px": 4.0}
        lafs_step(options.folder, rng("lafs_step"), steps | head | sizes | {"clip_grad": 2.0}, cnn, options.kept)
    if "dino_step" in options.sets:
        # Without a bias of the keys: its gradient is zero but for rounding, and AdamW makes a step of full length of any rounding.
        sizes = {"img_size": 96, "patch_size": 16, "embed_dim": 36, "depth": 3, "heads": 2, "mlp_ratio": 3, "qkv_bias": False,
                 "layer_norm_eps": 1e-6}  # fmt: skip
        dino_step(options.folder, rng("dino_step"), steps | head | sizes | {"clip_grad": 0.25}, local_side=32)
    if "dinoface_step" in options.sets:
        sizes = {"image": 96, "patch_size": 8, "dim": 32, "depth": 1, "heads": 5, "mlp_dim": 56, "dim_head": 16}
        dinoface_step(options.folder, rng("dinoface_step"), steps | head | sizes | {"clip_grad": 0.1}, local_side=40)
    if "augment" in options.sets:
        augment(options.folder, rng("augment"))
    if "heads" in options.sets:
        heads(options.folder, rng("heads"))


if __name__ == "__main__":
    main()
