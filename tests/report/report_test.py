"""Opens the report of a run, a row and a grid in headless Chromium: nothing goes to the console, every chart is drawn, and no page is wider
than a phone.

    python3 tests/report/report_test.py --program build/bin/lafs

Leaves with 77, which ctest calls skipped, where no Chromium is installed.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import chromium

TINY = """
title = "</script><script>throw new Error('injected')</script> & <b>tiny</b>"

[run]
seed = 3
epochs = 2
batch = 8
threads = 1
loader_threads = 1
log_every = 1
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
use = "verification"
name = "unseen </script> people"
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

STAGES = """
[row]
deviations = ["another <seed>"]

[[row.published]]
metric = "accuracy"
value = 0.8
tolerance = 0.01
source = "table 1"

[[stage]]
name = "first"

[[stage]]
name = "second"
run.epochs = 1

[[stage.init]]
into = "backbone"
from = "stage:first"
select = "backbone."
"""

GRID = """
[grid]
title = "margins"
recipe = "tiny.toml"
seeds = [1, 2]

[[grid.axis]]
name = "margin"
key = "head.margin"
values = [0.1, 0.4]
"""

# How many canvases show nothing: all their pixels are alike.
BLANK = """
[...document.querySelectorAll("canvas")].filter((canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return new Set(new Uint32Array(data.buffer)).size < 3;
}).length
"""


def check(told, right, sentence):
    if not right:
        told.append(sentence)


def look_at(browser, file, charts, told):
    """Opens a page at two sizes, light and dark."""
    for width, dark in ((1280, False), (360, True)):
        name = f"{file} at {width} pixels, {'dark' if dark else 'light'}"
        page = browser.open(file, width, 800, dark)
        check(told, not page.problems, f"{name}: the console says {page.problems}")
        check(told, page.value("document.documentElement.dataset.errors") is None,
              f"{name}: {page.value('document.documentElement.dataset.errors')}")
        places, drawn = page.value("document.querySelectorAll('canvas').length"), page.value("document.documentElement.dataset.charts")
        check(told, str(places) == drawn and places >= charts, f"{name}: {drawn} of {places} charts are drawn, at least {charts} are expected")
        check(told, page.value(BLANK) == 0, f"{name}: {page.value(BLANK)} charts are blank")
        wide = page.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        check(told, wide == 0, f"{name}: the page is {wide} pixels wider than the window")
        ink = page.value("getComputedStyle(document.body).backgroundColor")
        check(told, ("13, 13, 13" in ink) == dark, f"{name}: the background is {ink}")


def changes_on_paper(browser, file, told):
    """For paper everything is open and light, and what was dark is so again afterwards."""
    page = browser.open(file, 1280, 800, dark=True)
    page.value("window.dispatchEvent(new Event('beforeprint'))")
    check(told, page.value("[...document.querySelectorAll('details')].every((one) => one.open)"), f"{file}: paper shows folded parts")
    check(told, page.value("getComputedStyle(document.documentElement).getPropertyValue('--ink')") == "#0b0b0b", f"{file}: paper is dark")
    page.value("window.dispatchEvent(new Event('afterprint'))")
    check(told, page.value("document.querySelectorAll('details:not([open])').length > 0"), f"{file}: what was unfolded for paper stays so")
    check(told, page.value(BLANK) == 0 and not page.problems, f"{file}: printing broke the charts: {page.problems}")


def says_what_is_wrong(browser, file, folder, told):
    """The test itself: broken data is seen, in the page and on the console."""
    broken = folder / "broken.html"
    broken.write_text(pathlib.Path(file).read_text().replace('id="charts">[', 'id="charts">[oops', 1))
    page = browser.open(broken)
    check(told, page.problems and page.value("document.documentElement.dataset.errors"), "broken data is not noticed")


def lafs(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"lafs {' '.join(map(str, arguments))}\n{done.stderr}")
    return done.stdout


def make(program, folder):
    """A run, a row and a grid, each in a folder of its own, and their pages written once more by `lafs report`."""
    (folder / "tiny.toml").write_text(TINY)
    (folder / "row.toml").write_text(TINY + STAGES)
    (folder / "grid.toml").write_text(GRID)
    lafs(program, "run", folder / "tiny.toml", "--out", folder / "run", "--quiet")
    lafs(program, "run", folder / "row.toml", "--out", folder / "row", "--quiet")
    lafs(program, "ablate", folder / "grid.toml", "--out", folder / "grid", "--quiet")
    before = [(folder / name / "report.html").read_bytes() for name in ("run", "row", "grid")]
    lafs(program, "report", *(folder / name for name in ("run", "row", "grid")))
    after = [(folder / name / "report.html").read_bytes() for name in ("run", "row", "grid")]
    if before != after:
        sys.exit("lafs report writes other pages than the run, the row and the grid did")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    given = parser.parse_args()
    if not chromium.program():
        print("skipped: no Chromium is installed (package chromium)")
        return 77
    told = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        make(given.program, folder)
        with chromium.Chromium() as browser:
            look_at(browser, folder / "run/report.html", 8, told)
            look_at(browser, folder / "row/report.html", 4, told)
            look_at(browser, folder / "grid/report.html", 2, told)
            changes_on_paper(browser, folder / "run/report.html", told)
            says_what_is_wrong(browser, folder / "run/report.html", folder, told)
    print("\n".join(told) or "run, row and grid: nothing on the console, every chart drawn")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
