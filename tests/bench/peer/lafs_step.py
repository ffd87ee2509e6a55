"""One LAFS pre-training step in tuned Python PyTorch: the peer that `lafs` is timed against.

Reads what `lafs_step_bench` wrote (weights, views, landmark draws, loss and gradients of one step without dropout),
refuses to print a time unless loss and gradients agree, then times whole steps with dropout and drop-path.

Tuned: one grid_sample for an image set, scaled_dot_product_attention with the model's own scale, channels-last CNN,
one log-softmax, foreach EMA, fused AdamW.
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn

import container
import measure


class DropPath(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = torch.empty((x.shape[0], 1, 1), device=x.device, dtype=x.dtype).bernoulli_(1 - self.rate)
        return x * keep.div_(1 - self.rate)


class Block(nn.Module):
    def __init__(self, dim, heads, dim_head, mlp, dropout, drop_path):
        super().__init__()
        self.heads, self.scale = heads, dim**-0.5
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, 3 * heads * dim_head, bias=False)
        self.to_out = nn.Linear(heads * dim_head, dim)
        self.widen, self.narrow = nn.Linear(dim, mlp), nn.Linear(mlp, dim)
        self.dropout = nn.Dropout(dropout)
        self.drop_path = DropPath(drop_path)

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = self.to_qkv(self.norm1(x)).view(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        out = F.scaled_dot_product_attention(q, k, v, scale=self.scale)
        out = self.dropout(self.to_out(out.transpose(1, 2).reshape(b, n, -1)))
        x = x + self.drop_path(out)
        out = self.dropout(F.gelu(self.widen(self.norm2(x))))
        return x + self.drop_path(self.dropout(self.narrow(out)))


class Fvit(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, 197, o["dim"]))
        self.cls_token = nn.Parameter(torch.empty(1, 1, o["dim"]))
        self.patch_to_embedding = nn.Linear(192, o["dim"])
        self.dropout = nn.Dropout(o["emb_dropout"])
        self.blocks = nn.ModuleList(
            Block(o["dim"], o["heads"], o["dim_head"], o["mlp_dim"], o["dropout"], o["drop_path"]) for _ in range(o["depth"])
        )
        self.norm = nn.LayerNorm(o["dim"])

    def forward(self, tokens):
        x = self.patch_to_embedding(tokens)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1)
        x = self.dropout(x + self.pos_embedding[:, : x.shape[1]])
        for block in self.blocks:
            x = block(x)
        return self.norm(x[:, 0])


class Head(nn.Module):
    def __init__(self, width, o):
        super().__init__()
        hidden, bottleneck = o["hidden"], o["bottleneck"]
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, bottleneck)
        )
        self.weight_v = nn.Parameter(torch.empty(o["outputs"], bottleneck))

    def forward(self, x):
        x = F.normalize(self.mlp(x), dim=-1)
        return F.linear(x, F.normalize(self.weight_v, dim=-1))


class Network(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.backbone, self.head = Fvit(o["backbone"]), Head(o["backbone"]["dim"], o["head"])

    def forward(self, groups):
        return self.head(torch.cat([self.backbone(tokens) for tokens in groups]))


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // 4, bias=False)
        self.excite = nn.Linear(channels // 4, channels, bias=False)

    def forward(self, x):
        gate = self.excite(F.relu(self.squeeze(x.mean((2, 3)))))
        return x * (gate + 3).clamp(0, 6).div(6)[:, :, None, None]


TRUNK = [  # kernel, expanded, out, squeeze-excite, hard swish, stride
    (3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
    (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
    (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1), (5, 960, 160, 1, 1, 1),
]  # fmt: skip


class Inverted(nn.Module):
    def __init__(self, inputs, kernel, wide, out, squeeze, swish, stride):
        super().__init__()
        self.residual = stride == 1 and inputs == out
        act = nn.Hardswish if swish else nn.ReLU
        self.body = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), act(),
            nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False), nn.BatchNorm2d(wide),
            SqueezeExcite(wide) if squeeze else nn.Identity(), act(),
            nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out),
        )  # fmt: skip

    def forward(self, x):
        return x + self.body(x) if self.residual else self.body(x)


class Landmarks(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.Hardswish())
        blocks, inputs = [], 16
        for kernel, wide, out, squeeze, swish, stride in TRUNK:
            blocks.append(Inverted(inputs, kernel, wide, out, squeeze, swish, stride))
            inputs = out
        self.blocks = nn.Sequential(*blocks)
        self.output = nn.Linear(160, 392)

    def forward(self, x):
        t = self.output(self.blocks(self.stem(x)).mean((2, 3)))
        low, high = t.min(1, keepdim=True)[0], t.max(1, keepdim=True)[0]
        return ((t - low) / (high - low) * 111).view(-1, 196, 2)


def patches(images, landmarks):
    """[B,3,S,S], [B,N,2] -> tokens [B,N,192] by a single sampling call."""
    b, n, side = images.shape[0], landmarks.shape[1], images.shape[2]
    offset = torch.arange(-4.0, 4.0, device=images.device)
    x = (landmarks[:, :, 0, None, None] + offset[:, None]) / (side / 2) - 1
    y = (landmarks[:, :, 1, None, None] + offset[None, :]) / (side / 2) - 1
    grid = torch.stack(torch.broadcast_tensors(x, y), -1).view(b, n * 8, 8, 2)
    out = F.grid_sample(images, grid, align_corners=False)
    return out.view(b, 3, n, 64).permute(0, 2, 3, 1).reshape(b, n, 192)


def dino_loss(student, teacher, center, views, student_temperature, teacher_temperature):
    target = ((teacher - center) / teacher_temperature).float().softmax(-1).chunk(2)
    log_p = (student / student_temperature).float().log_softmax(-1).chunk(views)
    terms = [-(target[i] * log_p[v]).sum(-1).mean() for i in range(2) for v in range(views) if v != i]
    return sum(terms) / len(terms)


class Step:
    def __init__(self, o, tensors, bf16, device, compiled=False):
        self.o, self.bf16, self.device = o, bf16, device
        self.student, self.teacher, self.cnn = Network(o), Network(o), Landmarks()
        self.pairs = container.fvit_pairs(o["backbone"]["depth"]) + container.dino_head_pairs()
        container.load(self.student, tensors, "student.", self.pairs)
        container.load(self.teacher, tensors, "student.", self.pairs)
        container.load_landmarks(self.cnn, tensors, "landmark_source.", o["landmark_names"])
        for network in (self.student, self.teacher, self.cnn):
            network.to(device)
        self.make_loss = torch.compile(self.loss) if compiled else self.loss
        self.cnn.eval().to(memory_format=torch.channels_last).requires_grad_(False)
        self.teacher.requires_grad_(False)
        self.center = torch.zeros(1, o["head"]["outputs"], device=device)
        decayed = [p for p in self.student.parameters() if p.dim() > 1]
        others = [p for p in self.student.parameters() if p.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": 0.04}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-4, fused=True)

    def tokens(self, views, noise, choice=None):
        """clean and augmented views [V,B,3,S,S] u8 -> [V*B,N,192]."""
        clean, augmented = (v.flatten(0, 1).float().div(255).sub(0.5).div(0.5) for v in views)
        with torch.no_grad():
            points = self.cnn(clean.contiguous(memory_format=torch.channels_last)) + 5 * noise
            if choice is not None:
                points = points.gather(1, choice[:, :, None].expand(-1, -1, 2))
            return patches(augmented, points)

    def loss(self, batch):
        glob = self.tokens(batch["global"], batch["noise_global"])
        local = self.tokens(batch["local"], batch["noise_local"], batch["choice"])
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bf16):
            with torch.no_grad():
                teacher = self.teacher([glob])
            student = self.student([glob, local])
        loss = dino_loss(student, teacher, self.center, 2 + batch["local"][0].shape[0], 0.1, self.o["teacher_temperature"])
        return loss, teacher

    def run(self, batch):
        loss, teacher = self.make_loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        parameters = list(self.student.parameters())
        gradients = [p.grad for p in parameters]
        norms = torch._foreach_norm(gradients)
        if self.device == "cpu":
            factors = [min(1.0, 3.0 / (n.item() + 1e-6)) for n in norms]
        else:  # the host waits for no norm
            factors = list((3.0 / (torch.stack(norms) + 1e-6)).clamp_(max=1.0).unbind())
        torch._foreach_mul_(gradients, factors)
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.teacher.parameters()), parameters, 1 - 0.996)
            self.center.lerp_(teacher.float().mean(0, keepdim=True), 0.1)
        return loss.detach()


def check(step, batch, tensors, tolerance):
    step.student.eval(), step.teacher.eval()
    worst = measure.difference(step.loss(batch)[0], step.student, tensors, step.pairs, tolerance)
    step.student.train(), step.teacher.train()
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="safetensors file written by lafs_step_bench")
    parser.add_argument("--bf16", action="store_true", help="under bfloat16 autocast")
    parser.add_argument("--seconds", type=float, default=20, help="time to measure")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--compile", action="store_true", help="let torch.compile fuse the forward and backward pass")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    tensors, facts = container.read(arguments.file)
    tensors = {name: tensor.to(arguments.device) for name, tensor in tensors.items()}
    batch = {
        "global": (tensors["global_clean"], tensors["global"]),
        "local": (tensors["local_clean"], tensors["local"]),
        "noise_global": tensors["noise_global"],
        "noise_local": tensors["noise_local"],
        "choice": tensors["choice"],
    }
    difference = check(Step(facts, tensors, arguments.bf16, arguments.device), batch, tensors, 3e-2 if arguments.bf16 else 1e-3)
    step = Step(facts, tensors, arguments.bf16, arguments.device, arguments.compile)
    precision = "bf16" if arguments.bf16 else "fp32"
    images = tensors["global"].shape[1]
    tensors.clear()  # the file's weights and gradients are not the step's memory
    facts = {"worst_difference": difference, "precision": precision, "compiled": arguments.compile}
    measure.print_steps(lambda: step.run(batch), images, arguments.seconds, arguments.device, **facts)


if __name__ == "__main__":
    main()
