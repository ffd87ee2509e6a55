"""ConvMixer: patches, mixed over space by depthwise and over channels by pointwise convolutions (Trockman and Kolter 2022)."""

from torch import nn
from torch.nn import functional


class Mix(nn.Module):
    """A convolution, GELU, BatchNorm."""

    def __init__(self, *arguments, **options):
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(*arguments, **options), nn.BatchNorm2d(arguments[1])

    def forward(self, x):
        return self.norm(functional.gelu(self.convolution(x)))


class Backbone(nn.Module):
    def __init__(self, options, contract):
        super().__init__()
        dim, kernel = options["dim"], options["kernel"]
        self.cut = Mix(3, dim, options["patch"], options["patch"])
        self.names = [f"block{i}" for i in range(options["depth"])]
        for name in self.names:
            self.add_module(f"{name}_space", Mix(dim, dim, kernel, 1, kernel // 2, groups=dim))
            self.add_module(f"{name}_channels", Mix(dim, dim, 1))

    def forward(self, images):
        x = self.cut(images)
        for name in self.names:
            x = x + getattr(self, f"{name}_space")(x)
            x = getattr(self, f"{name}_channels")(x)
        return x.mean((2, 3))
