"""A Gather URL's answer: bytes in, what to say and which keys to wait for out (contract.md §5.5).

Read like a Connect's answer: only 200 and JSON count, lenient reading understands what was meant, and no
optional field costs the answer. Only ``gather_prompt`` must be there.
"""

from dataclasses import dataclass
from typing import Any, Final

from cordboard.contract import limits
from cordboard.contract.account import Account
from cordboard.contract.envelope import JSON, bare_media_type, expect_200, refuse_media_type
from cordboard.contract.fields import http_url, missing, said, shown, unknown, whole
from cordboard.contract.json_text import read_json
from cordboard.contract.plan import Problem
from cordboard.contract.problems import Invalid, Problems

KEYS: Final = frozenset("0123456789*#")
"""The keys of a telephone; A to D are none."""

_FIELDS: Final = (
    "gather_prompt",
    "max_input_digits",
    "finish_on_key",
    "input_timeout",
    "repeat_menu",
    "repeat_gather_prompt",
)
_PROMPT: Final = ("text", "audio_url")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A prompt. ``type``: ``text`` or ``audio_url``."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Entry:
    """How keys are waited for. ``finish_on_key``: ``""`` for none. ``input_timeout``: seconds from the end of
    the prompt, and from each key. ``repeat_menu``: how many more times is asked where nothing was entered."""

    max_input_digits: int = limits.GATHER_DIGITS_MAX
    finish_on_key: str = "#"
    input_timeout: int = limits.INPUT_TIMEOUT_DEFAULT
    repeat_menu: int = 0


@dataclass(frozen=True, slots=True)
class Gather:
    """One valid answer with every default filled in."""

    prompt: Spoken
    repeat_prompt: Spoken
    entry: Entry = Entry()

    def effective(self) -> dict[str, Any]:
        """Every field by the document's names, defaults filled in."""
        entry = {name: getattr(self.entry, name) for name in Entry.__slots__}
        prompts = {"gather_prompt": self.prompt, "repeat_gather_prompt": self.repeat_prompt}
        return {**{name: {said.type: said.value} for name, said in prompts.items()}, **entry}


@dataclass(frozen=True, slots=True)
class GatherReading:
    """``gather``: None where the answer is invalid."""

    gather: Gather | None
    problems: tuple[Problem, ...] = ()


USUAL: Final = Entry()
"""The document's defaults."""


def read_gather(
    status: int, media_type: str, body: bytes, account: Account, defaults: Entry = USUAL
) -> GatherReading:
    """Judge one answer. Never raises. ``status``, ``media_type``, ``body`` as for ``answer.read_answer``.
    ``defaults``: for the fields that the answer leaves out."""
    problems = Problems(account.strict)
    try:
        gather = _read(status, media_type, body, defaults, problems)
    except Invalid:
        return GatherReading(None, problems.all())
    return GatherReading(gather, problems.all())


def _read(status: int, media_type: str, body: bytes, defaults: Entry, problems: Problems) -> Gather:
    expect_200(status, problems)
    media = bare_media_type(media_type)
    if media != JSON:
        refuse_media_type(media, problems)
    answer = read_json(body, problems)
    if not isinstance(answer, dict):
        message = f'the answer is {shown(answer)}, not an object such as {{"gather_prompt": {{"text": "…"}}}}'
        problems.invalid("1:1", "answer.not_object", message, "contract-5.5")
    unknown(problems, "", answer, _FIELDS)
    prompt = _prompt(answer.get("gather_prompt"), "gather_prompt", problems)
    if prompt is None:
        message = "there is nothing to say: gather_prompt needs a text or an audio_url"
        problems.invalid("gather_prompt", "gather.no_prompt", message, "contract-5.5")
    return Gather(prompt, _repeat(answer, prompt, problems), _entry(answer, defaults, problems))


def _repeat(answer: dict[str, Any], prompt: Spoken, problems: Problems) -> Spoken:
    where = "repeat_gather_prompt"
    if where not in answer or missing(problems, where, answer[where]):
        return prompt
    repeat = _prompt(answer[where], where, problems)
    if repeat is None:
        problems.unusable(
            where, "gather.repeat", "there is nothing to say in it; gather_prompt is said again"
        )
    return repeat or prompt


def _entry(answer: dict[str, Any], defaults: Entry, problems: Problems) -> Entry:
    def number(name: str, default: int, low: int, high: int) -> int:
        if name not in answer or missing(problems, name, answer[name]):
            return default
        return whole(problems, name, answer[name], default, low, high)

    return Entry(
        number("max_input_digits", defaults.max_input_digits, 1, limits.GATHER_DIGITS_MAX),
        _finish_key(answer, defaults.finish_on_key, problems),
        number("input_timeout", defaults.input_timeout, 1, limits.INPUT_TIMEOUT_MAX),
        number("repeat_menu", defaults.repeat_menu, 0, limits.INPUT_REPEATS_MAX),
    )


def _finish_key(answer: dict[str, Any], default: str, problems: Problems) -> str:
    where = "finish_on_key"
    if where not in answer or missing(problems, where, answer[where]):
        return default
    value = answer[where]
    if isinstance(value, str) and is_finish_key(value):
        return value
    meant = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else None
    if meant is not None and is_finish_key(meant) and not problems.strict:
        problems.warning(where, "field.text", f'write "{meant}"', "settled-8", f'"{meant}"')
        return meant
    told = f'"{default}"' if default else "no key"
    message = f'{shown(value)} is no key, nor "" for none; the default, {told}, is taken'
    problems.unusable(where, "gather.key", message, f'"{default}"')
    return default


def is_finish_key(text: str) -> bool:
    """One key, or nothing."""
    return not text or text in KEYS


def _prompt(value: Any, where: str, problems: Problems) -> Spoken | None:
    """What is to be said; None for nothing."""
    if isinstance(value, str) and value.strip() and not problems.strict:
        url = http_url(problems, value)
        word = "audio_url" if url is not None else "text"
        message = f'write {{"{word}": …}}'
        problems.warning(where, "gather.bare_text", message, "settled-8", message.removeprefix("write "))
        return Spoken(word, url or said(problems, where, value, "gather.too_long"))
    if not isinstance(value, dict):
        return None
    unknown(problems, where, value, _PROMPT)
    audio, text = _audio(value, where, problems), _text(value, where, problems)
    if audio is not None and text is not None:
        problems.deviation(where, "gather.both", "there are a text and an audio_url; the audio is played")
    return audio or text


def _audio(value: dict[str, Any], where: str, problems: Problems) -> Spoken | None:
    if not value.get("audio_url"):  # left out, null and "" are what a form leaves empty
        return None
    address = value["audio_url"]
    url = http_url(problems, address) if isinstance(address, str) else None
    if url is None:
        problems.unusable(
            f"{where}.audio_url", "gather.url", f"{shown(address)} is no URL; http:// or https:// is allowed"
        )
        return None
    return Spoken("audio_url", url)


def _text(value: dict[str, Any], where: str, problems: Problems) -> Spoken | None:
    text = value.get("text")
    if text is None or text == "":
        return None
    if isinstance(text, str) and text.strip():
        return Spoken("text", said(problems, f"{where}.text", text, "gather.too_long"))
    problems.unusable(f"{where}.text", "gather.text", f"{shown(text)} is nothing to say")
    return None
