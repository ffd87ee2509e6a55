#!/usr/bin/env python3
"""Draws what was measured while runs trained: one panel for each of four metrics, one line for each run. Needs matplotlib.

    python3 curve.py curve.png DINO=runs/longer_pretraining/cells/CELL/pretrain LAFS=runs/longer_pretraining/cells/CELL/pretrain
"""

import json
import pathlib
import sys

import matplotlib.pyplot as plt

METRICS = [("test, official pairs", "auc", 0.671), ("test, retrieval", "rank1", 0.150), ("test, kNN", "top1@k=1", 0.157),
           ("test, linear probe", "top1", 0.241)]  # and what raw pixels have


def values(run, evaluator, metric):
    lines = [json.loads(line) for line in (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines()]
    last = max(line["step"] for line in lines)
    measured = {line["step"]: line[metric] for line in lines if line.get("evaluation") == evaluator}
    return [100 * step / last for step in measured], list(measured.values())


figure, axes = plt.subplots(1, 4, figsize=(13, 3.6), layout="constrained")
for axis, (evaluator, metric, pixels) in zip(axes, METRICS):
    for item in sys.argv[2:]:
        name, run = item.split("=", 1)
        axis.plot(*values(run, evaluator, metric), marker="o", label=name)
    axis.axhline(pixels, color="grey", linestyle=":", label="raw pixels")
    axis.set_title(f"{evaluator}: {metric}", fontsize=10)
    axis.set_xlabel("pre-training, %")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=8)
figure.savefig(sys.argv[1], dpi=110)
