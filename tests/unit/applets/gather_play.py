"""A Gather by itself, played in seconds that pass when the test says so."""

import json
from typing import Any

from cordboard.applets.gather import Gather
from cordboard.applets.gather.machine import State
from cordboard.call.scene import Scene
from cordboard.call.words import Command, DigitPressed, Fetched, Finish, SoundReady, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, Entered

FACTS = CallFacts("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0, digits="77")
KIND = Gather()
PIN: dict[str, Any] = {"prompt": {"text": "Type your PIN."}}
ASKS: dict[str, Any] = {"primary_url": "http://x.example/gather?key=1"}
TWO_URLS: dict[str, Any] = {**ASKS, "fallback_url": "http://x.example/spare"}


class Play:
    """A Gather that is being played."""

    def __init__(self, *, facts: CallFacts = FACTS, account: Account | None = None, **settings: Any) -> None:
        self.state: State = KIND.begin(KIND.settings(settings or PIN, "x"), account or Account(), facts)
        self.said: list[Command] = []
        self.tell(0.0, Entered())

    def tell(self, now: float, event: AppletEvent) -> tuple[Command, ...]:
        self.state, commands = KIND.step(self.state, event, now)
        self.said += commands
        return commands

    def press(self, now: float, keys: str) -> tuple[Command, ...]:
        said: tuple[Command, ...] = ()
        for key in keys:
            said += self.tell(now, DigitPressed(0, key))
        return said

    def speaks(self, now: float = 0.1, sound: str = "s1", seconds: float = 3.0) -> None:
        """The prompt's sound is there."""
        self.tell(now, SoundReady(sound, 200, seconds))

    def reply(self, now: float, request: int = 1, status: int = 200, **answer: Any) -> tuple[Command, ...]:
        body = json.dumps(answer).encode()
        return self.tell(now, Fetched(request, status, "application/json", body))

    def waits(self) -> tuple[Command, ...]:
        """Until it wants to be told that time has passed."""
        at = KIND.deadline(self.state)
        assert at is not None, "it waits for nothing"
        return self.tell(at, TimePassed())

    @property
    def scene(self) -> Scene:
        return KIND.scene(self.state)

    @property
    def digits(self) -> str:
        return KIND.facts(self.state).digits

    @property
    def exits(self) -> list[tuple[str, str]]:
        return [(one.exit, one.why) for one in self.said if isinstance(one, Finish)]
