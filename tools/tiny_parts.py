"""Text-to-image pipelines with random weights, a few hundred kB each, in PyTorch: `make_tiny_pipelines.py` exports them and
`golden/pipelines.py` runs them. The same seed gives the same weights.

Widths are 16 to 48 where the real models have 768 to 4096, and a vocabulary has about 1,000 tokens; classes, layouts, kinds of
blocks, special tokens, limits, scaling factors and schedulers are those of the real pipelines.
"""

import json
import math
from collections import Counter
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    PNDMScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from tokenizers import SentencePieceUnigramTokenizer
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

from emoji_text import END, START, WORDS, byte_symbols, learn_merges

TEXT = Path(__file__).resolve().parents[1] / "LICENSE-APACHE"  # of no meaning: letters and words that stay as they are
PROMPT_WORDS = """a an the of in on with and at by under over red green blue yellow black white small large old new two three
cat dog horse bird fish tree house mountain river sea city street car boat train flower castle robot astronaut portrait
painting photo photograph drawing oil watercolour sketch detailed realistic blurry bad quality light dark night day sunset
sunrise winter summer rain snow forest sky cloud moon star man woman child riding standing sitting looking""".split()
CLIP_TOKENS, CLIP_LIMIT = 1000, 77
T5_TOKENS, T5_LIMIT = 600, 512
STABLE_DIFFUSION = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, num_train_timesteps=1000)


# --- tokenizers ----------------------------------------------------------------------------------------------------

def write_clip_files(folder):
    """vocab.json and merges.txt of CLIP's byte-level BPE."""
    counts = {word: 40 for word in PROMPT_WORDS}
    for word in WORDS.findall(TEXT.read_text(encoding="utf-8").lower()):
        counts[word] = counts.get(word, 0) + 1
    symbols = [byte_symbols()[b] for b in (*range(33, 127), *range(161, 173), *range(174, 256))]
    symbols += [s for s in byte_symbols().values() if s not in symbols]
    merges = learn_merges(counts, CLIP_TOKENS - 2 * len(symbols) - 2)
    entries = [*symbols, *(s + "</w>" for s in symbols), *("".join(m) for m in merges), START, END]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {text: i for i, text in enumerate(entries)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")


def clip_tokenizer(folder, pad=END):
    """SDXL's and SD3's second tokenizers pad with "!", which is token 0."""
    write_clip_files(folder)
    special = dict(unk_token=END, bos_token=START, eos_token=END, pad_token=pad)
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=CLIP_LIMIT, **special)


