"""Emoji with words: every picture of Noto Color Emoji at its own 128x128, all skin tones, names, keywords and prompts.

`tools/train_text.py data` builds the cache from the font and the list that `emoji_dataset.py` names, and from Unicode's
CLDR annotations (`npm pack cldr-annotations-full@48.2.0`). Which base emoji are held out is frozen in
`emoji_text_held_out.txt` beside this file: one base a line, all its skin tones, genders and directions with it.
"""

import io
import json
import re
import tarfile
from pathlib import Path

import numpy as np

import emoji_dataset
from emoji_dataset import EMOJI_TEST, GROUPS, HELD_OUT, TONES, base_key, uniform_hash

SIDE = 128
ANNOTATIONS = "package/annotations/en/annotations.json"  # inside the npm package
SPLIT = Path(__file__).with_name("emoji_text_held_out.txt")
TOKENS = 32  # of a prompt, the two special ones included
VOCABULARY = 4096
START, END = "<|startoftext|>", "<|endoftext|>"
# What CLIP's tokenizer cuts a text into before it merges bytes.
WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+")

# Two ways Unicode writes one picture: base emoji that differ in nothing but how skin tones are given.
SAME_BASE = {
    "1F9D1-1F91D-1F9D1": "1F46B",  # two people holding hands
    "1F9D1-2764-1F48B-1F9D1": "1F48F",  # kiss
    "1F9D1-2764-1F9D1": "1F491",  # couple with heart
    "1FAF1-1FAF2": "1F91D",  # handshake
    "1F9D1-1F384": "1F385",  # Santa Claus
}
SYNONYMS = {
    "woman": ["lady", "female"],
    "man": ["guy", "male"],
    "person": ["someone", "human"],
    "people": ["persons", "two people"],
    "face": ["smiley", "expression"],
    "holding hands": ["hand in hand"],
    "automobile": ["car"],
    "evergreen tree": ["fir", "pine tree"],
    "airplane": ["plane", "aircraft"],
    "bicycle": ["bike"],
    "motorcycle": ["motorbike"],
    "television": ["tv"],
    "telephone": ["phone"],
    "dog face": ["dog", "puppy"],
    "cat face": ["cat", "kitten"],
    "circle": ["disc", "dot"],
    "biking": ["cycling", "riding a bike"],
    "running": ["jogging"],
    "police officer": ["policeman", "cop"],
    "health worker": ["doctor", "nurse"],
    "mage": ["wizard"],
}
OPENINGS = ["a ", "the ", "an emoji of ", "a picture of ", "one ", "emoji: ", "a drawing of a "]


def split_base(codepoints):
    """The base emoji that decides on which side of the split a sequence is."""
    base = base_key(codepoints)
    return SAME_BASE.get(base, base)


def read_held_out(path=SPLIT):
    """The frozen set of base emoji that no training sees."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def freeze_split(emojis, path=SPLIT):
    """Writes the split by the hash of each base, as emoji-unet's; done once, before the first training."""
    named = {}
    for emoji in emojis:
        named.setdefault(emoji["base"], emoji["names"][0])
    held_out = {base for base in named if uniform_hash("held out " + base) < HELD_OUT}
    head = [
        f"# Base emoji held out from emoji-text: {len(held_out)} of {len(named)}, code points without skin tone, gender, hair and",
        "# direction, then the first name. Frozen before the first training: never edit, or measurements lose their meaning.",
    ]
    rows = [f"{base} {named[base]}" for base in sorted(held_out, key=lambda b: [int(c, 16) for c in b.split("-")])]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")


