"""Whatever phones and callers do, the story holds together."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cordboard.testing.phones import Script
from cordboard.testing.platform import (
    Answers,
    Asked,
    Busy,
    CallerHangsUp,
    Declines,
    Fails,
    HangsUpDuringPlayback,
    NeverReplies,
    NoAnswer,
    Platform,
)

NUMBERS = tuple(f"+91981230000{digit}" for digit in range(4))
SECONDS = st.sampled_from((0.0, 0.05, 0.1, 1.0, 5.0, 29.95, 30.0, 45.0))
PHONES: st.SearchStrategy[Script] = st.one_of(
    st.builds(Answers, SECONDS, SECONDS, early=st.none() | SECONDS),
    st.builds(Busy, SECONDS),
    st.builds(Declines, SECONDS),
    st.builds(NoAnswer, early=st.none() | SECONDS),
    st.builds(Fails, st.integers(400, 699), SECONDS),
    st.builds(HangsUpDuringPlayback, SECONDS, SECONDS),
    st.just(NeverReplies()),
)
CALLERS = st.none() | st.builds(
    CallerHangsUp, SECONDS, st.sampled_from(("call", "ringing", "playback", "conversation"))
)
ANSWERS = st.fixed_dictionaries(
    {
        "fetch_after_attempt": st.booleans(),
        "record": st.booleans(),
        "parallel_ringing": st.fixed_dictionaries({"activate": st.booleans()}),
        "music_on_hold": st.sampled_from(({"type": "operator_tone"}, {"type": "default_tone"})),
    },
    optional={
        "start_call_playback": st.fixed_dictionaries(
            {
                "playback_to": st.sampled_from(("both", "callee")),
                "type": st.just("text"),
                "value": st.just("hello"),
            }
        )
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PHONES, min_size=4, max_size=4), CALLERS, ANSWERS, st.sampled_from(("at_once", "late")))
def test_a_story_holds_together(
    phones: list[Script], caller: CallerHangsUp | None, words: dict[str, Any], answer: str
) -> None:
    def application(asked: Asked) -> tuple[int, str, str]:
        left = NUMBERS[sum(name.endswith("[Number]") for name in asked) :]
        return 200, "application/json", json.dumps({"destination": {"numbers": left}, **words})

    with Platform(answer=answer) as platform:
        story = platform.call(application, dict(zip(NUMBERS, phones, strict=True)), caller_does=caller)

    assert story.exit in ("after_conversation", "nobody_answers", "not_dialed")
    assert bool(story.talked_to) == (story.exit == "after_conversation")
    json.dumps(story.as_json())
    # What the caller hears has no gap and ends with the call.
    ends = [heard.ends for heard in story.hears]
    assert ends[:-1] == [heard.begins for heard in story.hears[1:]]
    assert not ends or ends[-1] == story.ended_at
    for leg in story.legs:
        assert leg.ended_at is not None and leg.end and leg.by and leg.dialled_at <= leg.ended_at
        assert leg.answered_at is None or leg.dialled_at <= leg.answered_at <= leg.ended_at
    carried = [value for name, value in story.next_request.items() if name.endswith("[Number]")]
    assert carried == [f"0{number[3:]}" for number in story.dialled]
    assert sum(leg.bridged_at is not None for leg in story.legs) <= 1
    assert bool(story.recordings) == (bool(story.talked_to) and words["record"])
