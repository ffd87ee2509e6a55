"""The report of a long run: how large it is, how long writing it takes, and how long a browser takes to show it.

    python3 tests/bench/report.py --program build/bin/lafs
"""
import argparse
import json
import math
import pathlib
import random
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "report"))
import chromium  # noqa: E402


def write_log(file, steps):
    """What a pre-training logs, with noise and one spike of the loss."""
    draw = random.Random(1)
    parts = [f"student.backbone.transformer.layers.{i}" for i in range(12)]
    with open(file, "w") as log:
        for step in range(steps):
            share = step / steps
            line = {"step": step, "epoch": step // 1000, "loss": 11 * math.exp(-2 * share) + draw.gauss(0, 0.3),
                    "lr": 5e-4 * (1 + math.cos(math.pi * share)), "weight_decay": 0.04 + 0.36 * share,
                    "gradient_norm": math.exp(draw.gauss(0, 0.5)), "images_per_second": draw.gauss(800, 40),
                    "teacher_entropy": 11 * math.exp(-share) + draw.gauss(0, 0.2), "ln_prototypes": 11.09,
                    "agreement": share + draw.gauss(0, 0.02), "center_norm": 3 * share, "landmark_spread": draw.gauss(9, 1)}
            line |= {f"gradient_norm/{part}": math.exp(draw.gauss(-2, 0.5)) for part in parts}
            if step == steps // 3:
                line["loss"] = 99.0
            log.write(json.dumps(line) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--steps", type=int, default=100000)
    given = parser.parse_args()
    if not chromium.program():
        sys.exit("no Chromium is installed (package chromium)")
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder)
        (run / "manifest.json").write_text('{"sessions": []}')
        write_log(run / "metrics.jsonl", given.steps)
        start, used = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([given.program, "report", folder], check=True, stdout=subprocess.DEVNULL)
        writing, writing_cpu = time.time() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
        page = (run / "report.html").read_bytes()
        with chromium.Chromium() as browser:
            browser.open("about:blank")
            opened, busy = [], []
            for _ in range(5):
                shown = browser.open(run / "report.html")
                busy.append(shown.busy_seconds())
                opened.append(shown.value("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000)
            charts = shown.value("document.documentElement.dataset.charts")
    print(f"{given.steps:,} lines: page {len(page) / 1e6:.2f} MB, written in {writing:.1f} s ({writing_cpu:.1f} s of the processor), "
          f"opened with {charts} charts drawn in {min(opened):.2f} s ({min(busy):.2f} s of the page's thread), the fastest of five")
    if b"99.0" not in page:
        sys.exit("the spike of one step is not in the page")
    return 0 if len(page) < 5e6 and min(opened) < 2 else 1


if __name__ == "__main__":
    sys.exit(main())
