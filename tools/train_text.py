"""Trains, measures and exports `emoji-text`: words to pictures of emoji at 128x128, small enough for two CPU cores.

    npm pack cldr-annotations-full@48.2.0                                        # keywords, by Unicode
    python tools/train_text.py data --annotations cldr-annotations-full-48.2.0.tgz
    python tools/train_text.py autoencoder --latent-channels 8 --pictures 80000  # 128x128 to 8x16x16 and back
    python tools/train_text.py unet --until-minutes 600                          # words to latents
    python tools/train_text.py unet --until-minutes 600 --resume                 # goes on from the checkpoint
    python tools/train_text.py measure --names 200                               # PSNR, does it follow words, sheets
    python tools/train_text.py export assets/models/emoji-text                   # the averaged weights, as optimum lays out

Any time the decoder alone may be trained on, with latents as they are: `autoencoder --resume --decoder-only`.
On a GPU, from scratch or from the bundled weights:

    python tools/train_text.py unet --device cuda --batch 1024 --until-minutes 10 --init assets/models/emoji-text

Everything is kept in one work folder outside the tree (`--work`), checkpoints in files under 16 MiB each. While a file
`pause` lies in that folder, training sleeps, and its clock with it. The learning rate is constant, and falls to zero over
the last `--anneal` of the time or of the pictures; averaged weights are good to export at any time.

The UNet predicts v on latents made standard a channel; schedule: squaredcos_cap_v2, as emoji-unet's. One prompt in ten is
left empty, so that guidance has its other side.
"""

import argparse
import json
import math
import random
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import emoji_text
from emoji_dataset import GROUPS, cache_dir, save_sheet
from emoji_text_nets import LATENT_SIDE, STEPS, Autoencoder, TextToLatent, alpha_bars, ddim, noised, velocity

SHARD = 15 * 2**20  # bytes of a checkpoint's file
COMPOSITIONS = [
    "blue pizza", "green heart with star", "cat with sunglasses and red hat", "dog with glasses", "purple apple",
    "red airplane", "yellow frog", "astronaut with moon", "rocket on fire", "black flag with star",
    "smiling pizza", "crying sun", "snowman with red heart", "green cat face", "blue strawberry",
    "woman with red hat", "robot with flower", "ghost with crown", "pink elephant", "golden fish",
    "white tiger face", "tree with hearts", "house on fire", "car with wings", "angry moon",
    "banana with sunglasses", "green flag with heart", "penguin with hat", "blue rose", "orange whale",
    "face with cat ears", "skull with flowers", "bear with crown", "sun with sunglasses", "cake with star",
    "purple cow face", "man with blue hair", "yellow umbrella", "red guitar", "dragon with rainbow",
]  # fmt: skip


# Time, checkpoints.


class Clock:
    """What of a run is used up: minutes at work, or pictures, whichever is further."""

    def __init__(self, args, pictures):
        self.args, self.first, self.start, self.slept = args, pictures, time.monotonic(), 0.0
        self.pause = args.work / "pause"

    def seconds(self):
        return time.monotonic() - self.start - self.slept

    def share(self, pictures):
        """Sleeps as long as training is to pause."""
        while self.pause.exists():
            time.sleep(2)
            self.slept += 2
        return max(self.seconds() / (60 * self.args.until_minutes), (pictures - self.first) / self.args.pictures)


def learning_rate(args, step, share):
    """Warm-up by steps; constant; linear to zero over the last `anneal`."""
    return args.lr * min(1, (step + 1) / args.warmup) * min(1, (1 - share) / max(args.anneal, 1e-9))


def half(tensors):
    return {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}


def save_checkpoint(folder, facts, tensors):
    """`tensors` {name: tensor} in files of at most SHARD bytes, and `facts` as JSON; a folder beside, then swapped."""
    beside, old = folder.with_name(folder.name + ".tmp"), folder.with_name(folder.name + ".old")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    shards, size = [{}], 0
    for name, tensor in tensors.items():
        bytes_of = tensor.numel() * tensor.element_size()
        if size + bytes_of > SHARD and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][name] = tensor.detach().cpu().contiguous().clone()
        size += bytes_of
    for i, shard in enumerate(shards):
        torch.save(shard, beside / f"part-{i:03}.pt")
    (beside / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    beside.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder, device="cpu"):
    """(facts, {name: tensor})."""
    if not folder.exists() and folder.with_name(folder.name + ".old").exists():  # stopped between the two renames
        folder = folder.with_name(folder.name + ".old")
    if not (folder / "facts.json").exists():
        raise SystemExit(f"{folder} has no checkpoint: train it first, without --resume.")
    tensors = {}
    for part in sorted(folder.glob("part-*.pt")):
        tensors |= torch.load(part, map_location=device, weights_only=True)
    return json.loads((folder / "facts.json").read_text(encoding="utf-8")), tensors


