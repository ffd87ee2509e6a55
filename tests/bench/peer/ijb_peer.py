#!/usr/bin/env python3
"""The protocols of IJB as tuned Python runs them: sparse pooling, blocked matrix products, exact sorts. Prints what lafs_ijb_bench prints.

    ijb_peer.py FOLDER verification      ijb_peer.py FOLDER identification      (FOLDER: from make_ijb.py)
"""

import argparse
import json
import pathlib
import resource
import time

import numpy
import scipy.sparse
from sklearn.metrics import auc, roc_curve

FAR = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
ROWS_AT_ONCE = 1 << 15


class Clock:
    def __init__(self):
        self.seconds, self.last = {}, (time.perf_counter(), time.process_time())

    def lap(self, name):
        now = time.perf_counter(), time.process_time()
        self.seconds[name] = [now[0] - self.last[0], now[1] - self.last[1]]
        self.last = now


def numbers(file, columns):
    """A list of whole numbers: NumPy's own parser of text is the fastest that comes without a compiler."""
    return numpy.fromstring(file.read_bytes(), dtype=numpy.int64, sep=" ").reshape(-1, columns)


def read_pictures(meta):
    with open(meta / "ijbc_face_tid_mid.txt", encoding="ascii") as lines:
        rows = [line.split() for line in lines]
    with open(meta / "ijbc_name_5pts_score.txt", encoding="ascii") as lines:
        scores = [(line.split(" ", 1)[0], line.rsplit(" ", 1)[1]) for line in lines]
    assert [row[0] for row in rows] == [row[0] for row in scores]
    ids = numpy.array([row[1:] for row in rows], dtype=numpy.int64)
    return ids[:, 0], ids[:, 1], numpy.array([score for _, score in scores], dtype=numpy.float32)


def pooled(folder, templates, media, scores):
    """Unit templates: the weights of all pictures as one sparse matrix, the features in blocks."""
    ids, template = numpy.unique(templates, return_inverse=True)
    _, medium, count = numpy.unique(numpy.stack([template, media], 1), axis=0, return_inverse=True, return_counts=True)
    weight = scores.astype(numpy.float64) / count[medium.ravel()]
    features = numpy.load(folder / "features.npy", mmap_mode="r")
    width = features.shape[1] // 2
    sums = numpy.zeros((len(ids), width))
    for begin in range(0, len(features), ROWS_AT_ONCE):
        block = features[begin : begin + ROWS_AT_ONCE]
        x = block[:, :width].astype(numpy.float64) + block[:, width:]
        rows = template[begin : begin + ROWS_AT_ONCE]
        touched, place = numpy.unique(rows, return_inverse=True)
        mix = scipy.sparse.csr_matrix((weight[begin : begin + ROWS_AT_ONCE], (place, numpy.arange(len(rows)))), (len(touched), len(rows)))
        sums[touched] += mix @ x
    return ids, sums / numpy.linalg.norm(sums, axis=1, keepdims=True)


def pair_scores(unit, first, second):
    """Blocked products of the rows that occur, and a look-up: a product of a block costs less than gathering its pairs' rows."""
    scores = numpy.empty(len(first))
    order = numpy.argsort(first, kind="stable")
    columns = numpy.unique(second)
    place = numpy.zeros(len(unit), dtype=numpy.int64)
    place[columns] = numpy.arange(len(columns))
    right = numpy.ascontiguousarray(unit[columns].T)
    sorted_first = first[order]
    rows = numpy.unique(first)
    for begin in range(0, len(rows), 256):
        block = rows[begin : begin + 256]
        product = unit[block] @ right
        low, high = numpy.searchsorted(sorted_first, [block[0], block[-1] + 1])
        chosen = order[low:high]
        scores[chosen] = product[numpy.searchsorted(block, first[chosen]), place[second[chosen]]]
    return scores


