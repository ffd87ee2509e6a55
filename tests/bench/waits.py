#!/usr/bin/env python3
"""How fast a step is on a quiet and on a busy machine, by how OpenMP's threads wait: as the program has it, as libgomp would have it by
itself, and asleep at once. Busy means so many other processes that compute without a pause. Prints a table; each figure is the median of
several starts of `lafs bench`, policies taking turns.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
POLICIES = {"lafs": {}, "libgomp's default": {"GOMP_SPINCOUNT": "300000"}, "passive": {"OMP_WAIT_POLICY": "passive"}}


def images_per_second(program, stage, steps, policy):
    clean = {name: value for name, value in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "KMP_BLOCKTIME")}
    command = [program, "bench", ROOT / "recipes/quickstart.toml", "--stage", stage, "--steps", str(steps), "--json"]
    out = subprocess.run(command, env=clean | policy, check=True, capture_output=True, text=True).stdout
    return json.loads(out)["step"]["images_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/bin/lafs")
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2, 4], help="numbers of other processes")
    parser.add_argument("--stages", nargs="+", default=["supervised", "lafs"], help="of recipes/quickstart.toml")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each start")
    parser.add_argument("--times", type=int, default=3, help="starts for each figure")
    arguments = parser.parse_args()
    print("| others | stage | " + " | ".join(POLICIES) + " |\n|---|---|" + "---|" * len(POLICIES))
    for busy in arguments.busy:
        others = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(busy)]
        try:
            for stage in arguments.stages:
                found = {name: [] for name in POLICIES}
                for _ in range(arguments.times):
                    for name, policy in POLICIES.items():
                        found[name].append(images_per_second(arguments.program, stage, arguments.steps, policy))
                print(f"| {busy} | {stage} | " + " | ".join(f"{statistics.median(v):.1f}" for v in found.values()) + " |", flush=True)
        finally:
            for other in others:
                other.kill()


if __name__ == "__main__":
    main()
