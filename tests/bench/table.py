"""What every part of the table uses: commands, rows and how they are printed."""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SMALLER_IS_BETTER = ("ms", "s", "MB")


def tell(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def output_of(command, **environment):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, env={**os.environ, **environment})
    if result.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, command))} failed:\n{result.stderr or result.stdout}")
    return result.stdout


def row_of(what, unit, ours, other):
    """Of times and memory the smaller is better, of rates the larger; a ratio above 1 always speaks for ours."""
    return {"what": what, "unit": unit, "ours": ours, "other": other, "ratio": other / ours if unit in SMALLER_IS_BETTER else ours / other}


def within(row, smallest_ratio):
    """A row whose ratio has a limit: the table marks one that misses it."""
    return {**row, "smallest_ratio": smallest_ratio, "missed": row["ratio"] < smallest_ratio}


def below(what, unit, ours, limit):
    """A row beside the most that is wanted instead of beside another program."""
    return {**within(row_of(what, unit, ours, limit), 1), "limit": limit}


def print_row(row):
    ours = f"{row['what']:<52}{row['ours']:>10.4g}"
    if "other" not in row:
        print(f"{ours}{'':>10} {row['unit']}")
        return
    other = f"<{row['limit']:.4g}" if "limit" in row else f"{row['other']:.4g}"
    wanted = f"  misses {row['smallest_ratio']:.2f}x" if row.get("missed") else ""
    print(f"{ours}{other:>10} {row['unit']:<9}{row['ratio']:>7.2f}x{wanted}")
    if "memory_mb" in row:
        print(f"{'  ' + row['memory']:<52}{row['memory_mb']:>10.0f}{row['other_memory_mb']:>10.0f} {'MB':<9}"
              f"{row['other_memory_mb'] / row['memory_mb']:>7.2f}x")  # fmt: skip


def print_table(machine, rows, notes):
    print(f"{machine['processor']}, {machine['threads']} threads; {' '.join(machine['features'])}")
    print(f"ceilings: {machine['fp32_gflops']:.0f} GFLOP/s fp32, {machine['bf16_gflops']:.0f} bf16, {machine['copy_gbytes']:.1f} GB/s\n")
    print(f"{'':<52}{'ours':>10}{'other':>10}{'':>10}{'ratio':>8}")
    for row in rows:
        print_row(row)
    for note in notes:
        print(f"\n{note}")
