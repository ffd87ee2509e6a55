#!/usr/bin/env python3
"""Plugins outside the tree, as a researcher writes them: lafs is installed, the installation is moved, and every scaffold of `lafs new` and
every plugin of docs/examples is built against it, tried by `lafs test-plugin` and trained for two steps."""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

KINDS = ["data_source", "augmentation", "backbone", "projector", "head", "objective", "optimizer", "evaluator"]


class Failed(Exception):
    pass


def run(*command):
    """Runs a command; its output is told where it fails."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(str(part) for part in command)}\nexit status {done.returncode}\n{done.stdout}")
    return done.stdout


def installed(build, folder):
    """The installation, moved after it was made, so that no path of its first place can help."""
    run("cmake", "--install", build, "--prefix", folder / "first", "--component", "lafs")
    (folder / "first").rename(folder / "lafs")
    return folder / "lafs"


def check_python_class(prefix, build, source):
    """The run of the plugin's recipe is exported with the plugin's class; where torch is installed, the class must take the weights."""
    exported = source / "exported"
    run("env", f"LAFS_PLUGIN_PATH={build}", prefix / "bin/lafs", "export", build / f"recipe.backbone.{source.name}", "--python", exported)
    python = os.environ.get("LAFS_TEST_PYTHON", "python3")
    if subprocess.run([python, "-c", "import torch, safetensors"], capture_output=True).returncode == 0:
        run(python, "-c", f"import sys; sys.path.insert(0, '{exported}'); import model; model.load()")


def check_plugin(prefix, source):
    """Configures, builds and tests one plugin. Its ctest is the suite of its kind, and two steps of its recipe."""
    build, kind = source / "out", "Debug" if source.name == "li_arcface" else "Release"
    output = run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_BUILD_TYPE={kind}",
                 "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Werror")
    if "CMake Warning" in output:
        raise Failed(f"{source.name}: CMake warns\n{output}")
    run("cmake", "--build", build)
    run("ctest", "--test-dir", build, "--output-on-failure")
    if (source / f"{source.name}.py").exists():
        check_python_class(prefix, build, source)
    lines = len((source / "CMakeLists.txt").read_text().splitlines())
    if lines > 15:
        raise Failed(f"{source.name}: CMakeLists.txt has {lines} lines")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    # Both would find lafs or LibTorch where the moved tree should.
    for name in ("CMAKE_PREFIX_PATH", "LAFS_PLUGIN_PATH"):
        os.environ.pop(name, None)

    with tempfile.TemporaryDirectory(prefix="lafs_outside_") as name:
        folder = pathlib.Path(name)
        prefix = installed(arguments.build, folder)
        run(prefix / "bin/lafs", "check", prefix / "share/lafs/recipes")
        sources = []
        for kind in KINDS:
            sources.append(folder / f"my_{kind}")
            run(prefix / "bin/lafs", "new", "plugin", kind, f"my_{kind}", "--dir", sources[-1])
        sources.append(folder / "my_method")
        run(prefix / "bin/lafs", "new", "plugin", "objective", "my_method", "--base", "two_views", "--dir", sources[-1])
        for example in sorted((arguments.source / "docs/examples").iterdir()):
            sources.append(folder / example.name)
            shutil.copytree(example, sources[-1])
        failures = 0
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = {source: pool.submit(check_plugin, prefix, source) for source in sources}
            for source, job in jobs.items():
                try:
                    job.result()
                    print(f"{source.name}: builds, keeps its promises, trains", flush=True)
                except Failed as failure:
                    failures += 1
                    print(f"{source.name}: FAILED\n{failure}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
