"""When a recording is whole, and what its certificate says."""

import json
from dataclasses import replace

import pytest

from cordboard.recordings import certificate
from cordboard.recordings.certificate import Decision, Found, Frames, Tape, decide

SIZE = 44 + 4 * 80_000
LEGS = (Frames(0, 0, 500, 500, 500), Frames(1, 1, 500, 499, 499))
TAPE = Tape("whole", 10.0, 10.1, 2, SIZE, frames=LEGS)
FOUND = Found(SIZE, "ab" * 32, 2, 10.0)


def codes(decision: Decision) -> list[str]:
    return [code for code, _ in decision.reasons]


def test_settled_21_a_recording_from_which_nothing_is_missing_is_whole() -> None:
    assert decide(TAPE, FOUND) == Decision("whole", ())


@pytest.mark.parametrize("length", [0.02, 0.04])
def test_telephony_24_a_gap_of_two_frames_leaves_it_whole(length: float) -> None:
    assert decide(replace(TAPE, gaps=((1, 2.0, length),)), FOUND).state == "whole"


def test_telephony_24_a_gap_of_more_than_40_ms_makes_it_partial_and_says_where() -> None:
    decision = decide(replace(TAPE, gaps=((1, 2.5, 0.06),)), FOUND)
    assert decision.state == "partial"
    assert decision.reasons == (("gap", "channel 1: 0.060 s are missing at second 2.500"),)


def test_frames_that_were_heard_and_not_written_make_it_partial() -> None:
    decision = decide(replace(TAPE, frames=(LEGS[0], Frames(1, 1, 500, 500, 498))), FOUND)
    assert (decision.state, codes(decision)) == ("partial", ["frames"])


@pytest.mark.parametrize(
    ("seconds", "state"), [(9.9, "whole"), (10.299, "whole"), (9.89, "partial"), (10.31, "partial")]
)
def test_it_is_as_long_as_the_conversation_to_200_ms(seconds: float, state: str) -> None:
    decision = decide(replace(TAPE, seconds=seconds), FOUND)
    assert decision.state == state and codes(decision) == ([] if state == "whole" else ["duration"])


@pytest.mark.parametrize(
    "found",
    [
        replace(FOUND, size=SIZE - 4),
        replace(FOUND, channels=1),
        replace(FOUND, fault="its header says 0 bytes of audio where there are 320000"),
    ],
)
def test_a_file_that_is_not_what_was_written_is_partial(found: Found) -> None:
    decision = decide(TAPE, found)
    assert (decision.state, codes(decision)) == ("partial", ["header"])


def test_f5_where_the_disk_took_nothing_is_told_to_the_millisecond() -> None:
    decision = decide(replace(TAPE, state="partial", stops=((3.25, 1.5), (8.0, 0.0))), FOUND)
    assert decision.state == "partial"
    assert [text for _, text in decision.reasons] == [
        "the disk took nothing from second 3.250 for 1.500 s",
        "the disk took nothing from second 8.000 to the end",
    ]


def test_what_media_cut_short_is_partial_and_says_why() -> None:
    decision = decide(replace(TAPE, state="partial", problem="the media process ended"), FOUND)
    assert decision.reasons == (("media", "the media process ended"),)


def test_without_a_file_it_failed() -> None:
    assert decide(Tape("failed", 0.0, 4.0, 2, 0, problem="the disk is full"), None) == Decision(
        "failed", (("media", "the disk is full"),)
    )
    assert decide(replace(TAPE, size=0), None).state == "failed"


def test_reasons_are_bounded() -> None:
    gaps = tuple((0, float(n), 0.1) for n in range(1000))
    assert len(decide(replace(TAPE, gaps=gaps), FOUND).reasons) <= 20


def test_what_is_kept_until_it_is_decided_comes_back_as_it_was() -> None:
    tape = replace(TAPE, state="partial", gaps=((1, 0.5, 0.1),), stops=((1.0, 0.0),), problem="x")
    kept = json.loads(json.dumps(certificate.undecided(tape)))
    assert certificate.tape_of(kept) == tape
    assert certificate.tape_of({}) is None


def test_the_certificate_says_all_of_it() -> None:
    tape = replace(TAPE, gaps=((1, 2.0, 0.06), (0, 4.0, 0.02)))
    decision = decide(tape, FOUND)
    told = certificate.as_document("abtalk", "ab", "talk", tape, FOUND, decision, 1_768_284_894.5)
    assert told["state"] == "partial" and told["reasons"][0]["code"] == "gap"
    assert told["file"] == {"size": SIZE, "sha256": "ab" * 32}
    assert (told["seconds"], told["call_seconds"]) == (10.0, 10.1)
    assert told["format"] == {"container": "wav", "encoding": "pcm_s16le", "rate": 8000, "channels": 2}
    assert told["legs"][1] == {"leg": 1, "channel": 1, "expected": 500, "heard": 499, "written": 499}
    assert [gap["counts"] for gap in told["gaps"]] == [True, False]
    assert told["decided_at"] == "2026-01-13T06:14:54.500Z"
    assert json.loads(json.dumps(told)) == told
