"""Applications in this process are treated as a server would treat them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware

from cordboard.kernel.mistakes import BadInput
from cordboard.testing.platform import Answers, CallerHangsUp, Platform

GOOD = {"destination": {"numbers": ["+919812300001"]}}


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as playing:
        yield playing


def test_a_streamed_answer_behind_middleware_is_read_whole(platform: Platform) -> None:
    app = FastAPI()
    app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))

    @app.get("/connect")
    async def connect() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for byte in json.dumps(GOOD).encode():
                yield bytes((byte,))
                await asyncio.sleep(0)

        return StreamingResponse(parts(), media_type="application/json")

    assert platform.call(app).requests[0].outcome == "dial"


def test_the_answer_does_not_wait_for_what_is_done_after_it() -> None:
    app = FastAPI()

    @app.get("/connect")
    async def connect(later: BackgroundTasks) -> dict[str, Any]:
        later.add_task(asyncio.sleep, 60)
        return GOOD

    with Platform(fetch_seconds=2.0) as platform:
        assert platform.call(app).requests[0].outcome == "dial"


def test_an_asgi_application_that_is_really_slow_is_late() -> None:
    app = FastAPI()

    @app.get("/connect")
    async def connect() -> dict[str, Any]:
        await asyncio.sleep(60)
        return GOOD

    with Platform(fetch_seconds=0.05) as platform:
        [request] = platform.call(app).requests
        assert (request.status, request.error) == (0, "no answer in 0.05 seconds")


def test_the_lifespan_is_begun_once_and_ended() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        seen.append("begun")
        yield {"agents": GOOD}
        seen.append("ended")

    app = FastAPI(lifespan=lifespan)

    @app.get("/connect")
    async def connect(request: Request) -> Any:
        return request.state.agents

    with Platform() as platform:
        assert platform.call(app).dialled and platform.call(app).dialled
        assert seen == ["begun"]
    assert seen == ["begun", "ended"]


def test_a_lifespan_that_fails_is_told(platform: Platform) -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    with pytest.raises(RuntimeError, match="no database"):
        platform.call(FastAPI(lifespan=lifespan))


def test_an_exception_is_a_500_and_stands_in_the_log(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()

    @app.get("/connect")
    async def connect() -> None:
        raise KeyError("shift")

    assert platform.call(app).requests[0].status == 500
    assert "KeyError: 'shift'" in caplog.text


def test_a_test_that_is_asynchronous_may_call_too(platform: Platform) -> None:
    app = FastAPI()

    @app.get("/connect")
    async def connect() -> dict[str, Any]:
        return GOOD

    async def main() -> list[str]:
        return platform.call(app).dialled

    assert asyncio.run(main()) == ["+919812300001"]


def test_what_is_no_application_is_refused(platform: Platform) -> None:
    with pytest.raises(TypeError, match="is no application"):
        platform.call(42)
    with pytest.raises(BadInput, match="is a path"):
        platform.call("/connect")


def test_too_large_an_answer_is_none(platform: Platform) -> None:
    body = json.dumps(GOOD) + " " * 70_000
    [request] = platform.call(lambda asked: (200, "application/json", body)).requests
    assert request.status == 0 and "larger than 65536 bytes" in request.error


@pytest.mark.parametrize("made", [lambda: Answers(-1), lambda: Answers(talks=1e9), lambda: CallerHangsUp(-1)])
def test_times_that_are_none_are_refused(made: Any) -> None:
    with pytest.raises(BadInput, match="is no time"):
        made()
