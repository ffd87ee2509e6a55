#!/usr/bin/env python3
"""docs/write_a_plugin.md, done as it says: ```sh blocks are run in one shell, a ```cpp block becomes the file named on the last line of the
text before it, and every line of a ```text block must be in the output of the commands before it."""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

MARK = "--- end of block ---"


def blocks(page):
    """(language, content, last line of the text before) of every fenced block, in order."""
    found, before = [], ""
    for part in re.split(r"^```", page, flags=re.M):
        head, newline, content = part.partition("\n")
        if len(found) % 2 == 0:
            before = part.strip().splitlines()[-1] if part.strip() else ""
            found.append(None)
        else:
            found.append((head, content, before))
    return [block for block in found if block]


class Shell:
    def __init__(self, folder):
        self.process = subprocess.Popen(["bash"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=os.environ | {"HOME": str(folder), "OMP_NUM_THREADS": "1"})

    def run(self, commands):
        """The output of a block; its last command's status must be 0."""
        self.process.stdin.write(f"{commands}\necho \"{MARK} $?\"\n")
        self.process.stdin.flush()
        output = ""
        for line in self.process.stdout:
            if line.startswith(MARK):
                status = int(line.split()[-1])
                return output if status == 0 else sys.exit(f"exit status {status} of\n{commands}\n{output}")
            output += line
        sys.exit(f"the shell ended in\n{commands}\n{output}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    for name in ("CMAKE_PREFIX_PATH", "LAFS_PLUGIN_PATH"):
        os.environ.pop(name, None)
    page = (arguments.source / "docs/write_a_plugin.md").read_text()
    counts = {"sh": 0, "cpp": 0, "text": 0}
    with tempfile.TemporaryDirectory(prefix="lafs_tutorial_") as name:
        folder = pathlib.Path(name)
        (folder / "build").symlink_to(arguments.build)
        shell, output = Shell(folder), ""
        for language, content, before in blocks(page):
            if language == "toml":  # a recipe to read, on pictures that are not here
                continue
            counts[language] += 1
            if language == "sh":
                output = shell.run(content)
            elif language == "cpp":
                (folder / re.search(r"`([^`]+)`:$", before).group(1)).write_text(content)
            else:
                for line in content.splitlines():
                    if line not in output:
                        sys.exit(f"not printed: {line}\nbut\n{output}")
    print(f"{counts['sh']} blocks of commands, {counts['cpp']} of source, {counts['text']} of output: as the page says")
    return 0 if all(counts.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
