#!/usr/bin/env python3
"""Vectors of protocols that have no published numbers: retrieval, TinyFace, MegaFace and the linear probe, in plain Python.

    python3 tests/golden_twin/protocols.py tests/golden_data/vectors            # those of the tree
    python3 tests/golden_twin/protocols.py /tmp/twin --seed 5                   # a twin: other numbers and sizes
    LAFS_VECTORS_DIR=/tmp/twin ctest -R golden.vectors_

Written from the descriptions of the protocols alone, with exact sums (math.fsum) and none of our code. Needs no package.
"""

import argparse
import json
import math
import pathlib
import random
import struct


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def unit(row):
    length = math.sqrt(dot(row, row))
    return [x / length for x in row]


def add(a, b):
    return [x + y for x, y in zip(a, b)]


def neighbours(rows):
    """The product of each unit row with the next: a number that every component is in."""
    return [dot(row, rows[(i + 1) % len(rows)]) for i, row in enumerate(rows)]


class Source:
    """Embeddings of people: a direction for each, and pictures around it; numbers are multiples of 1/1024, so exact in fp32."""

    def __init__(self, rng, width, people, spread):
        self.rng, self.width, self.spread = rng, width, spread
        self.centres = [[rng.gauss(0, 1) for _ in range(width)] for _ in range(people)]

    def picture(self, person):
        return [round((x + self.rng.gauss(0, self.spread)) * 1024) / 1024 for x in self.centres[person]]


def retrieval(rng):
    people, width = rng.randint(6, 9), rng.randint(10, 20)
    source = Source(rng, width, people, 1.1)
    identities = [person for person in range(people) for _ in range(rng.randint(2, 5))] + [people, people + 1]
    rng.shuffle(identities)
    features = [source.picture(i) if i < people else [round(rng.gauss(0, 1) * 1024) / 1024 for _ in range(width)] for i in identities]
    # Ties: a picture of another person that equals a mate, and an own twin.
    first = next(i for i, who in enumerate(identities) if who == 0)
    other = next(i for i, who in enumerate(identities) if who == 1)
    features[other] = list(features[first])
    features.append(list(features[first]))
    identities.append(0)
    rows = [unit(row) for row in features]
    queries, alone = [], 0
    for q, who in enumerate(identities):
        others = [i for i in range(len(rows)) if i != q]
        if not any(identities[i] == who for i in others):
            alone += 1
            continue
        # Most similar first; of equal ones those of other people first.
        order = sorted(others, key=lambda i: (-dot(rows[q], rows[i]), identities[i] == who))
        hits = [place for place, i in enumerate(order) if identities[i] == who]
        precision = math.fsum((n + 1) / (place + 1) for n, place in enumerate(hits)) / len(hits)
        queries.append({"query": q, "mates": len(hits), "first_is_mate": hits[0] == 0, "average_precision": precision})
    n = len(queries)
    rank1 = sum(q["first_is_mate"] for q in queries) / n
    mean = math.fsum(q["average_precision"] for q in queries) / n
    deviation = math.sqrt(math.fsum((q["average_precision"] - mean) ** 2 for q in queries) / n)
    return {"about": "leave-one-out retrieval; cosine similarity; other people before mates where similarities are equal",
            "identities": identities, "features": features, "products_with_next": neighbours(rows), "queries": queries, "without_mates": alone, "rank1": rank1,
            "rank1_error": math.sqrt(rank1 * (1 - rank1) / n), "mean_average_precision": mean, "map_error": deviation / math.sqrt(n)}


