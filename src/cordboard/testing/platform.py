"""The platform's side of the contract, for tests of customers' applications.

::

    platform = Platform()
    story = platform.call("http://127.0.0.1:8000/connect", phones={"+919812300001": "busy"})
    assert story.dialled == ["+919812300001"] and story.exit == "nobody_answers"

The application is really asked (by HTTP, or in this process); telephones, sounds and time are pretended: a
call of an hour takes milliseconds. No port is opened.
"""

import inspect
import wave
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, Self
from urllib.parse import urlsplit

from cordboard.call.words import Fetch, PrepareSound, SendEvent
from cordboard.contract.account import Account, ExoPhone
from cordboard.contract.numbers import known_as
from cordboard.kernel.mistakes import BadInput
from cordboard.net.guard import Policy
from cordboard.testing.applications import (
    AT_ONCE,
    EVERYWHERE,
    Answer,
    Asked,
    Door,
    Http,
    LoopThread,
    Plain,
    Wsgi,
    sent_headers,
)
from cordboard.testing.asgi import Asgi
from cordboard.testing.calling import (
    FIRST,
    CallerHangsUp,
    Stage,
    after_connect,
    after_gather,
    after_voicemail,
    caller_script,
    facts_of,
    instant,
    outbound,
)
from cordboard.testing.phones import (
    Answers,
    Busy,
    Declines,
    Fails,
    HangsUpDuringPlayback,
    NeverReplies,
    NoAnswer,
    Phones,
    Words,
    phone,
    read_phones,
)
from cordboard.testing.playing import Play, PlayedWorld, sounds_of
from cordboard.testing.scenario import CALLER, EXOPHONE, Sound, connect_flow
from cordboard.testing.story import Story
from cordboard.testing.telling import tell

__all__ = [
    "FIRST",
    "Answer",
    "Answers",
    "Asked",
    "Busy",
    "CallerHangsUp",
    "Declines",
    "Fails",
    "HangsUpDuringPlayback",
    "NeverReplies",
    "NoAnswer",
    "Platform",
    "Sound",
    "Stage",
    "Story",
    "after_connect",
    "after_gather",
    "after_voicemail",
    "outbound",
]

_STORIES = 10
_APPLICATIONS = 1000
_FLOW = 11754
_NOON = "2026-01-13 11:44:54"
_HOST = "http://application.test"


