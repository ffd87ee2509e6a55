"""Leaving out branches while training."""

import torch
from torch import nn


class DropPath(nn.Module):
    """Leaves out whole rows of a branch while training."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, branch):
        if not self.training or self.rate == 0:
            return branch
        kept = torch.rand(branch.shape[0], 1, 1, device=branch.device) >= self.rate
        return branch * kept / (1 - self.rate)
