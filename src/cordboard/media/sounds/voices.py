"""Which voice speaks a text: the script that most of its letters are in decides. Pure."""

# First and last code point of a script's block (Unicode 16, Blocks.txt), and espeak-ng's voice for it.
_SCRIPTS = (
    (0x0900, 0x097F, "hi"),  # Devanagari
    (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B00, 0x0B7F, "or"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"),
    (0x0600, 0x06FF, "ur"),
)
DEFAULT = "en"


def voice(text: str, default: str = DEFAULT) -> str:
    """An English voice would spell out Devanagari letter by letter; so each script gets its own."""
    counts: dict[str, int] = {}
    for character in text:
        if character.isalpha():
            name = _of(ord(character), default)
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: counts[name], default=default)


def _of(code: int, default: str) -> str:
    return next((name for first, last, name in _SCRIPTS if first <= code <= last), default)