def under(tensors, prefix):
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


class Training:
    """A network, its running average and its optimiser, with their checkpoint. `make(config)` gives a new network; `init`
    are pairs of a prefix of its weights and the exported graph that has them."""

    def __init__(self, args, name, make, init=()):
        self.args, self.folder, self.device = args, args.work / name, torch.device(args.device)
        self.step = self.pictures = 0
        self.facts = dict(history=[])
        tensors = {}
        if args.resume:
            self.facts, tensors = load_checkpoint(self.folder)
            self.step, self.pictures = self.facts["step"], self.facts["pictures"]
        config = self.facts.get("config")
        self.network, self.average = make(config), make(config)
        if tensors:
            averaged = {n: t.float() for n, t in under(tensors, "average.").items()}
            self.average.load_state_dict(averaged)
            self.network.load_state_dict(under(tensors, "network.") or averaged)
        else:
            for prefix, path in init:
                take_over(self.network, path, prefix)
            self.average.load_state_dict(self.network.state_dict())
        layout = dict(memory_format=torch.channels_last)
        self.network.to(self.device, **layout).train()
        self.average.to(self.device, **layout).eval().requires_grad_(False)
        self.optimise(self.network.parameters())
        self.restore_moments(under(tensors, "moments."))
        self.facts["config"] = self.network.config
        self.facts["history"].append(" ".join(["python tools/train_text.py", *sys.argv[1:]]))
        self.warm_from = 0 if tensors else self.step
        millions = sum(p.numel() for p in self.network.parameters()) / 1e6
        print(f"{name}: {millions:.2f} M parameters, from step {self.step}, bfloat16 {args.bf16}", flush=True)

    def optimise(self, parameters):
        self.optimizer = torch.optim.AdamW(parameters, self.args.lr, betas=(0.9, 0.99), weight_decay=0.01, fused=True)

    def restore_moments(self, moments):
        for name, parameter in self.network.named_parameters():
            if f"{name}.1" in moments:
                first, second = (moments[f"{name}.{i}"].to(parameter, memory_format=torch.preserve_format) for i in (1, 2))
                step = torch.tensor(float(self.step), device=self.device if self.device.type == "cuda" else "cpu")
                self.optimizer.state[parameter] = dict(step=step, exp_avg=first, exp_avg_sq=second)

    def update(self, loss, share):
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.args, self.step - self.warm_from, share)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.pictures += self.args.batch
        decay = min(self.args.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), 1 - decay)

    def save(self):
        self.facts |= dict(step=self.step, pictures=self.pictures)
        tensors = {f"average.{n}": t for n, t in half(self.average.state_dict()).items()}
        if not self.args.light:
            tensors |= {f"network.{n}": t for n, t in self.network.state_dict().items()}
            for name, parameter in self.network.named_parameters():
                state = self.optimizer.state.get(parameter)
                if state:
                    tensors |= {f"moments.{name}.{i}": state[k].bfloat16() for i, k in ((1, "exp_avg"), (2, "exp_avg_sq"))}
        save_checkpoint(self.folder, self.facts, tensors)

    def autocast(self):
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.args.bf16)


def take_over(network, path, prefix=""):
    """Starts a network from the weights of an exported model.onnx, as far as names and sizes agree."""
    import onnx
    from onnx import numpy_helper

    stored = {i.name: numpy_helper.to_array(i) for i in onnx.load(str(path)).graph.initializer}
    state, taken = network.state_dict(), {}
    for name, array in stored.items():
        if prefix + name in state and array.shape == tuple(state[prefix + name].shape):
            wide = array.astype(np.float32) * stored.get(name + "_scale", np.float32(1)) if array.dtype != np.int64 else array
            taken[prefix + name] = torch.tensor(wide)
    network.load_state_dict(state | taken)
    inside = [name for name in state if name.startswith(prefix)]
    print(f"{len(taken)} of {len(inside)} tensors are taken over from {path}", flush=True)


def draws(weights, batch, generator):
    """Endless batches of indices, by weight."""
    while True:
        yield torch.multinomial(weights, batch, replacement=True, generator=generator)