def tinyface(rng):
    people, width = rng.randint(7, 10), rng.randint(10, 20)
    source = Source(rng, width, people, 1.3)

    def picture(name, person):
        row = source.picture(person) if person is not None else [round(rng.gauss(0, 1) * 1024) / 1024 for _ in range(width)]
        return {"file": name, "picture": row, "mirror": [round((x + rng.gauss(0, 0.2)) * 1024) / 1024 for x in row]}

    number = lambda person: 100 + 7 * person  # noqa: E731
    probes = [picture(f"{number(p)}_{i}.jpg", p) for p in range(people) for i in range(rng.randint(1, 3))]
    matches = [picture(f"{number(p)}_{i + 10}.jpg", p) for p in range(people - 2) for i in range(rng.randint(1, 3))]
    distractors = [picture(f"{i}.jpg", None) for i in range(rng.randint(20, 30))]
    # A distractor that equals a mate: the mate stands before it, so it does not hurt.
    distractors[1].update(picture=list(matches[0]["picture"]), mirror=list(matches[0]["mirror"]))
    for part in (probes, matches, distractors):
        part.sort(key=lambda one: one["file"].encode())
    who = lambda one: int(one["file"].split("_")[0])  # noqa: E731
    gallery = [(who(one), one) for one in matches] + [(-100, one) for one in distractors]
    rows = [unit(add(one["picture"], one["mirror"])) for _, one in gallery]
    places = []
    for probe in probes:
        row = unit(add(probe["picture"], probe["mirror"]))
        order = sorted(range(len(rows)), key=lambda i: (-dot(row, rows[i]), i))
        hits = [place for place, i in enumerate(order) if gallery[i][0] == who(probe)]
        places.append(hits[0] if hits else -1)
    counted = sum(place >= 0 for place in places)
    return {"about": "TinyFace: place of the best mate of each probe from 0, -1 without a mate; gallery: matches, then distractors",
            "probe": probes, "gallery_match": matches, "gallery_distractor": distractors, "probe_products_with_next": neighbours([unit(add(one["picture"], one["mirror"])) for one in probes]),
            "gallery_products_with_next": neighbours(rows), "place": places, "counted": counted,
            "right": [{"k": k, "probes": sum(0 <= place < k for place in places)} for k in (1, 5, 20)]}


def squared(a, b):
    return math.fsum((x - y) ** 2 for x, y in zip(a, b))


def in_house_rank1(probes, people, distractors):
    right = comparisons = 0
    nearest = []
    for p, row in enumerate(probes):
        distances = [squared(row, other) for other in distractors]
        nearest.append(min(range(len(distances)), key=lambda d: (distances[d], d)))
        for m, mate in enumerate(probes):
            if m != p and people[m] == people[p]:
                comparisons += 1
                right += squared(row, mate) < distances[nearest[p]]
    return {"comparisons": comparisons, "right": right, "nearest": nearest}


def megaface(rng):
    people, width = rng.randint(4, 6), rng.randint(8, 14)
    source = Source(rng, width, people, 1.0)
    names = [f"Person_{chr(65 + p)}" for p in range(people) for _ in range(3 + p % 3)]
    files = [f"{name}_{i}.png" for i, name in enumerate(names)]
    probes = [source.picture(ord(name[-1]) - 65) for name in names]
    distractors = [[round(rng.gauss(0, 1) * 1024) / 1024 for _ in range(width)] for _ in range(rng.randint(30, 50))]
    distractors[5] = list(probes[0])  # noise: a picture of a probe's person among the distractors
    probe_noise = [i == 4 or i == len(names) - 1 for i in range(len(names))]
    distractor_noise = [i in (5, 9) for i in range(len(distractors))]
    unit_probes, unit_distractors = [unit(row) for row in probes], [unit(row) for row in distractors]
    centres = {}
    for row, name, noisy in zip(unit_probes, names, probe_noise):
        centre = centres.setdefault(name, [0.0] * width)
        if not noisy:
            centres[name] = add(centre, row)
    # What a replaced probe would be without the noise of 0.001; the noise turns it by less than its own length over that of the sum.
    replaced = [unit(centres[name]) if noisy else row for row, name, noisy in zip(unit_probes, names, probe_noise)]
    turned = [0.001 * math.sqrt(width) / math.sqrt(dot(centres[name], centres[name])) if noisy else 0 for name, noisy in zip(names, probe_noise)]
    cleaned_probes = [row + [0.0] for row in replaced]
    cleaned_distractors = [row + [100.0 if noisy else 0.0] for row, noisy in zip(unit_distractors, distractor_noise)]
    stored = struct.pack("<4i", width, 1, 4, 5) + struct.pack(f"<{width}f", *probes[0])
    return {"about": "MegaFace: cleaning, the rank 1 of each probe and mate among the distractors, and the bytes of a feature file",
            "files": files, "people": names, "probes": probes, "distractors": distractors, "probe_noise": probe_noise,
            "distractor_noise": distractor_noise, "cleaned_probes_without_noise": cleaned_probes, "largest_turn": turned,
            "cleaned_distractors": cleaned_distractors, "rank1_as_stored": in_house_rank1(unit_probes, names, unit_distractors),
            "rank1_cleaned_without_noise": in_house_rank1(cleaned_probes, names, cleaned_distractors),
            "first_probe_file_hex": stored.hex()}


