"""Stops runs at random moments, by kill -9, SIGTERM and SIGUSR1, continues each until it is done, and compares its weights, optimizer state
and log with those of an undisturbed run, byte for byte.

    python3 tests/kills/random_kills.py --program build/bin/lafs --kills 200

Three recipes take turns: a plain run, one that evaluates every few steps, and a row of two stages. Before some continuations the folder is
treated as copy programs do: links are lost, become files or folders. A file of the user lies beside every run folder and must not change.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TINY = """
[run]
seed = 3
epochs = {epochs}
batch = 8
threads = 1
loader_threads = 1
log_every = 1
device = "cpu"
{run}

[input]
height = 32
width = 32

[data_source]
use = "synthetic_faces"
identities = 8
per_identity = 6
size = 32

[augmentation]
use = "face_supervised"

[backbone]
use = "fvit"
dim = 24
depth = 1
heads = 2
dim_head = 12
mlp_dim = 32

[head]
use = "cosface"

[objective]
use = "identification"

[optimizer]
use = "adamw"
lr = 1e-3
"""

EVALUATOR = """
[[evaluator]]
use = "verification"
genuine = 200
impostor = 200
folds = 5
baseline = false

[evaluator.data]
use = "synthetic_faces"
first_identity = 1000
identities = 60
per_identity = 4
size = 32
"""

ROW = """
[[stage]]
name = "first"
base = "stage.toml"

[[stage]]
name = "second"
base = "stage.toml"

[[stage.init]]
into = "backbone"
from = "stage:first"
select = "backbone."
"""

SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1]


def write_recipes(folder):
    (folder / "plain.toml").write_text(TINY.format(epochs=30, run="checkpoint_every = 7"))
    (folder / "evaluated.toml").write_text(TINY.format(epochs=12, run="evaluate_every = 0.5\ncheckpoint_every = 5") + EVALUATOR)
    (folder / "stage.toml").write_text(TINY.format(epochs=14, run="checkpoint_every = 5"))
    (folder / "row.toml").write_text(ROW)
    return ["plain", "evaluated", "row"]


class Tries:
    def __init__(self, program, folder, chance):
        self.program, self.folder, self.chance = program, folder, chance
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.environment.pop("LAFS_DATA", None)
        self.counts = {"SIGKILL": 0, "SIGTERM": 0, "SIGUSR1": 0, "early": 0, "copied": 0}
        self.seconds, self.wrong = {}, []

    def start(self, recipe, out):
        command = [self.program, "run", str(self.folder / f"{recipe}.toml"), "--quiet", "--out", str(self.folder / out)]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def finish(self, recipe, out):
        process = self.start(recipe, out)
        _, error = process.communicate()
        if process.returncode != 0:
            self.wrong.append(f"{out}: status {process.returncode}: {error.strip()}")
        return error

    def straight(self, recipe):
        begin = time.time()
        self.finish(recipe, f"{recipe}-straight")
        self.seconds[recipe] = time.time() - begin

    def disturb(self, recipe, out, kills):
        """Starts the run `kills` times and stops it each time, then lets it end."""
        for _ in range(kills):
            process = self.start(recipe, out)
            number = self.chance.choice(SIGNALS)
            time.sleep(self.chance.uniform(0, 1.1) * self.seconds[recipe] / 2)
            if process.poll() is not None:
                self.counts["early"] += 1
                process.communicate()
                continue
            process.send_signal(number)
            _, error = process.communicate()
            self.counts[number.name] += 1
            # Before the run has begun, a signal ends the program as any other.
            if process.returncode not in (-number, 130, 0):
                self.wrong.append(f"{out}: {number.name} gave status {process.returncode}: {error.strip()}")
            if self.chance.random() < 0.3:
                self.copy_badly(self.folder / out)
        self.finish(recipe, out)

    def copy_badly(self, run):
        for link in run.rglob("checkpoints/*"):
            if not link.is_symlink():
                continue
            target = os.readlink(link)
            how = self.chance.choice(["lost", "text", "folder"])
            link.unlink()
            if how == "text":
                link.write_text(target)
            elif how == "folder":
                shutil.copytree(link.parent / target, link)
            self.counts["copied"] += 1

    def compare(self, recipe, out):
        first, second = self.folder / f"{recipe}-straight", self.folder / out
        runs = [pathlib.Path(".")] if recipe != "row" else [pathlib.Path("first"), pathlib.Path("second")]
        for run in runs:
            for file in ["weights.safetensors", "optimizer.safetensors"]:
                if (named(first / run, "last") / file).read_bytes() != (named(second / run, "last") / file).read_bytes():
                    self.wrong.append(f"{out}: {file} of {run} differs")
            if log_of(first / run) != log_of(second / run):
                self.wrong.append(f"{out}: {run / 'metrics.jsonl'} differs")
            if step_of(named(first / run, "best")) != step_of(named(second / run, "best")):
                self.wrong.append(f"{out}: {run / 'checkpoints/best'} names another step")


def named(run, name):
    """The checkpoint that a name leads to. A stage that was finished keeps what copying made of its names: nothing of it is trained again."""
    place = run / "checkpoints" / name
    if place.is_file():
        return place.parent / place.read_text().strip()
    if place.exists():
        return place
    steps = sorted(place.parent.glob("step-*"))
    if name == "last":
        return steps[-1]
    best = json.loads((steps[-1] / "state.json").read_text())["best_step"]
    return place.parent / f"step-{best:08d}" if best >= 0 else steps[-1]  # of a run that scores nothing the last one is the best


def step_of(checkpoint):
    return json.loads((checkpoint / "state.json").read_text())["step"]


def log_of(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "images_per_second"} for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        recipes = write_recipes(folder)
        notes = folder / "notes.txt"
        notes.write_text("mine")
        tries = Tries(arguments.program, folder, chance)
        for recipe in recipes:
            tries.straight(recipe)
        number = 0
        while sum(tries.counts[name.name] for name in SIGNALS) < arguments.kills and not tries.wrong:
            recipe = recipes[number % len(recipes)]
            out = f"{recipe}-{number}"
            tries.disturb(recipe, out, chance.randint(1, 4))
            tries.compare(recipe, out)
            shutil.rmtree(folder / out)
            number += 1
        if notes.read_text() != "mine":
            tries.wrong.append("a file of the user changed")
        counts = ", ".join(f"{count} {name}" for name, count in tries.counts.items() if name in ("SIGKILL", "SIGTERM", "SIGUSR1"))
        print(f"{number} runs of {len(recipes)} recipes, stopped by {counts}; {tries.counts['copied']} links harmed before going on; "
              f"wrong outcomes: {len(tries.wrong)}")
        for text in tries.wrong:
            print(f"  {text}")
        return 1 if tries.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
