"""Trains and exports `emoji-unet`, a class-conditional diffusion model of emoji that a CPU trains in two hours, and the
two stages of `emoji-cascade`.

    python tools/train.py --until-minutes 120                        # two cores; checkpoints in the cache
    python tools/train.py --until-minutes 30 --resume                # goes on from the last checkpoint
    python tools/train.py --export assets/models/emoji-unet          # exports the averaged weights, no training

A GPU improves the model with no change of code. Warm start from the bundled weights (same sizes of network), or
leave `--init` out and give a larger network (see `--help`):

    python tools/train.py --device cuda --batch 512 --until-minutes 25 --init assets/models/emoji-unet/model.onnx
    python tools/train.py --export assets/models/emoji-unet && python tools/model_quality.py assets/models/emoji-unet

A cascade's stages start from the plain model's weights as well (`--warm`), which a smaller picture or a shallower
network takes over as far as they have a place:

    python tools/train.py --stage coarse --warm assets/models/emoji-unet/model.onnx
    python tools/train.py --stage detail --warm assets/models/emoji-unet/model.onnx
    python tools/export_cascade.py assets/models/emoji-cascade

`coarse` is trained on the images pooled by 2, at 32x32. `detail` sees 64x64, and its loss is taken on the detail band
alone: what pooling by 2 and enlarging again loses.

Network: EDM-style preconditioning (Karras et al. 2022, section 5) written in the VP variables, around a diffusers
UNet2DModel at a quarter of the resolution and a small convolutional head at full resolution. It predicts x_0.
c_skip uses the standard deviation of *fine detail* (`--skip-std`) instead of that of the images, so the noise it lets
through is invisible in early estimates and their spectra stay clean.
Loss: squared error over that of the Wiener denoiser at the same sigma, so 1.0 means "as good as linear" everywhere.
"""

import argparse
import copy
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DModel
from diffusers.models.attention_processor import Attention, AttnProcessor
from diffusers.models.embeddings import get_timestep_embedding
from torch import nn
from torch.nn import functional as F

import emoji_dataset
from emoji_dataset import GROUPS, NO_FLIP, NULL_LABEL, cache_dir
from sheet import log_snr_table, sample

SIGMAS = (0.1, 0.3, 1.0, 3.0, 10.0)
FACTOR = 2  # of the cascade
# What each stage is trained with unless told otherwise. `patch`: the body sees the image unshuffled by this factor.
STAGES = {
    "whole": dict(name="emoji-unet", channels=[64, 128, 160], patch=4, sigma_mean=-0.1, sigma_std=1.6),
    "coarse": dict(name="emoji-cascade-coarse", channels=[64, 128, 160], patch=2, sigma_mean=-0.6, sigma_std=1.7),
    "detail": dict(name="emoji-cascade-detail", channels=[64, 128], patch=4, sigma_mean=-0.8, sigma_std=1.4),
}


class Head(nn.Module):
    """Full-resolution convolutions over (the scaled input, features of the body), scaled and shifted by sigma."""

    def __init__(self, features, width):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.mix = nn.Conv2d(width + features, width, 3, padding=1)
        self.middle = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 3, 3, padding=1)
        self.film = nn.Sequential(nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, 4 * width))
        for parameter in (*self.last.parameters(), *self.film[-1].parameters()):
            nn.init.zeros_(parameter)

    def forward(self, x, features, noise):
        scale_1, shift_1, scale_2, shift_2 = self.film(get_timestep_embedding(noise, 32))[:, :, None, None].chunk(4, 1)
        h = self.mix(torch.cat([F.silu(self.stem(x)), features], 1))
        h = F.silu(h * (1 + scale_1) + shift_1)
        h = h + F.silu(self.middle(h) * (1 + scale_2) + shift_2)
        return self.last(h)


