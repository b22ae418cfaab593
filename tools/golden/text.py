"""Golden tables of src/model/text: token ids of transformers, and emphasis and editing computed from their published semantics.

    python tools/golden/text.py [--train]

Writes tests/golden/text/. `--train` makes the two small tokenizers anew, from the text at hand; all ids change with them.
Needs transformers and tokenizers, besides numpy.
"""

import argparse
import json
import re

import numpy as np
from common import GOLDEN
from text_prompts import edited, emphasised, prompts
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import CLIPTokenizer, CLIPTokenizerFast, T5TokenizerFast

TEXT = GOLDEN / "text"
START, END = "<|startoftext|>", "<|endoftext|>"
CLIP_MERGES, T5_TOKENS = 2000, 1500
CLIP_LIMIT, T5_LIMIT = 77, 64
STEPS = (1, 5, 20, 50)


# --- tokenizers -----------------------------------------------------------------------------------------------------

def corpus():
    root = GOLDEN.parents[1]
    files = sorted(root.glob("docs/*.md")) + [root / "README.md", root / "tools/emoji_text_held_out.txt"]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines() if line.strip()]
    return lines + [text for text in prompts()[::2] if len(text) < 400]


def train_clip(folder):
    """A byte-level BPE laid out as CLIP's: bytes, bytes that end a word, merges, start and end."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    split = pre_tokenizers.Split(words, "removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=512 + CLIP_MERGES, initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"][:CLIP_MERGES]
    # As in CLIP's own file, "!" comes first.
    alphabet = sorted(alphabet, key=lambda character: (character != "!", character))
    entries = alphabet + [character + "</w>" for character in alphabet] + ["".join(pair) for pair in merges] + [START, END]
    entries = list(dict.fromkeys(entries))
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n", "utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")


def train_t5(folder):
    """A Unigram model laid out as T5's; pad, end and unknown are 0, 1 and 2."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=T5_TOKENS, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)])
    folder.mkdir(parents=True, exist_ok=True)
    T5TokenizerFast(tokenizer_object=tokenizer, extra_ids=0, model_max_length=T5_LIMIT).save_pretrained(folder)
    (folder / "special_tokens_map.json").unlink(missing_ok=True)


def write(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def configure():
    """What lies beside the vocabularies: SD 1's pad token, SDXL's second, and a limit that says nothing."""
    common = {"bos_token": START, "eos_token": END, "unk_token": END}
    write(TEXT / "clip", "tokenizer_config.json", common | {"pad_token": END, "model_max_length": CLIP_LIMIT})
    write(TEXT / "clip_2", "tokenizer_config.json", common | {"pad_token": "!", "model_max_length": CLIP_LIMIT})
    for name in ("vocab.json", "merges.txt"):
        (TEXT / "clip_2" / name).write_bytes((TEXT / "clip" / name).read_bytes())


# --- emphasis -------------------------------------------------------------------------------------------------------

def parts(prompt):
    """Text and weight, by the rules of the web UI's documentation: a weight a character, then runs of equal weights."""
    text, weights, opened = [], [], {"(": [], "[": []}
    at = 0

    def put(characters):
        text.extend(characters)
        weights.extend([1.0] * len(characters))

    def scale(start, factor):
        weights[start:] = [weight * factor for weight in weights[start:]]

    while at < len(prompt):
        here = prompt[at]
        given = re.match(r":\s*([+-]?[.0-9]+)\s*\)", prompt[at:])
        if here == "\\":
            put(prompt[at + 1] if prompt[at + 1 : at + 2] in set("()[]\\") and at + 1 < len(prompt) else "")
            at += 2 if prompt[at + 1 : at + 2] and prompt[at + 1] in "()[]\\" else 1
            continue
        if here in opened:
            opened[here].append(len(text))
        elif given and opened["("] and number(given[1]) is not None:
            scale(opened["("].pop(), number(given[1]))
            at += given.end()
            continue
        elif here == ")" and opened["("]:
            scale(opened["("].pop(), 1.1)
        elif here == "]" and opened["["]:
            scale(opened["["].pop(), 1 / 1.1)
        else:
            put(here)
        at += 1
    for start in opened["("]:
        scale(start, 1.1)
    for start in opened["["]:
        scale(start, 1 / 1.1)
    runs = []
    for character, weight in zip(text, weights):
        if runs and runs[-1][1] == weight:
            runs[-1][0] += character
        else:
            runs.append([character, weight])
    return runs or [["", 1.0]]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def weights_of_tokens(tokenizer, runs, limit):
    """Ids and weights as the encoder gets them; every run is tokenized for itself."""
    ids, weights = [], []
    for text, weight in runs:
        found = tokenizer(text, add_special_tokens=False).input_ids
        ids += found
        weights += [weight] * len(found)
    ids, weights = ids[: limit - 2], weights[: limit - 2]
    pad = limit - 2 - len(ids)
    ids = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id, *[tokenizer.pad_token_id] * pad]
    return ids, [1.0, *weights, 1.0, *[1.0] * pad]