class NativeRenderer(emoji_dataset.Renderer):
    """The font's own bitmaps, 136 wide with nothing in the outer columns, cut to 128x128 on white: no pixel is resampled."""

    def __call__(self, codepoints):
        from PIL import Image

        buffer = self.harfbuzz.Buffer()
        buffer.add_codepoints(list(codepoints))
        buffer.guess_segment_properties()
        self.harfbuzz.shape(self.font, buffer)
        glyphs = [g.codepoint for g in buffer.glyph_infos]
        if len(glyphs) != 1 or self.glyph_names[glyphs[0]] not in self.bitmaps:
            return None
        emoji = Image.open(io.BytesIO(self.bitmaps[self.glyph_names[glyphs[0]]].imageData)).convert("RGBA")
        canvas = Image.new("RGBA", emoji.size, "white")
        canvas.alpha_composite(emoji)
        left, top = (emoji.width - SIDE) // 2, (emoji.height - SIDE) // 2
        return np.asarray(canvas.convert("RGB").crop((left, top, left + SIDE, top + SIDE)))


def read_keywords(path):
    """{character without presentation marks: keywords} from the npm package or the JSON inside it."""
    if Path(path).suffix in (".tgz", ".gz"):
        with tarfile.open(path) as package:
            data = json.load(package.extractfile(ANNOTATIONS))
    else:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    annotations = data["annotations"]["annotations"]
    return {text.replace("\ufe0f", ""): [*entry.get("default", []), *entry.get("tts", [])] for text, entry in annotations.items()}


def keywords_of(codepoints, table):
    """Keywords of the sequence without skin tones; of its first character where the whole has none."""
    bare = "".join(chr(c) for c in codepoints if c not in TONES and c != 0xFE0F)
    for text in (bare, bare[0]):
        if text in table and not 0x1F1E6 <= ord(text[0]) <= 0x1F1FF:
            return table[text]
    return []


def build(annotations):
    """(images uint8 [N, 3, 128, 128], list of dicts). A picture that comes twice is kept once, with both names."""
    render, table, seen, images, emojis, group = NativeRenderer(), read_keywords(annotations), {}, [], [], None
    for line in Path(EMOJI_TEST).read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            name = line.split(":", 1)[1].strip()
            group = GROUPS.index(name) if name in GROUPS else None
        if group is None or line.startswith("#") or "; fully-qualified" not in line:
            continue
        codepoints = tuple(int(c, 16) for c in line.split(";")[0].split())
        name = line.split("# ", 1)[1].split(" ", 2)[2].strip()
        pixels = render(codepoints)
        if pixels is None:
            continue
        key, base = pixels.tobytes(), split_base(codepoints)
        if key in seen:
            emojis[seen[key]]["names"].append(name)
            continue
        seen[key] = len(images)
        images.append(pixels.transpose(2, 0, 1))
        emojis.append(dict(codepoints=codepoints, names=[name], keywords=keywords_of(codepoints, table), group=group, base=base))
    return np.stack(images), emojis


def load(folder):
    """(images, emojis with `held_out`) as `train_text.py data` wrote them."""
    emojis = json.loads((folder / "emoji.json").read_text(encoding="utf-8"))
    held_out = read_held_out()
    for emoji in emojis:
        emoji["held_out"] = emoji["base"] in held_out
    return np.load(folder / "emoji-128.npy", mmap_mode="r"), emojis


def sampling_weights(emojis, power=0.35):
    """How often each picture is drawn: the many variants of one base count less, each alone."""
    sizes = {}
    for emoji in emojis:
        sizes[emoji["base"]] = sizes.get(emoji["base"], 0) + 1
    return np.array([sizes[e["base"]] ** -power for e in emojis])


def vary(emoji, random):
    """One of the many ways to ask for a picture. `random` is a random.Random."""
    name = random.choice(emoji["names"])
    subject, _, rest = name.partition(": ")
    parts, kind = rest.split(", ") if rest else [], random.random()
    if kind < 0.35:
        return name
    if subject == "flag":
        ways = ["flag of {}", "{} flag", "the flag of {}", "{}", "flag {}", "national flag of {}"]
        return random.choice(ways).format(rest)
    if subject == "keycap":
        return random.choice(["key {}", "{}", "the key {}", "button {}", "{} keycap"]).format(rest)
    words = [k for k in emoji["keywords"] if k != name]
    if kind < 0.85 or len(words) < 2:
        text = arranged(exchanged(subject, random), [shortened(p, random) for p in parts], random)
        more = random.sample(words, min(len(words), random.choice([0, 0, 1, 1, 2])))
        if more:
            text = random.choice([f"{text}, {', '.join(more)}", f"{', '.join(more)}, {text}", f"{' '.join(more)} {text}"])
    else:
        chosen = random.sample(words, min(len(words), random.choice([2, 3, 4]))) + [shortened(p, random) for p in parts]
        text = random.choice([" ", ", ", " and "]).join(chosen)
    return random.choice(OPENINGS) + text if random.random() < 0.25 else text