class EmojiUNet(nn.Module):
    """E[x_0 | x_t]: `forward(sample [B,3,H,W], timestep [B], class_labels [B])`, H and W multiples of `size_multiple`."""

    def __init__(self, channels, layers, features, head, data_std, skip_std, patch=4):
        super().__init__()
        self.config = dict(
            channels=list(channels), layers=layers, features=features, head=head, data_std=data_std, skip_std=skip_std, patch=patch
        )
        self.size_multiple = patch * 2 ** (len(channels) - 1)
        levels = len(channels)
        self.body = UNet2DModel(
            in_channels=3 * patch**2,
            out_channels=features * patch**2,
            block_out_channels=tuple(channels),
            layers_per_block=layers,
            down_block_types=("DownBlock2D",) * (levels - 1) + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * (levels - 1),
            attention_head_dim=32,
            norm_num_groups=16,
            num_class_embeds=NULL_LABEL + 1,
        )
        for module in self.body.modules():
            if isinstance(module, Attention):  # few tokens: plain matrix products are faster, and export to any ONNX opset
                module.set_processor(AttnProcessor())
        self.head = Head(features, head)
        self.register_buffer("log_snr_table", torch.tensor(log_snr_table(), dtype=torch.float32), persistent=False)

    def forward(self, sample, timestep, class_labels):
        last = len(self.log_snr_table) - 1
        t = timestep.clamp(0, last)
        below = t.floor().clamp(max=last - 1)
        index = below.long()
        low, high = self.log_snr_table[index], self.log_snr_table[index + 1]
        return self.denoise(sample, low + (t - below) * (high - low), class_labels)

    def denoise(self, x_t, log_snr, class_labels):
        """The same with log-SNR [B] instead of the timestep."""
        # Not torch.sigmoid: ONNX Runtime's Sigmoid is wrong beyond -18.
        alpha_bar, noise_bar = 1 / (1 + (-log_snr).exp()), 1 / (1 + log_snr.exp())
        noise = -5 * log_snr.clamp(-10, 10)  # 10 ln sigma within 0.0067 ... 148
        c_skip, c_out = self.c_skip_out(alpha_bar, noise_bar)
        x = x_t * spread((alpha_bar * self.config["data_std"] ** 2 + noise_bar).rsqrt())
        patch = self.config["patch"]
        features = F.pixel_shuffle(self.body(F.pixel_unshuffle(x, patch), noise, class_labels).sample, patch)
        return spread(c_skip) * x_t + spread(c_out) * self.head(x, features, noise).float()

    def c_skip_out(self, alpha_bar, noise_bar):
        """Factor of x_t, and RMS of what is left to predict; with s_f the skip's and s_d the data's deviation:
        c_skip = s_f^2 sqrt(alpha_bar)/(alpha_bar s_f^2 + 1 - alpha_bar); EDM's c_skip is sqrt(alpha_bar) times it."""
        s_f, s_d = self.config["skip_std"], self.config["data_std"]
        c_skip = s_f**2 * alpha_bar.sqrt() / (alpha_bar * s_f**2 + noise_bar)
        c_out = ((1 - c_skip * alpha_bar.sqrt()) ** 2 * s_d**2 + c_skip**2 * noise_bar).sqrt()
        return c_skip, c_out


def spread(x):
    return x[:, None, None, None]


def pooled(x):
    """Means of FACTOR x FACTOR blocks."""
    return F.avg_pool2d(x, FACTOR)


def detail(x):
    """The finest band: what pooling by FACTOR and enlarging again loses."""
    return x - F.interpolate(pooled(x), scale_factor=FACTOR, mode="nearest")