class Platform:
    """Plays calls. Settings hold for every call; ``call`` says what one call is like.

    ``strict``, ``country``, ``timezone``, ``number_format``, ``exophones``, ``fetch_seconds``: as in
    ``[account]`` and ``[[exophones]]`` of the configuration. ``accept``: other applets' shapes that are
    understood, of ``ccm``, ``trunk``, ``sip``, ``plain``. ``answer``: ``at_once`` or ``late``, as of a flow.
    ``answers_after``: the virtual seconds that an application takes which answered in time, whatever it took;
    None: as long as it took. ``send_events``: dial events are sent, too, not only captured. ``fetch_audio``:
    audio URLs are really asked; else every one is good. ``policy``: which addresses may be called.
    ``stories``: of the last calls. ``client``: more settings of ``cordboard.customer.client.Customer``, such
    as ``tls``.
    """

    def __init__(
        self,
        *,
        strict: bool = False,
        accept: Sequence[str] = (),
        country: str = "IN",
        timezone: str = "Asia/Kolkata",
        number_format: str = "national",
        exophones: Sequence[str | ExoPhone] = (EXOPHONE,),
        fetch_seconds: float = 5.0,
        answer: str = "at_once",
        answers_after: float | None = AT_ONCE,
        send_events: bool = False,
        fetch_audio: bool = False,
        policy: Policy = EVERYWHERE,
        client: Mapping[str, Any] | None = None,
    ) -> None:
        owned = tuple(_exophone(each, country) for each in exophones)
        self.account = Account(
            country=country,
            timezone=timezone,
            number_format=number_format,
            strict=strict,
            exophones=owned,
            fetch_seconds=fetch_seconds,
        )
        self.accept, self.answer = frozenset(accept), answer
        self.answers_after, self.send_events, self.fetch_audio = answers_after, send_events, fetch_audio
        self._loop = LoopThread()
        self._http = Http(self._loop, policy, **(client or {}))
        self._doors: dict[str, tuple[Any, Door]] = {}
        self._calls = 0
        self.stories: deque[Story] = deque(maxlen=_STORIES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what was begun: connections, applications in this process."""
        for _, door in self._doors.values():
            door.close()
        self._doors.clear()
        self._http.close()
        self._loop.close()

    # --- the application -------------------------------------------------------------------------------

    def mount(self, application: Any, at: str = "") -> str:
        """Reach an application in this process under ``at`` (an http URL without a path); returns that.

        Every URL that begins with it goes to the application, be it Primary, Fallback or of dial events.
        """
        for known, (mounted, _) in self._doors.items():
            if mounted is application and at in ("", known):
                return known
        nth = len(self._doors)
        if nth >= _APPLICATIONS:
            raise BadInput("application", f"{nth} are mounted", "one that answers for all of them is allowed")
        base = (at or (f"{_HOST}" if not nth else f"{_HOST}:{8000 + nth}")).rstrip("/")
        self._doors[base] = application, _door_of(application, self._loop)
        return base

    def get(self, url: str) -> Answer:
        """One GET as the platform sends it, without a call; ``seconds`` are real, but for plain functions."""
        return self._door(url).get(url, sent_headers(url), self.account.fetch_seconds)

    def _door(self, url: str) -> Door:
        parts = urlsplit(url)
        known = self._doors.get(f"{parts.scheme}://{parts.netloc}")
        return self._http if known is None else known[1]

    def _url(self, target: Any, path: str, base: str = "") -> str:
        if not isinstance(target, str):
            return self.mount(target) + path
        if target.startswith("/"):
            if not base:
                raise BadInput("url", f"{target!r} is a path", "a URL or an application is allowed")
            parts = urlsplit(base)
            return f"{parts.scheme}://{parts.netloc}{target}"
        return target

    # --- a call ----------------------------------------------------------------------------------------

    def call(
        self,
        url: Any,
        phones: Phones | None = None,
        *,
        path: str = "/connect",
        fallback: Any = None,
        others: Words = "rings out",
        caller: str = CALLER,
        exophone: str | None = None,
        caller_does: str | CallerHangsUp | None = None,
        stage: Stage = FIRST,
        at: str = _NOON,
        sid: str = "",
        sounds: Mapping[str, Sound | float] | None = None,
        dial_events: Sequence[str] = ("Dial", "Terminal"),
        flow_id: int = _FLOW,
        gather: Any = None,
        keys: str = "",
    ) -> Story:
        """Play one call to its end.

        ``url``: the Primary URL; or an application in this process, asked under ``path``. ``fallback``: the
        same for the Fallback; a path is one of the Primary's. ``phones``: by number, see ``phones``;
        ``others``: who answers for all other numbers. ``caller_does``: ``"hangs up after 5s while ringing"``.
        ``stage``: what came before this applet. ``at``: when the call comes, in the account's time zone.
        ``sounds``: by URL or text, seconds or a ``Sound``. ``sid``: of the call; empty: a new one.
        ``gather``: a Gather's Primary URL, asked before the Connect's; a path is one of the Primary's.
        ``keys``: what the caller types when the Gather has asked.

        Raises ``BadInput`` for what cannot be played.
        """
        account, primary = self.account, self._url(url, path)
        self._calls += 1
        told = facts_of(
            stage,
            account,
            sid=sid or f"5f3c9e0b7a614c2d8e91a7d4b0c3{self._calls:04x}",
            caller=caller,
            exophone=exophone or account.exophones[0].number,
            flow_id=flow_id,
            began_at=instant(at, account.timezone),
        )
        settings: dict[str, Any] = {"primary_url": primary, "dial_events": list(dial_events)}
        settings["fallback_url"] = None if fallback is None else self._url(fallback, "/fallback", primary)
        flow = connect_flow(answer=self.answer, accept=sorted(self.accept), **settings)
        if gather is not None:
            asks = {"type": "gather", "primary_url": self._url(gather, "/gather", primary)}
            flow["applets"]["gather"] = {**asks, "digits": "connect", "nothing": "connect"}
            flow["start"] = "gather"
        play = Play(
            flow={**flow, "id": flow_id},
            phones=read_phones(phones or {}, account.country),
            sounds=sounds_of(sounds or {}),
            account=account,
            others=phone(others, "others"),
            told=told,
            able=tuple(each.number for each in account.exophones),
        )
        world = PlayedWorld(
            play,
            crossings=False,
            ask=self._ask,
            fetch_sound=self._audio if self.fetch_audio else None,
            send=self._send if self.send_events else None,
            caller=caller_script(caller_does),
            keys=keys,
        )
        story = tell(world.run(), self.accept)
        self.stories.append(story)
        return story

    def _ask(self, fetch: Fetch) -> Answer:
        door = self._door(fetch.url)
        answer = door.get(fetch.url, sent_headers(fetch.url), fetch.seconds)
        took = answer.seconds if answer.seconds is not None else AT_ONCE
        if self.answers_after is not None and not isinstance(door, Plain) and took < fetch.seconds:
            took = self.answers_after
        return replace(answer, seconds=took)

    def _send(self, event: SendEvent) -> Answer:
        return self._door(event.url).get(event.url, sent_headers(event.url), self.account.fetch_seconds)

    def _audio(self, asked: PrepareSound) -> Sound:
        """As the engine asks for audio; how long it lasts is read of a WAV only."""
        door = self._door(asked.value)
        seconds = self.account.fetch_seconds
        if isinstance(door, Http):
            got = door.audio(asked.value, asked.redirects, seconds)
        else:
            got = door.get(asked.value, sent_headers(asked.value), seconds)
        if got.status != 200:
            return Sound(0.0, got.status, got.seconds, got.error)
        return Sound(_length(got.body), 200, AT_ONCE if self.answers_after is not None else got.seconds)


def _door_of(app: Any, loop: LoopThread) -> Door:
    """The door to an application in this process. Raises ``TypeError`` for what is no application."""
    if not callable(app):
        raise TypeError(f"{app!r} is no application: a URL, a WSGI or ASGI callable or a function is allowed")
    asynchronous = inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)
    if asynchronous:
        return Asgi(app, loop)
    if hasattr(app, "wsgi_app") or _takes(app) == 2:
        return Wsgi(app)
    return Plain(app)


def _takes(function: Callable[..., Any]) -> int:
    """How many arguments must be given by position."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(each.kind in kinds and each.default is inspect.Parameter.empty for each in parameters)


def _exophone(told: str | ExoPhone, country: str) -> ExoPhone:
    return told if isinstance(told, ExoPhone) else ExoPhone(known_as(told, country))


def _length(audio: bytes) -> float:
    """Seconds of a WAV; of anything else the usual pretended ones."""
    try:
        with wave.open(BytesIO(audio)) as read:
            return float(read.getnframes() / read.getframerate())
    except (wave.Error, EOFError, ZeroDivisionError):
        return Sound().seconds
