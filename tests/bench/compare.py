"""Every speed claim in one table: ours beside plain operations and beside peers in Python, all in one run on this machine.

`./bootstrap bench` calls it; it needs lafs_bench and lafs_step_bench built, and a Python with torch, numpy and Pillow for the peers.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STEPS = [("lafs_small", "LAFS step, width 192, 4,096 prototypes"), ("lafs_b", "LAFS step, fViT-B, 65,536 prototypes")]
# benchmark of lafs_bench, its argument for ours and for plain operations, what it is
KERNELS = [
    ("drop_add_step/fused:{}/bf16:0", "dropout, drop-path and residual"),
    ("gelu_drop_step/fused:{}/bf16:0", "GELU and dropout"),
    ("dino_loss_step/fused:{}/bf16:0", "DINO loss, 65,536 prototypes"),
    ("moving_average_step/fused:{}", "moving average of a teacher"),
]


def output_of(command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, command))} failed:\n{result.stderr or result.stdout}")
    return result.stdout


def step_rows(build, python, precision, seconds):
    for recipe, title in STEPS:
        ours_command = [build / "bin/lafs_step_bench", HERE / f"recipes/{recipe}.toml", "--set", f"run.precision={precision}"]
        with tempfile.TemporaryDirectory() as folder:
            agreement = pathlib.Path(folder) / "agreement.safetensors"
            output_of([*ours_command, "--agreement", agreement])
            more = ["--bf16"] if precision == "bf16" else []
            peer = json.loads(output_of([python, HERE / "peer/lafs_step.py", agreement, "--seconds", seconds, *more]))
        ours = json.loads(output_of([*ours_command, "--seconds", seconds]))
        yield {
            "what": f"{title}, {precision}", "unit": "images/s", "ours": ours["images_per_second"],
            "other": peer["images_per_second"], "ratio": ours["images_per_second"] / peer["images_per_second"],
            "memory_mb": ours["peak_memory_mb"], "other_memory_mb": peer["peak_memory_mb"], "difference": peer["worst_difference"],
        }  # fmt: skip


def kernel_rows(build):
    pattern = "|".join(name.split("/")[0] for name, _ in KERNELS)
    report = json.loads(output_of([
        build / "bin/lafs_bench", f"--benchmark_filter={pattern}", "--benchmark_format=json", "--benchmark_repetitions=3",
    ]))  # fmt: skip
    best = {}
    for run in report["benchmarks"]:
        if run.get("run_type") == "iteration":
            name = run["run_name"].replace("/real_time", "")
            best[name] = min(best.get(name, float("inf")), run["real_time"])
    for name, title in KERNELS:
        ours, plain = best[name.format(1)], best[name.format(0)]
        yield {"what": title, "unit": "ms", "ours": ours, "other": plain, "ratio": plain / ours}


def view_rows(build, python):
    report = json.loads(output_of([build / "bin/lafs_bench", "--benchmark_filter=views/", "--benchmark_format=json"]))
    ours = {run["name"].split("/")[1]: run["items_per_second"] for run in report["benchmarks"]}
    peer = dict(line.split()[:2] for line in output_of([python, HERE / "peer/augment_peer.py"]).splitlines())
    for name in ("lafs_views", "dino_views"):
        other = float(peer[f"{name}:"])
        yield {"what": f"{name} on one core", "unit": "images/s", "ours": ours[name], "other": other, "ratio": ours[name] / other}


def print_table(machine, rows):
    print(f"{machine['processor']}, {machine['threads']} threads; {' '.join(machine['features'])}")
    print(f"ceilings: {machine['fp32_gflops']:.0f} GFLOP/s fp32, {machine['bf16_gflops']:.0f} bf16, {machine['copy_gbytes']:.1f} GB/s\n")
    print(f"{'':<52}{'ours':>10}{'other':>10}{'':>10}{'ratio':>8}")
    for row in rows:
        print(f"{row['what']:<52}{row['ours']:>10.4g}{row['other']:>10.4g} {row['unit']:<9}{row['ratio']:>7.2f}x")
        if "memory_mb" in row:
            print(f"{'  peak memory':<52}{row['memory_mb']:>10.0f}{row['other_memory_mb']:>10.0f} {'MB':<9}"
                  f"{row['memory_mb'] / row['other_memory_mb']:>7.2f}x")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--python", default=sys.executable, help="a Python with torch, numpy and Pillow")
    parser.add_argument("--seconds", type=float, default=20, help="time to measure each step")
    parser.add_argument("--only", choices=["steps", "kernels", "views"], action="append", help="parts of the table; default all")
    parser.add_argument("--precision", choices=["fp32", "bf16"], action="append", help="of the steps; default both")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    arguments = parser.parse_args()
    parts = arguments.only or ["views", "kernels", "steps"]
    machine = json.loads(output_of([
        arguments.build / "bin/lafs", "bench", HERE / "recipes/lafs_small.toml", "--steps", "1", "--warm-up", "0", "--json",
    ]))["machine"]  # fmt: skip
    rows = []
    if "views" in parts:
        rows += view_rows(arguments.build, arguments.python)
    if "kernels" in parts:
        rows += kernel_rows(arguments.build)
    if "steps" in parts:
        for precision in arguments.precision or ["fp32", "bf16"]:
            rows += step_rows(arguments.build, arguments.python, precision, arguments.seconds)
    if arguments.json:
        print(json.dumps({"machine": machine, "rows": rows}, indent=2))
    else:
        print_table(machine, rows)


if __name__ == "__main__":
    main()
