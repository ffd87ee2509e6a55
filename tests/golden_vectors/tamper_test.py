"""Changes one number of a golden JSON at a time, in a copy of the folder of vectors, and runs the test of that file: it must fail.

    python3 tamper_test.py --program build/bin/lafs_golden_vectors --data tests/golden_data/vectors [--changes 3]
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

# Inputs that decide a count: a little more of one decides the same.
FREE = {"dist", "scores"}


def numbers(node, path=()):
    """Paths of all numbers; true and false are none."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in FREE:
                yield from numbers(value, path + (key,))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from numbers(value, path + (i,))
    elif isinstance(node, (int, float)) and not isinstance(node, bool):
        # The first of a query is what is asked, and between two points of a curve a little more asks the same.
        if not ("queries" in path and path[-1] == 0):
            yield path


def at(node, path):
    for key in path:
        node = node[key]
    return node


def fails(program, folder, name):
    environment = dict(os.environ, LAFS_VECTORS_DIR=str(folder))
    done = subprocess.run([program, f"--test-suite=vectors_{name}"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode != 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--changes", type=int, default=3, help="of each file")
    parser.add_argument("--names", nargs="+", required=True)
    options = parser.parse_args()
    chance = random.Random(1)
    unnoticed = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "vectors"
        shutil.copytree(options.data, folder)
        for name in options.names:
            file = folder / f"{name}.json"
            text = file.read_text()
            if fails(options.program, folder, name):
                unnoticed.append(f"{name}: fails on what is recorded")
            places = list(numbers(json.loads(text)))
            for path in chance.sample(places, min(options.changes, len(places))):
                changed = json.loads(text)
                old = at(changed, path)
                at(changed, path[:-1])[path[-1]] = old + 1 if isinstance(old, int) else old * 1.01 + 0.01
                file.write_text(json.dumps(changed))
                if not fails(options.program, folder, name):
                    unnoticed.append(f"{name}: {'.'.join(map(str, path))} changed from {old}")
            file.write_text(text)
    for line in unnoticed:
        print(line)
    print(f"{len(options.names)} files, {options.changes} changes of each, {len(unnoticed)} not noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
