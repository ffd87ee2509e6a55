"""Rows beside a limit: how fast lafs starts, how fast a plugin is rebuilt, and that memory does not grow with the data."""

import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from table import HERE, below, output_of, row_of, tell, within

ROOT = HERE.parent.parent


def seconds_of(command, **environment):
    start = time.perf_counter()
    output_of(command, **environment)
    return time.perf_counter() - start


def first_step_seconds(program):
    """From the launch of the quickstart to the first line of its metrics, which a step writes when its update is done."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [program, "run", ROOT / "recipes/quickstart.toml", "--out", f"{folder}/run"]
        with open(f"{folder}/log", "w+") as log:
            run = subprocess.Popen([str(part) for part in command], stdout=log, stderr=subprocess.STDOUT)
            try:
                while not any(file.stat().st_size for file in pathlib.Path(folder).rglob("metrics.jsonl")):
                    if run.poll() is not None or time.perf_counter() - start > 300:
                        log.seek(0)
                        raise SystemExit(f"bench: the quickstart did no step:\n{log.read()}")
                    time.sleep(0.005)
                return time.perf_counter() - start
            finally:
                run.kill()
                run.wait()


def start_rows(bench):
    tell("start")
    times = 3 if bench.quick else 7
    output_of([bench.program, "describe"])  # files come into the system's cache
    describe = statistics.median(seconds_of([bench.program, "describe"]) for _ in range(times))
    yield below(f"lafs describe, median of {times}", "s", describe, 0.7)
    times = 1 if bench.quick else 5
    first = statistics.median(first_step_seconds(bench.program) for _ in range(times))
    yield below(f"quickstart to its first step, median of {times}", "s", first, 2)


def rebuild_rows(bench):
    """The compiler itself: no cache of its results. The source gets its time back, so that nothing is rebuilt for it later."""
    source = ROOT / "plugins/head/cosface/cosface.cpp"
    cache = bench.build / "CMakeCache.txt"
    ours = cache.exists() and f"CMAKE_HOME_DIRECTORY:INTERNAL={ROOT}\n" in cache.read_text()
    if not ours or not os.access(bench.build, os.W_OK) or not os.access(source, os.W_OK):
        bench.notes.append(f"the rebuild of a plugin is left out: {bench.build} is not a build folder of this tree that may be written")
        return
    tell("rebuild of a plugin")
    build = ["cmake", "--build", bench.build, "--target", "head_cosface"]
    output_of(build)
    before = source.stat()
    try:
        source.touch()
        yield below("head_cosface built after a change, no ccache", "s", seconds_of(build, CCACHE_DISABLE="1"), 10)
    finally:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


def peak_mb(command):
    """Most memory that a command held, as the kernel counts it."""
    with tempfile.TemporaryFile() as log:
        run = subprocess.Popen([str(part) for part in command], stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        if run.returncode != 0:
            log.seek(0)
            raise SystemExit(f"bench: {' '.join(map(str, command))} failed:\n{log.read().decode()}")
    return usage.ru_maxrss / 1024


def run_on(bench, folder, recipe, *more):
    steps = 4 if bench.quick else 20
    return peak_mb([bench.program, "run", recipe, "--set", f"run.steps={steps}", "--set", "run.batch=8", *more, "--out", f"{folder}/run"])


def packed_peak(bench, images):
    with tempfile.TemporaryDirectory() as folder:
        recipe = bench.supervised(pathlib.Path(folder), bench.pack(f"{folder}/set", 50, images // 50))
        return run_on(bench, folder, recipe)


def drawn_peak(bench, images):
    more = ["--set", "data_source.identities=50", "--set", f"data_source.per_identity={images // 50}"]
    with tempfile.TemporaryDirectory() as folder:
        return run_on(bench, folder, HERE / "recipes/fvit_small.toml", *more)


def memory_rows(bench):
    """Whole runs of a few steps: the index of the set, its fingerprint and the checkpoint are in it."""
    small = 200 if bench.quick else 2000
    for name, images, peak in [("packed", small, packed_peak), ("drawn", 100 * small, drawn_peak)]:
        tell(f"memory of runs on {name} pictures")
        row = row_of(f"peak: {10 * images:,} pictures beside {images:,}, {name}", "MB", peak(bench, 10 * images), peak(bench, images))
        yield within(row, 0.9)
