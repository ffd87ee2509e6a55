"""Margin heads from heads.md alone: logits, losses, gradients and states, in double."""

import json
import math

import torch
from material import write_settings, write_tensors
from torch.nn.functional import cross_entropy, normalize

EDGES = "0 parallel to its class, 1 opposite, 2 cosine -0.95 (theta+m > pi), 3 orthogonal, 4 norm about 1e-14 of normal, 5 norm times 1e4, 6 cosine 0.999999"


def cosines(e, w):
    return normalize(e, dim=1, eps=1e-12) @ normalize(w, dim=1, eps=1e-12).t()


def clamped(c):
    """The clamp of the published code: its gradient is whole at the ends."""
    return c + (c.clamp(-1, 1) - c).detach()


def added_angle(c, m):
    return c * math.cos(m) - (1 - c * c).sqrt() * math.sin(m)


def continued(c, m):
    return torch.where(c > math.cos(math.pi - m), added_angle(c, m), c - m * math.sin(math.pi - m))


def straight_through(c, m):
    return c + (torch.cos(torch.acos(c.detach().clamp(-1, 1)) + m) - c.detach())


class Maker:
    def __init__(self, rng, rows, classes, width, scale):
        self.rng, self.scale, self.rows, self.classes = rng, scale, rows, classes
        draw = lambda *shape: torch.randn(*shape, generator=rng, dtype=torch.double)  # noqa: E731
        w = (0.4 * draw(classes, width)).float()
        labels = torch.randint(classes, (rows,), generator=rng)
        e = (5 * normalize(w[labels].double() + 0.6 * draw(rows, width), dim=1)).float()
        unit = normalize(w[labels].double(), dim=1)
        side = draw(rows, width)
        side = normalize(side - (side * unit).sum(1, keepdim=True) * unit, dim=1)
        at = [1.0, -1.0, -0.95, 0.0, 0.35, 0.35, 0.999999] + [0.4] * rows
        edge = torch.stack([4 * (c * unit[i] + math.sqrt(1 - c * c) * side[i]) for i, c in enumerate(at[:rows])])
        size = torch.ones(rows, 1, dtype=torch.double)
        size[5] = 1e4
        self.inputs = {"E": e, "W": w, "E_edge_norm": (edge * size).float()}
        size[4] = 1e-14
        self.inputs["E_edge"] = (edge * size).float()
        self.inputs["E_mag"] = (e.double() * (2 + 28 * torch.rand(rows, 1, generator=rng, dtype=torch.double))).float()
        self.inputs["W_subcenter"] = (0.4 * draw(4 * classes, width)).float()
        self.labels = labels
        without = labels.clone()
        without[1::4] = -1
        self.weights = torch.rand(rows, generator=rng)
        one_hot = torch.nn.functional.one_hot(labels, classes).float()
        soft = self.weights[:, None] * one_hot + (1 - self.weights)[:, None] * one_hot.flip(0)
        self.inputs |= {"labels": labels, "labels_with_minus1": without, "soft": soft, "soft_smoothed": 0.8 * soft + 0.2 / classes}
        self.numbers, self.cases = {}, {}

    def double(self, name):
        return self.inputs[name].double().requires_grad_()

    def case(self, name, given, source, note, logits_of, floor=False, labels="labels", weight="W", loss_of=None):
        """`logits_of(c, e, y, record)` makes logits from cosines; y is a mask [B,C] of the targets."""
        e, w = self.double(given), self.double(weight)
        targets = self.inputs[labels]
        there = torch.zeros(self.rows, self.classes, dtype=torch.double)
        if targets.dim() == 1:
            there[targets >= 0] = torch.nn.functional.one_hot(targets[targets >= 0], self.classes).double()
        else:
            there = targets.double()
        record = {}
        z = logits_of(cosines(e, w), e, there, record)
        if loss_of:
            loss = loss_of(record)
        elif floor:
            most = -math.log(1e-30)  # in the value alone: the gradient is that of a whole cross-entropy, of a row without target that of lse
            rows = -(there * z).sum(1) + torch.logsumexp(z, 1)
            value = torch.where(there.sum(1) > 0, rows.clamp_max(most), most).mean()
            loss = rows.mean() + (value - rows.mean()).detach()
        else:
            loss = cross_entropy(z, there) + record.pop("extra", 0)
        loss.backward()
        numbers = record | {"logits": z, "loss": loss.reshape(1), "grad_E": e.grad, "grad_W": w.grad}
        self.numbers |= {f"{name}.{key}": value.detach().float() for key, value in numbers.items() if key != "sface"}
        missing = {key: int((~self.numbers[f"{name}.{key}"].isfinite()).sum()) for key in ("grad_E", "grad_W")}
        self.cases[name] = {"input": given, "source": source, "note": note, "non_finite": {k: n for k, n in missing.items() if n}}

    def target(self, rule, negatives=lambda c: c):
        """Logits whose target columns follow the rule, in proportion to the targets."""
        return lambda c, e, y, record: self.scale * (y * rule(c) + (1 - y) * negatives(c))


