#!/usr/bin/env python3
"""Times a step of the class matrix beside Python PyTorch, and prints a table. Results are compared before times.

    ninja -C build lafs_class_matrix && tests/bench/class_matrix.py --build build --python PYTHON_WITH_TORCH
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

PEER = pathlib.Path(__file__).parent / "peer" / "class_matrix.py"
SIZE = ["--classes", "205990", "--width", "512", "--batch", "32"]
MILLION = ["--classes", "1000000", "--width", "512", "--batch", "32"]


def last_line(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


class Table:
    def __init__(self, options):
        self.program = [str(options.build / "bin" / "lafs_class_matrix"), "--threads", str(options.threads), "--seconds", str(options.seconds)]
        self.peer = [options.python, str(PEER), "--threads", str(options.threads), "--seconds", str(options.seconds)]

    def row(self, what, arguments, form, goal):
        """Ours and the peer's, with the same inputs."""
        with tempfile.TemporaryDirectory() as folder:
            file = str(pathlib.Path(folder) / "step.safetensors")
            ours = last_line([*self.program, *arguments, "--out", file])
            other = last_line([*self.peer, file, "--form", form])
        ratio = ours["step_seconds"] / other["step_seconds"]
        print(f"| {what} | {ours['step_seconds'] * 1e3:,.0f} ms | {other['step_seconds'] * 1e3:,.0f} ms | {ratio:.2f}{goal} "
              f"| {ours['peak_memory_mb']:,.0f} MB | {other['peak_memory_mb']:,.0f} MB |", flush=True)  # fmt: skip
        return ours["step_seconds"]

    def beside(self, what, arguments, before, goal):
        """Ours beside another of ours."""
        ours = last_line([*self.program, *arguments])
        print(f"| {what} | {ours['step_seconds'] * 1e3:,.0f} ms | {before * 1e3:,.0f} ms | {ours['step_seconds'] / before:.2f}{goal} "
              f"| {ours['peak_memory_mb']:,.0f} MB | |", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--python", default="python3", help="interpreter with torch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10, help="time to measure each")
    table = Table(parser.parse_args())
    print("| step of the class matrix, batch 32, SGD with momentum | lafs | other | ratio | memory of lafs | of the other |")
    print("|---|---|---|---|---|---|")
    table.row("205,990 x 512, hard labels; plain Python", SIZE, "plain", "")
    hard = table.row("the same; tuned Python", SIZE, "tuned", " (goal 0.75)")
    table.row("two labels a picture; plain Python", [*SIZE, "--targets", "soft"], "plain", "")
    table.beside("two labels a picture; our hard labels", [*SIZE, "--targets", "soft"], hard, " (goal 1.3)")
    table.beside("a head that changes the other cosines; our CosFace", [*SIZE, "--head", "raising"], hard, " (goal 1.2)")
    table.row("Partial FC, rate 0.1, dense; Python as published", [*SIZE, "--rate", "0.1", "--update", "dense"], "plain", "")
    table.row("Partial FC, rate 0.1, sparse; tuned Python", [*SIZE, "--rate", "0.1"], "tuned", " (goal 1)")
    table.row("Partial FC, rate 0.1, a million identities; tuned Python", [*MILLION, "--rate", "0.1"], "tuned", "")


if __name__ == "__main__":
    main()
