"""Twins of the step traces (pretraining.md 4 to 7 and 12; golden README, set 5): what six or more AdamW steps make of both networks."""

import math

import torch

import networks as net
from material import faces, first_weights, write_settings, write_tensors

STUDENT_TEMPERATURE, CENTRE_MOMENTUM = 0.1, 0.9
LAFS_SIDE = 112  # pixels of every view of lafs_step


def cosine_list(base, final, epochs, iters, warmup_epochs=0):
    """One value an iteration (pretraining.md 7.3)."""
    warmup, total = warmup_epochs * iters, epochs * iters
    rest = total - warmup
    line = [base * i / (warmup - 1) if warmup > 1 else 0.0 for i in range(warmup)]
    return line + [final + 0.5 * (base - final) * (1 + math.cos(math.pi * i / rest)) for i in range(rest)]


def teacher_temperature(s, epoch):
    count = s["warmup_teacher_temp_epochs"]
    if epoch >= count:
        return s["teacher_temp"]
    return s["warmup_teacher_temp"] + (s["teacher_temp"] - s["warmup_teacher_temp"]) * epoch / max(count - 1, 1)


def dino_loss(student, teacher, centre, batch, temperature):
    """pretraining.md 6; rows are view-major."""
    log_p = (student / STUDENT_TEMPERATURE).log_softmax(-1).split(batch)
    targets = ((teacher - centre) / temperature).softmax(-1).split(batch)
    terms = [-(q * log_p[v]).sum(-1).mean() for i, q in enumerate(targets) for v in range(len(log_p)) if v != i]
    return sum(terms) / len(terms)


class Trace:
    """Student, teacher, centre and optimizer of one run, and the record of its steps."""

    def __init__(self, settings, weights, backbone):
        """`backbone`: a function of tensors (by their names in the backbone) and one group of inputs."""
        s = self.settings = settings
        s["lr"] = cosine_list(s["base_lr"], s["min_lr"], s["epochs"], s["iters"], s["warmup_epochs"])
        s["wd"] = cosine_list(s["weight_decay"], s["weight_decay_end"], s["epochs"], s["iters"])
        s["momentum"] = cosine_list(s["momentum_teacher"], 1, s["epochs"], s["iters"])
        s["losses"], s["clipped_tensors"] = [], []
        self.backbone = backbone
        self.student = {name: tensor.clone() for name, tensor in weights.items()}
        self.init = {name: tensor.clone() for name, tensor in self.student.items()}
        self.teacher = {name: tensor.clone() for name, tensor in self.student.items()}
        self.centre = torch.zeros(1, s["out_dim"])
        self.record = {}
        self.name_parameters()

    def name_parameters(self):
        s = self.settings
        s["parameter_names"] = list(self.student)
        decayed = {name: not (name.endswith(".bias") or tensor.dim() == 1) for name, tensor in self.student.items()}
        trainable = {name: not name.endswith("weight_g") for name in self.student}
        s["parameter_decayed"] = ["yes" if decayed[name] else "no" for name in self.student]
        s["parameter_trainable"] = list(trainable.values())
        for name, tensor in self.student.items():
            tensor.requires_grad_(trainable[name])
        groups = [[t for n, t in self.student.items() if trainable[n] and decayed[n] == yes] for yes in (True, False)]
        self.optimizer = torch.optim.AdamW([{"params": group} for group in groups], lr=0)

    def logits(self, tensors, groups):
        features = [self.backbone(net.part(tensors, "backbone."), group.flatten(0, 1)) for group in groups]
        return net.head(net.part(tensors, "head."), torch.cat(features))

    def step(self, index, groups):
        """One step on groups [V,B,...], the first of which the teacher sees."""
        s = self.settings
        epoch, batch = index // s["iters"], s["batch"]
        with torch.no_grad():
            teacher = self.logits(self.teacher, groups[:1])
        student = self.logits(self.student, groups)
        loss = dino_loss(student, teacher, self.centre, batch, teacher_temperature(s, epoch))
        self.centre = CENTRE_MOMENTUM * self.centre + (1 - CENTRE_MOMENTUM) * teacher.mean(0, keepdim=True)
        self.optimizer.zero_grad()
        loss.backward()
        norms = self.clip()
        for name, tensor in self.student.items():
            if epoch < s["freeze_last_layer"] and "last_layer" in name:
                tensor.grad = None
        self.update(index)
        s["losses"].append(loss.item())
        self.note(index, loss=loss, student_logits=student, teacher_logits=teacher, center=self.centre, grad_norm=norms,
                  student_norm=self.norms(self.student), teacher_norm=self.norms(self.teacher))  # fmt: skip

    def clip(self):
        """Every tensor by itself (pretraining.md 7.4). Returns the norms before; NaN where there is no gradient."""
        norms, clipped = [], 0
        for tensor in self.student.values():
            if tensor.grad is None:
                norms.append(math.nan)
                continue
            norm = tensor.grad.double().norm().item()
            norms.append(norm)
            factor = self.settings["clip_grad"] / (norm + 1e-6)
            if factor < 1:
                tensor.grad *= factor
                clipped += 1
        self.settings["clipped_tensors"].append(clipped)
        return torch.tensor(norms, dtype=torch.float64)

    def update(self, index):
        s = self.settings
        for group, decay in zip(self.optimizer.param_groups, (s["wd"][index], 0.0)):
            group["lr"], group["weight_decay"] = s["lr"][index], decay
        self.optimizer.step()
        keep = s["momentum"][index]
        with torch.no_grad():
            for name, tensor in self.teacher.items():
                tensor.mul_(keep).add_(self.student[name], alpha=1 - keep)

    @staticmethod
    def norms(tensors):
        return torch.stack([tensor.detach().double().norm() for tensor in tensors.values()])

    def note(self, index, **numbers):
        self.record |= {f"step{index}.{name}": tensor.detach().clone() for name, tensor in numbers.items()}

    def write(self, folder, name, inputs, final=("student", "teacher")):
        write_settings(folder / f"{name}.json", self.settings)
        write_tensors(folder / f"{name}.inputs.safetensors", inputs)
        write_tensors(folder / f"{name}.init.safetensors", self.init)
        write_tensors(folder / f"{name}.trace.safetensors", self.record)
        for network in final:
            write_tensors(folder / f"{name}.final_{network}.safetensors", getattr(self, network))


