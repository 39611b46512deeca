"""What a text may hold, whatever the database; and what of a password is ever shown."""

import asyncio

import pytest

from cordboard.config.show import masked_url
from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database, lines
from cordboard.store.aside import read_timeline
from cordboard.store.store import Store
from tests.store.house import Base, RealClock, a_call


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\0b", "a\N{REPLACEMENT CHARACTER}b"),
        ("half \ud83d a sign", "half \N{REPLACEMENT CHARACTER} a sign"),
        ("\U0001f4de नमस्ते \\u0000 'x' \"y\" %s :z", "\U0001f4de नमस्ते \\u0000 'x' \"y\" %s :z"),
        ("", ""),
    ],
)
def test_a_text_is_kept_whatever_it_holds(base: Base, said: str, kept: str) -> None:
    async def play() -> None:
        async with base.opened() as store:
            a_call(store, "a")
            store.append(lines.row("calls", "a", {"custom_field": said}))
            store.append(lines.row("fetches", ("a", 1), {"body": said}))
            store.append(lines.entry("sip", "a", 2, 0.5, {"what": said}))
            await store.settled()
            assert store.health().rejected == 0
            call, fetch = await store.calls.get("a"), (await store.fetches.of_call("a"))[0]
            assert call is not None
            assert (call.custom_field, fetch.body) == (kept, kept)
            assert (await store.timelines.of_call("a"))[-1] == lines.entry("sip", "a", 2, 0.5, {"what": said})

    asyncio.run(play())


AWAY = "postgresql://asha:p%40ss%2Fword@127.0.0.1:1/calls"


def test_a_password_is_in_no_sentence(tmp_path: object) -> None:
    store = Store(AWAY, RealClock(), journal=f"{tmp_path}/journal")
    with pytest.raises(Unavailable) as raised:
        asyncio.run(store.open())
    told = str(raised.value)
    assert "postgresql://***@127.0.0.1:1/calls" in told and "cannot be opened" in told
    assert "p@ss" not in told and "p%40" not in told
    with pytest.raises(Unavailable) as raised:
        asyncio.run(read_timeline(AWAY, "a"))
    assert "p@ss" not in str(raised.value) and "p%40" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://asha:p/a@s#s@h/calls",
        "postgres://asha:secret@h:5432/calls?sslmode=require",
        "postgresql://h/calls?password=secret&user=asha",
    ],
)
def test_nor_in_settings_that_are_shown(url: str) -> None:
    shown = masked_url(url)
    assert "***" in shown and "secret" not in shown and "p/a" not in shown and "s#s" not in shown


def test_a_wrong_password_is_one_sentence_without_it(base: Base, tmp_path: object) -> None:
    if database.place(base.url).file is not None:
        pytest.skip("SQLite has no password")
    wrong = base.url.replace("s3cret", "gue55")
    store = Store(wrong, RealClock(), journal=f"{tmp_path}/other")
    with pytest.raises(Unavailable, match="password authentication failed") as raised:
        asyncio.run(store.open())
    assert "gue55" not in str(raised.value)
