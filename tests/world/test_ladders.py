"""Golden ladders: a change of behaviour is a readable difference in a text file.

To write them anew: `CORDBOARD_WRITE_LADDERS=1 pytest tests/world/test_ladders.py`, then read what changed.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cordboard.call.causes import Cause
from cordboard.testing.scenario import (
    EVENTS,
    NEVER_REPLIES,
    PRIMARY,
    RINGS_OUT,
    Caller,
    Phone,
    Reply,
    Scenario,
    Sound,
    answer,
    answers,
    busy,
    connect_flow,
    flow_of,
    typed,
)
from cordboard.testing.world import World
from tests.world.helpers import AUDIO, TONE, A, B, C, D

FOLDER = Path(__file__).parent / "ladders"
WAVE = {"activate": True, "max_parallel_attempts": 2}

KEYS_THEN_CONNECT = Scenario(
    flow=flow_of(
        "menu",
        menu={
            "type": "menu",
            "prompt": {"text": "Support: 2."},
            "keys": {"2": "gather"},
            "repeats": 1,
        },
        gather={"type": "gather", "primary_url": f"{PRIMARY}/code", "digits": "connect", "nothing": "sorry"},
        connect={"type": "connect", "primary_url": PRIMARY},
    ),
    phones={A: answers(2.0, 5.0)},
    replies=(
        Reply(
            b'{"gather_prompt": {"text": "Code?"}, "repeat_menu": 1, "input_timeout": 2,'
            b' "repeat_gather_prompt": {"text": "Once more: code?"}}'
        ),
        answer(A),
    ),
    # a wrong key, the right one; no digits in the first try, three in the second, a finish key
    caller=Caller(digits=((1.0, "9"), (2.0, "2"), *typed("12", 10.0), (11.2, "3"), (12.0, "#"))),
)

SCENARIOS = {
    "plain_call": Scenario(phones={A: answers(4.0, 30.0)}, replies=(answer(A),)),
    "fallback_then_announcement_and_recording": Scenario(
        phones={A: RINGS_OUT, B: answers(3.0, 30.0)},
        replies=(
            Reply(status=500),
            answer(
                A,
                B,
                max_ringing_duration=20,
                record=True,
                recording_channels="dual",
                start_call_playback={"playback_to": "both", "type": "text", "value": "Hello."},
                dial_passthru_event_url=EVENTS,
            ),
        ),
    ),
    "waves_two_answers_cross": Scenario(
        phones={A: busy(), B: RINGS_OUT, C: answers(4.0, 20.0), D: answers(4.02, None)},
        replies=(answer(A, B, C, D, parallel_ringing=WAVE, dial_passthru_event_url=EVENTS),),
    ),
    "asked_again_until_the_same_set": Scenario(
        flow=connect_flow(nobody_answers="sorry"),
        phones={A: busy(), B: NEVER_REPLIES},
        replies=(
            answer(A, fetch_after_attempt=True),
            answer(B, fetch_after_attempt=True),
            answer(B, fetch_after_attempt=True),
        ),
    ),
    "late_answer_with_operator_tone": Scenario(
        flow=connect_flow(answer="late"),
        phones={
            A: Phone(early=1.0, fails=(9.0, Cause.NO_ANSWER)),
            B: Phone(early=2.0, answers=6.0, hangs_up=9.0),
        },
        replies=(answer(A, B, music_on_hold={"type": "operator_tone"}),),
    ),
    "late_and_everybody_busy": Scenario(
        flow=connect_flow(answer="late"), phones={A: busy(), B: busy()}, replies=(answer(A, B),)
    ),
    "caller_leaves_as_the_callee_answers": Scenario(
        flow=connect_flow(nobody_answers="sorry"),
        phones={A: answers(4.0, None)},
        replies=(answer(A, dial_passthru_event_url=EVENTS),),
        caller=Caller(leaves=4.15),
    ),
    "announcement_missing_custom_tone_hold": Scenario(
        phones={B: Phone(answers=4.0, hangs_up=30.0, holds=((5.0, True), (9.0, False)))},
        replies=(
            answer(A, start_call_playback={"playback_to": "callee", "type": "audio_url", "value": AUDIO}),
            answer(B, music_on_hold={"type": "custom_tone", "value": TONE}, max_conversation_duration=20),
        ),
        sounds={AUDIO: Sound(status=404, seconds=0.0)},
    ),
    "menu_then_gather_by_url_then_connect": KEYS_THEN_CONNECT,
    "the_same_with_keys_by_info": replace(
        KEYS_THEN_CONNECT, caller=replace(KEYS_THEN_CONNECT.caller, info=True)
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_ladder(name: str) -> None:
    ladder = World(SCENARIOS[name]).run().ladder()
    file = FOLDER / f"{name}.txt"
    if os.environ.get("CORDBOARD_WRITE_LADDERS"):
        file.write_text(ladder)
    assert ladder == file.read_text()


def test_every_ladder_has_its_scenario() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(SCENARIOS)
