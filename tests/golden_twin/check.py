#!/usr/bin/env python3
"""Holds what makes the twins against the reference's own sets: from their weights and inputs it must come to their numbers.

    /tmp/twin/bin/python tests/golden_twin/check.py tests/golden_data
"""

import json
import pathlib
import sys

import torch

import steps
from material import read_tensors
from part_fvit import Pass, blocks

# Largest errors allowed, by a part of the number's name; the golden README's limits are no narrower.
LIMITS = {"theta": 5e-4, "tokens": 5e-4, "sequence": 1e-4, "block": 1e-4, "stn_out": 1e-4, "final": 1e-4}


class Check:
    def __init__(self):
        self.failed = False

    def compare(self, name, kind, ours, golden):
        error = (ours.detach().double() - golden.double()).nan_to_num().abs().max().item()
        limit = next((limit for part, limit in LIMITS.items() if part in kind), 2e-5)
        if error > limit or ours.shape != golden.shape:
            self.failed = True
            print(f"{name}: {kind} is {error:.2g} off, more than {limit:g}")


def check_part(check, data, cnn):
    settings = json.loads((data / "part_fvit_tiny.json").read_text())
    for file, prefix, training in (("io", "", False), ("train_mode", "io/", True)):
        golden = read_tensors(data / f"part_fvit_tiny.{file}.safetensors")
        made = Pass(settings, cnn, golden[prefix + "image_u8"], golden[prefix + "R"], training)
        for name, tensor in (made.numbers | ({} if training else blocks(settings, made))).items():
            check.compare(f"part_fvit_tiny.{file}", name, tensor, golden[prefix + name])


def check_steps(check, data, name, networks, run):
    s = json.loads((data / f"{name}.json").read_text())
    inputs, golden = (read_tensors(data / f"{name}.{file}.safetensors") for file in ("inputs", "trace"))
    shapes, backbone = networks(s)
    init = read_tensors(data / f"{name}.init.safetensors")
    trace = steps.Trace(dict(s), {key: init[key] for key in shapes}, backbone)
    run(trace, inputs)
    for key in ("lr", "wd", "momentum", "clipped_tensors"):
        check.compare(name, key, torch.tensor(trace.settings[key]), torch.tensor(s[key]))
    for key in ("parameter_names", "parameter_decayed", "parameter_trainable"):
        if trace.settings[key] != s[key]:
            check.failed = True
            print(f"{name}: {key} differ")
    for key, tensor in trace.record.items():
        check.compare(name, key.split(".", 1)[1], tensor, golden[key])
    for key, tensor in read_tensors(data / f"{name}.final_student.safetensors").items():
        check.compare(name, "final " + key, trace.student[key], tensor)


def main():
    data = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    cnn = read_tensors(data / "part_fvit_tiny.state.safetensors")
    check = Check()
    check_part(check, data, cnn)
    check_steps(check, data, "dino_step", steps.vit_on_pictures, steps.run_on_pictures)
    check_steps(check, data, "dinoface_step", steps.fvit_on_pictures, steps.run_on_pictures)
    check_steps(check, data, "lafs_step", steps.fvit_on_tokens, lambda trace, inputs: steps.run_on_tokens(trace, inputs, cnn))
    print("differs" if check.failed else "all as the reference has it")
    sys.exit(check.failed)


if __name__ == "__main__":
    main()
