"""Whether a peer's step is the step of `lafs`, and how long it takes."""

import json
import math
import resource
import time

import torch

import container


def difference(loss, module, tensors, pairs, tolerance):
    """Runs backward of `loss`; the worst relative difference of loss and gradients. Ends the program where it is above the tolerance."""
    loss.backward()
    expected = tensors["loss"].item()
    worst, name = abs(loss.item() - expected) / abs(expected), "loss"
    for which, ours, theirs in container.gradients(module, tensors, pairs):
        far = (ours - theirs).norm() / theirs.norm().clamp_min(1e-12)
        if not far <= worst:  # so that one that is not a number counts
            worst, name = far.item(), f"the gradient of {which}"
    if not worst <= tolerance:
        raise SystemExit(f"peer: {name} differs by {worst:.3g} relative, more than {tolerance}; no time is printed")
    return worst


def wait_for(device):
    """Until a GPU has done what it was given, as the step of `lafs` is timed."""
    if device != "cpu":
        torch.cuda.synchronize()


def print_steps(run, images, seconds, device="cpu", **facts):
    """Times calls of `run`, which gives the loss as a tensor, and prints what they say as JSON."""
    run()
    wait_for(device)
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        loss = run()
        wait_for(device)
        times.append(time.perf_counter() - begin)
        if not math.isfinite(loss.item()):
            raise SystemExit("peer: the loss is not finite")
    median = sorted(times)[len(times) // 2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if device != "cpu":
        facts["device_peak_memory_mb"] = torch.cuda.max_memory_allocated() / 2**20
    print(json.dumps({
        "images_per_second": images / median, "step_seconds": median, "steps": len(times), "peak_memory_mb": peak,
        "torch": torch.__version__, **facts,
    }))  # fmt: skip
