"""Every speed claim in one table: ours beside plain operations, peers in Python or a limit, all in one run on this machine.

`./bootstrap bench` calls it; it needs lafs, lafs_bench and lafs_step_bench built, and a Python with torch, numpy, Pillow and
opencv-python-headless for the peers.
Figures hold only for a machine with nothing else to do.
"""

import argparse
import json
import pathlib
import sys
import tempfile

import limits
import loading
from table import HERE, below, output_of, print_table, row_of, tell, within

STEPS = [("lafs_small", "LAFS step, width 192, 4,096 prototypes"), ("lafs_b", "LAFS step, fViT-B, 65,536 prototypes")]
# benchmark of lafs_bench, its argument for ours and for plain operations, what it is
KERNELS = [
    ("drop_add_step/fused:{}/bf16:0", "dropout, drop-path and residual"),
    ("gelu_drop_step/fused:{}/bf16:0", "GELU and dropout"),
    ("dino_loss_step/fused:{}/bf16:0", "DINO loss, 65,536 prototypes, batch 4"),
    ("dino_loss_memory/fused:{}", "DINO loss, 65,536 prototypes, batch 64"),
    ("moving_average_step/fused:{}", "moving average of a teacher"),
]
GATHERS = [(f"gather_step/fused:{{}}/batch:{batch}", f"patches at landmarks, batch {batch}") for batch in (4, 8)]
UPDATES = [
    ("update_step/fused:{}/clipped:0", "clip, AdamW and average, fViT-B, nothing clipped"),
    ("update_step/fused:{}/clipped:1", "clip, AdamW and average, fViT-B, all clipped"),
]


class Bench:
    def __init__(self, arguments, machine):
        self.program = arguments.build / "bin/lafs"
        self.kernels = arguments.build / "bin/lafs_bench"
        self.steps = arguments.build / "bin/lafs_step_bench"
        self.python = arguments.python
        self.quick = arguments.quick
        self.seconds = 1 if arguments.quick else arguments.seconds
        self.build = arguments.build
        self.threads = machine["threads"]
        self.wide = any(feature.startswith("avx512") for feature in machine["features"])
        self.precisions = arguments.precision or ["fp32", "bf16"]
        self.notes = []

    def runs(self, name, **environment):
        """The runs of one benchmark in a process of its own."""
        more = [] if self.quick else ["--benchmark_repetitions=3"]
        text = output_of([self.kernels, f"--benchmark_filter=^{name}(/|$)", "--benchmark_format=json", *more], **environment)
        runs = [run for run in json.loads(text)["benchmarks"] if run.get("run_type") == "iteration"]
        if not runs:
            raise SystemExit(f'bench: lafs_bench has no benchmark "{name}"')
        for run in runs:
            if run.get("error_occurred"):
                raise SystemExit(f'bench: "{name}" failed: {run["error_message"]}')
        return runs

    def beside_plain(self, benchmarks):
        for name, title in benchmarks:
            tell(title)
            ours, plain = self.runs(name.format(1)), self.runs(name.format(0))
            row = row_of(title, "ms", min(run["real_time"] for run in ours), min(run["real_time"] for run in plain))
            if "temporary_mb" in ours[0]:
                row["memory"] = "temporary memory"
                row["memory_mb"], row["other_memory_mb"] = (runs[0]["temporary_mb"] for runs in (ours, plain))
            yield row

    def rate(self, name, **environment):
        return max(run["items_per_second"] for run in self.runs(name, **environment))

    def kernel_rows(self):
        yield from self.beside_plain(KERNELS)

    def gather_rows(self):
        yield from self.beside_plain(GATHERS)

    def update_rows(self):
        yield from self.beside_plain(UPDATES)

    def knn_rows(self):
        """Neighbours are compared by the benchmark itself, before it measures."""
        tell("nearest neighbours")
        title = "20 neighbours of 10,000 in 50,000 rows of 384"
        ours, bare, topk = (min(run["real_time"] for run in self.runs(f"knn/ours:{a}/topk:{b}")) for a, b in ((1, 1), (0, 0), (0, 1)))
        yield within(row_of(f"{title}, beside the bare product", "ms", ours, bare), 1 / 1.1)
        yield row_of("  beside torch's product and topk", "ms", ours, topk)

    def verification_rows(self):
        tell("verification")
        folds, bootstrap = (min(run["real_time"] for run in self.runs(name)) for name in ("lfw_folds", "lfw_bootstrap"))
        yield below("ten folds of LFW, from embeddings", "ms", folds, 10)
        yield below("intervals of LFW's rates, 1,000 samples", "ms", bootstrap, 1000)

    def view_rows(self):
        tell("views of pictures")
        lines = output_of([self.python, HERE / "peer/augment_peer.py"]).splitlines()
        peer = {line.split(":")[0]: float(line.split()[1]) for line in lines}
        for name in ("lafs_views", "dino_views"):
            yield row_of(f"{name} on one core", "images/s", self.rate(f"views/{name}"), peer[name])

    def pack(self, folder, identities, per_identity):
        """A plain record set of drawn faces as JPEG of 112 x 112."""
        made = f'{{ use = "synthetic_faces", identities = {identities}, per_identity = {per_identity} }}'
        where = ["--style", "plain", "--format", "jpeg", "--out", folder, "--force", "--quiet"]
        output_of([self.program, "data", "pack", "--source", made, *where])
        return folder

    def supervised(self, folder, records):
        """A recipe of the small supervised fViT on a record set."""
        recipe = folder / "supervised.toml"
        recipe.write_text(f'base = "{HERE}/recipes/fvit_small.toml"\n[data_source]\nuse = "record_set"\nfiles = ["{records}"]\n')
        return recipe

    def step_of(self, recipe):
        steps = ["--steps", "3", "--warm-up", "1"] if self.quick else []
        return json.loads(output_of([self.program, "bench", recipe, "--json", *steps]))["step"]

    def possible_precisions(self):
        if self.wide or "bf16" not in self.precisions:
            return self.precisions
        note = "steps in bf16 are left out: without AVX-512 this processor emulates their products, 40 times slower"
        if note not in self.notes:
            self.notes.append(note)
        return [precision for precision in self.precisions if precision != "bf16"]

    def step_rows(self):
        for precision in self.possible_precisions():
            for recipe, title in STEPS[:1] if self.quick else STEPS:
                yield self.step_row(recipe, f"{title}, {precision}", precision, "lafs_step.py")
        if self.quick:
            self.notes.append("the step of fViT-B is left out of a quick run")

    def fvit_rows(self):
        """Ours and the peer with their batch in memory, and ours with its loader beside the same time of the peer."""
        row = self.step_row("fvit_small", "supervised step, fViT width 192, batch 64, fp32", "fp32", "supervised_step.py")
        yield row
        with tempfile.TemporaryDirectory() as folder:
            loaded = self.step_of(self.supervised(pathlib.Path(folder), self.pack(f"{folder}/set", 64, 32)))
        yield row_of("  with its loader, lafs bench", "images/s", loaded["images_per_second"], row["other"])
        for precision in [] if self.quick else self.possible_precisions():
            yield self.step_row("fvit_b", f"supervised step, fViT-B, batch 8, {precision}", precision, "supervised_step.py")

    def step_row(self, recipe, title, precision, peer_program):
        tell(title)
        command = [self.steps, HERE / f"recipes/{recipe}.toml", "--set", f"run.precision={precision}"]
        with tempfile.TemporaryDirectory() as folder:
            agreement = pathlib.Path(folder) / "agreement.safetensors"
            output_of([*command, "--agreement", agreement])
            more = ["--threads", self.threads, "--seconds", self.seconds, *(["--bf16"] if precision == "bf16" else [])]
            peer = json.loads(output_of([self.python, HERE / "peer" / peer_program, agreement, *more]))
        ours = json.loads(output_of([*command, "--seconds", self.seconds]))
        row = row_of(title, "images/s", ours["images_per_second"], peer["images_per_second"])
        row.update(memory="peak memory", memory_mb=ours["peak_memory_mb"], other_memory_mb=peer["peak_memory_mb"])
        row["difference"] = peer["worst_difference"]
        return row


