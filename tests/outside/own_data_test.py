#!/usr/bin/env python3
"""docs/own_data.md, done as it says on drawn faces whose five points are known: ```sh blocks are run in one shell, a block of TOML
becomes the file that the text before it names last. Looked at are the results: which pictures and faces were taken, that no person is on both
sides, where the weights came from, and that two photographs get the score that the test has for them. The recipes get one thread
and few epochs; nothing else is changed."""

import argparse
import array
import json
import math
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

from tutorial_test import Shell, blocks

SIDE, PEOPLE, EACH = 112, 20, 5
MODEL = "face_detection_yunet_2022mar.onnx"


def check(holds, *what):
    if not holds:
        sys.exit("FAILED: " + " ".join(str(part) for part in what))


def write_png(file, rows):
    """A picture of rows of RGB bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    width, raw = len(rows[0]) // 3, b"".join(b"\0" + bytes(row) for row in rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(raw, 1)) + chunk(b"IEND", b""))


class Person:
    """Somebody who does not exist: colours and the distances of eyes, nose and mouth."""

    def __init__(self, number):
        draw = random.Random(number)
        self.skin, self.hair, self.eyes, self.lips = ([draw.randrange(40, 230) for _ in range(3)] for _ in range(4))
        self.eye, self.nose, self.mouth, self.width = (draw.uniform(*span) for span in ((11, 17), (4, 12), (9, 15), (24, 32)))
        # From the middle of the face, in the order of lists: eyes, nose, mouth corners.
        self.points = [(-self.eye, -10), (self.eye, -10), (0, self.nose), (-self.mouth, 20), (self.mouth, 20)]

    def colour(self, x, y):
        """At a place of the face; None beside it."""
        if (x / self.width) ** 2 + (y / 38) ** 2 > 1:
            return None
        if abs(abs(x) - self.eye) < 4 and abs(y + 10) < 3:
            return self.eyes
        if abs(x) < self.mouth and abs(y - 20) < 2.5:
            return self.lips
        return self.hair if y < -22 or (abs(x) < 2 and 0 < y < self.nose) else self.skin


def draw_face(rows, person, draw, x0, y0, scale=1.0):
    """Draws a person around a place, turned a little and in some light; its five points."""
    angle, light = draw.uniform(-0.3, 0.3), draw.uniform(0.75, 1.1)
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    for row in range(len(rows)):
        for column in range(len(rows[0]) // 3):
            dx, dy = column - x0, row - y0
            colour = person.colour((c * dx + s * dy) / scale ** 2, (c * dy - s * dx) / scale ** 2)
            if colour:
                rows[row][3 * column:3 * column + 3] = [min(255, int(part * light)) for part in colour]
    return [value for x, y in person.points for value in (x0 + c * x - s * y, y0 + s * x + c * y)]


def grey(draw, width=SIDE):
    shade = draw.randrange(60, 160)
    return [bytearray(shade + draw.randrange(20) for _ in range(3 * width)) for _ in range(SIDE)]


def draw_people(folder):
    """The page's photographs and points.txt. A garden has no face; on a party a second, smaller person stands in the corner."""
    lines = []
    for number in range(PEOPLE):
        person, draw = Person(number), random.Random(1000 + number)
        for picture in range(EACH):
            rows = grey(draw)
            points = draw_face(rows, person, draw, SIDE / 2 + draw.uniform(-8, 8), SIDE / 2 + draw.uniform(-8, 8), draw.uniform(0.9, 1.1))
            name = f"Person {number:02}/{picture}.png"
            write_png(folder / "photographs" / name, rows)
            lines.append("\t".join([name] + [f"{value:.2f}" for value in points]))
    draw, rows = random.Random(1), grey(random.Random(1), 2 * SIDE)
    write_png(folder / "photographs/Person 00/garden.png", grey(draw))
    for person, x, y, scale in ((Person(1), 30, 30, 0.5), (Person(0), SIDE, 60, 1)):
        lines.append("\t".join(["Person 00/party.png"] + [f"{value:.2f}" for value in draw_face(rows, person, draw, x, y, scale)]))
    write_png(folder / "photographs/Person 00/party.png", rows)
    (folder / "points.txt").write_text("\n".join(lines) + "\n")


def draw_squares(folder, source):
    """Photographs for the stand-in of YuNet, which takes bright squares of 8 pixels for faces."""
    shutil.copy(source / "tests/support/yunet/tiny_yunet.onnx", folder / MODEL)
    places = {"one": [(56, 64)], "corner": [(8, 8)], "both": [(8, 8), (56, 64)], "none": []}
    for name, squares in places.items():
        rows = [bytearray([20 + column % 50 for column in range(3 * 128)]) for _ in range(128)]
        for x, y in squares:
            for row in rows[y:y + 8]:
                row[3 * x:3 * x + 24] = b"\xff" * 24
        write_png(folder / f"photographs/Anna Berg/{name}.png", rows)
    (folder / "photographs/Anna Berg/phone.heic").write_bytes(b"not read")


