#!/usr/bin/env python3
"""What the fingerprint of data costs and what it finds, on generated data: a record set and a folder of files.

    tests/bench/fingerprints.py --program build/bin/lafs [--records 1000000] [--files 200000] [--bytes 3000] [--folder DIR]

Prints the time and the memory of `lafs data info` with nothing read before and with everything known, and whether it finds exchanged
pictures, another order, black pictures of the same size and one changed byte. Leaves with 1 where something was not found, where a copy or
`touch` counted as a change, or where memory grew by more than --memory bytes a picture. With small numbers it is a test."""

import argparse
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import time

MAGIC = struct.pack("<I", 0xCED7230A)


def picture(number, count):
    """A grey picture in the plain form PGM, with bytes of its own. All have one size, so that sizes tell nothing apart."""
    width = 50
    height = max(1, count // width)
    pixels = random.Random(number).randbytes(width * height).replace(MAGIC[:1], b"\0")
    return b"P5\n%d %d\n255\n" % (width, height) + pixels


def write_records(folder, records, count):
    """A set in plain style: ten pictures an identity."""
    folder.mkdir()
    with open(folder / "train.rec", "wb") as out, open(folder / "train.idx", "w") as index:
        at = 0
        for key in range(records):
            body = struct.pack("<IfQQ", 0, key // 10, key, 0) + picture(key, count)
            record = MAGIC + struct.pack("<I", len(body)) + body + b"\0" * (-len(body) % 4)
            index.write(f"{key}\t{at}\n")
            out.write(record)
            at += len(record)
    (folder / "property").write_text(f"{(records + 9) // 10},50,50\n")


def write_files(folder, files, count):
    for number in range(files):
        person = folder / f"p{number // 10:06}"
        if number % 10 == 0:
            person.mkdir(parents=True)
        (person / f"{number % 10}.pgm").write_bytes(picture(number, count))


class Program:
    def __init__(self, program):
        self.program = program
        self.least = self.ask(["describe"])[2]

    def ask(self, arguments):
        """Output, seconds and the most memory it held, in bytes."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.perf_counter()
            child = subprocess.Popen([str(part) for part in [self.program, *arguments]], stdout=out, stderr=err)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - start
            out.seek(0)
            err.seek(0)
            if child.returncode:
                raise SystemExit(f"{arguments} failed:\n{err.read().decode()}")
            return out.read().decode(), seconds, usage.ru_maxrss * 1024

    def fingerprint(self, data):
        out, seconds, memory = self.ask(["data", "info", data, "--sample", "1", "--json"])
        return json.loads(out)["fingerprint"], seconds, memory - self.least


class Findings:
    def __init__(self):
        self.wrong = []

    def expect(self, what, right):
        print(f"  {what:58} {'yes' if right else 'NO'}", flush=True)
        if not right:
            self.wrong.append(what)


def settle():
    """Files that were changed a moment ago are read again, however often they are looked at."""
    time.sleep(3.1)


def measure(program, findings, data, count, allowed):
    settle()
    first, seconds, memory = program.fingerprint(data)
    again, later, then = program.fingerprint(data)
    print(f"  first time {seconds:8.2f} s {memory / 2**20:8.1f} MiB\n  then       {later:8.2f} s {then / 2**20:8.1f} MiB", flush=True)
    findings.expect("the second time gives the same", first == again)
    findings.expect(f"memory within {allowed} bytes a picture and 24 MiB", max(memory, then) < 24 * 2**20 + allowed * count)
    index = data / ".lafs-contents"
    print(f"  {index.name}: {index.stat().st_size} bytes", flush=True)
    return first


def change_byte(file, at):
    """One byte, with the file's times put back."""
    before = file.stat()
    with open(file, "r+b") as out:
        out.seek(at)
        byte = out.read(1)
        out.seek(at)
        out.write(bytes([byte[0] ^ 1]))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def changed_files(program, findings, data, files, first):
    some = random.Random(1).sample(range(files), 4)
    a, b, c, d = (data / f"p{n // 10:06}" / f"{n % 10}.pgm" for n in some)
    before = program.fingerprint(data)[0]
    a.rename(data / "x")
    b.rename(a)
    (data / "x").rename(b)
    findings.expect("two exchanged pictures are found", program.fingerprint(data)[0] != before)
    b.rename(data / "x")
    a.rename(b)
    (data / "x").rename(a)
    findings.expect("exchanged back it is the same again", program.fingerprint(data)[0] == first)
    change_byte(c, 100)
    findings.expect("one changed byte is found, times put back", program.fingerprint(data)[0] != first)
    change_byte(c, 100)
    d.touch()
    findings.expect("touch is no change", program.fingerprint(data)[0] == first)
    whole = d.read_bytes()
    d.write_bytes(whole[:14] + b"\0" * (len(whole) - 14))
    findings.expect("a black picture of the same size is found", program.fingerprint(data)[0] != first)
    d.write_bytes(whole)
    findings.expect("put back it is the same again", program.fingerprint(data)[0] == first)


def changed_records(program, findings, data, records, first):
    rec, index = data / "train.rec", data / "train.idx"
    size = rec.stat().st_size
    for at in random.Random(2).sample(range(40, size - 200, size // 40), 3):
        change_byte(rec, at - at % (size // records) + 100)
        findings.expect("one changed byte is found, times put back", program.fingerprint(data)[0] != first)
        change_byte(rec, at - at % (size // records) + 100)
    findings.expect("put back it is the same again", program.fingerprint(data)[0] == first)
    lines = index.read_text().splitlines()
    (one, offset), (other, place) = (line.split("\t") for line in (lines[3], lines[-3]))
    lines[3], lines[-3] = f"{one}\t{place}", f"{other}\t{offset}"
    whole = index.read_text()
    index.write_text("\n".join(lines) + "\n")
    findings.expect("two exchanged pictures are found", program.fingerprint(data)[0] != first)
    lines = whole.splitlines()
    index.write_text("\n".join([lines[1], lines[0], *lines[2:]]) + "\n")
    findings.expect("another order is found", program.fingerprint(data)[0] != first)
    index.write_text(whole)
    rec.touch()
    findings.expect("touch is no change", program.fingerprint(data)[0] == first)


def run(arguments, folder):
    program, findings = Program(arguments.program), Findings()
    for name, count, write, change in [
        ("records", arguments.records, write_records, changed_records),
        ("files", arguments.files, write_files, changed_files),
    ]:
        if count == 0:
            continue
        data = folder / name
        print(f"{count:,} {name} of {arguments.bytes} bytes", flush=True)
        write(data, count, arguments.bytes)
        first = measure(program, findings, data, count, arguments.memory)
        change(program, findings, data, count, first)
        shutil.copytree(data, folder / "copy")
        findings.expect("a copy has the same", program.fingerprint(folder / "copy")[0] == first)
        shutil.rmtree(folder / "copy")
        shutil.rmtree(data)
    return findings.wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--bytes", type=int, default=3000, help="of a picture, about")
    parser.add_argument("--memory", type=int, default=400, help="bytes a picture that a command may take")
    parser.add_argument("--folder", type=pathlib.Path, help="where the data is written for a while; default: the system's")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        wrong = run(arguments, pathlib.Path(folder))
    if wrong:
        raise SystemExit(f"not as promised: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
