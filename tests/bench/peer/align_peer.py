"""Pictures a second that OpenCV decodes, warps to five points and, if asked to, encodes, all in memory and in one thread."""

import argparse
import pathlib
import time

import cv2
import numpy as np

TEMPLATE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def similarity(points):
    """The least-squares similarity transform from the points to the template (Umeyama 1991)."""
    mean, target = points.mean(0), TEMPLATE.mean(0)
    a, b = points - mean, TEMPLATE - target
    u, s, vt = np.linalg.svd(b.T @ a / len(a))
    sign = np.diag([1, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ sign @ vt
    scale = (s * np.diag(sign)).sum() / a.var(0).sum()
    return np.hstack([scale * rotation, (target - scale * rotation @ mean)[:, None]])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("landmarks", type=pathlib.Path)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--what", choices=["warp", "jpeg", "png"], default="warp", help="nothing more, or encoding too")
    parser.add_argument("--seconds", type=float, default=6)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    work = []
    for line in arguments.landmarks.read_text().splitlines():
        name, *numbers = line.split()
        file = arguments.pictures / name
        if file.exists():
            points = arguments.scale * np.array(numbers, dtype=float).reshape(5, 2)
            work.append((np.frombuffer(file.read_bytes(), np.uint8), points))
    done, start = 0, time.process_time()
    while time.process_time() - start < arguments.seconds:
        for data, points in work:
            picture = cv2.warpAffine(cv2.imdecode(data, cv2.IMREAD_COLOR), similarity(points), (112, 112))
            if arguments.what == "jpeg":
                cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])
            if arguments.what == "png":
                cv2.imencode(".png", picture)
        done += len(work)
    print(done / (time.process_time() - start))


if __name__ == "__main__":
    main()
