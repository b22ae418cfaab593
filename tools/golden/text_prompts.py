"""Prompts for the text tables: 300 for the tokenizers, and random ones with emphasis and editing.

Not run by itself. Everything is drawn with fixed seeds.
"""

import random
import unicodedata

BY_HAND = [
    "", " ", "a", "A", "cat", "a cat", "A photo of a cat", "a  cat   with\tspaces\nand\r\nlines", " leading", "trailing ",
    "an astronaut riding a horse on mars, oil on canvas, highly detailed, 4k",
    "masterpiece, best quality, 1girl, solo, long hair, looking at viewer",
    "it's John's dog, they're here; we've said I'd go, she'll see, I'm in, don't!", "IT'S JOHN'S, THEY'RE", "’s ’t ‘quoted’",
    "rock'n'roll 'tis 'the 'll", "'''", "''s", "'s", "s'", "x'sx", "--no text", "a-b-c", "a_b_c", "snake_case and kebab-case",
    "3", "42", "1234567890", "3.14159", "1,000,000.00", "1e-5", "v1.5", "2023-11-28", "16:9", "f/1.8, 85mm, ISO 100", "½ ¾ ² ³ ⅷ Ⅻ ①",
    "٣٤٥", "३४५", "１２３", "!", "!!", "wow!", "a! b !c", "?!", "...", "…", ".,;:!?", "#hashtag @name $5 50% a&b", "a/b\\c", "C:\\dir\\file.png",
    "https://example.org/a?b=c&d=e#f", "mail@example.org", "<b>bold</b> &amp; &lt;", "(a:1.2) [b] ((c)) {d}", "\\(escaped\\)", "[a:b:0.4]", "[a|b]", "a AND b BREAK c",
    "<|endoftext|>", "a <|endoftext|> b", "<|startoftext|>a", "<|STARTOFTEXT|> x", "a<|endoftext|><|endoftext|>", "< |endoftext| >", "</w>", "cat</w>", "<pad>", "</s>", "a </s> b", "<unk>", "<extra_id_0>",
    "café", unicodedata.normalize("NFD", "café naïve Ångström"), "naïve façade, crème brûlée", "Ångström ÅNGSTRÖM", "ÉCOLE", "Žluťoučký kůň", "Straße STRASSE ẞ", "İstanbul ıI", "ŒUVRE œuvre", "ﬁne ﬂow", "ſ", "ǅ ǆ Ǆ", "ΣΊΣΥΦΟΣ ΑΣ", "Кошка на крыше", "КОШКА", "γάτα", "חתול", "قطة على السطح", "बिल्ली", "แมวบนหลังคา",
    "猫", "一只猫坐在屋顶上", "猫と犬", "ネコ ﾈｺ", "고양이", "고양이".encode("utf-8").decode("utf-8") + " 가", unicodedata.normalize("NFD", "고양이"), "cat猫cat", "猫2匹", "Ｆｕｌｌ ｗｉｄｔｈ", "。、「猫」", "𠮷野家", "a 猫 b",
    "😀", "😀😀", "a 😀 cat", "cat😀", "👍🏽", "👩‍🚀", "👨‍👩‍👧‍👦", "🇩🇪🇯🇵", "❤️", "❤", "☃︎", "✨✨✨", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🫠", "(╯°□°)╯︵ ┻━┻", "→ ← ↔ ⇒", "∑∫√∞≠", "♠♣♥♦", "€£¥₿", "™®©", "½x", "°C", "µm μm",
    "\x00", "a\x00b", "\x01\x02\x03", "a\x07b", "a\x1bb", "\x7f", "a\u0085b", "a\u00a0b", "a\u00adb", "a\u200bb", "a\u200db", "\ufeffa", "a\u2028b", "a\u2029b", "a\u3000b", "a\u202eb", "\ufffd", "a\x0bb\x0cc", "\t\n\r", "\ue000", "\U0010ffff", "\u0301a", "a\u0301\u0302\u0303", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "a" * 100, "ab" * 200, "word " * 74, "word " * 75, "word " * 76, "a " * 77, "! " * 80, "1" * 90, "é" * 60, "猫" * 80, "😀" * 40, "." * 120, "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "the quick brown fox jumps over the lazy dog " * 56, ("a portrait, " * 250).strip(),
]  # fmt: skip

WORDS = (
    "a the of in on with by and portrait photo painting sketch cat dog horse robot castle forest river city night sunrise fog rain snow "
    "blue red golden dark bright ancient futuristic tiny huge detailed cinematic lighting bokeh 35mm 4k 8k HDR film grain watercolor oil canvas "
    "studio ghibli-style isometric low-poly café naïve über smörgåsbord 猫 犬 東京 кошка город γάτα 고양이 😀 🚀 ✨ ❤️ 👩‍🎨 it's don't they're 1990s 3D (soft) "
    "[blurred] wide-angle f/2.8 <lora:style:0.8> “quoted” — … #1 50% & / _under_ ALLCAPS CamelCase"
).split()
JOINS = [" ", " ", " ", ", ", ",", " - ", "; ", "  ", "\n", ". "]
RANGES = [
    (0x20, 0x7E), (0x00, 0x1F), (0xA0, 0x17F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
    (0xE00, 0xE7F), (0x1E00, 0x1EFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x2100, 0x214F), (0x2150, 0x218F), (0x2600, 0x27BF), (0x3040, 0x30FF),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFB00, 0xFB4F), (0xFF00, 0xFFEF), (0x1F300, 0x1FAFF), (0x1D400, 0x1D7FF), (0x20000, 0x2A6DF),
]  # fmt: skip