def seeds(args, training):
    """(torch generator, random.Random), so that a run from the same checkpoint draws the same."""
    torch.manual_seed(args.seed + training.step)
    return torch.Generator().manual_seed(args.seed + training.step), random.Random(f"{args.seed} {training.step}")


# Data.


def data(args):
    if not args.annotations:
        raise SystemExit("Give --annotations: the file that `npm pack cldr-annotations-full@48.2.0` leaves, or its JSON.")
    args.work.mkdir(parents=True, exist_ok=True)
    images, emojis = emoji_text.build(args.annotations)
    np.save(args.work / "emoji-128.npy", images)
    (args.work / "emoji.json").write_text(json.dumps(emojis, ensure_ascii=False), encoding="utf-8")
    if not emoji_text.SPLIT.exists():
        emoji_text.freeze_split(emojis)
    emojis = emoji_text.load(args.work)[1]
    train = [e for e in emojis if not e["held_out"]]
    size, words = emoji_text.write_tokenizer(train, args.work / "tokenizer")
    bases, out = ({e["base"] for e in emojis}, {e["base"] for e in emojis if e["held_out"]})
    print(f"{len(emojis)} pictures, {len(emojis) - len(train)} held out; {len(bases)} bases, {len(out)} held out; {size} tokens of {words} words")
    lengths = [len(t) for t in emoji_text.Tokenizer(args.work / "tokenizer").inner([n for e in emojis for n in e["names"]]).input_ids]
    print(f"tokens of a name: {np.mean(lengths):.1f} in the mean, {max(lengths)} at most, of {emoji_text.TOKENS}")
    varied = random.Random(0)
    for emoji in varied.sample(train, 12):
        print("  ", " | ".join([emoji["names"][0], *(emoji_text.vary(emoji, varied) for _ in range(3))]))


def training_part(args):
    """(images uint8 of the training part, their emojis, images held out, their emojis)."""
    images, emojis = emoji_text.load(args.work)
    out = np.array([e["held_out"] for e in emojis])
    both = [[e for e in emojis if e["held_out"] == side] for side in (False, True)]
    return torch.from_numpy(images[~out]), both[0], torch.from_numpy(images[out]), both[1]