def linear_probe(rng):
    classes, width, batch, epochs = rng.randint(3, 5), rng.randint(5, 9), rng.randint(4, 7), rng.randint(4, 6)
    source = Source(rng, width, classes, 0.8)
    labels = [i % classes for i in range(4 * classes + rng.randint(1, 3))]
    test_labels = [i % classes for i in range(3 * classes)]
    rows, test = [source.picture(c) for c in labels], [source.picture(c) for c in test_labels]
    base, momentum = 0.05, 0.9
    first = [[round(rng.gauss(0, 0.01) * 2**20) / 2**20 for _ in range(width)] for _ in range(classes)]
    weights, bias = [list(row) for row in first], [0.0] * classes
    speed, bias_speed = [[0.0] * width for _ in range(classes)], [0.0] * classes
    course = []
    for epoch in range(epochs):
        order = rng.sample(range(len(rows)), len(rows))
        rate = 0.5 * base * (1 + math.cos(math.pi * epoch / epochs))
        losses = []
        for at in range(0, len(order), batch):
            own = order[at:at + batch]
            slopes = []
            for i in own:
                scores = [dot(w, rows[i]) + b for w, b in zip(weights, bias)]
                top = max(scores)
                total = math.fsum(math.exp(s - top) for s in scores)
                losses.append(math.log(total) + top - scores[labels[i]])
                slopes.append([math.exp(s - top) / total - (c == labels[i]) for c, s in enumerate(scores)])
            for c in range(classes):
                for k in range(width):
                    gradient = math.fsum(slope[c] * rows[i][k] for slope, i in zip(slopes, own)) / len(own)
                    speed[c][k] = momentum * speed[c][k] + gradient
                    weights[c][k] -= rate * speed[c][k]
                bias_speed[c] = momentum * bias_speed[c] + math.fsum(slope[c] for slope in slopes) / len(own)
                bias[c] -= rate * bias_speed[c]
        places = []
        for row, truth in zip(test, test_labels):
            scores = [dot(w, row) + b for w, b in zip(weights, bias)]
            places.append(sorted(range(classes), key=lambda c: (-scores[c], c)).index(truth))
        course.append({"order": order, "rate": rate, "loss": math.fsum(losses) / len(losses), "test_places": places})
    last_scores = [[dot(w, row) + b for w, b in zip(weights, bias)] for row in test]
    return {"about": "SGD with momentum on the mean cross-entropy of a linear layer", "classes": classes, "batch": batch, "base_rate": base,
            "momentum": momentum, "labels": labels, "rows": rows, "test_labels": test_labels, "test_rows": test, "first_weights": first,
            "epochs": course, "last_weights": weights, "last_bias": bias, "last_test_scores": last_scores}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="where the files go; made if it is not there")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for make in (retrieval, tinyface, megaface, linear_probe):
        made = make(random.Random(f"{make.__name__} {options.seed}"))
        (options.folder / f"{make.__name__}.json").write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