def exchanged(subject, random):
    """The subject, often with one of its words replaced by another of the same meaning."""
    options = [k for k in SYNONYMS if re.search(rf"\b{k}\b", subject)]
    if not options or random.random() < 0.6:
        return subject
    word = random.choice(options)
    return re.sub(rf"\b{word}\b", random.choice(SYNONYMS[word]), subject, count=1)


def shortened(part, random):
    """Ways to say a skin tone; other parts stay as they are."""
    if not part.endswith(" skin tone"):
        return part
    tone = part.removesuffix(" skin tone")
    return random.choice([part, part, f"{tone} skin", f"skin tone {tone}"])


def arranged(subject, parts, random):
    """Subject and parts in one of several orders; parts keep theirs, as the first tone is the left person's."""
    if not parts:
        return subject
    joined = random.choice([", ", " and "]).join(parts)
    return random.choice([f"{subject} with {joined}", f"{joined} {subject}", f"{subject}, {joined}", f"{joined}: {subject}", f"{subject} {joined}"])


# The tokenizer: byte-level BPE with CLIP's files, learnt from the training pictures' words.


def byte_symbols():
    """GPT-2's printable stand-in for each byte."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}


def learn_merges(counts, wanted):
    """Byte pairs in the order of merging; ties go to the smaller pair, so that the same words give the same files."""
    symbols = byte_symbols()
    words = {}
    for word, count in counts.items():
        letters = [symbols[b] for b in word.encode()]
        words[(*letters[:-1], letters[-1] + "</w>")] = count
    merges = []
    while len(merges) < wanted:
        pairs = {}
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + count
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        words = {merged(word, best): count for word, count in words.items()}
    return merges


def merged(word, pair):
    out, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def write_tokenizer(emojis, folder):
    """vocab.json, merges.txt, tokenizer_config.json, special_tokens_map.json and tokenizer.json, as CLIP's."""
    from transformers import CLIPTokenizerFast

    counts = {}
    synonyms = [w for k, v in SYNONYMS.items() for w in (k, *v)]
    extra = [*OPENINGS, *synonyms, "flag of national key button with and skin tone"] * 20
    for text in [*(t for e in emojis for t in (*e["names"], *e["keywords"])), *extra]:
        for word in WORDS.findall(text.lower()):
            counts[word] = counts.get(word, 0) + 1
    symbols = [byte_symbols()[b] for b in (*range(33, 127), *range(161, 173), *range(174, 256))]
    symbols += [s for s in byte_symbols().values() if s not in symbols]
    merges = learn_merges(counts, VOCABULARY - 2 * len(symbols) - 2)
    entries = [*symbols, *(s + "</w>" for s in symbols), *("".join(m) for m in merges), START, END]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {text: i for i, text in enumerate(entries)}
    if len(vocabulary) != len(entries):
        raise SystemExit("two merges give one token: the tokenizer cannot be written")
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")
    tokenizer = CLIPTokenizerFast(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        unk_token=END,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        model_max_length=TOKENS,
    )
    tokenizer.save_pretrained(str(folder))
    return len(entries), len(counts)


class Tokenizer:
    """Token ids [B, TOKENS] of prompts, cut and padded."""

    def __init__(self, folder):
        from transformers import CLIPTokenizerFast

        self.inner = CLIPTokenizerFast.from_pretrained(str(folder))

    def __call__(self, prompts):
        return self.inner(list(prompts), padding="max_length", max_length=TOKENS, truncation=True, return_tensors="np").input_ids
