"""Asterisk over TLS, and its audio encrypted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.interop.asterisk import Asterisk, asterisk
from tests.interop.asterisk_calls import CALLEES, CALLERS, NUMBER, answered, tone_heard
from tests.interop.certificates import Papers, papers
from tests.interop.house import EXOPHONE, Stage, engine, in_words, parts_of, played, to
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("needs_asterisk")

_SRTP_OVER_TLS = pytest.mark.interop("SRTP (SDES) over TLS", "Asterisk")


@pytest.mark.interop("SRTP (SDES)", "Asterisk")
@pytest.mark.parametrize("policy", ["required", "allowed"])
def test_audio_is_encrypted_towards_it(tmp_path: Path, policy: str) -> None:
    async def test() -> None:
        encrypted = policy == "required"
        options = {"media_encryption": "sdes"} if encrypted else {}
        await tone_heard(tmp_path, trunk={"srtp": policy}, options=options)

    played(test)


@asynccontextmanager
async def by_tls(place: Path, srtp: bool, shown: Papers, ca: Path) -> AsyncIterator[tuple[Stage, Asterisk]]:
    """An engine whose trunk is Asterisk over TLS. ``srtp``: both insist. ``ca``: who must have signed
    Asterisk's certificate."""
    port = free_port()
    keys = {"tls_ca": str(ca), "srtp": "required" if srtp else "no"}
    options = {"media_encryption": "sdes"} if srtp else {}
    async with (
        engine(place, port, "tls", keys=keys, instead={"sip": shown.listening()}) as stage,
        asterisk(port, stage.at("tls").port, transport="tls", papers=shown, options=options) as pbx,
    ):
        yield stage, pbx


@pytest.mark.interop("SIP over TLS", "Asterisk")
@pytest.mark.parametrize("srtp", [False, pytest.param(True, marks=_SRTP_OVER_TLS)])
def test_it_is_called_over_tls(tmp_path: Path, srtp: bool) -> None:
    async def test() -> None:
        shown = papers(tmp_path)
        async with by_tls(tmp_path, srtp, shown, shown.ca) as (stage, _):
            stage.customer.answer = to(NUMBER + "08", record=True, recording_channels="dual")
            caller = stage.caller()
            await answered(stage, caller, 2.0)
            assert in_words(caller.describe(), 0.5)[-1] == CALLEES
            left, right = await stage.channels()
            assert (in_words(parts_of(left)), in_words(parts_of(right))) == ([CALLERS], [CALLEES])
            (leg,) = await stage.legs()
            assert (leg.status, leg.disconnected_by) == ("completed", "Caller")

    played(test)


@pytest.mark.interop("SIP over TLS", "Asterisk")
@pytest.mark.parametrize("srtp", [False, pytest.param(True, marks=_SRTP_OVER_TLS)])
def test_it_calls_over_tls(tmp_path: Path, srtp: bool) -> None:
    """Both legs are Asterisk's, and each plays its tone."""

    async def test() -> None:
        shown = papers(tmp_path)
        async with by_tls(tmp_path, srtp, shown, shown.ca) as (stage, pbx):
            stage.customer.answer = to(NUMBER + "01", record=True, recording_channels="dual")
            pbx.call(EXOPHONE)

            async def both() -> bool:
                return "2 active channels" in pbx.run("core show channels count")

            await until(both)
            await asyncio.sleep(3.0)
            pbx.run("channel request hangup all")
            left, right = await stage.channels()
            assert (in_words(parts_of(left)), in_words(parts_of(right))) == ([CALLEES], [CALLEES])
            assert (await stage.call()).call_type == "completed"

    played(test)


@pytest.mark.interop("certificate of an unknown authority refused", "Asterisk")
def test_its_certificate_must_be_signed_by_the_trunks_authority(tmp_path: Path) -> None:
    async def test() -> None:
        (tmp_path / "other").mkdir()
        shown, other = papers(tmp_path), papers(tmp_path / "other")
        async with by_tls(tmp_path, False, shown, other.ca) as (stage, _):
            stage.customer.answer = to(NUMBER + "01")
            await stage.caller().ring(longest=20)
            (leg,) = await stage.legs()
            assert leg.status == "failed" and leg.ringing_at is None

    played(test)
