"""SIP messages as server-sent events."""

import asyncio
import json
from pathlib import Path
from typing import Any

from cordboard.api.tracing import stream
from cordboard.runtime.watching import MOST_LISTENERS, MOST_WAITING, Wanted
from cordboard.sip.endpoint.words import Address, Hop, Passed
from tests.unit.api.house import House, play
from tests.unit.sip.messages import request

HOP = Hop(0, Address("udp", "192.0.2.10", 5060))
INVITE = request("INVITE", "Authorization: Digest response=HUSH", from_="<sip:+919812300001@h>;tag=1")


def events(body: str) -> list[tuple[str, Any]]:
    """(kind, data) of each event."""
    found = []
    for block in body.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        said = dict(line.split(": ", 1) for line in lines)
        if "data" in said:
            found.append((said.get("event", "message"), json.loads(said["data"])))
    return found


def test_messages_are_streamed_until_the_engine_ends(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        engine = house.engine
        answering = asyncio.create_task(house.get("/api/sip/trace?method=INVITE&number=09812300001"))
        await asyncio.sleep(0.2)
        assert engine.tap is not None
        engine.tap(Passed(False, HOP, INVITE))
        engine.tap(Passed(True, HOP, request("OPTIONS")))
        await asyncio.sleep(0.05)
        engine.watch.close()
        answer = await answering
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        ((kind, told),) = events(answer.text)
        assert kind == "message" and "HUSH" not in answer.text
        assert (told["line"], told["from"], told["trunk"], told["outward"]) == (
            "INVITE sip:bob@10.0.0.2 SIP/2.0",
            "+919812300001",
            "carrier",
            False,
        )
        assert (told["peer"], told["local"]) == ("udp:192.0.2.10:5060", "udp:198.51.100.1:5060")
        assert told["at"] == "2026-01-13T06:14:54.000Z"
        assert engine.tap is None

    play(tmp_path, story)


def test_who_was_too_slow_is_told_how_many_were_lost(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        engine = house.engine
        listener = engine.watch.listen(Wanted())
        assert listener is not None and engine.tap is not None
        for _ in range(MOST_WAITING + 3):
            engine.tap(Passed(False, HOP, INVITE))
        await asyncio.sleep(0)
        sent = stream(engine.watch, listener)
        assert await anext(sent) == b": listening\n\n"
        told = events((await anext(sent)).decode())
        assert len(told) == MOST_WAITING + 1 and told[-1] == ("dropped", {"count": 3})
        await sent.aclose()  # type: ignore[attr-defined]
        assert engine.tap is None

    play(tmp_path, story)


def test_a_stranger_may_not_look_and_there_is_a_limit(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert (await house.get("/api/sip/trace", login=False)).status == 401
        for _ in range(MOST_LISTENERS):
            house.engine.watch.listen(Wanted())
        answer = await house.get("/api/sip/trace")
        assert (answer.status, answer.json["error"]["code"]) == (429, "too_many")

    play(tmp_path, story)
