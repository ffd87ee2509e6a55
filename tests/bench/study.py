#!/usr/bin/env python3
"""Small studies on real faces, over several seeds: every margin head on ORL, and what each regulariser of fine-tuning brings on LFW.

    tests/bench/study.py heads --data DIR           # DIR/orl
    tests/bench/study.py regularisers --data DIR    # DIR/lfw

Runs are kept below --out and found again, so a study that was stopped goes on. The table has mean and standard deviation over the seeds, and
the difference from the first line, seed by seed, with its standard error.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def heads():
    """Name and options of each line; scale 24 suits thirty people, margins are the published ones."""
    plain = {"recipe": "recipes/orl/identities_1_30.toml"}
    yield "cosface", {**plain, "set": ["head={ use = \"cosface\", scale = 24 }"]}
    others = ["normalised_softmax", "arcface", "combined", "adaface", "curricularface", "magface", "elasticface", "subcenter_arcface"]
    others += ["sface", "mv_softmax", "arcneg", "npcface"]
    for head in others:
        yield head, {**plain, "set": [f"head={{ use = \"{head}\", scale = 24 }}"]}
    for head in ("softmax", "sphereface", "circle", "adacos"):
        yield head, {**plain, "set": [f"head={{ use = \"{head}\" }}"]}


def regularisers():
    """The stage "finetune" of the rows of recipes/lfw/few_labels, as it is and with one regulariser more."""
    more = {
        "": [],
        " + mixup": ["finetune.objective.mixup=0.2", "finetune.objective.mixup_prob=0.5"],
        " + RandAugment": ["finetune.augmentation.randaugment=true", "finetune.augmentation.randaugment_magnitude=2"],
    }
    for start in ("none", "dino", "lafs"):
        for name, options in more.items():
            yield start + name, {"recipe": f"recipes/lfw/few_labels/{start}.toml", "inputs": start, "set": options}
    yield "lafs + consistency", {"recipe": "recipes/lfw/few_labels/lafs_consistency.toml", "inputs": "lafs", "set": []}


STUDIES = {"heads": heads, "regularisers": regularisers}


def value_of(folder):
    """The first headline metric: balanced accuracy or accuracy of pairs of people who were never trained on."""
    results = json.loads((folder / "results.json").read_text())
    values = [value for value in results["evaluators"][0]["values"] if value.get("headline", True) and not value.get("variant")]
    return values[0]["name"], values[0]["value"]


def lafs(arguments, *command):
    env = {**os.environ, "LAFS_DATA": str(arguments.data.resolve())}
    command = [str(part) for part in (arguments.build / "bin/lafs", *command, "--quiet")]
    result = subprocess.run(command, env=env, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"study: error: {' '.join(command)}\n{result.stderr.strip()}")


def run(name, line, seed, arguments):
    folder = arguments.out / f"{name.replace(' ', '').replace('+', '_')}-{seed}"
    options, command = [*line["set"]], ["run", ROOT / line["recipe"], "--out", folder]
    if "inputs" in line:
        base = arguments.out / line["inputs"]  # the stages before, once
        for stage in ("supervised", "pretrain") if line["inputs"] != "none" else ("supervised",):
            if line["inputs"] != "dino" or stage == "pretrain":
                lafs(arguments, "run", ROOT / f"recipes/lfw/few_labels/{line['inputs']}.toml", "--out", base, "--stage", stage)
        command += ["--stage", "finetune", "--inputs", base]
        folder = folder / "finetune"
    options.append(f"finetune.run.seed={seed}" if "inputs" in line else f"run.seed={seed}")
    for option in options:
        command += ["--set", option]
    lafs(arguments, *command)
    return value_of(folder)


def line_text(name, values, first):
    mean, spread = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else math.nan
    text = f"{name:<24}{100 * mean:>8.2f} ± {100 * spread:<6.2f}"
    if values is first:
        return text
    apart = [value - base for value, base in zip(values, first)]
    error = statistics.stdev(apart) / math.sqrt(len(apart)) if len(apart) > 1 else math.nan
    return text + f"{100 * statistics.mean(apart):>+9.2f} ± {100 * error:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with orl/ and lfw/")
    parser.add_argument("--out", type=pathlib.Path, help="where runs are kept; default runs/STUDY")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", help="these lines only")
    arguments = parser.parse_args()
    arguments.out = arguments.out or ROOT / "runs" / arguments.study
    first, metric = None, ""
    for name, line in STUDIES[arguments.study]():
        if arguments.only and name not in arguments.only:
            continue
        values = []
        for seed in range(1, arguments.seeds + 1):
            metric, value = run(name, line, seed, arguments)
            values.append(value)
        if first is None:
            first = values
            print(f"{'':<24}{metric + ', %':>17}   from the first line")
        print(line_text(name, values, first), flush=True)


if __name__ == "__main__":
    sys.exit(main())
