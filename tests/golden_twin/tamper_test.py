#!/usr/bin/env python3
"""A golden set in which one expected number was changed must make its test fail: else the test compares nothing.

    tests/golden_twin/tamper_test.py --program build/bin/lafs_golden --data tests/golden_data    one number of every set
    tests/golden_twin/tamper_test.py --program ... --data ... --every --sets dino_step           one number of every tensor, and the names
                                                                                                 of those that nothing compares

The folder of LAFS_GOLDEN_DIR, where it is set, takes the place of --data. Sets whose files are not there are passed over.
"""

import argparse
import fnmatch
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

# For each set, the file and the name (the last one that fits) of a number which only its comparison can miss; then its other files.
SETS = {
    "augment": ("augment.safetensors", "lafs_view*"),
    "dino_backbone": ("dino_step.backbone.safetensors", "small_scale.feature_*"),
    "dino_loss": ("dino_loss.safetensors", "step*.grad_student"),
    "dino_step": ("dino_step.trace.safetensors", "step*.center", "dino_step.json", "dino_step.final_student.safetensors",
                  "dino_step.final_teacher.safetensors"),
    "dinoface_step": ("dinoface_step.trace.safetensors", "step*.student_logits", "dinoface_step.json",
                      "dinoface_step.final_student.safetensors"),
    "finetune_plain": ("finetune_plain.final.safetensors", "mlp_head.0.bias", "finetune_plain.trace.safetensors"),
    "fvit_b_depth1": ("fvit_b_depth1.io.safetensors", "block*.out", "fvit_b_depth1.grads.safetensors"),
    "fvit_tiny": ("fvit_tiny.io.safetensors", "embedding_mean_pool", "fvit_tiny.grads.safetensors"),
    "heads": ("heads.safetensors", "arcface_*.grad_W"),
    "lafs_step": ("lafs_step.final_teacher.safetensors", "backbone.cls_token", "lafs_step.json", "lafs_step.trace.safetensors",
                  "lafs_step.final_student.safetensors"),
    "part_fvit_tiny": ("part_fvit_tiny.train_mode.safetensors", "bn_after/*running_var", "part_fvit_tiny.io.safetensors",
                       "part_fvit_tiny.grads.safetensors"),
    "patch_extract": ("patch_extract.safetensors", "*.tokens"),
    "posinterp": ("posinterp.safetensors", "*.result"),
    "randaugment": ("augment.safetensors", "ra_*"),
    "schedules": ("schedules.json", "finetune_peak"),
    "weights": ("lafs_step.final_student.safetensors", "head.mlp.0.weight"),
}  # fmt: skip

FORMATS = {"F32": "f", "F64": "d", "I64": "q", "I16": "h", "U8": "B", "BOOL": "B"}


def read_header(data):
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return header, 8 + size


def changed_tensor(data, name):
    """The bytes of a safetensors file in which the first finite number of a tensor is another one."""
    header, start = read_header(data)
    info = header[name]
    code = "<" + FORMATS[info["dtype"]]
    first, end = (start + offset for offset in info["data_offsets"])
    for place in range(first, end, struct.calcsize(code)):
        (value,) = struct.unpack_from(code, data, place)
        if value == value and abs(value) != float("inf"):
            other = value + 0.25 * max(abs(value), 1) if isinstance(value, float) else value ^ (1 if info["dtype"] == "BOOL" else 16)
            return data[:place] + struct.pack(code, other) + data[place + struct.calcsize(code) :]
    return None


def changed_json(value):
    """The value with its last number changed; None where it has no number."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return None
    if isinstance(value, (int, float)):
        return value + (1 if isinstance(value, int) else 0.25 * max(abs(value), 1e-3))
    for key in reversed(list(value) if isinstance(value, dict) else range(len(value))):
        other = changed_json(value[key])
        if other is not None:
            copy = value.copy()
            copy[key] = other
            return copy
    return None


def names_of(file):
    if file.suffix == ".json":
        return list(json.loads(file.read_text()))
    return list(read_header(file.read_bytes())[0])


def changed(file, name):
    """The bytes of the file with one number changed, or None where there is none."""
    if file.suffix != ".json":
        return changed_tensor(file.read_bytes(), name)
    settings = json.loads(file.read_text())
    settings[name] = changed_json(settings[name])
    return None if settings[name] is None else json.dumps(settings).encode()


def noticed(program, data, suite, file, content):
    """Whether the suite fails in a folder that is `data` but for this file."""
    with tempfile.TemporaryDirectory() as folder:
        for other in data.iterdir():
            if other.is_file() and other.name != file:
                os.symlink(other.resolve(), os.path.join(folder, other.name))
        (pathlib.Path(folder) / file).write_bytes(content)
        run = subprocess.run([program, f"--test-suite={suite}", "--abort-after=1"], env=os.environ | {"LAFS_GOLDEN_DIR": folder},
                             capture_output=True, text=True)  # fmt: skip
    if run.returncode == 77:
        raise RuntimeError(f"{suite} was skipped:\n{run.stderr}")
    return run.returncode != 0


def places(data, suite, every):
    """(file, name) of the numbers to change."""
    file, pattern, *more = SETS[suite]
    if every:
        return [(each, name) for each in (file, *more) if (data / each).exists() for name in names_of(data / each)]
    if not (data / file).exists():
        return []
    fitting = fnmatch.filter(names_of(data / file), pattern)
    if not fitting:
        raise RuntimeError(f"{file} has nothing named {pattern}")
    return [(file, fitting[-1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="lafs_golden")
    parser.add_argument("--data", required=True, type=pathlib.Path, help="folder of the golden sets")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--every", action="store_true", help="change a number of every tensor in turn")
    options = parser.parse_args()
    data = pathlib.Path(os.environ.get("LAFS_GOLDEN_DIR", options.data))
    unnoticed = tried = 0
    for suite in options.sets:
        for file, name in places(data, suite, options.every):
            content = changed(data / file, name)
            if content is None:
                continue
            tried += 1
            if not noticed(options.program, data, suite, file, content):
                unnoticed += 1
                print(f"{suite}: a changed number of \"{name}\" in {file} goes unnoticed")
    print(f"{tried} changed numbers, {unnoticed} unnoticed")
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
