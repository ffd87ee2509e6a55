"""Rows of the loader: decoding and augmentation beside the bare decoders and Python, and what a training step waits for it."""

import pathlib
import subprocess
import tempfile

from table import HERE, output_of, row_of, tell, within


def record_rows(bench):
    tell("reads of records")
    with tempfile.TemporaryDirectory() as folder:
        bench.pack(folder, 50, 8)
        peer = float(output_of([bench.python, HERE / "peer/record_peer.py", folder]).split()[1])
        ours = bench.rate("record_reads", LAFS_BENCH_RECORDS=folder)
        yield row_of("record read and decoded on one core", "images/s", ours, peer)


def loader_rows(bench):
    tell("loader")
    with tempfile.TemporaryDirectory() as folder:
        bench.pack(f"{folder}/set", 64, 32)
        there = {"LAFS_BENCH_RECORDS": f"{folder}/set"}
        ours = bench.rate("loaded_records", **there)
        if subprocess.run([bench.python, "-c", "import cv2"], capture_output=True).returncode == 0:
            opencv = float(output_of([bench.python, HERE / "peer/record_peer.py", f"{folder}/set", "--opencv"]).split()[1])
            yield within(row_of("read, decode, flip, crop a core; cv2.imdecode", "images/s", ours, opencv), 0.7)
        else:
            bench.notes.append(f"OpenCV's decoder is left out: {bench.python} has no opencv-python-headless")
        yield row_of("read, decode, flip, crop a core; bare turbojpeg", "images/s", ours, bench.rate("decoded_records", **there))
        parts = bench.step_of(bench.supervised(pathlib.Path(folder), f"{folder}/set"))["part_seconds"]
        waits = 100 * parts["load"] / sum(parts.values())
        yield {"what": "share of a step that waits for data, fViT, batch 64", "unit": "%", "ours": waits}


def chain_rows(bench):
    """Ours and the peer must both give the golden bytes before their times are compared."""
    tell("chain of supervised training")
    golden = HERE.parent / "golden_data"
    output_of([bench.build / "bin/lafs_golden", "--test-suite=randaugment,augment"], LAFS_GOLDEN_DIR=golden)
    with tempfile.TemporaryDirectory() as folder:
        bench.pack(f"{folder}/set", 64, 32)
        there = {"LAFS_BENCH_RECORDS": f"{folder}/set"}
        ours = bench.rate("loaded/published", **there)
        for title, more, limit in (("tensors as torchvision has them", [], 4), ("all with Pillow", ["--pillow"], 2.2)):
            peer = float(output_of([bench.python, HERE / "peer/chain_peer.py", f"{folder}/set", golden, *more]).split()[1])
            yield within(row_of(f"published chain a core; Python, {title}", "images/s", ours, peer), limit)
        bare = bench.rate("decoded_records", **there)
        yield within(row_of("flip only a core; bare turbojpeg", "images/s", bench.rate("loaded/flip_only", **there), bare), 0.9)
