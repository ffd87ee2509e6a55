#!/usr/bin/env python3
"""docs/errors.md is what the program says: every case of gallery.toml is run in a folder of its own, what it prints is rendered, and the page
is compared. --write renews the page.

A case is a mistake: `files` are written, `before` is run by bash and must succeed, `command` is run and must not. Of what it prints a page
can only show what every machine prints; REPLACED is all that is not shown as it is."""

import argparse
import collections
import concurrent.futures
import difflib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 120  # of one command
WIDTH = 132

INTRODUCTION = """\
# Errors

What lafs says when something is wrong, why, and what to do: search this page for the words on your screen. The texts are the program's
own: `python3 tests/errors/gallery_test.py --build build --source . --write` provokes every error and regenerates the page.

Here `small.toml` is a correct recipe and `faces.toml` contains the mistake; `...` stands for what differs from machine to machine.
"""

REPLACED = (
    # what `lafs test-plugin` timed
    (r"(\d+ broken), \d+\.\d s$", r"\1, ... s"),
    # numbers that follow the processor, or chance that nobody keyed
    (r"\b\d+\.\d{5,}(e-?\d+)?", "..."),
    # a LibTorch for CUDA has another reason
    (r"(no GPU was found|LibTorch's CUDA libraries cannot be loaded).*$", "this LibTorch has no CUDA; ./bootstrap --cuda brings it"),
    # how much memory there is
    (r"this machine has [\d.]+ [a-zA-Z]+", "this machine has ..."),
    # which thread was late
    (r"(?:^ +key \d+ differs\n)+(?:^ +and \d+ more\n)?", "            key ... differs\n"),
    # what a training comes to on this processor
    (r"\d+\.\d\d % ± +\d+\.\d\d", "xx.xx % ± x.xx"),
    # what this lafs was built with
    (r"this lafs is sdk \w+, .*?, torch [\w.]+", "this lafs is sdk ..., g++ ..., torch ..."),
)


def shown(output, folder, build):
    """What a page shows of an output: the folder of the case is somebody's home, the build an installation in it."""
    for path, name in ((str(folder), "/home/me"), (str(build), "/home/me/lafs")):
        output = output.replace(path, name)
    for pattern, text in REPLACED:
        output = re.sub(pattern, text, output, flags=re.M)
    return output.rstrip("\n")


def run_case(case, common, build, source):
    """The case as the page shows it; raises AssertionError where it is not a mistake."""
    with tempfile.TemporaryDirectory(prefix="lafs_errors_") as name:
        folder = pathlib.Path(name).resolve() / "work"
        folder.mkdir()
        for file, text in (common["files"] | case.get("files", {})).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        environment = {"PATH": f"{build}/bin:{os.environ['PATH']}", "HOME": str(folder), "TMPDIR": name, "LC_ALL": "C", "OMP_NUM_THREADS": "1",
                       "CUDA_VISIBLE_DEVICES": "", "BUILD": str(build), "SOURCE": str(source), "PYTHONDONTWRITEBYTECODE": "1"}

        def bash(script):
            command = ["bash", "-o", "pipefail", "-c", script]
            with subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, start_new_session=True) as running:
                try:
                    output, _ = running.communicate(timeout=SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(running.pid, signal.SIGKILL)  # all that holds the pipe, not bash alone
                    raise
            return running.returncode, output.decode()

        if "before" in case:
            status, output = bash(f"set -e\n{common['shell']}\n{case['before']}")
            assert status == 0, f"its `before` ended with status {status}:\n{output}"
        status, output = bash(case["command"])
        assert status in (1, 2), f"`{case['command']}` ended with status {status}:\n{output}"
        output = shown(output, folder, build)
        assert output and name not in output, f"`{case['command']}` printed what no page can show:\n{output}"
        return "\n".join([f"### {case['title']}", "", "```text", f"$ {case['command']}", output, "```", "",
                          item(f"Cause: {case['cause']}"), item(f"Fix: {case['fix']}"), f"- Exit status: {status}", ""])


def item(text):
    return textwrap.fill(f"- {text}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def anchor(title):
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def page(sections, rendered):
    contents = [f"- [{section['title']}](#{anchor(section['title'])})" for section in sections]
    parts = [INTRODUCTION, "\n".join(contents) + "\n"]
    for section in sections:
        parts += [f"## {section['title']}\n"] + [rendered[case["title"]] for case in section["case"]]
    return "\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--write", action="store_true", help="write docs/errors.md instead of comparing it")
    parser.add_argument("--only", help="show the cases whose title has these words, and compare nothing")
    arguments = parser.parse_args()
    build, source = arguments.build.resolve(), arguments.source.resolve()
    gallery = tomllib.loads((HERE / "gallery.toml").read_text())
    sections = gallery["section"]
    cases = [case for section in sections for case in section["case"] if (arguments.only or "") in case["title"]]
    if not cases:
        sys.exit(f"no title has \"{arguments.only}\"")
    twice = [name for name, count in collections.Counter(anchor(c["title"]) for c in cases + sections).items() if count > 1]
    rendered, failures = {}, [f"two headings are \"{name}\"" for name in twice]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        waiting = {pool.submit(run_case, case, gallery["common"], build, source): case for case in cases}
        for done in concurrent.futures.as_completed(waiting):
            title = waiting[done]["title"]
            try:
                rendered[title] = done.result()
            except (AssertionError, subprocess.TimeoutExpired) as error:
                failures.append(f"{title}: {error}")
    if arguments.only is not None:
        print("\n".join(rendered[case["title"]] for case in cases if case["title"] in rendered))
    if failures:
        sys.exit("\n".join(failures))
    if arguments.only is not None:
        return 0
    file, made = source / "docs/errors.md", page(sections, rendered)
    if arguments.write:
        file.write_text(made)
        print(f"{file}: {len(cases)} mistakes")
        return 0
    there = file.read_text() if file.exists() else ""
    if there != made:
        sys.stdout.writelines(difflib.unified_diff(there.splitlines(True), made.splitlines(True), "docs/errors.md", "what the program says"))
        sys.exit(f"docs/errors.md is not what the program says; renew it: python3 {__file__} --build {build} --source {source} --write")
    print(f"{len(cases)} mistakes: as docs/errors.md says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