def plain_cases(make):
    s = make.scale
    for edge, given in (("", "E"), (".edge", "E_edge")):
        for name, labels, note in (("", "labels", f"s {s:g}, m 0.3, cross-entropy"), ("_soft", "soft", f"s {s:g}, m 0.3"),
                                   ("_smoothed", "soft_smoothed", f"s {s:g}, m 0.3, label smoothing 0.2")):  # fmt: skip
            make.case(f"cosface_lafs{name}{edge}", given, "cosface", note, make.target(lambda c: c - 0.3), labels=labels)
        for name, labels in (("", "labels"), ("_minus1", "labels_with_minus1")):
            cut = {"floor": True, "labels": labels}
            make.case(f"cosface_insightface{name}{edge}", given, "cosface", f"s {s:g}, m 0.3, clamped", make.target(lambda c: c - 0.3), **cut)
            make.case(f"combined_1_0_045_filter05{name}{edge}", given, f"combined({s:g},1,0,0.45), filter 0.5", "",
                      make.target(lambda c: c - 0.45, lambda c: c * (c <= 0.5)), **cut)  # fmt: skip
            if edge:
                continue  # the rounding of an arc cosine near 1 would decide the gradient
            make.case(f"arcface_insightface{name}{edge}", given, "arcface", "", make.target(lambda c: straight_through(c, 0.5)), **cut)
            make.case(f"combined_1_06_0{name}{edge}", given, f"combined({s:g},1,0.6,0)", "",
                      make.target(lambda c: straight_through(c, 0.6)), **cut)  # fmt: skip
    make.case("combined_true_11_02_01", "E", "formula", "", make.target(lambda c: torch.cos(1.1 * torch.acos(c) + 0.2) - 0.1))
    make.case("arcface_trig", "E", "arcface", "unprotected square root", make.target(lambda c: continued(c, 0.5)))
    near = 1e-3
    acos = lambda c: torch.cos((torch.acos(c.clamp(-1 + near, 1 - near)) + 0.5).clamp(near, math.pi - near))  # noqa: E731
    for edge, given in (("", "E"), (".edge", "E_edge_norm")):
        make.case(f"arcface_acos_eps{edge}", given, "arcface", "formulation (c), eps 1e-3", make.target(acos))
    make.case("subcenter_arcface", "E", "formula", "", lambda c, e, y, record: make.target(lambda x: straight_through(x, 0.5))(
        c.view(make.rows, make.classes, -1).amax(2), e, y, record), weight="W_subcenter")  # fmt: skip
    bias = torch.linspace(-0.25, 0.75, make.classes, dtype=torch.double)
    e, w = make.double("E"), make.double("W")
    z = e @ w.t() + bias
    loss = cross_entropy(z, make.labels)
    loss.backward()
    make.numbers |= {f"softmax.{k}": v.detach().float() for k, v in {"logits": z, "loss": loss.reshape(1), "grad_E": e.grad, "grad_W": w.grad}.items()}
    make.cases["softmax"] = {"input": "E", "source": "Linear with bias linspace(-0.25, 0.75, C)", "note": "", "non_finite": {}}


