#!/usr/bin/env python3
"""Networks that `lafs export --python` wrote give the embeddings of `lafs embed` in Python: every backbone with a class, under every value of
its quirks and of the input contract. A class that ignored an option would fail: with another value in config.json the embeddings must
change. TorchScript and ONNX of them are read back, and the Python of docs/python.md and docs/weights.md is run as it is written.

It needs a Python with torch, safetensors, numpy and pillow: the one that runs it, or the one that LAFS_TEST_PYTHON names; without, it is
skipped. What needs matplotlib, onnx or onnxscript is left out where the package is missing."""

import argparse
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

NEEDED = ("torch", "safetensors", "numpy", "PIL")
TOLERANCE = 1e-5  # of the largest number of an embedding
SKIPPED = 77


def has(module):
    return importlib.util.find_spec(module) is not None


def find_python():
    """Goes on in the Python of LAFS_TEST_PYTHON, or leaves where a package is missing."""
    if python := os.environ.pop("LAFS_TEST_PYTHON", ""):
        os.execv(python, [python, *sys.argv])
    if missing := [module for module in NEEDED if not has(module)]:
        print(f"skipped: {sys.executable} lacks {', '.join(missing)}; LAFS_TEST_PYTHON names another Python")
        sys.exit(SKIPPED)


arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("--build", type=pathlib.Path, required=True)
arguments.add_argument("--source", type=pathlib.Path, required=True)
arguments.add_argument("--only", default="", help="cases whose name has these words")
arguments = arguments.parse_args()
find_python()

import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from python_cases import CASES, EVALUATOR, FORMATS, FVIT, RECIPE, SQUARE  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

PROGRAM = arguments.build.resolve() / "bin/lafs"