def verification(folder, clock):
    templates, media, detector = read_pictures(folder / "meta")
    clock.lap("lists")
    first, second, label = numbers(folder / "meta/ijbc_template_pair_label.txt", 3).T
    clock.lap("pairs")
    ids, unit = pooled(folder, templates, media, detector)
    clock.lap("pool")
    first, second = numpy.searchsorted(ids, first), numpy.searchsorted(ids, second)
    scores = pair_scores(unit, first, second)
    clock.lap("scores")
    fpr, tpr, _ = roc_curve(label, scores)
    impostors = numpy.sort(scores[label == 0])[::-1]
    genuine = numpy.sort(scores[label == 1])[::-1]
    clock.lap("sort")
    positives, negatives = len(genuine), len(impostors)
    points = []
    for far in FAR:
        i = len(fpr) - 1 - numpy.argmin(numpy.abs(fpr[::-1] - far))
        # The largest rate not above the target: every score above the first impostor that is too much.
        most = int(far * negatives)
        refused = impostors[most]
        within = int(numpy.searchsorted(-impostors, -refused)), int(numpy.searchsorted(-genuine, -refused))
        points.append([far, int(round(fpr[i] * negatives)), int(round(tpr[i] * positives)), *within])
    out = {"genuine": positives, "impostors": negatives, "kept": len(fpr), "points": points, "area": auc(fpr, tpr)}
    clock.lap("curve")
    return out


def subjects(file):
    rows = numpy.loadtxt(file, delimiter=",", skiprows=1, usecols=(0, 1), dtype=numpy.int64, ndmin=2)
    templates, place = numpy.unique(rows[:, 0], return_index=True)
    return templates, rows[place, 1]


def combined(similarity, mates):
    probes = numpy.arange(len(similarity))
    own = similarity[probes, mates]
    rank = 1 + (similarity > own[:, None]).sum(1)
    out = {"top": [float((rank <= k).mean()) for k in (1, 5, 10)], "combined": []}
    similarity[probes, mates] = -2
    counts = [int(numpy.ceil(len(probes) * rate)) for rate in (0.01, 0.1)]
    largest = numpy.sort(numpy.partition(similarity.ravel(), -counts[-1])[-counts[-1] :])[::-1]
    for k in counts:
        out["combined"].append([k, float(largest[k - 1]), float((own > largest[k - 1]).mean())])
    similarity[probes, mates] = own
    return out


def separate(similarity, probe_subjects, gallery_subjects):
    order = numpy.argsort(gallery_subjects)
    place = numpy.minimum(numpy.searchsorted(gallery_subjects[order], probe_subjects), len(order) - 1)
    mated = gallery_subjects[order][place] == probe_subjects
    mates = order[place][mated]
    rows = similarity[mated]
    own = rows[numpy.arange(len(rows)), mates]
    rank = 1 + (rows > own[:, None]).sum(1)
    rows[numpy.arange(len(rows)), mates] = -2
    correct = own > rows.max(1)
    without = numpy.sort(similarity[~mated].max(1))[::-1]
    step = (-4 + 0.04) - -4
    rates = []
    for rate in [10 ** (-4 + i * step) for i in (0, 25, 50, 75)] + [1]:
        threshold = without[max(int(len(without) * rate) - 1, 0)]
        rates.append([float(threshold), float((correct & (own > threshold)).mean())])
    return {"mated": len(rows), "non_mated": len(without), "top": [int((rank <= k).sum()) for k in (1, 5, 10)], "rates": rates}


def identification(folder, clock):
    meta = folder / "meta"
    templates, media, detector = read_pictures(meta)
    galleries = [subjects(meta / f"ijbc_1N_gallery_G{i}.csv") for i in (1, 2)]
    probes, probe_subjects = subjects(meta / "ijbc_1N_probe_mixed.csv")
    clock.lap("lists")
    ids, unit = pooled(folder, templates, media, detector)
    clock.lap("pool")
    gallery, place = numpy.unique(numpy.concatenate([one[0] for one in galleries]), return_index=True)
    gallery_subjects = numpy.concatenate([one[1] for one in galleries])[place]
    similarity = unit[numpy.searchsorted(ids, probes)] @ unit[numpy.searchsorted(ids, gallery)].T
    order = numpy.argsort(gallery_subjects)
    mates = order[numpy.searchsorted(gallery_subjects[order], probe_subjects)]
    out = combined(similarity, mates)
    out["separate"] = [separate(similarity[:, numpy.searchsorted(gallery, one)], probe_subjects, who) for one, who in galleries]
    clock.lap("search")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("protocol", choices=["verification", "identification"])
    options = parser.parse_args()
    clock, begin = Clock(), time.perf_counter()
    results = {"verification": verification, "identification": identification}[options.protocol](options.folder, clock)
    total = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"results": results, "seconds": clock.seconds, "total": total, "memory_mb": memory, "processor": time.process_time()}))


if __name__ == "__main__":
    main()
