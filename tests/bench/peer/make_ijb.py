#!/usr/bin/env python3
"""Writes a folder like those of IJB-B and IJB-C, of any size, with features in place of pictures.

    make_ijb.py FOLDER                                      the size of IJB-C: 469,375 pictures, 15,658,489 pairs, 2.1 GB
    make_ijb.py FOLDER --pictures 6000 --subjects 60 --templates 400 --pairs 8000 --width 32

FOLDER/features.npy holds a row of 2 x WIDTH numbers a picture, picture then mirror; FOLDER/meta/ the lists under IJB-C's names. A feature is
the direction of its subject with noise, stronger in some templates than in others. The same options give the same bytes under one NumPy.
"""

import argparse
import pathlib

import numpy

LINES_AT_ONCE = 1 << 20


def write_lines(file, form, *columns):
    with open(file, "w", encoding="ascii") as out:
        for begin in range(0, len(columns[0]), LINES_AT_ONCE):
            parts = (column[begin : begin + LINES_AT_ONCE].tolist() for column in columns)
            out.write("".join(form % line for line in zip(*parts)))


class IjbSet:
    """Who is in which template. The first template of a subject is its gallery's, the others are probes."""

    def __init__(self, options):
        self.options = options
        self.chance = chance = numpy.random.default_rng(options.seed)
        subjects, templates = options.subjects, options.templates
        # Ids have gaps, and galleries come first, as in the real lists.
        self.ids = numpy.cumsum(chance.integers(1, 4, templates))
        probes = chance.integers(0, subjects, templates - subjects)
        probes[: min(subjects, len(probes))] = chance.permutation(subjects)[: len(probes)]  # as many subjects as there are have a probe
        self.subject = numpy.concatenate([numpy.arange(subjects), probes])
        self.noise = numpy.exp(chance.normal(options.noise, 0.5, templates))
        sizes = 1 + chance.multinomial(options.pictures - templates, chance.dirichlet(numpy.full(templates, 0.4)))
        self.template = numpy.repeat(numpy.arange(templates), sizes)
        # A medium is a still, or a video of several frames: it goes on with probability 0.6.
        starts = numpy.concatenate([[True], (chance.random(options.pictures - 1) > 0.6) | (numpy.diff(self.template) > 0)])
        self.media = numpy.cumsum(starts)

    def write_features(self, file):
        options, chance = self.options, self.chance
        shape = (options.pictures, 2 * options.width)
        out = numpy.lib.format.open_memmap(file, mode="w+", dtype=numpy.float32, shape=shape)
        centres = chance.standard_normal((options.subjects, options.width), dtype=numpy.float32)
        for begin in range(0, options.pictures, 1 << 14):
            rows = self.template[begin : begin + (1 << 14)]
            noise = chance.standard_normal((len(rows), 2 * options.width), dtype=numpy.float32)
            noise *= self.noise[rows, None].astype(numpy.float32)
            out[begin : begin + len(rows)] = noise + numpy.tile(centres[self.subject[rows]], 2)
        out.flush()

    def write_pictures(self, meta, prefix):
        names = numpy.arange(1, self.options.pictures + 1)
        scores = numpy.round(1 - 0.3 * self.chance.random(len(names)) ** 4, 3)
        scores[self.chance.random(len(names)) < 0.01] = 0.1  # no face was found
        write_lines(meta / f"{prefix}_face_tid_mid.txt", "%d.jpg %d %d\n", names, self.ids[self.template], self.media)
        points = [38.295, 51.696, 73.532, 51.501, 56.025, 71.737, 41.549, 92.366, 70.730, 92.204]
        moved = [numpy.round(value + self.chance.normal(0, 2, len(names)), 3) for value in points]
        write_lines(meta / f"{prefix}_name_5pts_score.txt", "%d.jpg" + 10 * " %.3f" + " %.3f\n", names, *moved, scores)

    def write_pairs(self, file):
        """Every gallery template beside its own probes, and beside others' by chance, in the order of the galleries."""
        options = self.options
        subjects, probes = options.subjects, options.templates - options.subjects
        wanted = options.pairs - probes
        if not 0 < wanted <= subjects * probes - probes:
            raise SystemExit(f"make_ijb: {options.pairs} pairs cannot be had from {subjects} galleries and {probes} probes")
        share, left, impostors = wanted / (subjects * probes - probes), wanted, []
        for gallery in range(subjects):
            others = numpy.flatnonzero(self.subject[subjects:] != gallery)
            count = left if gallery == subjects - 1 else min(left, int(round(share * len(others))))
            chosen = numpy.sort(self.chance.choice(others, min(count, len(others)), replace=False))
            impostors.append(numpy.stack([numpy.full(len(chosen), gallery), chosen + subjects, numpy.zeros(len(chosen), int)]))
            left -= len(chosen)
        genuine = numpy.stack([self.subject[subjects:], numpy.arange(subjects, options.templates), numpy.ones(probes, int)])
        first, second, label = numpy.concatenate([genuine, *impostors], axis=1)
        order = numpy.argsort(first, kind="stable")
        write_lines(file, "%d %d %d\n", self.ids[first[order]], self.ids[second[order]], label[order])

    def write_subjects(self, file, templates):
        """A line for every picture of the templates, as the published lists have it."""
        chosen = numpy.flatnonzero(numpy.isin(self.template, templates))
        subject = 1 + self.subject[self.template[chosen]]
        with open(file, "w", encoding="ascii") as out:
            out.write("TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID\n")
            lines = zip(self.ids[self.template[chosen]].tolist(), subject.tolist(), (1 + chosen).tolist(), self.media[chosen].tolist())
            out.write("".join("%d,%d,img/%d.jpg,%d\n" % line for line in lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pictures", type=int, default=469_375)
    parser.add_argument("--subjects", type=int, default=3_531, help="as many galleries' templates")
    parser.add_argument("--templates", type=int, default=23_124, help="of galleries and probes together")
    parser.add_argument("--pairs", type=int, default=15_658_489)
    parser.add_argument("--width", type=int, default=512, help="of an embedding")
    parser.add_argument("--noise", type=float, default=0.7, help="logarithm of the middle noise beside a subject's direction")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not options.subjects < options.templates <= options.pictures:
        raise SystemExit("make_ijb: there are more templates than subjects, and at least as many pictures as templates")
    made, meta, prefix = IjbSet(options), options.folder / "meta", "ijbc"
    meta.mkdir(parents=True, exist_ok=True)
    made.write_pictures(meta, prefix)
    made.write_pairs(meta / f"{prefix}_template_pair_label.txt")
    half = (options.subjects + 1) // 2
    made.write_subjects(meta / f"{prefix}_1N_gallery_G1.csv", numpy.arange(half))
    made.write_subjects(meta / f"{prefix}_1N_gallery_G2.csv", numpy.arange(half, options.subjects))
    made.write_subjects(meta / f"{prefix}_1N_probe_mixed.csv", numpy.arange(options.subjects, options.templates))
    made.write_features(options.folder / "features.npy")


if __name__ == "__main__":
    main()
