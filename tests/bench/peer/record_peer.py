"""Pictures a second that Python reads from a plain record set, in random order, decoded by Pillow into arrays: timed beside record_bench.

With --opencv what cv2.imdecode alone decodes of the same pictures, on one thread, their bytes in memory.
"""

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

    def encoded(self, key):
        self.file.seek(self.offsets[key])
        magic, length = struct.unpack("<II", self.file.read(8))
        if magic != MAGIC or length >> 29:
            raise SystemExit(f"peer: record {key} is not a whole record")
        payload = self.file.read(length)
        labels, label, _, _ = struct.unpack("<IfQQ", payload[:24])
        return label, payload[24 + 4 * labels :]

    def picture(self, key):
        label, encoded = self.encoded(key)
        return label, np.array(Image.open(io.BytesIO(encoded)).convert("RGB"))


# Processor time of the one thread, as the benchmarks beside it count: neighbours on the machine do not.
def rate(work, items, rounds=5, count=200):
    best = 0
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(count):
            work(random.choice(items))
        best = max(best, count / (time.process_time() - start))
    return best


def opencv_rate(records):
    import cv2

    cv2.setNumThreads(1)
    pictures = [np.frombuffer(records.encoded(key)[1], np.uint8) for key in records.offsets]
    return rate(lambda picture: cv2.imdecode(picture, cv2.IMREAD_COLOR), pictures, count=2000)


if __name__ == "__main__":
    records = Records(sys.argv[1])
    if "--opencv" in sys.argv[2:]:
        print(f"opencv: {opencv_rate(records):.0f} images/s, best of 5 x 2000")
    else:
        print(f"records: {rate(records.picture, sorted(records.offsets)):.0f} images/s, best of 5 x 200")
