#!/usr/bin/env python3
"""What TensorBoard itself reads of runs that were killed and continued: by its reader of files in Python and by its program, over HTTP.

    python3 tests/tensorboard/tensorboard_test.py --program build/bin/lafs

Needs the packages tensorboard and pillow in this Python, or in that of LAFS_TEST_PYTHON; without them it leaves with 77: skipped."""

import argparse
import io
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

SKIPPED = 77
RECIPE = """
[run]
seed = 3
epochs = 8
batch = 8
threads = 1
loader_threads = 1
log_every = 1
checkpoint_every = 7
evaluate_every = 2
device = "cpu"

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

[[evaluator]]
name = "unseen people"
use = "verification"
genuine = 20
impostor = 20
folds = 5

[evaluator.data]
use = "synthetic_faces"
first_identity = 1000
identities = 6
per_identity = 4
size = 32
"""
STEPS = 48
SPEED = "Training/Images_Per_Second"  # the one curve that another run does not repeat


class Runs:
    """Two runs of one recipe in a folder: one straight to its end, one killed on the way, twice."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        (folder / "tiny.toml").write_text(RECIPE)
        self.run("straight")
        self.kill("killed", 19, signal.SIGKILL)  # behind the checkpoint of step 14: four steps come again
        self.kill("killed", 25, signal.SIGINT)   # writes a checkpoint: none does
        self.run("killed")
        self.run("killed")  # nothing is left to do

    def start(self, out):
        command = [self.program, "run", "--quiet", str(self.folder / "tiny.toml"), "--out", str(self.folder / "runs" / out)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run(self, out):
        process = self.start(out)
        _, error = process.communicate(timeout=300)
        assert process.returncode == 0, error

    def kill(self, out, step, number):
        process, log = self.start(out), self.folder / "runs" / out / "metrics.jsonl"
        end = time.time() + 300
        while not (log.exists() and f'{{"step":{step},"epoch"' in log.read_text()):
            assert process.poll() is None and time.time() < end, f"{out} did not come to step {step}: {process.stderr.read()}"
            time.sleep(0.002)
        process.send_signal(number)
        process.communicate()


def same_curve(tag, straight, killed):
    """Each step once, in order, with the same value."""
    steps = [event.step for event in straight]
    assert steps == sorted(set(steps)), f"{tag}: steps of the straight run are {steps}"
    assert [event.step for event in killed] == steps, f"{tag}: {[event.step for event in killed]} instead of {steps}"
    if tag != SPEED:
        assert [event.value for event in killed] == [event.value for event in straight], f"{tag}: other values"
    return steps


def check_files(runs):
    """With the reader of event files in Python, which does what purges say."""
    from tensorboard.backend.event_processing import event_accumulator

    read = {}
    for name in ("straight", "killed"):
        read[name] = event_accumulator.EventAccumulator(str(runs / name), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
        read[name].Reload()
    tags = read["straight"].Tags()
    assert read["killed"].Tags()["scalars"] == tags["scalars"] and read["killed"].Tags()["images"] == tags["images"]
    counts = {}
    for tag in tags["scalars"]:
        counts[tag] = len(same_curve(tag, read["straight"].Scalars(tag), read["killed"].Scalars(tag)))
    return counts, len(list((runs / "killed").glob("events.out.tfevents.*")))


def check_tags(counts):
    """Curves have all their steps, and what is constant has one."""
    for tag in ("Training/Training_Loss", "LR", "Training/Weight_Decay", "Training/Gradient_Norm", "Training/Training_Accuracy", SPEED):
        assert counts[tag] == STEPS, f"{tag}: {counts[tag]} steps"
    for tag in ("Accuracy/unseen_people_Accuracy", "XNorm/unseen_people_XNorm", "Threshold/unseen_people_Best_Threshold",
                "Evaluation/unseen_people/tar_far_0.01"):
        assert counts[tag] == 4, f"{tag}: {counts[tag]} steps"
    baselines = {tag: count for tag, count in counts.items() if tag.startswith("Baseline/")}
    assert "Baseline/unseen_people/pixels/accuracy" in baselines and set(baselines.values()) == {1}, baselines


class Board:
    """TensorBoard's own program on a folder of runs."""

    def __init__(self, logdir, fast):
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir), "--port", "0", "--host", "127.0.0.1",
                   f"--load_fast={'true' if fast else 'false'}", "--reload_interval", "1", "--samples_per_plugin", "scalars=10000,images=100,text=100"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        for line in self.process.stdout:
            if found := re.search(r"http://[\w.]+:\d+/", line):
                self.address = found[0]
                return
        raise AssertionError("tensorboard did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()

    def bytes(self, path, post=None, **query):
        query = urllib.parse.urlencode(query)
        data = json.dumps(post).encode() if post is not None else None
        headers = {"Content-Type": "application/json"} if post is not None else {}
        with urllib.request.urlopen(urllib.request.Request(f"{self.address}data/{path}?{query}", data, headers), timeout=60) as answer:
            return answer.read()

    def json(self, path, post=None, **query):
        return json.loads(self.bytes(path, post, **query))

    def wait(self):
        """Until both runs are read to their ends: their last step is there."""
        end = time.time() + 120
        while time.time() < end:
            scalars = self.json("plugin/scalars/tags")
            if len(scalars) == 2 and all(len(self.scalars(run, "LR")) == STEPS for run in ("straight", "killed")):
                return
            time.sleep(0.5)
        raise AssertionError(f"tensorboard read {scalars.keys()}")

    def scalars(self, run, tag):
        return [] if tag not in self.json("plugin/scalars/tags").get(run, {}) else self.json("plugin/scalars/scalars", run=run, tag=tag)


def check_curves(board, counts):
    for tag, count in counts.items():
        straight, killed = ([(step, value) for _, step, value in board.scalars(run, tag)] for run in ("straight", "killed"))
        assert len(straight) == count and [step for step, _ in killed] == [step for step, _ in straight], f"{tag}: {killed}"
        assert tag == SPEED or killed == straight, f"{tag}: other values"


def check_pictures(board):
    from PIL import Image

    for run, tags in board.json("plugin/images/tags").items():
        assert list(tags) == ["Views/image"], f"{run}: {tags}"
        shown = board.json("plugin/images/images", run=run, tag="Views/image", sample=0)
        assert [picture["step"] for picture in shown] == [0], f"{run}: {shown}"
        query = urllib.parse.parse_qs(shown[0]["query"])
        picture = Image.open(io.BytesIO(board.bytes("plugin/images/individualImage", **{key: value[0] for key, value in query.items()})))
        assert picture.size == (32, 8 * 36 - 4) and len(picture.getcolors(1 << 20)) > 100, picture
        yield picture.tobytes()


def check_text(board, runs):
    for run in ("straight", "killed"):
        texts = board.json("plugin/text/text", run=run, tag="Recipe/resolved")
        assert len(texts) == 1 and texts[0]["step"] == 0, texts
        plain = re.sub(r"<[^>]*>", "", texts[0]["text"]).replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
        assert plain.strip() == (runs / run / "recipe.toml").read_text().strip(), plain


def check_settings(board):
    experiment = board.json("plugin/hparams/experiment", post={"hparamsLimit": 0, "includeMetrics": True})
    settings = {info["name"]: info for info in experiment["hparamInfos"]}
    for name in ("head.margin", "optimizer.lr", "run.seed", "run.batch", "backbone.use"):
        assert name in settings, settings.keys()
    assert "run.threads" not in settings and not any(name.startswith(("paths", "evaluator")) for name in settings), settings.keys()
    metrics = {info["name"]["tag"] for info in experiment["metricInfos"]}
    assert {"Accuracy/unseen_people_Accuracy", "Training/Training_Loss"} <= metrics, metrics
    columns = [{"metric": {"group": "", "tag": "Accuracy/unseen_people_Accuracy"}}, {"hparam": "run.batch"}]
    asked = {"startIndex": 0, "sliceSize": 100, "colParams": columns, "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_RUNNING"],
             "includeMetrics": True}
    groups = board.json("plugin/hparams/session_groups", post=asked)["sessionGroups"]
    assert sorted(group["name"] for group in groups) == ["killed", "straight"], groups
    for group in groups:
        assert group["hparams"]["run.batch"] == 8 and group["hparams"]["backbone.use"] == "fvit", group
        assert group["sessions"][0]["status"] == "STATUS_SUCCESS", group
        values = {value["name"]["tag"]: value for value in group["metricValues"]}
        assert values["Accuracy/unseen_people_Accuracy"]["trainingStep"] == STEPS, values


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    arguments = parser.parse_args()
    try:
        import PIL
        import tensorboard
    except ImportError as error:
        other = os.environ.pop("LAFS_TEST_PYTHON", "")
        if other:
            sys.exit(subprocess.run([other, *sys.argv], check=False).returncode)
        print(f"skipped: {error}; install tensorboard and pillow, or name a Python that has them with LAFS_TEST_PYTHON", file=sys.stderr)
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="lafs_tensorboard_") as name:
        runs = Runs(arguments.program, pathlib.Path(name))
        folder = runs.folder / "runs"
        counts, files = check_files(folder)
        assert files == 3, f"{files} event files of the killed run, which had three sessions with something to do"
        check_tags(counts)
        for fast in (False, True):
            with Board(folder, fast) as board:
                board.wait()
                check_curves(board, counts)
                pictures = list(check_pictures(board))
                assert len(pictures) == 2 and pictures[0] == pictures[1]
                check_text(board, folder)
                check_settings(board)
    print(f"tensorboard {tensorboard.version.VERSION} reads {len(counts)} curves, pictures, text and settings of both runs alike")


if __name__ == "__main__":
    main()