def main():
    parts = {
        "start": limits.start_rows, "rebuild": limits.rebuild_rows, "memory": limits.memory_rows, "views": Bench.view_rows,
        "records": loading.record_rows, "loader": loading.loader_rows, "chain": loading.chain_rows, "kernels": Bench.kernel_rows,
        "gather": Bench.gather_rows, "update": Bench.update_rows, "knn": Bench.knn_rows, "verification": Bench.verification_rows,
        "fvit": Bench.fvit_rows, "steps": Bench.step_rows,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--python", default=sys.executable, help="a Python with torch, numpy, Pillow and OpenCV")
    parser.add_argument("--seconds", type=float, default=20, help="time to measure each step")
    parser.add_argument("--only", choices=list(parts), action="append", help="parts of the table; default all")
    parser.add_argument("--precision", choices=["fp32", "bf16"], action="append", help="of the steps; default both")
    parser.add_argument("--quick", action="store_true", help="each once and briefly, and the small step alone: shows that all of it works")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    arguments = parser.parse_args()
    tell("ceilings of this machine")
    machine = json.loads(output_of([
        arguments.build / "bin/lafs", "bench", HERE / "recipes/lafs_small.toml", "--steps", "1", "--warm-up", "0", "--json",
    ]))["machine"]  # fmt: skip
    bench = Bench(arguments, machine)
    rows = [row for name in parts if name in (arguments.only or parts) for row in parts[name](bench)]
    if arguments.json:
        print(json.dumps({"machine": machine, "rows": rows, "notes": bench.notes}, indent=2))
    else:
        print_table(machine, rows, bench.notes)


if __name__ == "__main__":
    main()
