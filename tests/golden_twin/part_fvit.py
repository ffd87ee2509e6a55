"""Twin of set part_fvit_tiny: a Part-fViT with the full-size landmark CNN, in evaluation and in training (golden README, set 2)."""

import torch

import networks as net
from material import digest, faces, first_weights, write_settings, write_tensors

SIDE, PATCH = 112, 8
# Nearer to a kink of the interpolation, rounding decides on which side of it a landmark lies: pictures that come so near are not used.
KINK_EVALUATION, KINK_TRAINING = 7e-4, 1e-3


def scaled(pixels):
    return pixels.float() / 255 * 2 - 1


def is_buffer(name):
    return name.rsplit(".", 1)[-1] in ("running_mean", "running_var", "num_batches_tracked")


def make_state(s, rng):
    """Weights whose BatchNorm statistics are those of such pictures, perturbed; what the files keep in fp16 is exact in it."""
    state = first_weights(net.fvit_shapes(s, landmarks=True), rng)
    state["output_layer.1.weight"] *= 4  # landmarks all over the picture
    for name, tensor in state.items():
        if in_half(name, tensor):
            tensor.copy_(tensor.half().float())
    with torch.no_grad():
        for _ in range(40):
            net.trunk(state, scaled(faces(8, SIDE, SIDE, rng)), training=True)
    for name, tensor in state.items():
        if name.endswith("running_var"):
            tensor *= 1 + 0.1 * torch.rand(tensor.shape, generator=rng)
        elif name.endswith("running_mean"):
            tensor += 0.05 * torch.randn(tensor.shape, generator=rng)
    return state


def in_half(name, tensor):
    return name == "output_layer.1.weight" or (name.startswith("stn.") and tensor.dim() in (2, 4))


class Pass:
    """One pass forward and back, taken apart; with the gradients of what lies between."""

    def __init__(self, s, state, pixels, R, training):
        self.p = {name: tensor.clone().requires_grad_(not is_buffer(name)) for name, tensor in state.items()}
        images = scaled(pixels)
        self.trunk = net.trunk(self.p, images, training)
        self.raw = net.linear(self.p, "output_layer.1", self.trunk.mean((2, 3)))
        self.theta = net.stretched(self.raw)
        self.raw.retain_grad()
        self.theta.retain_grad()
        self.tokens = net.gather(images, self.theta, s["patch"])
        self.embedding = net.fvit(self.p, s, self.tokens)
        self.loss = (self.embedding * R).sum()
        self.loss.backward()
        self.numbers = {"image_u8": pixels, "R": R, "stn_out": self.trunk, "landmark_raw": self.raw, "theta": self.theta,
                        "embedding": self.embedding, "loss": self.loss, "grad_theta": self.theta.grad,
                        "grad_landmark_raw": self.raw.grad}  # fmt: skip

    def kink_distance(self):
        """Pixels between any coordinate and the nearest place where the interpolation bends: an integer and a half."""
        return (self.theta.detach().double() - 0.5 - (self.theta.detach().double() - 0.5).round()).abs().min().item()


def far_from_kinks(s, state, count, training, distance, rng):
    """A pass over pictures that keep away from kinks. A large batch needs several tries."""
    for _ in range(400):
        # Small, so that what rounding leaves of a gradient of zero stays below the 1e-5 by which the tests know it.
        pixels, R = faces(count, SIDE, SIDE, rng), 0.03 * torch.randn(count, s["dim"], generator=rng)
        made = Pass(s, state, pixels, R, training)
        if made.kink_distance() > distance:
            return made
    raise RuntimeError("no pictures without a landmark near a kink were found; another seed will do")


def gradients(made, count, whole):
    """Full gradients of the tensors that `whole` names, digests of the others."""
    out = {}
    for name, tensor in made.p.items():
        if tensor.grad is None:
            continue
        if whole(name, tensor):
            out[name] = tensor.grad
        else:
            out |= {f"{name}::{kind}": value for kind, value in digest(tensor.grad, count).items()}
    return out


def part_fvit_tiny(folder, rng, options):
    """Returns the state, whose landmark CNN lafs_step uses."""
    s = {"kind": "twin of a golden set, made by tests/golden_twin", "image": SIDE, "patch": PATCH, "num_patches": (SIDE // PATCH) ** 2}
    s |= options | {"attention_scale": options["dim"] ** -0.5, "pool": "cls", "loss": "sum(embedding * R)"}
    state = make_state(s, rng)
    evaluated = far_from_kinks(s, state, s["batch"], False, KINK_EVALUATION, rng)
    trained = far_from_kinks(s, state, s["batch_train_mode"], True, KINK_TRAINING, rng)
    s["smallest_kink_distance_px"] = [evaluated.kink_distance(), trained.kink_distance()]
    write_settings(folder / "part_fvit_tiny.json", s)
    stored = {name: tensor.half() if in_half(name, tensor) else tensor for name, tensor in state.items()}
    write_tensors(folder / "part_fvit_tiny.state.safetensors", stored)
    write_tensors(folder / "part_fvit_tiny.io.safetensors", evaluated.numbers | blocks(s, evaluated))
    short = lambda name, tensor: not (name == "output_layer.1.weight" or (name.startswith("stn.") and tensor.numel() > 64))  # noqa: E731
    write_tensors(folder / "part_fvit_tiny.grads.safetensors", gradients(evaluated, 64, short))
    numbers = {f"io/{name}": tensor for name, tensor in trained.numbers.items()}
    numbers |= {f"bn_after/{name}": tensor for name, tensor in trained.p.items() if is_buffer(name)}
    numbers |= {f"grad/{name}": tensor for name, tensor in gradients(trained, 32, lambda name, tensor: False).items()}
    write_tensors(folder / "part_fvit_tiny.train_mode.safetensors", numbers)
    return state


@torch.no_grad()
def blocks(s, made):
    """The first picture's tokens, and its sequence before and after every block."""
    tokens = made.tokens[:1]
    x = net.fvit_sequence(made.p, tokens)
    out = {"tokens": tokens, "sequence_in": x}
    for layer in range(s["depth"]):
        x = net.fvit_block(made.p, layer, x, s["heads"])
        out[f"block{layer}.out"] = x
    return out
