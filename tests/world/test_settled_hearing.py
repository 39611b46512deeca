"""Settled readings 19–21: hold sounds, announcements, recordings."""

import pytest

from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, HoldMusic, Party, Recording, Ringback, Silence, Source
from cordboard.call.words import Bridge, Dial, Played, Release
from cordboard.testing.scenario import RINGS_OUT, Caller, Phone, Sound, answer, answers, busy, connect_flow
from cordboard.testing.world import World
from tests.world.helpers import AUDIO, TONE, A, B, dials, notes, outcome, play

WAVE = {"activate": True}
OPERATOR = {"type": "operator_tone"}


def _heard(world: World, leg: int = 0) -> list[Source]:
    return [source for _, source in world.heard(leg)]


def _announcement(to: str) -> dict[str, str]:
    return {"playback_to": to, "type": "audio_url", "value": AUDIO}


def _recordings(world: World) -> list[tuple[float, Recording]]:
    kept: list[tuple[float, Recording]] = []
    for at, scene in world.scenes:
        if scene.recording is not None and (not kept or kept[-1][1] != scene.recording):
            kept.append((at, scene.recording))
    return kept


def test_settled_19_default_tone_is_our_hold_music() -> None:
    assert _heard(play({A: answers()}, answer(A))) == [HoldMusic(), Party(1), Silence()]


def test_settled_19_custom_tone_is_looped_and_goes_on_through_the_attempts() -> None:
    hold = {"type": "custom_tone", "value": TONE}
    replies = answer(A, fetch_after_attempt=True, music_on_hold=hold), answer(B, music_on_hold=hold)
    heard = _heard(play({A: busy(), B: answers()}, *replies))
    assert heard == [HoldMusic(), Clip("s1", 1, loop=True), Party(2), Silence()]


def test_settled_19_operator_tone_is_early_media_and_ringback_until_it_comes() -> None:
    world = play({A: Phone(early=3.0, answers=6.0, hangs_up=5.0)}, answer(A, music_on_hold=OPERATOR))
    assert _heard(world) == [HoldMusic(), Ringback(), Party(1, Ringback()), Party(1), Silence()]
    assert world.heard(0)[2][0] == pytest.approx(3.2)


def test_telephony_23_in_a_wave_the_first_leg_with_early_media_owns_the_sound_until_it_fails() -> None:
    phones = {A: Phone(early=4.0), B: Phone(early=2.0, fails=(8.0, Cause.NO_ANSWER))}
    heard = _heard(play(phones, answer(A, B, parallel_ringing=WAVE, music_on_hold=OPERATOR)))
    assert heard == [HoldMusic(), Ringback(), Party(2, Ringback()), Party(1, Ringback()), Silence()]
    alone = _heard(
        play({A: RINGS_OUT, B: phones[B]}, answer(A, B, parallel_ringing=WAVE, music_on_hold=OPERATOR))
    )
    assert alone == [HoldMusic(), Ringback(), Party(2, Ringback()), Ringback(), Silence()]


def test_settled_20_callee_hears_it_while_the_caller_keeps_the_hold_sound() -> None:
    world = play({A: answers()}, answer(A, start_call_playback=_announcement("callee")))
    assert _heard(world) == [HoldMusic(), Party(1), Silence()]
    assert _heard(world, 1) == [Silence(), Clip("s1", 1), Party(0), Silence()]
    assert world.at(Bridge) == world.at(Played) == pytest.approx(0.2 + 2.1 + 3.0)


def test_settled_20_both_hear_one_play_together() -> None:
    world = play({A: answers()}, answer(A, start_call_playback=_announcement("both")))
    assert _heard(world) == [HoldMusic(), Clip("s1", 1), Party(1), Silence()]
    assert _heard(world, 1) == [Silence(), Clip("s1", 1), Party(0), Silence()]


def test_settled_20_operator_tone_during_the_announcement_is_ringback() -> None:
    reply = answer(A, start_call_playback=_announcement("callee"), music_on_hold=OPERATOR)
    heard = _heard(play({A: Phone(early=1.0, answers=2.0, hangs_up=9.0)}, reply))
    assert heard == [HoldMusic(), Ringback(), Party(1, Ringback()), Ringback(), Party(1), Silence()]