def prompts(count=300):
    """The prompts by hand, then random ones of words, then random ones of characters of all scripts."""
    draw = random.Random(15)
    found = list(dict.fromkeys(BY_HAND))
    while len(found) < count - 60:
        words = draw.choices(WORDS, k=draw.randint(2, 40))
        text = "".join(word + draw.choice(JOINS) for word in words)
        found.append(text.upper() if draw.random() < 0.1 else text)
    while len(found) < count:
        ranges = draw.choices(RANGES, k=draw.randint(1, 4))
        characters = (chr(draw.randint(*draw.choice(ranges))) for _ in range(draw.randint(1, 60)))
        found.append("".join(character for character in characters if unicodedata.category(character) != "Cn"))
    return found


def emphasised(count=400):
    """Random prompts of brackets, weights, escapes and words; most are nested, some are broken."""
    draw = random.Random(16)
    pieces = ["(", ")", "[", "]", "((", "))", ":1.2)", ":0.5)", ": 1.3 )", ":-1)", ":1.2.3)", ":.)", ":", "\\(", "\\)", "\\[", "\\]", "\\\\", "\\", "1.2", "BREAK", "|"]
    words = ["cat", "a dog", "blue ", " red", "é", "猫", " ", ", ", "sunrise over hills"]

    def whole(depth):
        kind = draw.randint(0, 6 if depth else 1)
        if kind <= 1:
            return draw.choice(words)
        if kind == 2:
            return "(" + whole(depth - 1) + ")"
        if kind == 3:
            return "(" + whole(depth - 1) + f":{draw.choice(['1.1', '1.35', '0.7', '2', '.5', '+1.5'])})"
        if kind == 4:
            return "[" + whole(depth - 1) + "]"
        return whole(depth - 1) + draw.choice(["", " ", ", "]) + whole(depth - 1)

    by_hand = ["(word:1.2)", "(word)", "((word))", "[word]", "[[word]]", "\\(word\\)", "(unclosed", "[unclosed", "closed)", "(1.2)", "(:1.2)", "()", "a (b (c:2) d:1.5) e", "(a [b) c]", "BREAK", "a BREAK b", "aBREAK b"]
    regular = ["".join(whole(5) for _ in range(draw.randint(1, 3))) for _ in range(count // 2)]
    broken = ["".join(draw.choice(pieces if draw.random() < 0.6 else words) for _ in range(draw.randint(1, 14))) for _ in range(count // 2)]
    return by_hand + regular + broken


def edited(count=400):
    """Random prompts with editing and alternation, nested in each other and in emphasis; some are broken."""
    draw = random.Random(17)
    words = ["cat", "a dog", "blue ", " red", "", " ", ", ", "\\[x\\]", "a\\:b", "1"]
    numbers = ["0.4", "12", "3", " 5 ", ".25", "0", "1.0", "0.999", "-1", "100", "1.5", "+2", "x", "0.29"]

    def whole(depth):
        kind = draw.randint(0, 8 if depth else 1)
        if kind <= 1:
            return draw.choice(words)
        inner = [whole(depth - 1) for _ in range(draw.randint(2, 4))]
        return {
            2: lambda: f"[{inner[0]}:{inner[1]}:{draw.choice(numbers)}]",
            3: lambda: f"[{inner[0]}:{draw.choice(numbers)}]",
            4: lambda: f"[{inner[0]}::{draw.choice(numbers)}]",
            5: lambda: "[" + "|".join(inner) + "]",
            6: lambda: f"({inner[0]}:1.2)",
            7: lambda: f"[{inner[0]}]",
            8: lambda: " ".join(inner),
        }[kind]()

    pieces = ["[", "]", "(", ")", ":", "|", "3", "0.5", "cat", "dog ", "\\[", "\\]", ":3]", ":b:4]"]
    by_hand = ["[a:b:0.4]", "[a:b:12]", "[a:0.4]", "[a::0.4]", "[a|b|c]", "[a|]b", "[|a]", "x [a:[b:c:10]:5] y", "[(a:1.2):b:3]", "[a:b]", "[a]", "[a:b:c:3]", "[unclosed", "(a][b:c [d:3]", "[:3]", "[3]", "[1:2]"]
    regular = [whole(4) for _ in range(count // 2)]
    broken = ["".join(draw.choice(pieces) for _ in range(draw.randint(1, 16))) for _ in range(count // 2)]
    return by_hand + regular + broken
