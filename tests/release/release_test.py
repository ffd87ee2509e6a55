#!/usr/bin/env python3
"""lafs verify-release on a stand-in for the released files: what it recognises, imports, measures, and says of each published row.

    python3 release_test.py --build build"""

import argparse
import json
import pathlib
import pickle
import re
import shutil
import subprocess
import tempfile
import zipfile

import make_release
import networks

PASS, BROKEN, FAIL, CANNOT_TELL = 0, 1, 3, 4


class Release:
    """A stand-in in a folder of its own, and lafs verify-release on it."""

    def __init__(self, build, folder):
        self.program, self.build, self.folder = build / "bin/lafs", build, folder
        self.release, self.rows, self.out = folder / "release", folder / "rows", folder / "out"
        make_release.make(self.release, build)

    def run(self, *more, folder=None):
        command = [self.program, "verify-release", folder or self.release, "--rows", self.rows, "--out", self.out, "--batch", "12",
                   "--threads", "1", "--device", "cpu", *more]
        return subprocess.run(command, capture_output=True, text=True)

    def report(self, status, *more, **options):
        done = self.run("--json", *more, **options)
        assert done.returncode == status, f"status {done.returncode}, not {status}:\n{done.stderr}\n{done.stdout}"
        return json.loads(done.stdout)


def network(report, part):
    found = [one for one in report["networks"] if part in one["name"]]
    assert len(found) == 1, f"{part}: {[one['name'] for one in report['networks']]}"
    return found[0]


def verdicts(report):
    return {(row["row"], value["set"]): value["verdict"] for row in report["rows"] for value in row["values"]}


def check_import(report):
    """Every tensor of every network is accounted for."""
    for row, people in (("327225", 205990), ("523881", 93431), ("359865", 205990)):
        one = network(report, row)
        assert one["classes"] == people and one["backbone"] == "part_fvit" and not one["remarks"], one["remarks"]
        account = one["accounts"][0]
        assert account["matched"] == account["wanted"] == account["renamed"] == 432 and account["unexpected"] == ["module.loss.weight"]
        assert not account["missing"] and not account["dropped"] and not account["not_looked_at"]
    lafs, dino = network(report, "/lafs/"), network(report, "/dino/")
    assert (lafs["prototypes"], dino["prototypes"]) == (100000, 65536)
    assert dino["backbone"] == "fvit" and [one["matched"] for one in dino["accounts"]] == [138]
    # The teacher's own 138, and the landmark CNN of row A's file.
    assert lafs["backbone"] == "part_fvit" and [one["matched"] for one in lafs["accounts"]] == [138, 294]
    assert "327225" in lafs["landmarks_from"] and len(lafs["accounts"][0]["dropped"]) == 8


def check_measured(report):
    """Each network on each set under each contract, and contracts that differ give numbers that differ."""
    for one in report["networks"]:
        measured = {(m["set"], m["scaling"], m["colour"]) for m in one["measurements"]}
        assert len(measured) == 4 * 5 == len(one["measurements"]), one["name"]
        assert sum(m["published_convention"] for m in one["measurements"]) == 5
    numbers = {json.dumps(m["values"]) for m in network(report, "523881")["measurements"] if m["set"] == "IJB-C"}
    assert len(numbers) == 4


def measured_value(report, row, set_name):
    values = [v for r in report["rows"] if r["row"] == row for v in r["values"] if v["set"] == set_name]
    named = {"row_a": "327225", "row_b": "523881", "row_c": "359865"}[row]
    return next(c for c in values[0]["comparisons"] if named in c["network"] and c["colour"] == "rgb")


def test_rows(release):
    """Random networks reproduce no row, and the very numbers they measure pass; files of A and C are compared with both rows."""
    report = release.report(FAIL)
    check_import(report)
    check_measured(report)
    told = verdicts(report)
    # Of so few people an interval may reach from 0 to 1, and then nothing can be told.
    assert len(told) == 5 and told["row_b", "IJB-C"] == "FAIL" and set(told.values()) <= {"FAIL", "cannot tell"}, told
    row_a, row_b = (next(row for row in report["rows"] if row["row"] == name) for name in ("row_a", "row_b"))
    assert len(row_a["candidates"]) == 2 and any("C: LAFS" in note and "its name is that of" in note for note in row_a["notes"])
    # The order of colours of row B is unknown: both are compared.
    assert [c["colour"] for c in row_b["values"][0]["comparisons"]] == ["rgb", "bgr"]

    measured = {key: measured_value(report, *key) for key in verdicts(report)}
    values = {key: one["measured"] for key, one in measured.items()}
    wide = max(high - low for low, high in (one["interval"] for one in measured.values())) + 0.001
    source = pathlib.Path(__file__).resolve().parents[2]
    make_release.write_rows(release.rows, source, values, wide)
    again = release.report(PASS)
    assert set(verdicts(again).values()) == {"pass"}
    assert all(m["kept"] for one in again["networks"] for m in one["measurements"])
    assert (release.out / "report.json").exists()

    make_release.write_rows(release.rows, source, values, 1e-6)
    assert set(verdicts(release.report(CANNOT_TELL)).values()) == {"cannot tell"}