def names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))


def kept_scores(file):
    """(score, whether one person) of every pair of an evaluator."""
    raw = file.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:8 + size])

    def numbers(name, kind):
        begin, end = header[name]["data_offsets"]
        return array.array(kind, raw[8 + size + begin:8 + size + end])

    return list(zip(numbers("scores", "d"), numbers("same", "B")))


class Page:
    """What has to be there before a block of commands, and what has to be there after it."""

    def __init__(self, folder, source):
        self.folder, self.source = folder, source
        self.seen = set()

    def before(self, commands):
        if "--detector" in commands.split("#")[0]:
            draw_squares(self.folder, self.source)
        elif "align photographs" in commands:
            shutil.rmtree(self.folder / "photographs")
            shutil.rmtree(self.folder / "faces")
            draw_people(self.folder)
            self.refuses_pictures_without_a_face(commands)
        elif "align new" in commands:
            self.take_new_photographs()

    def after(self, commands, output):
        for words, look in (("--detector " + MODEL, self.detected), ("--landmarks points.txt", self.aligned), ("shuf", self.split),
                            ("data check", self.looked_at), ("lafs run", self.trained), ("--json > threshold.json", self.threshold),
                            ("lafs threshold runs/own --far 1e-1", self.thresholds), ("lafs verify", self.verified)):
            if words in commands and words not in self.seen:
                self.seen.add(words)
                look(output)
                return

    def one_face(self, line_of_main):
        """The party aligned by a list that has one of its faces only."""
        out = self.folder / f"only{line_of_main}"
        party = [line for line in (self.folder / "points.txt").read_text().splitlines() if "party" in line]
        (self.folder / "party.txt").write_text(party[line_of_main] + "\n")
        subprocess.run(["lafs", "align", "photographs", "--landmarks", "party.txt", "--missing", "skip", "--out", out, "--quiet"], check=True,
                       cwd=self.folder, capture_output=True)
        return (out / "Person 00/party.png").read_bytes()

    def refuses_pictures_without_a_face(self, commands):
        done = subprocess.run(commands.replace(" --missing skip", ""), shell=True, cwd=self.folder, capture_output=True, text=True)
        check(done.returncode == 1 and '"Person 00/garden.png": the list has no landmarks for it' in done.stderr, done.stderr)
        check("nothing was written" in done.stderr and not (self.folder / "faces").exists(), "an error wrote something")

    def detected(self, output):
        faces = self.folder / "faces/train"
        check(names(faces) == ["Anna Berg/both.png", "Anna Berg/corner.png", "Anna Berg/one.png"], names(faces))
        check('"Anna Berg/none.png": no face was found in it' in output, output)
        check('pictures with several faces: 1, the first is "Anna Berg/both.png"' in output, output)
        check("files that are not read: 1 .heic; convert photographs among them to JPEG or PNG" in output, output)
        one, corner, both = ((faces / f"Anna Berg/{name}.png").read_bytes() for name in ("one", "corner", "both"))
        check(both == one != corner, "of two faces the one in the middle was not taken")

    def aligned(self, output):
        faces = names(self.folder / "faces/train")
        check(len(faces) == PEOPLE * EACH + 1 and "Person 00/garden.png" not in faces, faces)
        check('"Person 00/garden.png": the list has no landmarks for it' in output, output)
        check('pictures with several faces: 1, the first is "Person 00/party.png"' in output, output)
        party = (self.folder / "faces/train/Person 00/party.png").read_bytes()
        check(party == self.one_face(1) != self.one_face(0), "of two faces the large one near the middle was not taken")

    def split(self, _):
        train, test = ({file.name for file in (self.folder / "faces" / side).iterdir()} for side in ("train", "test"))
        check(len(test) == PEOPLE // 4 and len(train) == PEOPLE - len(test) and not train & test, train, test)
        self.test_people = sorted(test)

    def looked_at(self, output):
        check("names in both: 0" in output and ": all whole" in output, output)
        check((self.folder / "suspicious.png").read_bytes().startswith(b"\x89PNG"), "no sheet")

    def trained(self, output):
        run = self.folder / "runs/own"
        check((run / "weights.json").exists(), "nothing was loaded before the second training")
        (init,) = json.loads((run / "weights.json").read_text())["init"]
        check(len(init["mapped"]) + len(init["loaded"]) == 50 and not init["left_random"], init)
        check("runs/pretrain" in init["from"], init["from"])
        (result,) = json.loads((run / "results.json").read_text())["evaluators"]
        values = {value["name"]: value for value in result["values"] if not value.get("variant")}
        pictures = len(names(self.folder / "faces/test"))
        check("every pair of the data source" in json.dumps(result), "not every pair")
        self.scores = kept_scores(run / "scores/new people.safetensors")
        check(len(self.scores) == pictures * (pictures - 1) // 2, len(self.scores), "pairs of", pictures)
        low, high = values["tar@far=0.01"]["interval"]
        check(low <= values["tar@far=0.01"]["value"] <= high and low < high, values["tar@far=0.01"])
        check("tar@far=0.01" in output and "[" in output, output)

    def thresholds(self, output):
        check(output.count("accept from a score of") == 3, output)
        check("warning: at FAR 0.001 only" in output and "fewer than ten" in output, output)

    def threshold(self, _):
        (found,) = json.loads((self.folder / "threshold.json").read_text())[0]["thresholds"]
        impostors = [score for score, same in self.scores if not same]
        accepted = sum(score >= found["threshold"] for score in impostors)
        check(accepted == found["false_accepts"] <= 0.01 * len(impostors), accepted, found)
        check(found["interval"][0] <= found["threshold"] <= found["interval"][1], found)
        self.least = found["threshold"]

    def take_new_photographs(self):
        """Two photographs of a person of the test, with their lines of the list, under new names."""
        lines = dict(line.split("\t", 1) for line in (self.folder / "points.txt").read_text().splitlines())
        listed = []
        for name, picture in (("pair/one.png", "0.png"), ("pair/two.png", "3.png")):
            old = f"{self.test_people[0]}/{picture}"
            (self.folder / "new/pair").mkdir(parents=True, exist_ok=True)
            shutil.copy(self.folder / "photographs" / old, self.folder / "new" / name)
            listed.append(f"{name}\t{lines[old]}\n")
        (self.folder / "new_points.txt").write_text("".join(listed))

    def verified(self, output):
        for new, old in (("one", "0"), ("two", "3")):
            files = self.folder / f"new_faces/pair/{new}.png", self.folder / f"faces/test/{self.test_people[0]}/{old}.png"
            check(files[0].read_bytes() == files[1].read_bytes(), "a new photograph is not aligned as the same one was before")
        said = re.search(r"^score (\S+)\n(accepted|not accepted) at FAR 0.01: the threshold is (\S+), which accepts \S+ % of the pairs of one "
                         r'person of "new people"\n', output, flags=re.M)
        check(said, output)
        score = float(said[1])
        nearest = min(abs(kept - score) for kept, same in self.scores if same)
        check(nearest < 1e-5, "the test has no pair of one person with the score", score, "nearest", nearest)
        check(float(said[3]) == self.least, output, self.least)
        check((said[2] == "accepted") == (score >= self.least), output)


def small(recipe):
    """A recipe of the page with one thread and few epochs."""
    changed, count = re.subn(r"^epochs = \d+", "epochs = 3\nthreads = 1", recipe, flags=re.M)
    check(count == 1, "a recipe without epochs")
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    os.environ["PATH"] = f"{arguments.build / 'bin'}:{os.environ['PATH']}"
    os.environ.pop("LAFS_PLUGIN_PATH", None)
    page = (arguments.source / "docs/own_data.md").read_text()
    counts, later = {"sh": 0, "toml": 0}, []
    with tempfile.TemporaryDirectory(prefix="lafs_own_data_") as name:
        folder = pathlib.Path(name)
        shell, steps = Shell(folder), Page(folder, arguments.source)

        def run(commands):
            steps.before(commands)
            steps.after(commands, shell.run("set -o pipefail\n" + commands))

        for language, content, before in blocks(page):
            kind = language.split()[0] if language else ""
            if kind not in counts:
                continue
            counts[kind] += 1
            if language == "sh later":  # once the recipes of the page are there
                later.append(content)
            elif kind == "sh":
                run(content)
            else:
                file = re.findall(r"`([\w.]+\.toml)`", before)[-1]
                (folder / file).write_text(small(content))
        for content in later:
            run(content)
        check((folder / "sheet.png").read_bytes().startswith(b"\x89PNG"), "no sheet of faces")
        check(len(steps.seen) == 8, "not on the page any more: one of the blocks that are checked; found", sorted(steps.seen))
    print(f"{counts['sh']} blocks of commands, {counts['toml']} recipes: as the page says")
    return 0 if all(counts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
