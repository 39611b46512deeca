"""Limits of dialling: calls to one number, and where the ringing limit runs from (telephony.md 4)."""

from functools import partial

from cordboard.call.causes import Cause
from cordboard.call.words import LegFailed, LegRinging
from cordboard.config.settings import Account, Dialing, ExoPhone, Settings, Trunk
from cordboard.legs.words import Audio
from tests.wire.legs_stage import AUDIO, CALLEE, EXOPHONE, Stage, after, play

TRUNK = Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",))


def one_call_a_number() -> Stage:
    stage = Stage()
    stage.legs._settings = Settings(
        account=Account(),
        dialing=Dialing(max_calls_per_number=1),
        trunks=(TRUNK,),
        exophones=(ExoPhone(EXOPHONE, 1, "carrier"),),
    )
    return stage


def test_dialing_max_calls_per_number_holds_until_the_first_is_over() -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        for leg in (1, 2):
            stage.legs.dial(stage.call, leg, CALLEE, EXOPHONE, Audio(AUDIO.address, 30000 + 2 * leg), 30)
        await after(0.5)
        stage.legs.release(stage.call, 1, Cause.CANCELED)
        await after(0.5)
        stage.legs.dial(stage.call, 3, CALLEE, EXOPHONE, Audio(AUDIO.address, 30006), 30)
        await after(0.5)

    stage = play(one_call_a_number, script)
    refused = [event for event in stage.events if isinstance(event, LegFailed) and event.leg == 2]
    assert len(refused) == 1 and "max_calls_per_number" in refused[0].text
    assert [event.leg for event in stage.events if isinstance(event, LegRinging)] == [1, 3]
    assert len(stage.rung) == 2


def test_dialing_max_calls_per_number_does_not_count_what_a_whole_trunk_is_given() -> None:
    """It protects whoever has the number; a trunk has ``max_calls``."""

    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        for leg in (1, 2):
            audio = Audio(AUDIO.address, 30000 + 2 * leg)
            stage.legs.dial(stage.call, leg, "sip:carrier", EXOPHONE, audio, 30, trunk="carrier")
        await after(0.5)

    stage = play(one_call_a_number, script)
    assert len(stage.rung) == 2 and not [event for event in stage.events if isinstance(event, LegFailed)]


def test_telephony_4_a_trunk_may_let_the_ringing_limit_run_from_the_first_18x() -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, Audio(AUDIO.address, 30002), 30)
        await after(0.5)

    for setting, restarts in (("invite", False), ("ringing", True)):
        trunk = Trunk("carrier", TRUNK.uri, TRUNK.sources, ring_from=setting)
        stage = play(partial(Stage, trunk), script)
        assert LegRinging(1, restarts) in stage.events
