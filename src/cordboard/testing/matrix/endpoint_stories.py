"""What a caller would hear of each exchange with the endpoint, if everybody took the call."""

from dataclasses import replace

from cordboard.testing.matrix.acting import Script, act, answer_of, play_of, silence
from cordboard.testing.matrix.endpoint import Known
from cordboard.testing.matrix.played import cast_of
from cordboard.testing.matrix.scenes import TAKES
from cordboard.testing.matrix.stages import first_facts
from cordboard.testing.matrix.words import Asked, Result, Setup


def with_stories(setup: Setup, known: Known) -> list[Result]:
    """The endpoint's results, those with an exchange told as a call; of many the slowest."""
    setup = cast_of(setup, known).setup
    fallback = answer_of(known.fallback.got, setup) if known.fallback is not None else silence(setup)
    told = []
    for result in known.results:
        if result.asked:
            slowest = max(result.asked, key=lambda asked: (not asked.got.status, asked.got.elapsed))
            asked = slowest if len(result.asked) > 2 else result.asked[0]
            answer = answer_of(asked.got, setup)
            script = Script(answer, (answer,), fallback)
            play = play_of(setup, first_facts(setup, _sid(asked)))
            play = replace(play, others=TAKES, sounds=known.sounds)
            result = replace(result, story=act(play, script, setup))
        told.append(result)
    return told


def _sid(asked: Asked) -> str:
    return asked.url.partition("CallSid=")[2].partition("&")[0]
