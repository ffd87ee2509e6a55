"""The improved residual network of ArcFace (Deng et al. 2019), with the tails of LAFS and of insightface."""

from torch import nn

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 14, 3), 100: (3, 13, 30, 3), 200: (6, 26, 60, 6)}
WIDTH = 512  # channels of the last map


class Residual(nn.Module):
    """Norm, convolution, norm, PReLU, convolution with the stride, norm; nothing after the sum."""

    def __init__(self, inputs, outputs, stride, projected, norm):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs, **norm)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs, **norm)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs, **norm)
        self.downsample = None
        if projected:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs, **norm)
            )

    def forward(self, x):
        out = self.conv1(self.bn1(x))
        out = self.bn3(self.conv2(self.prelu(self.bn2(out))))
        return out + (x if self.downsample is None else self.downsample(x))


class Backbone(nn.Module):
    def __init__(self, options, contract):
        super().__init__()
        norm = {"eps": options["eps"], "momentum": options["momentum"]}
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64, **norm)
        self.prelu = nn.PReLU(64)
        inputs = 64
        for stage, count in enumerate(BLOCKS[options["depth"]]):
            outputs = 64 << stage
            blocks = [Residual(inputs, outputs, 2, True, norm)]
            blocks += [Residual(outputs, outputs, 1, False, norm) for _ in range(count - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.bn2 = nn.BatchNorm2d(WIDTH, **norm)
        self.dropout = nn.Dropout(options["dropout"])
        # Quirk M13: the mean over the last map, or a linear layer over all of it, which fits one size of picture.
        self.linear = options["linear"] if options["tail"] == "flatten" else None
        if self.linear:
            rows, columns = ((contract[side] + 15) // 16 for side in ("height", "width"))
            self.add_module(self.linear, nn.Linear(WIDTH * rows * columns, options["features"]))
        self.features = nn.BatchNorm1d(options["features"], **norm)
        if self.linear:
            self.features.weight.requires_grad_(False)

    def forward(self, images):
        """[B,3,H,W] to embeddings [B,D]."""
        x = self.prelu(self.bn1(self.conv1(images)))
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        x = self.bn2(x)
        x = self.dropout(x.flatten(1) if self.linear else x.mean((2, 3)))
        return self.features(getattr(self, self.linear)(x) if self.linear else x)