def statistical_cases(make):
    s = make.scale

    def curricular(calls):
        def logits(c, e, y, record):
            t, own = 0.0, (c * y).sum(1)
            for call in range(calls):
                t = 0.01 * own.mean().detach() + 0.99 * t
                hard = c > added_angle(own, 0.5)[:, None]
                z = s * torch.where(y > 0, continued(c, 0.5), torch.where(hard, c * (t + c), c))
                record |= {f"t_after_call{call}": t.reshape(1), f"logits_call{call}": z}
            return z

        return logits

    def ada(calls, m, h, alpha):
        def logits(c, e, y, record):
            a, mean, std = e.norm(dim=1).detach().clamp(1e-3, 100), 20.0, 100.0
            for call in range(calls):
                mean, std = alpha * a.mean() + (1 - alpha) * mean, alpha * a.std() + (1 - alpha) * std
                k = (h * (a - mean) / (std + 1e-3)).clamp(-1, 1)[:, None]
                inside = c.clamp(-1 + 1e-3, 1 - 1e-3)
                phi = torch.cos((torch.acos(inside) - m * k).clamp(1e-3, math.pi - 1e-3)) - m - m * k
                z = s * torch.where(y > 0, phi, c)
                record |= {f"batch_mean_after_call{call}": mean.reshape(1), f"batch_std_after_call{call}": std.reshape(1), f"logits_call{call}": z}
            return z

        return logits

    def sphere(c, e, y, record):
        for call in range(3):
            rate = max(5, 1500 / (1 + 0.1 * (call + 1)))
            k = (3 * torch.acos(c.detach()) / math.pi).floor()
            psi = (-1) ** k * (4 * c**3 - 3 * c) - 2 * k
            z = e.norm(dim=1, keepdim=True) * torch.where(y > 0, c + (psi - c) / (1 + rate), c)
            record |= {f"lambda_call{call}": torch.tensor([rate]), f"logits_call{call}": z}
        return z

    make.case("curricularface", "E", "curricularface", "two calls", curricular(2))
    note = "m 0.35, h 0.25, t_alpha 0.05; three calls; loss and gradient belong to the third"
    for edge, given in (("", "E"), (".edge", "E_edge_norm")):
        make.case(f"adaface{edge}", given, "adaface", note, ada(3, 0.35, 0.25, 0.05))
    make.case("sphereface", "E", "sphereface", "m 3, lambda = max(5, 1500/(1+0.1 t)), three calls", sphere)


def norm_and_draw_cases(make):
    s = make.scale

    def mag(easy):
        def logits(c, e, y, record):
            a = e.norm(dim=1, keepdim=True).clamp(15, 100)
            m = 0.4 + 0.3 / 85 * (a - 15)
            u = c * m.cos() - (1 - c * c).sqrt() * m.sin()
            phi = torch.where(c > 0, u, c) if easy else torch.where(c > -m.cos(), u, c - m * m.sin())
            z = s * torch.where(y > 0, phi, c)
            g = (a / 100**2 + 1 / a).mean()
            record |= {"extra": 40 * g, "g": g.reshape(1), "margin": m, "ce": cross_entropy(z, y).reshape(1)}
            return z

        return logits

    def elastic(arc, mean, sigma, plus):
        def logits(c, e, y, record):
            m = (mean + sigma * torch.randn(make.rows, 1, generator=make.rng)).float()
            record["margins_drawn"] = m
            m, order = m.double(), (c * y).sum(1).argsort(descending=True)
            if plus:
                m = m.sort(dim=0).values[order]
            phi = c * m.cos() - (1 - c * c).sqrt() * m.sin() if arc else c - m
            return s * torch.where(y > 0, phi, c)

        return logits

    def sface(c, e, y, record):
        theta = torch.acos(c.detach())
        r_in, r_out = torch.sigmoid(60 * (theta - 0.7)), torch.sigmoid(60 * (1.3 - theta))
        record["sface"] = s * ((1 - y) * r_out * c - y * r_in * c).sum(1).mean()
        return s * c

    note = "input E_mag; margin 0.4..0.7 over norm 15..100; loss = ce + 40 * mean g"
    make.case("magface_easy", "E_mag", "magface", note, mag(True))
    make.case("magface_hard", "E_mag", "magface", "easy_margin off, else as magface_easy", mag(False))
    for name, arc, mean, sigma, plus in (("arc", True, 0.45, 0.1, False), ("cos", False, 0.3, 0.06, False), ("arc_plus", True, 0.45, 0.03, True),
                                         ("cos_plus", False, 0.3, 0.04, True)):  # fmt: skip
        make.case(f"elastic_{name}", "E", "elasticface", f"m {mean}, sigma {sigma}, plus {plus}", elastic(arc, mean, sigma, plus))
    make.case("sface", "E", "sface", "k 60, a 0.70, b 1.3", sface, loss_of=lambda record: record["sface"])


def heads(folder, rng, rows=9, classes=14, width=10, scale=24.0):
    make = Maker(rng, rows, classes, width, scale)
    plain_cases(make)
    statistical_cases(make)
    norm_and_draw_cases(make)
    write_tensors(folder / "heads.safetensors", make.inputs | make.numbers)
    settings = {"B": rows, "C": classes, "d": width, "scale": scale, "cases": make.cases, "mixup_lambda": make.weights.tolist(), "edge_rows": EDGES}
    write_settings(folder / "heads.json", json.loads(json.dumps(settings)))
