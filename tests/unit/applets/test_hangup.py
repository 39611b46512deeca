"""Hangup: nothing to set, done at once."""

import pytest

from cordboard.applets.hangup import Hangup
from cordboard.applets.hangup.settings import Settings
from cordboard.call.scene import Scene
from cordboard.call.words import Finish, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import Entered
from cordboard.kernel.mistakes import BadInput

FACTS = CallFacts("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0)


def test_it_finishes_when_entered() -> None:
    kind = Hangup()
    state = kind.begin(kind.settings({}, "x"), Account(), FACTS)
    assert kind.step(state, Entered(), 0.0) == (state, (Finish("", "flow.hangup"),))
    assert kind.step(state, TimePassed(), 0.0) == (state, ())
    assert kind.exits(Settings()) == {} and kind.deadline(state) is None
    assert kind.scene(state) == Scene() and kind.facts(state) is FACTS


def test_it_has_no_settings() -> None:
    with pytest.raises(BadInput, match=r"^flow\.bye: unknown key `next`; known: none$"):
        Hangup().settings({"next": "x"}, "flow.bye")
