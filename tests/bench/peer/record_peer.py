"""Pictures a second that Python reads from a plain record set, in random order, decoded by Pillow into arrays: timed beside record_bench."""

import io
import pathlib
import random
import struct
import sys
import time

import numpy as np
from PIL import Image

MAGIC = 0xCED7230A


class Records:
    def __init__(self, folder):
        lines = (pathlib.Path(folder) / "train.idx").read_text().splitlines()
        self.offsets = dict(map(int, line.split()) for line in lines)
        self.file = open(pathlib.Path(folder) / "train.rec", "rb")

    def picture(self, key):
        self.file.seek(self.offsets[key])
        magic, length = struct.unpack("<II", self.file.read(8))
        if magic != MAGIC or length >> 29:
            raise SystemExit(f"peer: record {key} is not a whole record")
        payload = self.file.read(length)
        labels, label, _, _ = struct.unpack("<IfQQ", payload[:24])
        return label, np.array(Image.open(io.BytesIO(payload[24 + 4 * labels :])).convert("RGB"))


def rate(records, rounds=5, count=200):
    best = 0
    keys = sorted(records.offsets)
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(count):
            records.picture(random.choice(keys))
        best = max(best, count / (time.perf_counter() - start))
    return best


if __name__ == "__main__":
    print(f"records: {rate(Records(sys.argv[1])):.0f} images/s, best of 5 x 200")
