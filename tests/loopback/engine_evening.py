"""An evening of calls: scenes that are played side by side on one engine, so that a test only looks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.loopback.engine_kit import Home, Play

Scene = Callable[[Home], Awaitable[Play]]
_APART_SECONDS = 0.05


class Evening:
    """Scenes by name, then what came of them. A scene that failed fails the tests that look at it."""

    def __init__(self) -> None:
        self._scenes: dict[str, Scene] = {}
        self._came: dict[str, Any] = {}

    def scene(self, play: Scene) -> Scene:
        """Put a scene on the programme."""
        self._scenes[play.__name__] = play
        return play

    async def play(self, home: Home) -> None:
        """All of them, begun one shortly after the other."""

        async def one(after: float, scene: Scene) -> Play:
            await asyncio.sleep(after)
            return await scene(home)

        begun = [one(place * _APART_SECONDS, scene) for place, scene in enumerate(self._scenes.values())]
        came = await asyncio.gather(*begun, return_exceptions=True)
        self._came = dict(zip(self._scenes, came, strict=True))

    def __getitem__(self, scene: Scene) -> Play:
        came = self._came[scene.__name__]
        if isinstance(came, BaseException):
            raise came
        assert isinstance(came, Play)
        return came
