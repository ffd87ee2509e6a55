"""Part-fViT: an fViT on patches around landmarks that a small CNN finds in the picture (Sun and Tzimiropoulos 2022)."""

import torch
from torch import nn
from torch.nn import functional

from fvit import Fvit

# The trunk of MobileNetV3-large: kernel, expanded width, width, squeeze and excitation, curve, stride.
LAYERS = [
    (3, 16, 16, False, nn.ReLU, 1),
    (3, 64, 24, False, nn.ReLU, 2),
    (3, 72, 24, False, nn.ReLU, 1),
    (5, 72, 40, True, nn.ReLU, 2),
    (5, 120, 40, True, nn.ReLU, 1),
    (5, 120, 40, True, nn.ReLU, 1),
    (3, 240, 80, False, nn.Hardswish, 2),
    (3, 200, 80, False, nn.Hardswish, 1),
    (3, 184, 80, False, nn.Hardswish, 1),
    (3, 184, 80, False, nn.Hardswish, 1),
    (3, 480, 112, True, nn.Hardswish, 1),
    (3, 672, 112, True, nn.Hardswish, 1),
    (5, 672, 160, True, nn.Hardswish, 2),
    (5, 960, 160, True, nn.Hardswish, 1),
    (5, 960, 160, True, nn.Hardswish, 1),
]
STEM, TRUNK = 16, 160


class Squeeze(nn.Module):
    """Each channel times a gate that is computed from the means of all."""

    def __init__(self, width):
        super().__init__()
        narrow = width // 4
        self.fc = nn.Sequential(
            nn.Linear(width, narrow, bias=False), nn.ReLU(), nn.Linear(narrow, width, bias=False), nn.Hardsigmoid()
        )

    def forward(self, x):
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


class InvertedResidual(nn.Module):
    """A layer of the trunk; the squeeze stands before the second curve (quirk M8)."""

    def __init__(self, inputs, kernel, expanded, outputs, squeeze, curve, stride):
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, expanded, 1, bias=False),
            nn.BatchNorm2d(expanded),
            curve(),
            nn.Conv2d(expanded, expanded, kernel, stride, (kernel - 1) // 2, groups=expanded, bias=False),
            nn.BatchNorm2d(expanded),
            Squeeze(expanded) if squeeze else nn.Identity(),
            curve(),
            nn.Conv2d(expanded, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class Trunk(nn.Module):
    """[B,3,H,W] to [B,160,H/32,W/32]."""

    def __init__(self):
        super().__init__()
        stem = nn.Conv2d(3, STEM, 3, 2, 1, bias=False)
        layers, inputs = [nn.Sequential(stem, nn.BatchNorm2d(STEM), nn.Hardswish())], STEM
        for kernel, expanded, outputs, squeeze, curve, stride in LAYERS:
            layers.append(InvertedResidual(inputs, kernel, expanded, outputs, squeeze, curve, stride))
            inputs = outputs
        self.features = nn.Sequential(*layers)

    def forward(self, images):
        return self.features(images)


def stretched(numbers, axes, span):
    """Numbers moved and scaled so that over these axes the smallest is 0 and the largest `span`; without spread they are 0."""
    low, high = numbers.amin(axes, keepdim=True), numbers.amax(axes, keepdim=True)
    spread = high - low
    return (numbers - low) / torch.where(spread == 0, torch.ones_like(spread), spread) * span


class Backbone(Fvit):
    """Its tokens are patches around landmarks: those of the CNN, or with landmark_source = "grid" the middles of the picture's patches."""

    def __init__(self, options, contract):
        super().__init__(options, contract)
        self.grid, p = options["landmark_source"] == "grid", self.patch
        self.transposed = options["patch_layout"] == "transposed" and not self.grid  # quirk M3
        self.first = -p / 2 + (1 if options["patch_centre"] == "symmetric" else 0)  # quirk M4
        self.span, self.scaling = options["landmark_span"], options["landmark_scaling"]
        self.frozen = options["freeze_landmarks"] and not self.grid
        if self.grid:
            y, x = torch.meshgrid(*(torch.arange(contract[side] // p) for side in ("height", "width")), indexing="ij")
            self.register_buffer("middles", (torch.stack([x.flatten(), y.flatten()], 1) + 0.5) * p, persistent=False)
            return
        self.stn = Trunk()
        count = options["landmarks"] or self.pos_embedding.shape[1] - 1
        self.output_layer = nn.Sequential(nn.Dropout(options["landmark_dropout"]), nn.Linear(TRUNK, 2 * count))
        if self.frozen:
            for part in self.stn, self.output_layer:
                part.requires_grad_(False)

    def train(self, mode=True):
        """Frozen landmarks keep their statistics and do not drop."""
        super().train(mode)
        if self.frozen:
            self.stn.eval()
            self.output_layer.eval()
        return self

    def landmarks(self, images):
        """[B,3,S,S] to [B,L,2]: x and y in pixels."""
        if self.grid:
            return self.middles.expand(images.shape[0], -1, -1)
        raw = self.output_layer(self.stn(images).mean((2, 3)))
        if self.scaling == "joint":
            return stretched(raw, 1, self.span).view(raw.shape[0], -1, 2)
        return stretched(raw.view(raw.shape[0], -1, 2), 1, self.span)  # quirk M5: "axis"

    def tokens(self, images):
        """The patch around each landmark, read bilinearly, black level 0 outside of the picture: [B,L,3*p*p], channel fastest."""
        points, p, size = self.landmarks(images), self.patch, images.shape[2]
        b, n, _ = points.shape
        offsets = torch.arange(p, device=images.device, dtype=images.dtype) + self.first
        x, y = ((points[:, :, axis, None] + offsets) / (size / 2) - 1 for axis in (0, 1))  # [B,L,p]
        slow, fast = (x, y) if self.transposed else (y, x)
        slow, fast = slow[:, :, :, None].expand(b, n, p, p), fast[:, :, None, :].expand(b, n, p, p)
        grid = torch.stack((slow, fast) if self.transposed else (fast, slow), 4).view(b, n * p, p, 2)
        patches = functional.grid_sample(images, grid, align_corners=False)  # [B,3,L*p,p]
        return patches.view(b, 3, n, p, p).permute(0, 2, 3, 4, 1).reshape(b, n, 3 * p * p)
