"""Settled readings 19–21 and telephony 6, 7, 20, 21, 23 and 29 from the outside: what media is told, and what
the parties' SIP sees of it."""

from dataclasses import replace
from typing import Any

import pytest

from cordboard import sdp
from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, HoldMusic, Party, Recording, Ringback, Scene, Silence
from cordboard.sip.dialog.words import Offered
from cordboard.testing.scenario import (
    ACCOUNT,
    Caller,
    Phone,
    Scenario,
    Sound,
    answer,
    answers,
    busy,
    connect_flow,
)
from cordboard.testing.stage import CARRIER, EXCHANGE, Stage, act
from cordboard.testing.virtual_time import pause
from tests.wire.engine import (
    PLAIN,
    body,
    both_modes,
    call,
    call_row,
    heard,
    invites,
    leg_row,
    next_request,
    numbers,
    onward,
    scene_at,
    sent,
)
from tests.world.helpers import AUDIO, TONE, A, B, C

WAVE = {"activate": True}
OPERATOR: dict[str, Any] = {"music_on_hold": {"type": "operator_tone"}}


def speech(to: str) -> dict[str, Any]:
    """A playback."""
    return {"start_call_playback": {"playback_to": to, "type": "audio_url", "value": AUDIO}}


@both_modes
def test_settled_19_default_tone_is_our_hold_music(mode: str) -> None:
    stage = call({A: busy(3.0), B: answers(5.0, 9.0)}, answer(A, B), mode=mode)
    first = [HoldMusic()] if mode == "at_once" else [Ringback(), HoldMusic()]
    assert heard(stage, 0) == [*first, Party(2), Silence()]


@both_modes
def test_settled_19_operator_tone_is_ringback_until_early_media_comes(mode: str) -> None:
    stage = call({A: Phone(early=2.0, answers=6.0, hangs_up=9.0)}, answer(A, **OPERATOR), mode=mode)
    assert scene_at(stage, 1.0).heard_by(0) == Ringback()
    assert scene_at(stage, 3.0).heard_by(0) == Party(1, until=Ringback())
    assert scene_at(stage, 8.0).heard_by(0) == Party(1)
    assert [leg for _, leg, _ in stage.media.streams][:2] == [
        0,
        1,
    ]  # early media has a stream before its answer


@both_modes
def test_settled_19_custom_tone_is_its_audio_looped(mode: str) -> None:
    hold: dict[str, Any] = {"music_on_hold": {"type": "custom_tone", "value": TONE}}
    stage = call({A: busy(3.0), B: answers(5.0, 9.0)}, answer(A, B, **hold), mode=mode)
    (clip,) = [source for source in heard(stage, 0) if isinstance(source, Clip)]
    assert (clip.sound, clip.loop) == (f"kept:{TONE}", True)
    assert [wanted.value for wanted in stage.sounds.wanted] == [TONE]


@both_modes
def test_telephony_23_in_a_wave_the_first_with_early_media_owns_the_sound_until_it_fails(mode: str) -> None:
    phones = {
        A: Phone(rings=None, early=2.0, fails=(20.0, Cause.NO_ANSWER)),
        B: Phone(early=3.0, answers=25.0, hangs_up=5.0),
        C: Phone(),
    }
    stage = call(phones, answer(A, B, C, parallel_ringing=WAVE, **OPERATOR), mode=mode)
    assert heard(stage, 0)[-5:] == [
        Ringback(),
        Party(1, until=Ringback()),
        Party(2, until=Ringback()),
        Party(2),
        Silence(),
    ]


def test_telephony_23_an_announcement_of_the_network_is_heard_before_its_480() -> None:
    phone = Phone(rings=None, early=0.5, fails=(58.0, Cause.NO_ANSWER))
    stage = call({A: phone}, answer(A, max_ringing_duration=60, **OPERATOR), mode="late")
    assert scene_at(stage, 50.0).heard_by(0) == Party(1, until=Ringback())
    assert sent(stage, "CANCEL", CARRIER) == []
    assert leg_row(stage, 1)["code"] == 480


@both_modes
def test_settled_20_the_callee_hears_it_while_the_caller_keeps_the_hold_sound(mode: str) -> None:
    stage = call({A: answers(4.0, 30.0)}, answer(A, **speech("callee")), mode=mode)
    announcing = scene_at(stage, 5.0)
    assert announcing.heard_by(0) == HoldMusic() and isinstance(announcing.heard_by(1), Clip)
    assert announcing.recording is None
    assert scene_at(stage, 8.0) == Scene(((0, Party(1)), (1, Party(0))))


@both_modes
def test_settled_20_both_hear_one_play(mode: str) -> None:
    stage = call({A: answers(4.0, 30.0)}, answer(A, **speech("both")), mode=mode)
    announcing = scene_at(stage, 5.0)
    assert isinstance(announcing.heard_by(0), Clip) and announcing.heard_by(0) == announcing.heard_by(1)


@both_modes
def test_settled_20_a_callee_who_hangs_up_during_it_is_no_answer_and_the_next_is_rung(mode: str) -> None:
    phones = {A: answers(4.0, 1.0), B: answers(2.0, 9.0)}
    sounds = {AUDIO: Sound(5.0)}
    stage = call(phones, answer(A, B, **speech("callee")), mode=mode, sounds=sounds)
    assert [(at, number) for at, number, _ in invites(stage)] == [(0.2, A), (5.3, B)]
    assert call_row(stage)["answered_by"] == B
    alone = call(
        {A: answers(4.0, 1.0)}, answer(A, **speech("both")), answer(), flow=onward(mode), sounds=sounds
    )
    path, query = next_request(alone)
    assert (path, query["CallType"], query["DialCallStatus"]) == ("/nobody", "incomplete", "no-answer")