class Wiener:
    """The best linear stationary denoiser of a set of images: their pixelwise mean and periodic power spectrum.
    `band` maps errors to the part of them that counts."""

    def __init__(self, images, band=None):
        self.mean = images.mean(0, keepdim=True)
        self.band = band
        self.spectrum = torch.fft.fft2(images - self.mean, norm="ortho").abs().square().mean(0, keepdim=True)

    def __call__(self, x, sigma):
        """Denoises x = x_0 + sigma*noise."""
        gain = self.spectrum / (self.spectrum + sigma**2)
        return self.mean + torch.fft.ifft2(gain * torch.fft.fft2(x - self.mean)).real

    def error_table(self, ln_sigmas):
        """Its expected squared error a pixel, in closed form."""
        noise = (2 * ln_sigmas).exp()[:, None]
        s = self.spectrum.flatten()[None]
        error = s * noise / (s + noise)
        if self.band is None:
            return error.mean(1)
        h, w = self.spectrum.shape[2:]
        # The share of each frequency that the band keeps of stationary noise: 1 - |H|^2, H the box's response.
        box = [torch.cos(torch.pi * torch.fft.fftfreq(n)) ** 2 for n in (h, w)]
        kept = (1 - box[0][:, None] * box[1][None]).expand(self.spectrum.shape[1:]).flatten()
        return (error * kept).mean(1)


def stratified_ln_sigma(batch, mean, std, device):
    """Normal ln sigma, one from each of `batch` equally likely intervals, within 0.01 ... 148."""
    u = (torch.arange(batch, device=device) + torch.rand(batch, device=device)) / batch
    z = math.sqrt(2) * torch.erfinv((2 * u - 1).clamp(-0.999999, 0.999999))
    return (mean + std * z).clamp(math.log(0.01), 5.0)


def vp_state(x_0, noise, log_snr):
    return spread(torch.sigmoid(log_snr).sqrt()) * x_0 + spread(torch.sigmoid(-log_snr).sqrt()) * noise


@torch.no_grad()
def held_out_ratios(model, wiener, images, device):
    """Error of label `none` over the Wiener denoiser's at SIGMAS, one noise an image, in the band that counts."""
    band = wiener.band or (lambda error: error)
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(images.shape, generator=generator)
    ratios = []
    for sigma in SIGMAS:
        ours = []
        for x, n in zip(images.split(66), noise.split(66)):
            x, n = x.to(device), n.to(device)
            log_snr = torch.full((len(x),), -2 * math.log(sigma), device=device)
            null = torch.full((len(x),), NULL_LABEL, device=device)
            ours.append(band(model.denoise(vp_state(x, n, log_snr), log_snr, null) - x).square().mean((1, 2, 3)).cpu())
        linear = band(wiener(images + sigma * noise, sigma) - images).square().mean()
        ratios.append((torch.cat(ours).mean() / linear).item())
    return ratios


@torch.no_grad()
def draw_samples(model, path, device, size):
    """24 samples without class above 36 by class, four each."""

    def denoise(x, t, labels):
        return model(*(torch.from_numpy(a).to(device) for a in (x, t, labels))).cpu().numpy()

    labels = [NULL_LABEL] * 24 + [k for k in range(NULL_LABEL) for _ in range(4)]
    emoji_dataset.save_sheet(sample(denoise, labels, size), path, columns=12)


def new_model(args, data_std):
    return EmojiUNet(args.channels, args.layers, args.features, args.head, data_std, args.skip_std, args.patch)


def load_checkpoint(path, device):
    """(checkpoint, its averaged model)."""
    checkpoint = torch.load(path, map_location=device, weights_only=True)
    averaged = EmojiUNet(**checkpoint["config"]).to(device)
    averaged.load_state_dict(checkpoint["ema"])
    return checkpoint, averaged.eval()


def learning_rate(args, step, share):
    """Warm-up by steps; constant; linear to zero over the last `anneal` of the time."""
    return args.lr * min(1, (step + 1) / args.warmup) * min(1, (1 - share) / max(args.anneal, 1e-9))


