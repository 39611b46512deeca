"""Acts one call with answers that were received, in the pretend world."""

from dataclasses import dataclass, replace

from cordboard.call.words import Fetch
from cordboard.contract.facts import CallFacts
from cordboard.customer.got import Got
from cordboard.testing.applications import Answer
from cordboard.testing.matrix.words import Setup
from cordboard.testing.playing import Play, PlayedWorld
from cordboard.testing.scenario import connect_flow
from cordboard.testing.story import Story
from cordboard.testing.telling import tell


@dataclass
class Script:
    """The answers of a played call. ``first``, ``fallback``: of the URLs; ``again``: of the Primary from its
    second request on, the last one stays."""

    first: Answer
    again: tuple[Answer, ...]
    fallback: Answer
    asked: int = 0

    def __call__(self, fetch: Fetch) -> Answer:
        """By role and turn."""
        if fetch.role == "fallback":
            return self.fallback
        self.asked += 1
        if self.asked == 1:
            return self.first
        return self.again[min(self.asked - 2, len(self.again) - 1)]


def answer_of(got: Got, setup: Setup) -> Answer:
    """What came, to be given again; what was too late is as late again."""
    seconds = got.elapsed if got.status else min(got.elapsed, setup.account.fetch_seconds)
    return Answer(got.status, got.media_type, got.body, seconds, got.error)


def silence(setup: Setup) -> Answer:
    """No answer within the time."""
    seconds = setup.account.fetch_seconds
    return Answer(0, "", b"", seconds, f"no answer in {seconds:g} seconds")


def play_of(setup: Setup, facts: CallFacts, *, late: bool = False) -> Play:
    """The setup's flow, one Connect whose exits lead nowhere; phones, sounds and so on are put in by hand."""
    flow = connect_flow(
        primary_url=setup.url,
        fallback_url=setup.fallback or None,
        accept=sorted(setup.accept) or None,
        answer="late" if late else "at_once",
    )
    return Play(
        flow={**flow, "id": setup.flow_id},
        account=setup.account,
        told=replace(facts, answered_at=None),  # the flow answers
        able=tuple(phone.number for phone in setup.account.exophones),
    )


def act(play: Play, script: Script, setup: Setup) -> Story:
    """To the end of the call."""
    world = PlayedWorld(play, ask=script)
    world.run()
    return tell(world, setup.accept)
