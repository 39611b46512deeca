"""A pretend origin of audio: what it answers, and how it was asked."""

import asyncio
from dataclasses import dataclass

from cordboard.customer.got import Got


@dataclass(frozen=True)
class Asked:
    url: str
    redirects: int
    headers: dict[str, str]


class Origin:
    """Answers in turn; the last answer stays. Bytes stand for a 200 with this body."""

    def __init__(self, *answers: Got | bytes, seconds: float = 0.0) -> None:
        self.answers, self.asked, self.seconds = list(answers), list[Asked](), seconds

    async def __call__(
        self, url: str, *, redirects: int, seconds: float = 5.0, headers: dict[str, str] | None = None
    ) -> Got:
        self.asked.append(Asked(url, redirects, headers or {}))
        await asyncio.sleep(self.seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Got(200, "audio/wav", answer) if isinstance(answer, bytes) else answer
