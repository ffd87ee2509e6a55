#!/usr/bin/env python3
"""The test of this study done by raw pixels: retrieval, nearest neighbour and a linear classifier on 56 x 56 grey values. Pictures are
compared by correlation. Needs numpy, Pillow and scikit-learn.

    python3 pixels.py $LAFS_DATA/lfw
"""

import pathlib
import sys

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression


def grey(file):
    picture = Image.open(file).convert("L").resize((56, 56), Image.BILINEAR)
    values = np.asarray(picture, np.float32).ravel()
    values -= values.mean()
    return values / np.linalg.norm(values)


def read(root):
    """Rows of all pictures of the test's people in order of their names, and whose each is."""
    people = sorted(line.split("\t")[0] for line in (root / "lists/peopleDevTest.txt").read_text().splitlines()[1:] if line)
    rows, labels = [], []
    for number, person in enumerate(people):
        for file in sorted((root / "aligned112_full" / person).iterdir()):
            rows.append(grey(file))
            labels.append(number)
    return np.stack(rows), np.array(labels)


def retrieval(rows, labels):
    """Each picture of somebody with two or more looks for the others: rank 1, mean average precision."""
    counts = np.bincount(labels)
    first, precision = [], []
    for i in np.flatnonzero(counts[labels] > 1):
        similar = rows @ rows[i]
        similar[i] = -np.inf
        right = labels[np.argsort(-similar, kind="stable")[:-1]] == labels[i]
        first.append(right[0])
        places = np.flatnonzero(right) + 1
        precision.append(np.mean(np.arange(1, len(places) + 1) / places))
    return np.mean(first), np.mean(precision)


def classification(rows, labels):
    """Of people with five pictures or more: four are known, up to four others are asked for."""
    known, asked = [], []
    for person in np.flatnonzero(np.bincount(labels) >= 5):
        own = np.flatnonzero(labels == person)
        known.extend(own[:4])
        asked.extend(own[4:8])
    nearest = labels[known][np.argmax(rows[asked] @ rows[known].T, axis=1)]
    linear = LogisticRegression(C=100, max_iter=2000).fit(rows[known], labels[known])
    return np.mean(nearest == labels[asked]), linear.score(rows[asked], labels[asked]), len(asked)


def main():
    rows, labels = read(pathlib.Path(sys.argv[1]))
    rank1, mean_precision = retrieval(rows, labels)
    neighbour, linear, asked = classification(rows, labels)
    print(f"{len(rows)} pictures: rank 1 {rank1:.2%}, mAP {mean_precision:.2%}")
    print(f"{asked} asked for: nearest neighbour {neighbour:.2%}, linear {linear:.2%}")


if __name__ == "__main__":
    main()
