"""One supervised step of an fViT with CosFace in Python PyTorch: the peer that `lafs` is timed against.

Reads what `lafs_step_bench` wrote (weights, pictures, labels, loss and gradients of one step without dropout), refuses to print a time
unless loss and gradients agree, then times whole steps with dropout and drop-path, AdamW fused.
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn

import container
import measure
from lafs_step import Fvit


class Network(nn.Module):
    def __init__(self, o, classes):
        super().__init__()
        self.margin, self.scale = o["head"]["margin"], o["head"]["scale"]
        self.backbone = Fvit(o["backbone"])
        self.weight = nn.Parameter(torch.empty(classes, o["backbone"]["dim"]))

    def forward(self, images, labels):
        b = images.shape[0]
        tokens = images.view(b, 3, 14, 8, 14, 8).permute(0, 2, 4, 3, 5, 1).reshape(b, 196, 192)
        # The class matrix stays in fp32 under autocast, as in ours.
        features = self.backbone(tokens)
        with torch.autocast("cpu", enabled=False):
            cosines = F.linear(F.normalize(features.float()), F.normalize(self.weight))
        return F.cross_entropy(self.scale * (cosines - self.margin * F.one_hot(labels, cosines.shape[1])), labels)


class Step:
    def __init__(self, o, tensors, bf16):
        self.bf16 = bf16
        self.network = Network(o, tensors["classifier.weight"].shape[0])
        self.pairs = [*container.fvit_pairs(o["backbone"]["depth"]), ("weight", "classifier.weight")]
        container.load(self.network, tensors, "", self.pairs)
        self.pictures, self.labels = tensors["image"][0].clone(), tensors["labels"]
        decayed = [p for p in self.network.parameters() if p.dim() > 1]
        others = [p for p in self.network.parameters() if p.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": 0.04}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-4, fused=True)

    def loss(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            return self.network(self.pictures.float().div(255).sub(0.5).div(0.5), self.labels)

    def run(self):
        loss = self.loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="safetensors file written by lafs_step_bench")
    parser.add_argument("--seconds", type=float, default=20, help="time to measure")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bf16", action="store_true", help="under bfloat16 autocast")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tensors, facts = container.read(arguments.file)
    step = Step(facts, tensors, arguments.bf16)
    step.network.eval()
    difference = measure.difference(step.loss(), step.network, tensors, step.pairs, 3e-2 if arguments.bf16 else 1e-3)
    tensors.clear()  # the file's weights and gradients are not the step's memory
    step.network.train()
    measure.print_steps(step.run, len(step.labels), arguments.seconds, worst_difference=difference,
                        precision="bf16" if arguments.bf16 else "fp32")  # fmt: skip


if __name__ == "__main__":
    main()
