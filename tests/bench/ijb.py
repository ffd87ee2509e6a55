#!/usr/bin/env python3
"""IJB-C's 1:1 and 1:N protocols beside a peer in NumPy, from features on disk: equal results first, then times and memory.

    ijb.py --build build --folder /tmp/ijb [--python PYTHON]

FOLDER is written by peer/make_ijb.py where it is not there (2.1 GB). PYTHON has numpy, scipy and scikit-learn. Every count must be equal,
thresholds and areas to 1e-9. Times are those of the clock without the reading of lists, which both have to do; the processor's own
seconds stand beside them, for machines that others use too.
"""

import argparse
import json
import pathlib
import sys

from table import HERE, output_of, tell

GOALS = {"verification": (2.5, 1200), "identification": (1.0, None)}  # seconds, MB
SMALLEST_RATIO = 3


def differences(ours, other, path=""):
    if isinstance(ours, dict):
        return [d for key in ours for d in differences(ours[key], other[key], f"{path}.{key}")]
    if isinstance(ours, list):
        if len(ours) != len(other):
            return [f"{path}: {len(ours)} and {len(other)} values"]
        return [d for i, pair in enumerate(zip(ours, other)) for d in differences(*pair, f"{path}[{i}]")]
    equal = ours == other if isinstance(ours, int) else abs(ours - other) < 1e-9
    return [] if equal else [f"{path}: {ours} and {other}"]


def of_protocol(run):
    """Seconds of the protocol itself, of clock and processor: from features and pairs on disk on, not the lists of pictures."""
    laps = [seconds for name, seconds in run["seconds"].items() if name != "lists"]
    return [sum(column) for column in zip(*laps)]


def compare(protocol, options):
    peer = [options.python, HERE / "peer/ijb_peer.py", options.folder, protocol]
    ours_command = [options.build / "bin/lafs_ijb_bench", options.folder, protocol]
    runs = []
    for _ in range(options.runs):
        runs.append((json.loads(output_of(ours_command)), json.loads(output_of(peer))))
    ours, other = (min(column, key=lambda run: of_protocol(run)[0]) for column in zip(*runs))
    wrong = differences(ours["results"], other["results"])
    for line in wrong:
        print(f"{protocol}{line}")
    (clock, processor), (peer_clock, peer_processor) = of_protocol(ours), of_protocol(other)
    seconds, memory = GOALS[protocol]
    print(f"{protocol}: {'all results equal' if not wrong else f'{len(wrong)} results differ'}")
    print(f"  clock      {clock:8.2f} s  peer {peer_clock:8.2f} s  {peer_clock / clock:5.1f}x (wanted {SMALLEST_RATIO}x, at most {seconds} s)")
    print(f"  processor  {processor:8.2f} s  peer {peer_processor:8.2f} s  {peer_processor / processor:5.1f}x")
    limit = f" (wanted at most {memory} MB)" if memory else ""
    print(f"  memory     {ours['memory_mb']:8.0f} MB peer {other['memory_mb']:8.0f} MB{limit}")
    for name, (at_clock, at_processor) in ours["seconds"].items():
        print(f"    {name:<8} {at_clock:8.2f} s {at_processor:8.2f} s  peer {other['seconds'][name][0]:8.2f} s {other['seconds'][name][1]:8.2f} s")
    return not wrong


def bootstrap(options):
    """Intervals have no peer: their time stands beside a limit."""
    run = json.loads(output_of([options.build / "bin/lafs_ijb_bench", options.folder, "bootstrap"]))
    clock = sum(run["seconds"][name][0] for name in ("people", "samples"))
    print(f"bootstrap, 1,000 samples of {run['results']['people']} people: {clock:.1f} s (wanted at most 60 s), {run['memory_mb']:.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=3, help="of each; the fastest counts")
    options = parser.parse_args()
    if not (options.folder / "features.npy").exists():
        tell(f"writing {options.folder}")
        output_of([options.python, HERE / "peer/make_ijb.py", options.folder])
    results = [compare(protocol, options) for protocol in GOALS]
    bootstrap(options)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