def train(args):
    torch.manual_seed(args.seed)
    if args.threads:
        torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    images, labels, held_out, _ = (torch.from_numpy(a) for a in emoji_dataset.split())
    if args.stage == "coarse":
        images, held_out = pooled(images), pooled(held_out)
    band = detail if args.stage == "detail" else None
    wiener = Wiener(images, band)
    grid = torch.linspace(math.log(0.005), math.log(200), 256)
    error_grid = wiener.error_table(grid).log().to(device)
    data_std = round(images.square().mean().sqrt().item(), 3)
    images, labels = images.to(device), labels.to(device)
    may_flip = torch.tensor([k not in NO_FLIP for k in range(NULL_LABEL)], device=device)

    path = cache_dir() / f"{args.name}.pt"
    step, images_seen, history = 0, 0, []
    if args.resume:
        checkpoint, averaged = load_checkpoint(path, device)
        model = copy.deepcopy(averaged)
        model.load_state_dict(checkpoint["model"])
        step, images_seen, history = checkpoint["step"], checkpoint["images"], checkpoint["history"]
    else:
        model = new_model(args, data_std).to(device)
        if args.init:
            read_onnx_weights(model, args.init)
        if args.warm:
            take_over_weights(model, args.warm)
        averaged = copy.deepcopy(model).eval()
    model.train()
    averaged.requires_grad_(False)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr, betas=(0.9, 0.99), weight_decay=args.weight_decay, fused=True)
    if args.resume:
        optimizer.load_state_dict(checkpoint["optimizer"])
    history = [*history, " ".join(["python tools/train.py", *sys.argv[1:]])]
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(images)} images, data std {data_std}", flush=True)

    def report(elapsed):
        ratios = " ".join(f"{r:.3f}" for r in held_out_ratios(averaged, wiener, held_out, device))
        print(f"step {step} {elapsed / 60:.1f} min: held-out error / Wiener at sigma {SIGMAS}: {ratios}", flush=True)
        if args.stage != "detail":  # which makes no pictures by itself
            draw_samples(averaged, cache_dir() / f"{args.name}-{step:06}.png", device, tuple(images.shape[2:]))
        state = dict(config=model.config, step=step, images=images_seen, history=history)
        state |= dict(model=model.state_dict(), ema=averaged.state_dict(), optimizer=optimizer.state_dict())
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    start = last_report = time.monotonic()
    bins, first_step, first_image = torch.zeros(2, 5), step, images_seen
    while (share := (time.monotonic() - start) / (60 * args.until_minutes)) < 1 and step - first_step < args.max_steps:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(args, step - (0 if args.resume else first_step), share)
        index = torch.randint(len(images), (args.batch,), device=device)
        x_0, label = images[index], labels[index]
        flip = may_flip[label] & (torch.rand(args.batch, device=device) < 0.5)
        x_0 = torch.where(spread(flip), x_0.flip(3), x_0)
        label = torch.where(torch.rand(args.batch, device=device) < args.drop_label, NULL_LABEL, label)
        ln_sigma = stratified_ln_sigma(args.batch, args.sigma_mean, args.sigma_std, device)
        x_t = vp_state(x_0, torch.randn_like(x_0), -2 * ln_sigma)
        place = (ln_sigma - grid[0].item()) / (grid[1] - grid[0]).item()
        linear_error = torch.lerp(error_grid[place.long()], error_grid[place.long() + 1], place.frac()).exp()

        with torch.autocast(device.type, torch.bfloat16, enabled=args.bf16):
            error = model.denoise(x_t, -2 * ln_sigma, label) - x_0
            error = (band(error) if band else error).square().mean((1, 2, 3)) / linear_error
        error.mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        decay = min(args.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(averaged.parameters()), list(model.parameters()), 1 - decay)

        which = torch.bucketize(ln_sigma, torch.tensor([0.17, 0.55, 1.7, 5.5], device=device).log()).cpu()
        bins[0].index_add_(0, which, error.detach().float().cpu())
        bins[1].index_add_(0, which, torch.ones(args.batch))
        images_seen += args.batch
        if step % args.log_every == 0:
            elapsed = time.monotonic() - start
            by_sigma = " ".join(f"{v:.3f}" for v in bins[0] / bins[1])
            rate = (images_seen - first_image) / elapsed
            print(f"step {step} {elapsed / 60:.1f} min {rate:.1f} img/s loss / Wiener by sigma: {by_sigma}", flush=True)
            bins.zero_()
        if time.monotonic() - last_report > 60 * args.report_minutes:
            report(time.monotonic() - start)
            last_report = time.monotonic()
    report(time.monotonic() - start)


