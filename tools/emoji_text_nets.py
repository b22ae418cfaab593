"""The parts of `emoji-text`: a small autoencoder of its own behind AutoencoderKL's ports, and diffusers' UNet2DConditionModel
and transformers' CLIPTextModel in small sizes."""

import math

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel

from emoji_text import TOKENS, VOCABULARY

LATENT_SIDE = 16
STEPS = 1000


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm_1, self.conv_1 = nn.GroupNorm(8, channels), nn.Conv2d(channels, channels, 3, padding=1)
        self.norm_2, self.conv_2 = nn.GroupNorm(8, channels), nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.conv_2.weight)
        nn.init.zeros_(self.conv_2.bias)

    def forward(self, x):
        h = self.conv_1(F.silu(self.norm_1(x)))
        return x + self.conv_2(F.silu(self.norm_2(h)))


def residuals(channels, count):
    return [Residual(channels) for _ in range(count)]


class Encoder(nn.Module):
    """sample [B, 3, 8h, 8w] in [-1, 1] to mean and log variance [B, 2C, h, w]."""

    def __init__(self, latent_channels, fine, coarse):
        super().__init__()
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, fine, 3, padding=1),
            *residuals(fine, 2),
            nn.Conv2d(fine, coarse, 3, stride=2, padding=1),
            *residuals(coarse, 2),
            nn.GroupNorm(8, coarse),
            nn.SiLU(),
        )
        self.quant = nn.Conv2d(coarse, 2 * latent_channels, 1)

    def forward(self, sample):
        return self.quant(self.body(sample))


class Decoder(nn.Module):
    """latent_sample [B, C, h, w] to the image [B, 3, 8h, 8w]."""

    def __init__(self, latent_channels, fine, coarse, head):
        super().__init__()
        self.post_quant = nn.Conv2d(latent_channels, latent_channels, 1)
        self.coarse = nn.Sequential(nn.Conv2d(latent_channels, coarse, 3, padding=1), *residuals(coarse, 4))
        self.fine = nn.Sequential(nn.Conv2d(coarse, fine, 3, padding=1), *residuals(fine, 3), nn.GroupNorm(8, fine), nn.SiLU())
        self.head = nn.Sequential(
            nn.Conv2d(fine, 16 * head, 3, padding=1),
            nn.PixelShuffle(4),
            nn.SiLU(),
            nn.Conv2d(head, head, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(head, 3, 3, padding=1),
        )

    def forward(self, latent_sample):
        h = self.coarse(self.post_quant(latent_sample))
        return self.head(self.fine(F.interpolate(h, scale_factor=2.0, mode="nearest")))


class Autoencoder(nn.Module):
    def __init__(self, latent_channels=4, encoder=(64, 128), decoder=(96, 128), head=12):
        super().__init__()
        self.config = dict(latent_channels=latent_channels, encoder=list(encoder), decoder=list(decoder), head=head)
        self.encoder = Encoder(latent_channels, *encoder)
        self.decoder = Decoder(latent_channels, *decoder, head)

    def encode(self, sample):
        """Mean and log variance of the latents."""
        mean, log_variance = self.encoder(sample).chunk(2, 1)
        return mean, log_variance.clamp(-20, 10)

    @torch.no_grad()
    def normalise(self, mean, deviation):
        """Moves the latents' mean [C] to 0 and their deviations [C] to one common value, without a change of what is
        decoded, so that a single scaling factor makes all channels standard. Returns that factor."""
        common = deviation.square().mean().sqrt()
        factor, channels = common / deviation, len(mean)
        quant, post = self.encoder.quant, self.decoder.post_quant
        quant.weight[:channels] *= factor[:, None, None, None]
        quant.bias[:channels] = (quant.bias[:channels] - mean) * factor
        quant.bias[channels:] += 2 * factor.log()
        post.bias += post.weight[:, :, 0, 0] @ mean
        post.weight /= factor[None, :, None, None]
        return 1 / common.item()


def new_text_encoder(width, layers):
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=VOCABULARY,
            hidden_size=width,
            intermediate_size=4 * width,
            projection_dim=width,
            num_hidden_layers=layers,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=VOCABULARY - 2,
            eos_token_id=VOCABULARY - 1,
            pad_token_id=VOCABULARY - 1,
            attn_implementation="eager",  # few tokens
        )
    )


def new_unet(latent_channels, channels, layers, text_width):
    """Cross-attention on every level but the finest; a pooled embedding of the words joins the timestep's."""
    levels = len(channels)
    return UNet2DConditionModel(
        sample_size=LATENT_SIDE,
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=tuple(channels),
        layers_per_block=layers,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (levels - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (levels - 1) + ("UpBlock2D",),
        cross_attention_dim=text_width,
        attention_head_dim=4,  # the number of heads, whatever it is called
        norm_num_groups=32,
        use_linear_projection=True,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )


class TextToLatent(nn.Module):
    """Text encoder and UNet, trained together: `forward(x_t, timestep, token ids)` predicts v."""

    def __init__(self, latent_channels, channels, layers, text_width, text_layers):
        super().__init__()
        self.config = dict(
            latent_channels=latent_channels, channels=list(channels), layers=layers, text_width=text_width, text_layers=text_layers
        )
        self.text_encoder = new_text_encoder(text_width, text_layers)
        self.unet = new_unet(latent_channels, channels, layers, text_width)

    def forward(self, x_t, timestep, ids):
        return self.unet(x_t, timestep, self.text_encoder(ids).last_hidden_state, return_dict=False)[0]


def alpha_bars():
    """squaredcos_cap_v2, f32 [STEPS], as diffusers computes it."""
    angle = lambda t: math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    betas = [min(1 - angle((i + 1) / STEPS) / angle(i / STEPS), 0.999) for i in range(STEPS)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0).float()


def spread(x):
    return x[:, None, None, None]


def noised(x_0, noise, alpha_bar):
    return spread(alpha_bar.sqrt()) * x_0 + spread((1 - alpha_bar).sqrt()) * noise


def velocity(x_0, noise, alpha_bar):
    return spread(alpha_bar.sqrt()) * noise - spread((1 - alpha_bar).sqrt()) * x_0


@torch.no_grad()
def ddim(predict, x, steps):
    """DDIM (eta = 0), trailing timesteps, on v-predictions `predict(x_t, timestep)`."""
    table = alpha_bars().double().tolist()
    times = [round(STEPS - i * STEPS / steps) - 1 for i in range(steps)]
    for now, after in zip(times, [*times[1:], None]):
        a, b = table[now], 1.0 if after is None else table[after]
        v = predict(x, now)
        x_0, eps = math.sqrt(a) * x - math.sqrt(1 - a) * v, math.sqrt(1 - a) * x + math.sqrt(a) * v
        x = math.sqrt(b) * x_0 + math.sqrt(1 - b) * eps
    return x