def shared_settings(options):
    """Settings that all step sets have, with `options` put over them."""
    return {
        "kind": "twin of a golden set, made by tests/golden_twin",
        "min_lr": 1e-5, "warmup_epochs": 1, "weight_decay": 0.04, "weight_decay_end": 0.4, "momentum_teacher": 0.9, "freeze_last_layer": 1,
        "warmup_teacher_temp": 0.07, "teacher_temp": 0.04, "warmup_teacher_temp_epochs": 2, "use_fp16": False, "optimizer": "adamw",
        "norm_last_layer": True, "base_lr": 0.002, "dropout": 0, "drop_path": 0,
    } | options | {"batch_size_per_gpu": options["batch"]}  # fmt: skip


def wrapped_shapes(s, backbone_shapes, width):
    """Names inside the multi-crop wrapper (models.md 11)."""
    head = net.head_shapes(width, s["head_hidden"], s["head_bottleneck"], s["out_dim"])
    return {f"backbone.{name}": shape for name, shape in backbone_shapes.items()} | {f"head.{name}": shape for name, shape in head.items()}


def vit_on_pictures(s):
    """Shapes and backbone of dino_step."""
    return wrapped_shapes(s, net.vit_shapes(s), s["embed_dim"]), lambda p, images: net.vit(p, s, images)


def fvit_on_pictures(s):
    """Of dinoface_step: fViT cuts its tokens itself."""
    shapes = wrapped_shapes(s, net.fvit_shapes(s | {"patch": s["patch_size"]}), s["dim"])
    return shapes, lambda p, images: net.fvit(p, s, net.cut_tokens(images, s["patch_size"]))


def fvit_on_tokens(s):
    """Of lafs_step."""
    shapes = wrapped_shapes(s, net.fvit_shapes(s | {"patch": s["patch_size"], "image": LAFS_SIDE}), s["dim"])
    return shapes, lambda p, tokens: net.fvit(p, s, tokens)


def picture_views(s, rng, local_side):
    """Views for every batch: "global_u8" and "local_u8" [batches,V,B,3,H,W]. A view is a face of its own: the networks do not mind."""
    side = s.get("image", s.get("img_size"))
    inputs = {}
    for group, views, size in (("global_u8", 2, side), ("local_u8", s["local_crops"], local_side)):
        pictures = faces(s["iters"] * views * s["batch"], size, size, rng)
        inputs[group] = pictures.view(s["iters"], views, s["batch"], 3, size, size)
    return inputs