@both_modes
@pytest.mark.parametrize("channels", ["single", "dual"])
def test_settled_21_recording_starts_at_the_bridge(channels: str, mode: str) -> None:
    fields: dict[str, Any] = {"record": True, "recording_channels": channels, **speech("callee")}
    stage = call({A: answers(4.0, 30.0)}, answer(A, **fields), mode=mode)
    recorded = [scene.recording for _, scene in stage.media.scenes if scene.recording is not None]
    assert recorded == [Recording("r1", channels == "dual", left=0, right=1)]
    (row,) = stage.journal.rows("recordings")
    bridged = call_row(stage)["created_at"] + 0.2 + 4.1 + 3.02
    assert row["began_at"] == pytest.approx(bridged, abs=0.01)
    assert row["channels"] == (2 if channels == "dual" else 1) and row["state"] == "whole"
    assert row["seconds"] == pytest.approx(30.0 - 3.02, abs=0.15)


def test_settled_21_without_record_there_is_none() -> None:
    stage = call({A: answers(4.0, 30.0)}, answer(A))
    assert stage.journal.rows("recordings") == []
    assert all(scene.recording is None for _, scene in stage.media.scenes)


@pytest.mark.parametrize("strict", [True, False])
def test_settled_9_audio_of_another_kind_is_played_and_strict_says_so_in_the_timeline(strict: bool) -> None:
    sounds = {AUDIO: Sound(note="the audio is not WAV, 8 kHz, 16 bit, mono")}
    account = replace(ACCOUNT, strict=strict)
    stage = call({A: answers(2.0, 9.0)}, answer(A, **speech("both")), sounds=sounds, account=account)
    assert any(isinstance(source, Clip) for source in heard(stage, 1))
    told = [r["detail"] for r in stage.journal.records("media", stage.sid) if r["why"] == "settled-9"]
    assert told == (["the audio is not WAV, 8 kHz, 16 bit, mono"] if strict else [])


def test_telephony_6_a_caller_answered_at_once_keeps_its_codec_without_a_reinvite() -> None:
    async def mu_law(stage: Stage) -> None:
        stage.ring(offer=sdp.offer(sdp.Local(EXCHANGE.host, 4000, ("PCMU",))))

    stage = act(mu_law, Scenario(phones={A: answers(2.0, 5.0)}, replies=(answer(A),)))
    assert [(leg, stream.codec) for _, leg, stream in stage.media.streams] == [(0, "PCMU"), (1, "PCMA")]
    assert sent(stage, "INVITE", EXCHANGE) == [] and len(sent(stage, "INVITE", CARRIER)) == 1


@both_modes
def test_telephony_7_hold_is_answered_here_and_the_other_side_hears_hold_music(mode: str) -> None:
    phone = Phone(answers=2.0, hangs_up=20.0, holds=((5.0, True), (9.0, False)))
    caller = Caller(holds=((15.0, True), (17.0, False)))
    stage = call({A: phone}, answer(A, record=True), mode=mode, caller=caller)
    assert heard(stage, 0)[-4:] == [Party(1), HoldMusic(), Party(1), Silence()]
    assert heard(stage, 1)[-4:] == [Party(0), HoldMusic(), Party(0), Silence()]
    assert sent(stage, "INVITE", EXCHANGE) == [] and len(sent(stage, "INVITE", CARRIER)) == 1
    assert not stage.caller.told(Offered) and not stage.carrier.rung[0].told(Offered)
    assert len(stage.journal.rows("recordings")) == 1


def test_telephony_20_a_key_by_info_reaches_who_hears_it_as_telephone_event() -> None:
    async def presses(stage: Stage) -> None:
        caller = stage.ring(offer=PLAIN)
        await pause(1.0)
        caller.press("1")  # nobody is there to hear it
        await pause(4.0)
        caller.press("5")

    stage = act(presses, Scenario(phones={A: answers(2.0, 9.0)}, replies=(answer(A),)))
    assert stage.media.digits_sent == [(stage.sid, 1, "5")]
    pressed = [
        event for _, event, _ in stage.journal.steps(stage.sid) if type(event).__name__ == "DigitPressed"
    ]
    assert [(event.leg, event.digit) for event in pressed] == [(0, "1"), (0, "5")]  # type: ignore[union-attr]


def test_telephony_20_where_telephone_event_was_agreed_info_does_not_count() -> None:
    async def presses(stage: Stage) -> None:
        caller = stage.ring()
        await pause(5.0)
        caller.press("5")

    stage = act(presses, Scenario(phones={A: answers(2.0, 9.0)}, replies=(answer(A),)))
    assert stage.media.digits_sent == []
    assert b"telephone-event" in body(sent(stage, "200 INVITE", EXCHANGE)[0][1])


def test_telephony_21_dead_audio_ends_the_call_by_bye_with_a_reason() -> None:
    stage = call({A: Phone(answers=2.0, dead=12.0)}, answer(A), flow=connect_flow())
    ((_, bye),) = sent(stage, "BYE", CARRIER)
    assert b'Reason: Q.850;cause=41;text="No audio"' in bye
    assert leg_row(stage, 1)["cause"] == "dead-audio"


def test_telephony_29_after_media_died_both_legs_are_told_where_we_listen_now() -> None:
    stage = call({A: answers(2.0, 30.0)}, answer(A, record=True), media_lost=10.0)
    assert len(sent(stage, "INVITE", EXCHANGE)) == 1 and len(sent(stage, "INVITE", CARRIER)) == 2
    assert scene_at(stage, 20.0).recording == Recording("r2", False, left=0, right=1)
    assert [row["state"] for row in stage.journal.rows("recordings")] == ["partial", "whole"]
    assert numbers(stage) == [A] and call_row(stage)["call_type"] == "completed"