def wide(images, device="cpu"):
    """uint8 to float32 in [-1, 1]."""
    return (images.to(device).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


# Autoencoder.


def gradients(x):
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def autoencoder_loss(y, x, mean, log_variance, kl_weight):
    """Absolute and squared error, those of the gradients, and a weak pull of the latents to a normal distribution."""
    error = y - x
    edges = sum(g.abs().mean() for g in gradients(error))
    kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
    return error.abs().mean() + 2 * error.square().mean() + 0.5 * edges + kl_weight * kl


@torch.no_grad()
def encode(network, images, device, batch=64):
    """Means and log variances [N, C, h, w] of uint8 images."""
    return [torch.cat(part) for part in zip(*(map(torch.Tensor.cpu, network.encode(wide(x, device))) for x in images.split(batch)))]


@torch.no_grad()
def psnr(network, images, device, batch=64):
    """Mean over images of the PSNR in dB of a round trip through the latents' means, of peak 2 (from -1 to 1)."""
    errors = []
    for x in images.split(batch):
        x = wide(x, device)
        errors.append((network.decoder(network.encode(x)[0]).clamp(-1, 1) - x).square().mean((1, 2, 3)).cpu())
    return (10 * torch.log10(4 / torch.cat(errors).clamp(min=1e-10))).mean().item()


def base_images(images, emojis):
    """One picture of each base emoji, the first."""
    first = {}
    for i, emoji in enumerate(emojis):
        first.setdefault(emoji["base"], i)
    return images[list(first.values())]


def autoencoder(args):
    images, emojis, out, out_emojis = training_part(args)
    bases, known = base_images(out, out_emojis), base_images(images, emojis)[::12]
    sizes = dict(latent_channels=args.latent_channels)
    init = [(f"{p}.", args.init / f"vae_{p}" / "model.onnx") for p in ("encoder", "decoder")] if args.init else []
    training = Training(args, "autoencoder", lambda config: Autoencoder(**(config or sizes)), init)
    if args.decoder_only:
        training.network.encoder.requires_grad_(False)
    generator, _ = seeds(args, training)
    weights = torch.from_numpy(emoji_text.sampling_weights(emojis))
    clock = Clock(args, training.pictures)
    reported, total, since = 0.0, [], training.pictures
    at = clock.seconds()

    def report():
        training.save()
        values = [psnr(training.average, x, training.device) for x in (bases, known)]
        print(f"step {training.step}, {training.pictures} pictures: PSNR {values[0]:.2f} dB held out, {values[1]:.2f} dB trained", flush=True)
        with torch.no_grad():
            x = wide(bases[::6], training.device)
            pairs = torch.cat([x[:16], training.average.decoder(training.average.encode(x[:16])[0])]).cpu()
        save_sheet(pairs.numpy(), args.work / "autoencoder.png", columns=16)

    for index in draws(weights, args.batch, generator):
        if (share := clock.share(training.pictures)) >= 1:
            break
        x = wide(images[index], training.device)
        flip = torch.rand(len(x), generator=generator) < 0.5
        x[flip] = x[flip].flip(3)
        with training.autocast():
            mean, log_variance = training.network.encode(x)
            mean, log_variance = mean.float(), log_variance.float()
            y = training.network.decoder(mean + torch.randn_like(mean) * (0.5 * log_variance).exp()).float()
        loss = autoencoder_loss(y, x, mean, log_variance, args.kl)
        training.update(loss, share)
        total.append((y.detach() - x).square().mean().item())
        if training.step % args.log_every == 0:
            now = clock.seconds()
            rate = (training.pictures - since) / (now - at)
            decibels = 10 * math.log10(4 / np.mean(total))
            print(f"step {training.step} {now / 60:.1f} min {rate:.1f} pictures/s PSNR {decibels:.2f} dB share {share:.3f}", flush=True)
            at, since, total = now, training.pictures, []
        if clock.seconds() - reported > 60 * args.report_minutes:
            report()
            reported = clock.seconds()
    report()


def load_autoencoder(args):
    facts, tensors = load_checkpoint(args.work / "autoencoder")
    network = Autoencoder(**facts["config"])
    network.load_state_dict({n: t.float() for n, t in under(tensors, "average.").items()})
    return network.eval().requires_grad_(False)


# Words to latents.


def unet(args):
    images, emojis, out, out_emojis = training_part(args)
    encoder = load_autoencoder(args).to(args.device)
    means, log_variances = encode(encoder, images, args.device)
    out_means, _ = encode(encoder, out, args.device)
    sizes = dict(latent_channels=means.shape[1], channels=args.channels, layers=args.layers)
    sizes |= dict(text_width=args.text_width, text_layers=args.text_layers)
    init = [(f"{p}.", args.init / p / "model.onnx") for p in ("text_encoder", "unet")] if args.init else []
    training = Training(args, "unet", lambda config: TextToLatent(**(config or sizes)), init)
    if "latent_mean" not in training.facts:
        training.facts["latent_mean"] = means.mean((0, 2, 3)).tolist()
        training.facts["latent_deviation"] = means.std((0, 2, 3)).tolist()
    shift, scale = (torch.tensor(training.facts[f"latent_{k}"])[None, :, None, None] for k in ("mean", "deviation"))
    means, deviations, out_means = (means - shift) / scale, (0.5 * log_variances).exp() / scale, (out_means - shift) / scale
    tokenizer = emoji_text.Tokenizer(args.work / "tokenizer")
    device, table = training.device, alpha_bars().to(args.device)
    means, deviations = means.to(device), deviations.to(device)
    generator, prompts = seeds(args, training)
    weights = torch.from_numpy(emoji_text.sampling_weights(emojis))
    clock = Clock(args, training.pictures)
    bins, at, since, reported = torch.zeros(2, 4), clock.seconds(), training.pictures, 0.0

    def held_out_loss():
        noise = torch.randn(out_means.shape, generator=torch.Generator().manual_seed(1))
        ids = torch.from_numpy(tokenizer(e["names"][0] for e in out_emojis))
        t = (torch.arange(len(ids)) * 379 % STEPS).long()
        losses = []
        with torch.no_grad():
            for x, n, i, s in zip(*(a.to(device).split(64) for a in (out_means, noise, ids, t))):
                v = training.average(noised(x, n, table[s]), s, i)
                losses.append((v - velocity(x, n, table[s])).square().mean((1, 2, 3)))
        return torch.cat(losses).mean().item()

    def report():
        training.save()
        line = f"step {training.step}, {training.pictures} pictures: loss {held_out_loss():.4f} held out"
        if args.names:
            chosen = random.Random(7).sample(range(len(emojis)), min(args.names, len(emojis)))
            asked = [emojis[i]["names"][0] for i in chosen]
            made = sample_latents(training.average, tokenizer, [*asked, *COMPOSITIONS[:8]], device)
            first, five = retrieved(made[: len(asked)], means, chosen)
            line += f", nearest is the named one {np.mean(first):.2f}, among five {np.mean(five):.2f} of {len(asked)}"
            pictures = encoder.decoder((made.cpu() * scale + shift).to(device)).cpu()
            save_sheet(pictures.numpy(), args.work / "unet.png", columns=8)
        print(line, flush=True)

    for index in draws(weights, args.batch, generator):
        if (share := clock.share(training.pictures)) >= 1:
            break
        texts = ["" if prompts.random() < args.drop else emoji_text.vary(emojis[i], prompts) for i in index.tolist()]
        ids, index = torch.from_numpy(tokenizer(texts)).to(device), index.to(device)
        x_0 = means[index] + deviations[index] * torch.randn_like(means[index])
        t = ((torch.arange(args.batch) + torch.rand(args.batch, generator=generator)) * STEPS / args.batch).long().to(device)
        noise = torch.randn_like(x_0)
        x_t = noised(x_0, noise, table[t]).contiguous(memory_format=torch.channels_last)
        with training.autocast():
            v = training.network(x_t, t, ids).float()
        errors = (v - velocity(x_0, noise, table[t])).square().mean((1, 2, 3))
        training.update(errors.mean(), share)
        which = (t * 4 // STEPS).cpu()
        bins[0].index_add_(0, which, errors.detach().cpu())
        bins[1].index_add_(0, which, torch.ones(len(which)))
        if training.step % args.log_every == 0:
            now = clock.seconds()
            rate = (training.pictures - since) / (now - at)
            quarters = " ".join(f"{b:.3f}" for b in bins[0] / bins[1])
            loss = (bins[0].sum() / bins[1].sum()).item()
            print(f"step {training.step} {now / 60:.1f} min {rate:.1f} pictures/s loss {loss:.4f} by quarter of t {quarters}", flush=True)
            at, since = now, training.pictures
            bins.zero_()
        if clock.seconds() - reported > 60 * args.report_minutes:
            report()
            reported = clock.seconds()
    report()


@torch.no_grad()
def sample_latents(model, tokenizer, prompts, device, guidance=3.0, steps=25, seed=0, batch=32):
    """Standard latents of prompts: DDIM with guidance, each prompt its own noise."""
    made = []
    empty = model.text_encoder(torch.from_numpy(tokenizer([""])).to(device)).last_hidden_state
    for i in range(0, len(prompts), batch):
        words = model.text_encoder(torch.from_numpy(tokenizer(prompts[i : i + batch])).to(device)).last_hidden_state
        both = torch.cat([words, empty.expand_as(words)])

        def predict(x, t):
            c, n = model.unet(torch.cat([x, x]), torch.tensor(t, device=device), both, return_dict=False)[0].chunk(2)
            return n + guidance * (c - n)

        shape = (len(words), model.config["latent_channels"], LATENT_SIDE, LATENT_SIDE)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed + i)).to(device)
        made.append(ddim(predict, noise, steps))
    return torch.cat(made)