def test_missing(release):
    """What is not there is named with where it is published; a row whose only candidate is another row's file does not fail."""
    shutil.rmtree(release.release / "IJBB")
    for row in ("row_b", "row_a"):
        (release.release / "supervised" / make_release.supervised_name(row)).unlink()
    source = pathlib.Path(__file__).resolve().parents[2]
    report = release.report(CANNOT_TELL, "--published-only")
    value = measured_value(report, "row_c", "IJB-C")
    # Row A's number lies out of reach, so that the file reproduces row C alone.
    values = {("row_c", "IJB-C"): value["measured"], ("row_a", "IJB-C"): value["measured"] + 3}
    make_release.write_rows(release.rows, source, values, 1)
    report = release.report(PASS, "--published-only")
    told = verdicts(report)
    assert told["row_c", "IJB-C"] == "pass" and told["row_b", "IJB-C"] == "not measured" and told["row_c", "IJB-B"] == "not measured"
    assert told["row_a", "IJB-C"] == "not measured"
    why = {(row["row"], v["set"]): v["why"] for row in report["rows"] for v in row["values"]}
    assert "NIST" in why["row_c", "IJB-B"] and "93,431 rows" in why["row_b", "IJB-C"]
    assert 'reproduces row "C: LAFS' in why["row_a", "IJB-C"], why
    assert any(text.startswith("IJB-B") for text in report["missing"]) and any("row \"B and D" in text for text in report["missing"])


def test_broken(release):
    """One broken file does not stop the others, and each is named with what is wrong."""
    supervised = release.release / "supervised"
    whole = (supervised / make_release.supervised_name("row_c")).read_bytes()
    (supervised / "cut.pth").write_bytes(whole[:len(whole) * 6 // 10])
    with zipfile.ZipFile(supervised / "strange.pth", "w") as archive:
        archive.writestr("archive/data.pkl", b"cposix\nsystem\n(S'false'\ntR.")
        archive.writestr("archive/version", "3\n")
    (supervised / "resnet.pth").write_bytes(other_network())
    (supervised / "twice.pth").write_bytes(whole)
    (supervised / "gone.pth").symlink_to("nowhere.pth")
    (release.release / "circle").symlink_to(release.release)
    (release.release / "IJBC/meta/ijbc_name_5pts_score.txt").unlink()
    (release.release / "ms1mv3/agedb_30.bin").write_bytes(pickle.dumps(([b"x"] * 3, [True]), protocol=2))
    report = release.report(BROKEN, "--published-only")
    useless = {pathlib.Path(one["file"]).name: one["why"] for one in report["useless"]}
    assert set(useless) == {"cut.pth", "strange.pth", "resnet.pth"}, useless
    assert "system" in useless["strange.pth"] and "ResNet" in useless["resnet.pth"], useless
    assert network(report, "twice.pth")["same_as"].endswith(make_release.supervised_name("row_c"))
    faults = {one["name"]: one["fault"] for one in report["sets"]}
    age = next((fault for name, fault in faults.items() if name.lower().startswith("agedb")), "")
    assert "_name_5pts_score.txt" in faults["IJB-C"] and "agedb_30.bin" in age and not faults["LFW"], faults
    assert any("gone.pth" in note for note in report["notes"])
    measured = {one["set"] for one in network(report, "359865")["measurements"]}
    assert measured == {name for name, fault in faults.items() if not fault}, (measured, faults)


def other_network():
    import io
    import torch_file

    shapes = {"conv1.weight": (4, 3, 3, 3), "layer1.0.conv1.weight": (4, 4, 3, 3)}
    out = io.BytesIO()
    torch_file.save(out, torch_file.state_dict(shapes))
    return out.getvalue()


def test_names(release):
    """A name is a hint: where the tensors disagree, it is said."""
    supervised, wrong = release.release / "supervised", release.folder / "wrong"
    wrong.mkdir()
    shutil.copy(supervised / make_release.supervised_name("row_c"), wrong / "dino_ms1m_Batch_523881.pth")
    report = release.report(CANNOT_TELL, folder=wrong)
    remarks = " ".join(network(report, "dino_ms1m")["remarks"])
    assert re.search(r"class matrix has 93,431 rows; this one has 205,990", remarks) and '"ms1m"' in remarks and '"dino"' in remarks, remarks


def test_nothing(release):
    empty = release.folder / "empty"
    empty.mkdir()
    for folder, text in ((empty, "nothing was recognised"), (release.folder / "absent", "does not exist"),
                         (release.rows / "row_a.toml", "is no folder")):
        done = release.run(folder=folder)
        assert done.returncode == 1 and text in done.stderr, done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    with tempfile.TemporaryDirectory(prefix="lafs_release_") as folder:
        release = Release(build, pathlib.Path(folder))
        for test in (test_rows, test_names, test_nothing, test_missing, test_broken):
            if test is test_broken:
                shutil.rmtree(release.release)
                make_release.make(release.release, build)
            test(release)
            print(f"{test.__name__}: {test.__doc__ or ''}".strip().splitlines()[0])


if __name__ == "__main__":
    main()