def t5_tokenizer():
    """A Unigram model as T5's, of the same words' frequent parts; pad, end and unknown are 0, 1 and 2."""
    counts, words = Counter(), Counter(TEXT.read_text(encoding="utf-8").split()) + Counter(PROMPT_WORDS * 20)
    for word, count in words.items():
        word = "\u2581" + word
        for start in range(len(word)):
            for end in range(start + 1, min(start + 10, len(word)) + 1):
                counts[word[start:end]] += count
    characters = sorted({c for part in counts for c in part} | set(map(chr, range(33, 127))))
    parts = sorted((p for p in counts if len(p) > 1), key=lambda p: (-counts[p] * len(p), p))
    pieces = characters + parts[: T5_TOKENS - 3 - len(characters)]
    total = math.log(sum(counts[p] + 1 for p in pieces))
    scores = [(p, round(math.log(counts[p] + 1) - total, 4)) for p in pieces]
    inner = SentencePieceUnigramTokenizer()
    inner._tokenizer.model = Unigram([("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *scores], 2, False)
    inner._tokenizer.post_processor = TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    return T5TokenizerFast(tokenizer_object=inner._tokenizer, extra_ids=0, model_max_length=T5_LIMIT)


# --- weights -------------------------------------------------------------------------------------------------------

def scatter(module, generator, gain=1.0):
    """Weights large enough that outputs depend visibly on every input; normalisations stay close to what they are."""
    for name, parameter in module.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim > 1 and "embedding" in name and "linear" not in name:
            parameter.data = 0.5 * noise
        elif parameter.ndim > 1:
            words = 3 if ".attn2.to_v" in name else 1  # prompts speak louder than in a random network
            parameter.data = words * gain * noise / parameter[0].numel() ** 0.5
        elif name.endswith("bias"):
            parameter.data = 0.1 * noise
        else:
            parameter.data = 1 + 0.1 * noise
    return module.eval()


def generator_of(seed):
    return torch.Generator().manual_seed(seed)


# --- parts ---------------------------------------------------------------------------------------------------------

def clip(width, layers, seed, projection=None, hidden_states=False, activation="quick_gelu"):
    """`projection` makes the model one with text_embeds; `hidden_states` is what optimum reads to export all of them."""
    config = CLIPTextConfig(
        vocab_size=CLIP_TOKENS,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=CLIP_LIMIT,
        projection_dim=projection or width,
        hidden_act=activation,
        bos_token_id=CLIP_TOKENS - 2,
        eos_token_id=CLIP_TOKENS - 1,
        pad_token_id=CLIP_TOKENS - 1,
        output_hidden_states=hidden_states,
    )
    return scatter((CLIPTextModelWithProjection if projection else CLIPTextModel)(config), generator_of(seed))


def t5(width, seed):
    config = T5Config(
        vocab_size=T5_TOKENS,
        d_model=width,
        d_kv=8,
        d_ff=2 * width,
        num_layers=2,
        num_heads=2,
        relative_attention_num_buckets=8,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    return scatter(T5EncoderModel(config), generator_of(seed))


def unet(seed, gain=1.0, **changes):
    """Two levels with attention in the fine one, as SD 1.5 has four with attention in three."""
    options = dict(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    net = scatter(UNet2DConditionModel(**(options | changes)), generator_of(seed), gain)
    return damped(net, net.conv_out, 0.6)


def damped(net, last, by):
    """`net` with its last layer's weights times `by`, so that predictions have about the size of noise."""
    last.weight.data *= by
    return net


def vae(seed, channels=4, scaling=0.18215, shift=None, plain=False):
    """Four levels: one latent is 8 pixels. `plain` leaves out the 1×1 convolutions around latents, as SD3 and FLUX do."""
    coder = AutoencoderKL(
        latent_channels=channels,
        block_out_channels=(8, 8, 8, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        scaling_factor=scaling,
        shift_factor=shift,
        use_quant_conv=not plain,
        use_post_quant_conv=not plain,
        force_upcast=False,
    )
    scatter(coder, generator_of(seed))
    return damped(coder, coder.decoder.conv_out, 0.8)


# --- pipelines -----------------------------------------------------------------------------------------------------

def stable_diffusion(folder, scheduler, encoder, denoiser, kind=StableDiffusionPipeline):
    return kind(
        vae=vae(3),
        text_encoder=encoder,
        tokenizer=clip_tokenizer(folder / "files"),
        unet=denoiser,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sd15(folder):
    """SD 1.5: PNDM without its Runge-Kutta steps, ε; all hidden states are exported, so that CLIP skip works."""
    scheduler = PNDMScheduler(**STABLE_DIFFUSION, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1)
    return stable_diffusion(folder, scheduler, clip(32, 3, 1, hidden_states=True), unet(2))


def sd21_v(folder):
    """SD 2.1 with v-prediction and zero terminal SNR; the text encoder as optimum exports it, without hidden states."""
    changes = dict(prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing")
    scheduler = DDIMScheduler(**STABLE_DIFFUSION, **changes, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
    denoiser = unet(12, use_linear_projection=True, attention_head_dim=(1, 2))
    return stable_diffusion(folder, scheduler, clip(32, 3, 11, activation="gelu"), denoiser)


def sdxl(folder):
    """SDXL: two encoders of different widths, pooled text and sizes in the time embedding."""
    denoiser = unet(
        23,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2),
        cross_attention_dim=16 + 24,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=24 + 6 * 8,
    )
    return StableDiffusionXLPipeline(
        vae=vae(24, scaling=0.13025),
        text_encoder=clip(16, 3, 21),
        text_encoder_2=clip(24, 3, 22, projection=24, activation="gelu"),
        tokenizer=clip_tokenizer(folder / "files"),
        tokenizer_2=clip_tokenizer(folder / "files_2", pad="!"),
        unet=denoiser,
        scheduler=EulerDiscreteScheduler(**STABLE_DIFFUSION, timestep_spacing="leading", steps_offset=1),
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    )


def lcm(folder):
    """A latent consistency model: guidance goes into the network as an embedding of 256 numbers."""
    scheduler = LCMScheduler(**STABLE_DIFFUSION, clip_sample=False, set_alpha_to_one=True, steps_offset=0)
    denoiser = unet(32, time_cond_proj_dim=256)
    return stable_diffusion(folder, scheduler, clip(32, 2, 31), denoiser, LatentConsistencyModelPipeline)


def sd3(folder, with_t5=True):
    """Stable Diffusion 3: two CLIP encoders side by side, padded to T5's width, and T5's tokens after them."""
    denoiser = SD3Transformer2DModel(
        sample_size=8,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=3,
        joint_attention_dim=48,
        caption_projection_dim=24,
        pooled_projection_dim=16 + 24,
        pos_embed_max_size=16,
    )
    return StableDiffusion3Pipeline(
        transformer=damped(scatter(denoiser, generator_of(44), 0.7), denoiser.proj_out, 0.7),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae(45, 16, 1.5305, 0.0609, plain=True),
        text_encoder=clip(16, 2, 41, projection=16),
        text_encoder_2=clip(24, 2, 42, projection=24, activation="gelu"),
        text_encoder_3=t5(48, 43) if with_t5 else None,
        tokenizer=clip_tokenizer(folder / "files"),
        tokenizer_2=clip_tokenizer(folder / "files_2", pad="!"),
        tokenizer_3=t5_tokenizer() if with_t5 else None,
    )


def sd3_without_t5(folder):
    """The same weights without the third encoder."""
    return sd3(folder, with_t5=False)


def flux(folder):
    """FLUX.1-dev: packed latents, positions as inputs, guidance distilled into the network, shift by image size."""
    denoiser = FluxTransformer2DModel(
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=16,
        guidance_embeds=True,
        axes_dims_rope=(4, 6, 6),
    )
    dynamic = dict(base_shift=0.5, max_shift=1.15, base_image_seq_len=256, max_image_seq_len=4096)
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True, **dynamic),
        vae=vae(54, 16, 0.3611, 0.1159, plain=True),
        text_encoder=clip(16, 2, 51),
        tokenizer=clip_tokenizer(folder / "files"),
        text_encoder_2=t5(32, 52),
        tokenizer_2=t5_tokenizer(),
        transformer=damped(scatter(denoiser, generator_of(53), 0.7), denoiser.proj_out, 0.7),
    )


PIPELINES = {
    "sd15": sd15,
    "sd21-v": sd21_v,
    "sdxl": sdxl,
    "lcm": lcm,
    "sd3": sd3,
    "sd3-without-t5": sd3_without_t5,
    "flux": flux,
}