def lafs(*words, folder):
    done = subprocess.run([str(PROGRAM), *map(str, words)], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"lafs {' '.join(map(str, words))}\nexit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def write_pictures(folder):
    """Pictures of waves: several formats, sizes and kinds of pixels."""
    random = np.random.default_rng(1)
    kinds = [((32, 32), "RGB", "png"), ((48, 40), "RGB", "png"), ((32, 32), "RGB", "jpg"), ((20, 23), "L", "png"), ((40, 48), "RGB", "ppm"),
             ((90, 70), "RGB", "jpg")]
    for person in range(2):
        (folder / f"person_{person}").mkdir(parents=True)
        for number, (size, mode, ending) in enumerate(kinds):
            y, x = np.mgrid[0 : size[1], 0 : size[0]] / 32
            waves = [np.sin(random.uniform(3, 12) * x + random.uniform(3, 12) * y + random.uniform(0, 6)) for _ in range(3)]
            picture = Image.fromarray((np.stack(waves, -1) * 100 + 127).astype(np.uint8)).convert(mode)
            picture.save(folder / f"person_{person}/{number}.{ending}", **({"quality": 92} if ending == "jpg" else {}))


def module_of(folder):
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def difference(ours, theirs):
    """Largest difference, as a share of the largest number."""
    assert ours.shape == theirs.shape, f"{ours.shape} is not {theirs.shape}"
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def embeddings_of_lafs(folder):
    """Rows of `lafs embed` and the pictures they belong to."""
    lafs("embed", "run", "../pictures", "--out", "f.npy", "--device", "cpu", "--quiet", folder=folder)
    keys = [line.split("\t")[1] for line in (folder / "f.npy.tsv").read_text().splitlines()[1:]]
    return np.load(folder / "f.npy"), [str(folder.parent / "pictures" / key) for key in keys]


def must_not_load(module, folder, change):
    """The weights with one more or one fewer tensor are refused."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    try:
        module.load(folder)
    except RuntimeError as error:
        assert "extra" in str(error) or "Missing key" in str(error), error
        return
    raise AssertionError("weights that do not fit were loaded")


def check_case(folder, name, backbone, contract, changes):
    folder.mkdir()
    (folder / "recipe.toml").write_text(RECIPE.format(backbone=backbone, input=contract))
    lafs("run", "recipe.toml", "--out", "run", "--quiet", folder=folder)
    lafs("export", "run", "--python", "exported", folder=folder)
    wanted, pictures = embeddings_of_lafs(folder)
    module = module_of(folder / "exported")
    network = module.load()
    assert not network.training
    found = difference(module.embed(network, pictures, batch=5).numpy(), wanted)
    print(f"{name:38s} {len(network.state_dict()):4d} tensors  [{wanted.shape[0]},{wanted.shape[1]}]  {found:.1e}", flush=True)
    assert found <= TOLERANCE, f"{name}: the embeddings differ by {found:.1e}"
    file = folder / "exported/config.json"
    text = file.read_text()
    for option, value in changes.items():
        config = json.loads(text)
        assert config["options"][option] != value
        config["options"][option] = value
        file.write_text(json.dumps(config))
        changed = difference(module.embed(module.load(), pictures).numpy(), wanted)
        assert changed > 10 * TOLERANCE, f"{name}: {option} = {value} changes nothing ({changed:.1e})"
    file.write_text(text)
    network.train()(torch.rand(4, 3, network.contract["height"], network.contract["width"])).sum().backward()
    return module.load(), pictures, wanted


def check_folder(folder, pictures, wanted):
    """What is not about a backbone: the command line, strictness, a package that is missing."""
    exported = folder / "exported"
    printed = subprocess.run([sys.executable, "model.py", pictures[0]], cwd=exported, capture_output=True, text=True, check=True).stdout
    first = float(printed.split(": ", 1)[1].split()[0])
    assert abs(first - wanted[0][0]) < 1e-4 and f"({wanted.shape[1]} numbers)" in printed, printed
    module = module_of(exported)
    for change in (lambda t: t.pop(next(iter(t))), lambda t: t.update(extra=torch.zeros(2))):
        shutil.copytree(exported, folder / "copy")
        must_not_load(module, folder / "copy", change)
        shutil.rmtree(folder / "copy")
    sys.modules["safetensors.torch"], kept = None, sys.modules["safetensors.torch"]
    try:
        module.load()
        raise AssertionError("the weights were read without safetensors")
    except ImportError as error:
        assert "pip install safetensors" in str(error), error
    finally:
        sys.modules["safetensors.torch"] = kept


def check_formats(folder, network, wanted):
    """What PyTorch makes of the class in one line, TorchScript and ONNX: read back by lafs where OpenCV can, and by the package onnx."""
    contract = network.eval().contract
    torch.manual_seed(0)
    images = torch.rand(1, 3, contract["height"], contract["width"]) * 2 - 1
    files = {"network.pt": lambda file: torch.jit.trace(network, images).save(file)}
    if has("onnx") and folder.name == "iresnet":
        files["network.onnx"] = lambda file: torch.onnx.export(network, images, file, opset_version=13, dynamo=False)
    for name, write in files.items():
        with torch.no_grad():
            write(str(folder / name))
        words = "--input", f"{{ height = {contract['height']}, width = {contract['width']} }}", "--device", "cpu", "--quiet"
        lafs("embed", name, "../pictures", "--out", f"{name}.npy", *words, folder=folder)
        found = difference(np.load(folder / f"{name}.npy"), wanted)
        print(f"  {name} through lafs: {found:.1e}", flush=True)
        assert found <= TOLERANCE
    if not (has("onnx") and has("onnxscript")):
        return
    import onnx.reference

    torch.onnx.export(network, images, str(folder / "reference.onnx"), verbose=False)
    reader = onnx.reference.ReferenceEvaluator(str(folder / "reference.onnx"))
    with torch.no_grad():
        found = difference(reader.run(None, {reader.input_names[0]: images.numpy()})[0], network(images).numpy())
    print(f"  ONNX through the package onnx: {found:.1e}", flush=True)
    assert found <= TOLERANCE


def run_page(page, folder):
    """Runs the Python of a page of docs, in one process, in a folder that holds what the page names."""
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), flags=re.M | re.S)
    assert blocks, f"{page} has no Python"
    for block in blocks:
        imported = re.findall(r"^(?:import|from) (\w+)", block, flags=re.M)
        missing = [module for module in imported if module != "model" and not has(module)]
        if missing:
            print(f"{page.name}: left out what imports {', '.join(missing)}")
            continue
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", block], cwd=folder, capture_output=True, text=True,
                              env=os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(folder / "exported")})
        assert done.returncode == 0, f"{page}:\n{block}\n{done.stdout}{done.stderr}"
        print(f"{page.name}: {block.count(chr(10))} lines of Python\n{done.stdout}", end="", flush=True)


def check_pages(folder):
    """The Python of docs, where everything that it names is there."""
    folder.mkdir()
    (folder / "recipe.toml").write_text(RECIPE.format(backbone=FVIT, input=SQUARE) + EVALUATOR)
    lafs("run", "recipe.toml", "--out", "runs/first", "--quiet", folder=folder)
    lafs("embed", "runs/first", "--out", "features.npy", "--device", "cpu", "--quiet", folder=folder)
    lafs("export", "runs/first", "--python", "exported", folder=folder)
    shutil.copy(folder.parent / "pictures/person_0/0.png", folder / "face.png")
    for page in "python.md", "weights.md":
        run_page(arguments.source / "docs" / page, folder)
    for made in (["run.png"] if has("matplotlib") else []) + (["face.onnx"] if has("onnxscript") else []):
        assert (folder / made).stat().st_size > 1000, made


def main():
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory(prefix="lafs_python_") as name:
        scratch = pathlib.Path(name)
        write_pictures(scratch / "pictures")
        for number, case in enumerate(CASES):
            if arguments.only not in case[0]:
                continue
            folder = scratch / (case[0] if case[0] in FORMATS else str(number))
            network, pictures, wanted = check_case(folder, *case)
            if case[0] in FORMATS:
                check_formats(folder, network, wanted)
            if number == 0:
                check_folder(folder, pictures, wanted)
        if not arguments.only:
            check_pages(scratch / "pages")
    print("every export gives the embeddings of lafs")


if __name__ == "__main__":
    main()