def weighted(states, weights):
    """States times weights, with the mean of the whole restored."""
    scaled = states * np.asarray(weights)[:, None]
    return scaled * (states.mean() / scaled.mean())


# --- editing --------------------------------------------------------------------------------------------------------

def at_step(prompt, step, steps):
    """The text that rules at a step (the first is 0): groups without brackets in them are replaced, innermost first."""
    kept = []

    def keep(text):
        kept.append(text)
        return f"\ue100{len(kept) - 1}\ue101"

    prompt = re.sub(r"\\.", lambda found: keep(found[0]), prompt, flags=re.S)
    group = re.compile(r"\[[^\[\]()]*\]|\([^\[\]()]*\)")
    while found := group.search(prompt):
        prompt = prompt[: found.start()] + keep(chosen(found[0], step, steps)) + prompt[found.end() :]
    while "\ue100" in prompt:
        prompt = re.sub("\ue100(\\d+)\ue101", lambda found: kept[int(found[1])], prompt)
    return prompt


def chosen(group, step, steps):
    inner = group[1:-1]
    if group[0] == "(":
        return group
    if "|" in inner and ":" not in inner:
        options = inner.split("|")
        return options[step % len(options)]
    *texts, when = inner.split(":")
    if "|" in inner or len(texts) not in (1, 2) or not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*", when):
        return group
    count = int(float(when) * steps) if "." in when else int(when)
    before, after = texts if len(texts) == 2 else ("", texts[0])
    return before if step < min(count, steps) else after


# --- tables ---------------------------------------------------------------------------------------------------------

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", action="store_true")
    if parser.parse_args().train:
        train_clip(TEXT / "clip")
        train_t5(TEXT / "t5")
    configure()
    clip, clip_2 = (CLIPTokenizerFast.from_pretrained(TEXT / name) for name in ("clip", "clip_2"))
    slow = CLIPTokenizer.from_pretrained(TEXT / "clip")
    t5 = T5TokenizerFast.from_pretrained(TEXT / "t5")

    def ids(tokenizer, text, limit):
        padded = tokenizer(text, padding="max_length", max_length=limit, truncation=True)
        return padded.input_ids

    rows = []
    for text in prompts():
        row = {"text": text, "clip": ids(clip, text, CLIP_LIMIT), "clip_2": ids(clip_2, text, CLIP_LIMIT), "t5": ids(t5, text, T5_LIMIT)}
        row["counts"] = [len(tokenizer(text).input_ids) for tokenizer in (clip, clip_2, t5)]
        row["slow_differs"] = ids(slow, text, CLIP_LIMIT) != row["clip"]
        rows.append(row)
    dump("tokens.json", rows)

    rows = []
    for prompt in emphasised():
        runs = parts(prompt)
        row = {"prompt": prompt, "parts": runs}
        if "BREAK" not in prompt and len(rows) % 3 == 0:
            row["ids"], row["weights"] = weights_of_tokens(clip, runs, CLIP_LIMIT)
            token, channel = np.mgrid[:CLIP_LIMIT, :4]
            states = np.sin(0.37 * token + 1.3 * channel) + 0.5
            if len(rows) % 9 == 0:
                row["states"] = weighted(states, row["weights"]).round(12).tolist()
        rows.append(row)
    dump("emphasis.json", rows)

    def changes(prompt, steps):
        texts = [at_step(prompt, step, steps) for step in range(steps)]
        return [[step, text] for step, text in enumerate(texts) if step == 0 or texts[step - 1] != text]

    dump("editing.json", [{"prompt": prompt, "steps": {str(steps): changes(prompt, steps) for steps in STEPS}} for prompt in edited()])
    print(sum(row["slow_differs"] for row in json.loads((TEXT / "tokens.json").read_text("utf-8"))), "differ in the slow tokenizer")


def dump(name, rows):
    lines = ",\n".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows)
    (TEXT / name).write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main()