def retrieved(made, known, wanted):
    """For each sample, whether the nearest training latent is the wanted one, and whether it is among five."""
    ranks = [(known - x).square().mean((1, 2, 3)).argsort()[:5].tolist() for x in made]
    return [r[0] == w for r, w in zip(ranks, wanted)], [w in r for r, w in zip(ranks, wanted)]


def load_model(args):
    """(facts, averaged text encoder and UNet)."""
    facts, tensors = load_checkpoint(args.work / "unet")
    model = TextToLatent(**facts["config"])
    model.load_state_dict({n: t.float() for n, t in under(tensors, "average.").items()})
    return facts, model.eval().requires_grad_(False)


def measure(args):
    """PSNR of the held-out bases, whether words are followed by group, and two sheets."""
    images, emojis, out, out_emojis = training_part(args)
    coder, (facts, model) = load_autoencoder(args).to(args.device), load_model(args)
    model.to(args.device)
    shift, scale = (torch.tensor(facts[f"latent_{k}"], device=args.device)[None, :, None, None] for k in ("mean", "deviation"))
    decibels = psnr(coder, base_images(out, out_emojis), args.device)
    known = (encode(coder, images, args.device)[0].to(args.device) - shift) / scale
    tokenizer = emoji_text.Tokenizer(args.work / "tokenizer")
    chosen = random.Random(11).sample(range(len(emojis)), min(args.names, len(emojis)))
    made = sample_latents(model, tokenizer, [emojis[i]["names"][0] for i in chosen], args.device)
    first, five = retrieved(made, known, chosen)
    groups = []
    for k, group in enumerate(GROUPS):
        inside = [j for j, i in enumerate(chosen) if emojis[i]["group"] == k]
        if inside:
            mean = [round(float(np.mean([hits[j] for j in inside])), 3) for hits in (first, five)]
            groups.append(dict(group=group, names=len(inside), first=mean[0], among_five=mean[1]))
    measured = dict(step=facts["step"], pictures=facts["pictures"], psnr_held_out_db=round(decibels, 2), names=len(chosen))
    measured |= dict(first=round(float(np.mean(first)), 3), among_five=round(float(np.mean(five)), 3), by_group=groups)
    (args.work / "measured.json").write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(measured, indent=2))
    composed = sample_latents(model, tokenizer, COMPOSITIONS, args.device, seed=1)
    for name, latents in (("names", made[:64]), ("compositions", composed)):
        save_sheet(coder.decoder(latents * scale + shift).cpu().numpy(), args.work / f"{name}.png", columns=8)