def test_settled_20_who_hangs_up_during_it_did_not_answer_and_the_next_number_is_rung() -> None:
    world = play(
        {A: answers(2.0, 1.0), B: answers()}, answer(A, B, start_call_playback=_announcement("both"))
    )
    assert dials(world) == [A, B]
    assert world.at(Dial, number=B) == pytest.approx(0.2 + 3.1)
    assert [bridge.leg for bridge in world.seen(Bridge)] == [2]
    assert world.facts.legs[0].cause_code == "NO_ANSWER" and world.facts.legs[0].on_call_seconds == 0
    alone = play({A: answers(2.0, 1.0)}, answer(A, start_call_playback=_announcement("both")))
    assert outcome(alone) == ("incomplete", "no-answer", "nobody_answers")


def test_settled_20_an_announcement_whose_end_is_not_heard_of_lasts_its_length_and_two_seconds() -> None:
    sounds = {AUDIO: Sound(plays_out=False, seconds=4.0)}
    world = play({A: answers()}, answer(A, start_call_playback=_announcement("callee")), sounds=sounds)
    assert world.at(Bridge) == pytest.approx(0.2 + 2.1 + 6.0)
    assert notes(world) == ["playback.no-end"]


def test_settled_20_the_caller_leaves_during_it() -> None:
    reply = answer(A, start_call_playback=_announcement("both"))
    world = play({A: answers(2.0, None)}, reply, caller=Caller(leaves=3.0))
    assert world.seen(Release) == [Release(1, Cause.CANCELED, "settled-22")]
    assert outcome(world) == ("client-hangup", "canceled", "nobody_answers")


def test_telephony_21_a_callee_whose_audio_dies_during_it_is_a_failed_attempt() -> None:
    phones = {A: Phone(answers=1.0, dead=1.0), B: answers()}
    world = play(phones, answer(A, B, start_call_playback=_announcement("both")))
    assert world.seen(Release) == [Release(1, Cause.DEAD_AUDIO, "telephony-21")]
    assert dials(world) == [A, B]


def test_settled_21_recording_starts_at_the_bridge_and_ends_with_the_conversation() -> None:
    reply = answer(A, record=True, recording_channels="dual", start_call_playback=_announcement("both"))
    world = play({A: answers()}, reply)
    assert _recordings(world) == [(world.at(Bridge), Recording("r1", dual=True, left=0, right=1))]
    assert world.scenes[-1][1].recording is None


def test_settled_21_single_is_mixed_and_without_record_there_is_none() -> None:
    assert [kept.dual for _, kept in _recordings(play({A: answers()}, answer(A, record=True)))] == [False]
    assert _recordings(play({A: answers()}, answer(A, recording_channels="dual"))) == []


def test_settled_21_two_conversations_of_a_call_have_two_recordings() -> None:
    flow = connect_flow(after_conversation="again")
    flow["applets"]["again"] = flow["applets"]["connect"] | {"after_conversation": "bye"}
    world = play({A: answers(), B: answers()}, answer(A, record=True), answer(B, record=True), flow=flow)
    assert [kept.name for _, kept in _recordings(world)] == ["r1", "r2"]
    assert [bridge.leg for bridge in world.seen(Bridge)] == [1, 2]


def test_telephony_29_after_the_media_process_died_the_rest_has_a_recording_of_its_own() -> None:
    world = play({A: answers(2.0, 60.0)}, answer(A, record=True), media_lost=30.0)
    assert [kept.name for _, kept in _recordings(world)] == ["r1", "r2"]
    assert notes(world) == ["media.lost"]
    assert outcome(world) == ("completed", "completed", "after_conversation")


def test_telephony_7_who_holds_lets_the_other_hear_hold_music() -> None:
    phone = Phone(answers=1.0, hangs_up=20.0, holds=((5.0, True), (8.0, False)))
    world = play({A: phone}, answer(A), caller=Caller(holds=((12.0, True), (14.0, False))))
    assert _heard(world) == [HoldMusic(), Party(1), HoldMusic(), Party(1), Silence()]
    assert _heard(world, 1) == [Silence(), Party(0), HoldMusic(), Party(0), Silence()]