def imagenet(pixels):
    mean, deviation = (torch.tensor(row).view(3, 1, 1) for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (pixels.float() / 255 - mean) / deviation


def run_on_pictures(trace, inputs):
    s = trace.settings
    for index in range(s["epochs"] * s["iters"]):
        trace.step(index, [imagenet(inputs[group][index % s["iters"]]) for group in ("global_u8", "local_u8")])


def dino_step(folder, rng, options, local_side=48):
    s = shared_settings(options)
    inputs = picture_views(s, rng, local_side)
    shapes, backbone = vit_on_pictures(s)
    trace = Trace(s, first_weights(shapes, rng), backbone)
    write_tensors(folder / "dino_step.backbone.safetensors", backbone_results(s, net.part(trace.init, "backbone."), inputs))
    run_on_pictures(trace, inputs)
    trace.write(folder, "dino_step", inputs)


@torch.no_grad()
def backbone_results(s, p, inputs, blocks=2):
    """Feature, attention and class tokens of the last blocks, of the first weights and of smaller ones."""
    results = {}
    small = ("patch_embed.proj.weight", "patch_embed.proj.bias", "pos_embed", "cls_token")
    for prefix, tensors in (("", p), ("small_scale.", {name: t * 0.01 if name in small else t for name, t in p.items()})):
        for group in ("global_u8", "local_u8"):
            images = imagenet(inputs[group][0, 0])
            after, attention = net.vit_blocks(tensors, s, images)
            side = images.shape[-1]
            results[f"{prefix}feature_{side}"] = net.vit(tensors, s, images)
            results[f"{prefix}last_attention_cls_row_{side}"] = attention[:, :, 0]
            results[f"{prefix}last{blocks}_cls_{side}"] = torch.stack([net.vit_class(tensors, s, x) for x in after[-blocks:]], 1)
    return results


def dinoface_step(folder, rng, options, local_side=48):
    s = shared_settings(options)
    inputs = picture_views(s, rng, local_side)
    shapes, backbone = fvit_on_pictures(s)
    trace = Trace(s, first_weights(shapes, rng), backbone)
    run_on_pictures(trace, inputs)
    trace.write(folder, "dinoface_step", inputs, final=("student",))


def lafs_step(folder, rng, options, cnn, kept=36):
    """`cnn`: the landmark CNN, frozen; `kept`: landmarks of a local view."""
    s = shared_settings(options)
    batch, places = s["batch"], (LAFS_SIDE // s["patch_size"]) ** 2
    inputs = {"crops_u8": lafs_slots(s, 2 + s["local_crops"], LAFS_SIDE, rng)}
    for index in range(s["epochs"] * s["iters"]):
        for view in (1, 2):
            inputs[f"step{index}.noise_global{view}"] = torch.randn(batch, places, 2, generator=rng)
        rows = s["local_crops"] * batch
        inputs[f"step{index}.noise_local"] = torch.randn(rows, places, 2, generator=rng)
        inputs[f"step{index}.index_local"] = torch.randint(places, (rows, kept), generator=rng).to(torch.int16)
    shapes, backbone = fvit_on_tokens(s)
    trace = Trace(s, first_weights(shapes, rng), backbone)
    run_on_tokens(trace, inputs, cnn)
    trace.write(folder, "lafs_step", inputs)


def run_on_tokens(trace, inputs, cnn):
    s = trace.settings
    for index in range(s["epochs"] * s["iters"]):
        tokens = lafs_tokens(s, inputs, index, cnn)
        if index == 0:
            trace.note(0, global_tokens=tokens[0], local_tokens=tokens[1])
        trace.step(index, tokens)


def lafs_slots(s, views, side, rng):
    """[batches,2V,B,3,H,W]: clean views, each followed by the same one in other colours (pretraining.md 3.2)."""
    clean = faces(s["iters"] * views * s["batch"], side, side, rng).view(s["iters"], views, s["batch"], 3, side, side)
    coloured = (clean.float() * (0.7 + 0.6 * torch.rand(s["iters"], views, s["batch"], 3, 1, 1, generator=rng))).clamp(0, 255)
    return torch.stack([clean, coloured.to(torch.uint8)], 2).flatten(1, 2)


@torch.no_grad()
def lafs_tokens(s, inputs, index, cnn):
    """Global tokens [2,B,N,width] and local ones [L,B,K,width] of a step (pretraining.md 4)."""
    slots = (inputs["crops_u8"][index % s["iters"]].float() / 255 - 0.5) / 0.5
    groups = []
    for first, last in ((0, 4), (4, slots.shape[0])):
        clean, pixels = (slots[start:last:2].flatten(0, 1) for start in (first, first + 1))
        named = ("noise_global1", "noise_global2") if first == 0 else ("noise_local",)
        noise = torch.cat([inputs[f"step{index}.{name}"] for name in named])
        tokens = net.gather(pixels, net.landmarks(cnn, clean) + noise * s["noise_px"], s["patch_size"])
        if first:
            chosen = inputs[f"step{index}.index_local"].long()[..., None].expand(-1, -1, tokens.shape[-1])
            tokens = tokens.gather(1, chosen)
        groups.append(tokens.unflatten(0, (-1, s["batch"])))
    return groups
