"""What every example does, played with the pytest plugin: the same tests in four languages."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cordboard.testing.platform import Platform, after_gather, outbound

ASHA, RAVI, NIGHT, FRONT_DESK = "+919812300001", "+919812300002", "+919812300003", "+918047100009"

Start = Callable[[list[str], Path, Mapping[str, str]], str]
"""Starts a program in a folder with an environment; gives its URL."""


class EveryExample:
    """A test module names a subclass and brings two fixtures: ``application``, a callable or a URL, and
    ``served``, the URL of the running program."""

    def call(self, platform: Platform, application: Any, **what: Any) -> Any:
        """One call, by Primary and Fallback of the application."""
        url = f"{application}/connect" if isinstance(application, str) else application
        return platform.call(url, fallback="/fallback", **what)

    def test_the_first_agent_answers(self, platform: Platform, application: Any) -> None:
        story = self.call(platform, application, phones={ASHA: "answers after 3s and talks 60s"})
        assert story.dialled == [ASHA]
        assert story.exit == "after_conversation"
        assert story.heard("hold_music", at=2.0) and story.heard(ASHA, at=30.0)
        assert [recording.channels for recording in story.recordings] == ["dual"]

    def test_the_second_agent_is_rung_when_the_first_is_busy(
        self, platform: Platform, application: Any
    ) -> None:
        story = self.call(platform, application, phones={ASHA: "busy", RAVI: "answers"})
        assert story.dialled == [ASHA, RAVI] and story.talked_to == RAVI
        assert story.requests[1].parameters["DialCallStatus"] == "busy"

    def test_nobody_answers(self, platform: Platform, application: Any) -> None:
        story = self.call(platform, application, phones={})
        assert story.dialled == [ASHA, RAVI]
        assert (story.exit, story.dial_status) == ("nobody_answers", "no-answer")
        assert 40 < story.ended_at < 45

    def test_at_night_the_night_watch_is_rung(self, platform: Platform, application: Any) -> None:
        story = self.call(platform, application, phones={NIGHT: "answers"}, at="2026-01-13 22:30:00")
        assert story.dialled == [NIGHT]

    def test_the_caller_gives_up_while_it_rings(self, platform: Platform, application: Any) -> None:
        story = self.call(platform, application, caller_does="hangs up after 5s while ringing")
        assert (story.call_type, story.dial_status) == ("client-hangup", "canceled")

    def test_a_call_asked_for_twice_gets_the_same_answer(self, platform: Platform, application: Any) -> None:
        first, second = (self.call(platform, application, sid="c" * 32) for _ in range(2))
        assert first.requests[0].body == second.requests[0].body

    def test_every_answer_is_without_a_problem(self, platform: Platform, application: Any) -> None:
        for stage in (after_gather("12"), outbound("order 42"), outbound("{}", digits="*")):
            story = self.call(platform, application, stage=stage)
            assert not story.problems, story

    def test_the_fallback_answers_by_itself(self, platform: Platform, application: Any) -> None:
        base = application if isinstance(application, str) else platform.mount(application)
        story = platform.call(f"{base}/fallback", {FRONT_DESK: "answers"})
        assert story.talked_to == FRONT_DESK and not story.problems

    def test_dial_events_reach_it(self, platform: Platform, application: Any) -> None:
        platform.send_events = True
        story = self.call(platform, application, phones={ASHA: "answers"})
        assert [(event.kind, event.parameters["Status"]) for event in story.events] == [
            ("Dial", "busy"),
            ("Terminal", "free"),
        ]
        assert [event.status for event in story.events] == [200, 200]

    def test_the_checker_has_nothing_to_say(self, served: str) -> None:
        words = [f"{served}/connect", "--fallback", f"{served}/fallback", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "cordboard", "check", *words], capture_output=True, text=True, timeout=60
        )
        told = json.loads(done.stdout)
        assert done.returncode == 0 and not told["faults"], done.stdout
