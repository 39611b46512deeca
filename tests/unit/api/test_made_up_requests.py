"""Requests made up from our own OpenAPI description, good ones and bad: none ends in a fault, and each
refusal is one sentence in the shape of the side that was asked."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from cordboard.api.app import make_app
from tests.unit.api.house import Answer, House, opened

EXAMPLES = 6
ENDLESS = ("/api/sip/trace",)
_PARTS = ("method", "url", "params", "headers", "data", "json", "files")


class Served:
    """A house in a thread of its own, that answers synchronously."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ready, self._loop = folder, threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._live(),))
        self._over = asyncio.Event()
        self.house: House

    async def _live(self) -> None:
        async with opened(self._folder) as house:
            house.write_call("x")
            http = replace(house.engine.settings.http, calls_per_minute=0)
            house.engine.settings = replace(house.engine.settings, http=http)
            house.engine.watch.close()  # nobody waits for news
            house.app = make_app(house.engine)
            self.house = house
            self._ready.set()
            await self._over.wait()

    def __enter__(self) -> "Served":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def ask(self, sent: requests.PreparedRequest) -> Answer:
        """One request, with the key."""
        named = ((name, _text(value)) for name, value in sent.headers.items())
        headers = {name: value for name, value in named if name.lower() != "authorization"}
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
        assert isinstance(body, bytes)
        asking = self.house.get(sent.path_url, headers, method=sent.method or "GET", body=body)
        return asyncio.run_coroutine_threadsafe(asking, self._loop).result(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("house")) as one:
        yield one


def test_s19_no_made_up_request_ends_in_a_fault(served: Served) -> None:
    try_everything(served, EXAMPLES)


def try_everything(served: Served, examples: int) -> None:
    """So many good requests of every operation, and as many bad ones."""
    description = served.house.app.openapi()
    schema = schemathesis.openapi.from_dict(description)
    asked: set[tuple[str, int]] = set()
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        if operation.path in ENDLESS:
            continue
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            try_all(served, operation, mode, examples, asked)
    assert len({path for path, _ in asked}) >= 20
    assert any(status == 400 for _, status in asked)


def try_all(served: Served, operation: Any, mode: Any, examples: int, asked: set[tuple[str, int]]) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        parts = case.as_transport_kwargs(base_url="http://testing")
        wanted = {name: value for name, value in parts.items() if name in _PARTS and value is not None}
        try:
            sent = requests.Request(**wanted).prepare()
            for name, value in sent.headers.items():
                (name + _text(value)).encode("latin-1")
        except (requests.RequestException, ValueError, TypeError):
            return  # no client can put this on a wire
        answer = served.ask(sent)
        asked.add((operation.path, answer.status))
        if operation.path == "/readyz":
            return
        assert answer.status < 500, (wanted, answer.text)
        if answer.status in (400, 404, 409, 422):
            told = message_of(answer)
            assert told and "Traceback" not in told, (wanted, answer.text)

    try:
        each()
    except schemathesis.errors.InvalidSchema:
        raise
    except Exception as error:
        if type(error).__name__ not in ("Unsatisfiable",):  # nothing bad can be made up for this one
            raise


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def message_of(answer: Answer) -> str:
    """What it says is wrong."""
    if "xml" in answer.headers["content-type"]:
        return answer.text
    body = answer.json
    return str(body.get("RestException", {}).get("Message") or body.get("error", {}).get("message", ""))