def export(args):
    from export_text import export_pipeline

    export_pipeline(args.folder, args.work / "tokenizer", load_autoencoder(args), *load_model(args), args.weights)


def has_bfloat16():
    """Whether this CPU multiplies bfloat16 in hardware."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


STAGES = {
    "data": (data, {}),
    "autoencoder": (autoencoder, dict(lr=2e-3, batch=32, warmup=100, ema=0.999, anneal=0.4)),
    "unet": (unet, dict(lr=6e-4, batch=32, warmup=500, ema=0.9995, anneal=0.2)),
    "measure": (measure, {}),
    "export": (export, {}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("stage", choices=STAGES)
    add("folder", type=Path, nargs="?", help="export: the model's folder")
    add("--work", type=Path, default=cache_dir() / "emoji-text", help="data, checkpoints and sheets; outside the tree")
    add("--annotations", metavar="FILE", help="data: the npm package cldr-annotations-full, or its English annotations.json")
    add("--resume", action="store_true", help="go on from the checkpoint")
    add("--init", type=Path, metavar="FOLDER", help="start from what fits of an exported model's weights")
    add("--light", action="store_true", help="checkpoints of the averaged weights alone, in half precision")
    add("--device", default="cpu")
    add("--threads", type=int, default=0, help="CPU threads; one is fastest on a busy machine")
    add("--bf16", action=argparse.BooleanOptionalAction, help="bfloat16 autocast; by default where the hardware has it")
    add("--until-minutes", type=float, default=1e9, help="time at work of this run")
    add("--pictures", type=int, default=10**12, help="pictures of this run, each as often as it is drawn")
    add("--anneal", type=float, help="last share of the run, with the learning rate falling to zero")
    add("--batch", type=int)
    add("--lr", type=float)
    add("--warmup", type=int, help="steps of rising learning rate")
    add("--ema", type=float)
    add("--kl", type=float, default=1e-4)
    add("--decoder-only", action="store_true", help="autoencoder: leave the encoder, and with it the latents, as they are")
    add("--latent-channels", type=int, default=4)
    add("--channels", type=int, nargs="+", default=[96, 128, 192])
    add("--layers", type=int, default=1, help="residual blocks a level")
    add("--text-width", type=int, default=128)
    add("--text-layers", type=int, default=3)
    add("--drop", type=float, default=0.1, help="share of pictures trained without their words")
    add("--names", type=int, default=40, help="names that a report or a measurement asks for")
    add("--weights", choices=["float", "half", "int8"], default="int8", help="export: how the UNet and the text encoder are stored")
    add("--seed", type=int, default=0)
    add("--log-every", type=int, default=100)
    add("--report-minutes", type=float, default=20)
    args = parser.parse_args()
    run, defaults = STAGES[args.stage]
    for name, value in defaults.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.bf16 is None:
        args.bf16 = args.device != "cpu" or has_bfloat16()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.stage == "export" and not args.folder:
        parser.error("export needs the folder to write to")
    run(args)


if __name__ == "__main__":
    main()