def read_onnx_weights(model, path):
    """Loads the weights of an exported model.onnx (float16) into `model`, whose sizes must agree."""
    import onnx
    from onnx import numpy_helper

    stored = {i.name: numpy_helper.to_array(i) for i in onnx.load(path).graph.initializer}
    state = {name: torch.tensor(stored[name].astype(np.float32)) for name in model.state_dict()}
    model.load_state_dict(state)


def take_over_weights(model, path):
    """Starts `model` from the weights of an exported EmojiUNet that sees the same 16x16 grid of patches: a smaller patch
    takes sums (of inputs) and means (of features) of the larger one's, a level more or less is left as it is drawn."""
    import onnx
    from onnx import numpy_helper

    stored = {i.name: torch.tensor(numpy_helper.to_array(i).astype(np.float32)) for i in onnx.load(path).graph.initializer}
    state, patch, features = model.state_dict(), model.config["patch"], model.config["features"]
    names = {name: name for name in state}
    extra = stored_levels(stored) - len(model.config["channels"])
    if extra:  # the way up is counted from the deepest level
        names |= {n: up_block(n, extra) for n in state if n.startswith("body.up_blocks.")}

    def regrouped(tensor, channels, reduce):
        if len(tensor) == channels * patch**2:
            return tensor
        large = math.isqrt(len(tensor) // channels)
        tensor = tensor.reshape(channels, patch, large // patch, patch, large // patch, *tensor.shape[1:])
        return reduce(tensor, (2, 4)).flatten(0, 2)

    stored["body.conv_in.weight"] = regrouped(stored["body.conv_in.weight"].transpose(0, 1), 3, torch.sum).transpose(0, 1)
    for part in ("weight", "bias"):
        stored[f"body.conv_out.{part}"] = regrouped(stored[f"body.conv_out.{part}"], features, torch.mean)
    taken = {n: stored[o] for n, o in names.items() if o in stored and stored[o].shape == state[n].shape}
    model.load_state_dict(state | taken)
    share = sum(t.numel() for t in taken.values()) / sum(t.numel() for t in state.values())
    print(f"{share:.1%} of the weights come from {path}; initialised at random: {sorted(set(state) - set(taken))}", flush=True)


def stored_levels(stored):
    return 1 + max(int(name.split(".")[2]) for name in stored if name.startswith("body.down_blocks."))


def up_block(name, extra):
    parts = name.split(".")
    return ".".join([*parts[:2], str(int(parts[2]) + extra), *parts[3:]])


def export(args):
    from export_model import export_module, scheduler_config, write_json

    checkpoint, model = load_checkpoint(cache_dir() / f"{args.name}.pt", "cpu")
    folder = Path(args.export)
    folder.mkdir(parents=True, exist_ok=True)
    export_module(model, folder / "model.onnx", multiple=model.size_multiple, num_classes=NULL_LABEL + 1)
    write_json(folder / "scheduler_config.json", scheduler_config())
    config = {
        "_class_name": "UNet2DModel",
        "in_channels": 3,
        "out_channels": 3,
        "sample_size": 64,
        "num_class_embeds": NULL_LABEL + 1,
        "emoji_unet": model.config,
    }
    write_json(folder / "config.json", config)
    parameters = sum(p.numel() for p in model.parameters()) / 1e6
    card = {
        "name": "emoji-unet",
        "title": "Emoji UNet",
        "summary": f"Class-conditional diffusion model of emoji, {parameters:.1f} M parameters. The default model.",
        "data": "Noto Color Emoji 2.042 at 64×64 on white, nine groups of Unicode 15.0 emoji-test.txt; 10 % of the base emoji held out.",
        "licence": "OFL-1.1",
        "how_made": f"{'; '.join(checkpoint['history'])} (in all {checkpoint['step']} steps, {checkpoint['images']} images)",
        "null_label": NULL_LABEL,
        "class_names": [*GROUPS, "none"],
        "size_multiple": model.size_multiple,
    }
    write_json(folder / "card.json", card)
    commands = "\n".join("    " + line for line in checkpoint["history"])
    readme = README.format(parameters=parameters, commands=commands, steps=checkpoint["step"], images=checkpoint["images"], **card)
    (folder / "README.md").write_text(readme, encoding="utf-8")
    print(f"exported step {checkpoint['step']} to {folder}")


README = """# emoji-unet

{summary}

- Data: {data} Made by `tools/emoji_dataset.py`; all variants of one base emoji are on the same side of the split.
- Input: `sample` f32 [batch, 3, height, width], height and width multiples of 16 (trained at 64×64);
  `timestep` f32 [batch], 0 … 999, continuous; `class_labels` i64 [batch], 0–8 the groups, 9 the null class.
- Output: `out_sample`, the prediction of x_0. Schedule: `scheduler_config.json` (squaredcos_cap_v2, trailing).
- Network: preconditioning and the schedule's log-SNR table inside the graph; a diffusers UNet2DModel on the image
  unshuffled by 4, attention at its lowest level, and a full-resolution convolutional head (`tools/train.py`).
- Weights: {parameters:.2f} M, averaged over training, stored as float16 and cast to float32 when the session opens.
- Licence: SIL Open Font License 1.1, see `OFL.txt`, because the pictures are derived from the font.

## How it was made

{commands}

{steps} steps and {images} images in total; then `python tools/train.py --export assets/models/emoji-unet` and
`python tools/model_quality.py assets/models/emoji-unet`. To continue from these weights on a GPU:

    python tools/train.py --device cuda --batch 512 --until-minutes 25 --init assets/models/emoji-unet/model.onnx
    python tools/train.py --export assets/models/emoji-unet
    python tools/model_quality.py assets/models/emoji-unet

or train a larger network from scratch, for example with `--channels 128 256 256 --head 64`.

## Measured

<!-- measured -->
Not measured yet: run `tools/model_quality.py`.
<!-- /measured -->

![64 samples for the null class, then one row per class](sheet.png)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--stage", choices=STAGES, default="whole", help="the plain model, or one of the cascade's two stages")
    add("--name", help="name of the checkpoint in the cache [default: the stage's]")
    add("--export", metavar="FOLDER", help="export the checkpoint's averaged weights and stop")
    add("--resume", action="store_true", help="continue from the checkpoint")
    add("--init", metavar="ONNX", help="start from the weights of an exported model.onnx of the same sizes")
    add("--warm", metavar="ONNX", help="start from the weights of an exported emoji-unet where the shapes match")
    add("--device", default="cpu")
    add("--threads", type=int, default=0, help="CPU threads; one is fastest on a busy machine")
    add("--bf16", action=argparse.BooleanOptionalAction, help="bfloat16 autocast; default: only on a GPU")
    add("--until-minutes", type=float, default=120, help="wall time of this run")
    add("--max-steps", type=int, default=10**9)
    add("--batch", type=int, default=32)
    add("--lr", type=float, default=8e-4)
    add("--warmup", type=int, default=200, help="steps of rising learning rate")
    add("--anneal", type=float, default=0.25, help="final share of the time, in which the learning rate falls to zero")
    add("--weight-decay", type=float, default=1e-2)
    add("--ema", type=float, default=0.9995)
    add("--drop-label", type=float, default=0.1, help="share of images trained without their class")
    add("--sigma-mean", type=float, help="mean of ln sigma")
    add("--sigma-std", type=float)
    add("--skip-std", type=float, default=0.2)
    add("--channels", type=int, nargs="+")
    add("--patch", type=int, help="the body sees the image unshuffled by this factor")
    add("--layers", type=int, default=2, help="residual blocks per level")
    add("--features", type=int, default=16, help="full-resolution channels the body gives the head")
    add("--head", type=int, default=32, help="channels of the head")
    add("--seed", type=int, default=0)
    add("--log-every", type=int, default=100)
    add("--report-minutes", type=float, default=10)
    args = parser.parse_args()
    for name, value in STAGES[args.stage].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.bf16 is None:
        args.bf16 = args.device != "cpu"
    export(args) if args.export else train(args)


if __name__ == "__main__":
    main()
