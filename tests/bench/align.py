#!/usr/bin/env python3
"""Times `lafs align` beside OpenCV in Python, on copies of a folder of pictures with a list of five points.

    tests/bench/align.py --build build --python PYTHON_WITH_OPENCV --pictures DIR --landmarks FILE [--scale 0.6]

The peer decodes, warps and encodes pictures that are in memory already, in one thread; it reads and writes no file. Of ours the time of
processors outside the kernel counts, for what opening and making a file costs is the file system's: it varies a hundredfold. The last lines
are on the clock, with one thread and with all cores, files and all.
"""

import argparse
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

PEER = pathlib.Path(__file__).parent / "peer" / "align_peer.py"


def copies_of(pictures, landmarks, folder, count):
    """Copies of the folder under other names, and a list of all their points."""
    lines = []
    for line in landmarks.read_text().splitlines():
        name, *points = line.split()
        if (pictures / name).exists():
            lines.append((name, points))
    for copy in range(count):
        shutil.copytree(pictures, folder / f"copy{copy}")
    listed = folder.parent / "points.txt"
    listed.write_text("".join(f"copy{copy}/{name}\t" + "\t".join(points) + "\n" for copy in range(count) for name, points in lines))
    return listed, count * len(lines)


def timed(command):
    """Seconds of processors outside the kernel, and on the clock."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"align: error: {result.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--python", default=sys.executable, help="a Python with numpy and OpenCV")
    parser.add_argument("--pictures", type=pathlib.Path, required=True)
    parser.add_argument("--landmarks", type=pathlib.Path, required=True, help="a line a picture: name, x0 y0 .. x4 y4")
    parser.add_argument("--scale", type=float, default=1, help="factor for the points")
    parser.add_argument("--copies", type=int, default=12)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "pictures").mkdir()
        listed, count = copies_of(arguments.pictures, arguments.landmarks, root / "pictures", arguments.copies)
        lafs = [arguments.build / "bin/lafs", "align", root / "pictures", "--landmarks", listed, "--scale", arguments.scale, "--quiet"]
        peer = [arguments.python, PEER, arguments.pictures, arguments.landmarks, "--scale", arguments.scale]
        rates = {what: float(subprocess.check_output([*map(str, peer), "--what", what])) for what in ("warp", "jpeg", "png")}
        print(f"{count} pictures\n{'':<46}{'pictures/s':>10}  of decode+warp  of the same work")
        print(f"{'OpenCV, a core: decode and warp in memory':<46}{rates['warp']:>10,.0f}")
        for form, more in (("jpeg", []), ("png", []), ("jpeg", ["--to", "records"])):
            out = root / "out"
            seconds, _ = timed([*lafs, "--out", out, "--format", form, "--threads", 1, *more])
            shutil.rmtree(out)
            ours = count / seconds
            print(f"{'lafs, a core, to ' + (more[-1] if more else form):<46}{ours:>10,.0f}{ours / rates['warp']:>15.2f}x{ours / rates[form]:>15.2f}x")
        for threads in (1, os.cpu_count()):
            _, clock = timed([*lafs, "--out", root / f"out{threads}", "--format", "jpeg", "--threads", threads, "--to", "records"])
            print(f"{f'lafs, threads: {threads}, to records, on the clock':<46}{count / clock:>10,.0f}")


if __name__ == "__main__":
    main()
