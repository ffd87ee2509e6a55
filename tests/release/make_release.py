#!/usr/bin/env python3
"""Makes a stand-in for the released weights and test sets: the real names of files, tensors and lists, random numbers and drawn faces.

    ninja -C build lafs_make_ijb
    python3 tests/release/make_release.py /tmp/release --build build             # small networks, every kind of file
    python3 tests/release/make_release.py /tmp/release --build build --full      # one supervised file of the real size, 0.9 GB

Small networks have the real depth and numbers of classes, and a width of 24. The folder rows/ beside it has the row recipes for them."""

import argparse
import collections
import pathlib
import pickle
import struct
import subprocess

import networks
import torch_file

SUPERVISED = {"row_a": ("Batch_327225_Time_2022-05-05-00-00", "webface4m"), "row_b": ("Batch_523881_Time_2021-07-31-00-00", "ms1mv3"),
              "row_c": ("Batch_359865_Time_2024-09-15-10-19", "webface4m")}
ROWS = {"row_a": ("A: Part-fViT, WebFace4M", "paper_stage1_webface4m.toml", {"IJB-B": 0.9605, "IJB-C": 0.9740}),
        "row_b": ("B and D: Part-fViT, MS1MV3", "paper_stage1_ms1mv3.toml", {"IJB-C": 0.9729}),
        "row_c": ("C: LAFS, WebFace4M", "paper_stage1_webface4m.toml", {"IJB-B": 0.9628, "IJB-C": 0.9758})}


def supervised_name(row):
    return f"Backbone_VIT_land_8_Epoch_34_{SUPERVISED[row][0]}_checkpoint.pth"


def write_supervised(folder, row, sizes):
    shapes = networks.fvit(sizes, True, networks.PEOPLE[SUPERVISED[row][1]])
    folder.mkdir(parents=True, exist_ok=True)
    torch_file.save(folder / supervised_name(row), torch_file.state_dict(shapes, "module.", row))


def write_pretraining(folder, method, sizes):
    """checkpoint.pth of a pre-training (models.md 13.7)."""
    outputs = sizes["outputs"][method]
    parts = {"backbone.": networks.fvit(sizes, False, 30000), "head.": networks.head(sizes, outputs)}
    shapes = collections.OrderedDict((prefix + key, shape) for prefix, part in parts.items() for key, shape in part.items())
    rate = torch_file.Scalar(1e-6)
    saved = {"student": torch_file.state_dict(shapes, "module.", method + " student "),
             "teacher": torch_file.state_dict(shapes, "", method),
             "optimizer": {"state": {0: {"step": 1, "exp_avg": torch_file.Tensor("average", (4, 4))}},
                           "param_groups": [{"lr": rate, "weight_decay": 0.4, "params": [0]}]},
             "epoch": 41, "args": torch_file.namespace(out_dim=outputs, batch_size_per_gpu=82, use_fp16=True),
             "dino_loss": collections.OrderedDict(center=torch_file.Tensor("center", (1, outputs))), "fp16_scaler": {"scale": 65536.0}}
    folder.mkdir(parents=True, exist_ok=True)
    torch_file.save(folder / "checkpoint0040.pth", saved)


def records(file):
    """Encoded pictures of a record file, by key."""
    data, at, out = file.read_bytes(), 0, []
    while at < len(data):
        magic, length = struct.unpack_from("<II", data, at)
        assert magic == 0xCED7230A and length >> 29 == 0
        flag = struct.unpack_from("<I", data, at + 8)[0]
        body = data[at + 32 + 4 * flag:at + 8 + length]
        if body:
            out.append(body)
        at += 8 + (length + 3) // 4 * 4
    return out


def write_pair_sets(folder, program, pairs):
    """A record set of drawn faces, 2 of a person, and verification sets of such pictures."""
    sets = {}
    for number, name in enumerate(("lfw", "cfp_fp", "agedb_30")):
        source = f'{{ use = "synthetic_faces", identities = {pairs}, per_identity = 2, size = 112, first_identity = {1000 * number} }}'
        subprocess.run([program, "data", "pack", "--source", source, "--out", folder, "--force"], check=True, capture_output=True)
        pictures = records(folder / "train.rec")
        assert len(pictures) == 2 * pairs
        same = [i % 2 == 0 for i in range(pairs)]
        chosen = [picture for i in range(pairs) for picture in (pictures[2 * i], pictures[(2 * i + (1 if same[i] else 3)) % len(pictures)])]
        sets[name] = pickle.dumps((chosen, same), protocol=2)
    for name, content in sets.items():
        (folder / f"{name}.bin").write_bytes(content)


def write_ijb(folder, tool, people, first):
    subprocess.run([tool, folder, "--people", str(people), "--first", str(first), "--probes", "1", "--media", "2", "--frames", "2",
                    "--impostors", "8"], check=True, capture_output=True)
    if folder.name == "IJBB":
        for file in sorted((folder / "meta").iterdir()):
            file.rename(file.with_name(file.name.replace("ijbc_", "ijbb_").replace("gallery_G", "gallery_S")))


def write_rows(folder, source, values=None, tolerance=0.0009):
    """Row recipes like those of the paper, for small networks; `values`: other published numbers, by row and set."""
    folder.mkdir(parents=True, exist_ok=True)
    for row, (title, base, published) in ROWS.items():
        text = f'[row]\ntitle = "{title}"\n'
        for set_name, value in published.items():
            value = (values or {}).get((row, set_name), value)
            text += (f'\n[[row.published]]\nmetric = "tar@nearest_far=0.0001"\nevaluator = "{set_name}, published scaling"\nvalue = {value}\n'
                     f'tolerance = {tolerance}\nsource = "README of LAFS_CVPR2024"\n')
        text += f'\n[[stage]]\nname = "supervised"\nbase = "{source}/recipes/base/{base}"\n\n[stage.backbone]\nuse = "part_fvit"\n'
        text += f'dim = {networks.SMALL["dim"]}\nheads = 1\nmlp_dim = {networks.SMALL["mlp"]}\n'
        (folder / f"{row}.toml").write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--full", action="store_true", help="one supervised file of the real size in place of small ones of every kind")
    parser.add_argument("--people", type=int, default=6, help="of each IJB set")
    arguments = parser.parse_args()
    make(arguments.folder, arguments.build.resolve(), arguments.full, arguments.people)


def make(folder, build, full=False, people=6):
    source = pathlib.Path(__file__).resolve().parents[2]
    folder.mkdir(parents=True, exist_ok=True)
    if full:
        write_supervised(folder / "supervised", "row_c", networks.FULL)
    else:
        for row in SUPERVISED:
            write_supervised(folder / "supervised", row, networks.SMALL)
        for method in ("lafs", "dino"):
            write_pretraining(folder / "self_supervised" / method, method, networks.SMALL)
        write_rows(folder.parent / "rows", source)
    write_pair_sets(folder / "ms1mv3", build / "bin/lafs", 2 * people)
    for number, name in enumerate(("IJBB", "IJBC")):
        write_ijb(folder / name, build / "bin/lafs_make_ijb", people, 100 + 100 * number)


if __name__ == "__main__":
    main()
