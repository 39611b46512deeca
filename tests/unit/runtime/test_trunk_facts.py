"""A trunk in the words of the API."""

import json
from dataclasses import replace

from cordboard.config.settings import ExoPhone, Trunk
from cordboard.legs.trunks import Trunks
from cordboard.runtime.trunk_facts import trunk_facts

TRUNK = Trunk(
    "carrier",
    "sip:192.0.2.10",
    hosts=("sip:[2001:db8::1];priority=1",),
    max_calls=9,
    username="u",
    password="hush",
)


def test_hosts_say_whether_they_answer_and_why_not() -> None:
    trunks = Trunks((TRUNK,), (ExoPhone("+918047115777", 1, "carrier"),))
    route = trunks.named("carrier")
    assert route is not None
    first = route.hosts.all[0].address
    for now in (10.0, 12.5):
        route.hosts.failed(first, now, "no reply to an INVITE")
    facts = trunk_facts(route, trunks.exophones_of(route), 20.0)
    assert facts["hosts"] == [
        {
            "address": "udp:192.0.2.10:5060",
            "name": "192.0.2.10",
            "in_use": False,
            "answers": False,
            "out_for_seconds": 7.5,
            "why": "no reply to an INVITE",
        },
        {
            "address": "udp:[2001:db8::1]:5060",
            "name": "2001:db8::1",
            "in_use": True,
            "answers": True,
            "out_for_seconds": None,
            "why": "",
        },
    ]
    assert (facts["can_dial"], facts["exophones"], facts["max_calls"]) == (True, ["+918047115777"], 9)
    assert "registered" not in facts and "hush" not in json.dumps(facts)


def test_the_state_is_the_first_reason_why_no_call_should_leave() -> None:
    route = Trunks((replace(TRUNK, hosts=(), max_calls=1),), ()).named("carrier")
    assert route is not None

    def state() -> str:
        return str(trunk_facts(route, (), 20.0)["state"])

    assert state() == "up"
    route.live = 1
    assert state() == "full"
    for _ in range(2):
        route.hosts.failed(route.hosts.all[0].address, 19.0, "no reply")
    assert state() == "down"
    route.registered = False
    assert state() == "unregistered"
