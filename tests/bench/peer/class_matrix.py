"""A step of the class matrix in Python PyTorch: the peer that `lafs_class_matrix` is timed against.

Makes the same numbers from the same seed, refuses to print a time unless loss, gradient and changed rows agree with the file of
`lafs_class_matrix`, then times whole steps with SGD. Forms: `plain`, as margin heads are usually written; `tuned`, with compact targets and
operations in place; and with a sampling rate, `plain` after the published Partial FC (dense gradient), `tuned` with gradients and momentum of
the sampled rows alone.
"""

import argparse

import torch
import torch.nn.functional as F

import container
import measure

SCALE, MARGIN, RATE, MOMENTUM, DECAY = 64.0, 0.4, 0.1, 0.9, 5e-4


class Step:
    def __init__(self, facts, form):
        self.classes, self.batch, self.rate, self.form = facts["classes"], facts["batch"], facts["rate"], form
        torch.manual_seed(0)
        self.weight = torch.empty(self.classes, facts["width"]).normal_(0, 0.01).requires_grad_(True)
        self.embedding = torch.randn(self.batch, facts["width"])
        self.label_a = torch.randint(0, self.classes, (self.batch,))
        self.label_b, self.share = None, 1.0
        if facts["targets"] == "soft":
            self.label_b, self.share = self.label_a.flip(0), 0.3
        self.momentum = torch.zeros_like(self.weight, requires_grad=False)

    def labels(self):
        return [self.label_a] if self.label_b is None else [self.label_a, self.label_b]

    def sampled(self):
        positive = torch.cat(self.labels()).unique()
        numbers = torch.rand(self.classes)
        numbers[positive] = 2
        return numbers.topk(int(self.rate * self.classes)).indices.sort().values

    def places(self, sample):
        return self.labels() if sample is None else [torch.searchsorted(sample, label) for label in self.labels()]

    def plain_loss(self, cosines, places):
        if len(places) == 1:
            target = F.one_hot(places[0], cosines.shape[1]).float()
            return F.cross_entropy(SCALE * (cosines - MARGIN * target), places[0])
        target = torch.zeros_like(cosines)
        target.scatter_add_(1, places[0][:, None], torch.full((self.batch, 1), self.share))
        target.scatter_add_(1, places[1][:, None], torch.full((self.batch, 1), 1 - self.share))
        logits = SCALE * (target * (cosines - MARGIN) + (1 - target) * cosines)
        return -(target * F.log_softmax(logits, 1)).sum(1).mean()

    @torch.no_grad()
    def tuned_step(self, matrix, places):
        """Loss and gradients by hand: one copy of the matrix, one of the logits, everything else in place."""
        rows = torch.arange(self.batch)
        lengths = matrix.norm(dim=1, keepdim=True).clamp_min_(1e-12)
        unit, e = matrix / lengths, F.normalize(self.embedding)
        cosines = e @ unit.t()
        logits = cosines * SCALE
        shares = [self.share] if len(places) == 1 else [self.share, 1 - self.share]
        for place, share in zip(places, shares):
            logits[rows, place] -= SCALE * MARGIN * share
        lse = logits.logsumexp(1, keepdim=True)
        loss = lse.squeeze(1) - sum(share * logits[rows, place] for place, share in zip(places, shares))
        slopes = logits.sub_(lse).exp_()
        for place, share in zip(places, shares):
            slopes[rows, place] -= share
        slopes.mul_(SCALE / self.batch)
        to_e = slopes @ unit
        to_e = (to_e - e * (to_e * e).sum(1, keepdim=True)) / self.embedding.norm(dim=1, keepdim=True)
        gradient = slopes.t() @ e
        along = cosines.mul_(slopes).sum(0).unsqueeze(1)
        gradient.addcmul_(unit, along, value=-1).div_(lengths)
        return loss.mean(), to_e, gradient

    def backward(self, sample=None):
        self.embedding = self.embedding.detach()
        if self.rate < 1 and sample is None:
            sample = self.sampled()
        self.sample = sample
        if self.form == "tuned":
            self.rows = self.weight.detach() if sample is None else self.weight.detach()[sample]
            loss, self.embedding.grad, self.gradient = self.tuned_step(self.rows, self.places(sample))
            return loss
        self.embedding.requires_grad_(True)
        matrix = self.weight if sample is None else self.weight[sample]
        loss = self.plain_loss(F.linear(F.normalize(self.embedding), F.normalize(matrix)), self.places(sample))
        loss.backward()
        self.gradient, self.weight.grad = self.weight.grad, None
        return loss.detach()

    @torch.no_grad()
    def update(self):
        gradient, self.gradient = self.gradient, None
        if self.rate < 1 and self.form == "tuned":
            direction = self.momentum[self.sample].mul_(MOMENTUM).add_(gradient.add_(self.rows, alpha=DECAY))
            self.momentum[self.sample] = direction
            self.weight[self.sample] = self.rows.sub_(direction, alpha=RATE)
            return
        self.momentum.mul_(MOMENTUM).add_(gradient.add_(self.weight, alpha=DECAY))
        self.weight.sub_(self.momentum, alpha=RATE)

    def run(self, sample=None):
        loss = self.backward(sample)
        self.update()
        return loss


def difference(step, tensors, facts):
    sample = tensors["sample"] if facts["rate"] < 1 else None
    loss = step.run(sample)
    worst, name = abs(loss.item() / tensors["loss"].item() - 1), "loss"
    pairs = [("gradient", step.embedding.grad, tensors["embedding_gradient"])]
    pairs.append(("matrix", step.weight.detach()[tensors["rows"]], tensors["weight_rows"]))
    for which, ours, theirs in pairs:
        far = ((ours - theirs).norm() / theirs.norm()).item()
        if not far <= worst:
            worst, name = far, which
    if not worst <= 1e-3:
        raise SystemExit(f"peer: the {name} differs by {worst:.3g} relative; no time is printed")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="file of lafs_class_matrix --out")
    parser.add_argument("--form", choices=["plain", "tuned"], default="tuned")
    parser.add_argument("--seconds", type=float, default=10, help="time to measure")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tensors, facts = container.read(arguments.file)
    step = Step(facts, arguments.form)
    worst = difference(step, tensors, facts)
    measure.print_steps(step.run, facts["batch"], arguments.seconds, worst_difference=worst)


if __name__ == "__main__":
    main()
