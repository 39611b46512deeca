"""Where phones can be reached (RFC 3261 §10.3, RFC 5626 §6)."""

from typing import Any

import pytest

from cordboard.legs.phones.bindings import Binding, Bindings, OutOfOrder, Registration, TooBrief
from cordboard.legs.phones.contacts import Wanted, place_of, read_contacts, same_place
from cordboard.sip.message.address import Address, Hop
from cordboard.sip.message.message import Request
from cordboard.sip.message.reader import read
from tests.unit.sip.messages import request

HOME = Address("udp", "203.0.113.5", 40001)
WORK = Address("tcp", "203.0.113.9", 50002)


def asking(
    *wanted: Wanted, call_id: str = "r1", cseq: int = 1, peer: Address = HOME, all_gone: bool = False
) -> Registration:
    return Registration("asha", Hop(0, peer), call_id, cseq, wanted, all_gone)


def contact(uri: str = "sip:asha@192.168.1.5:5060", seconds: int = 3600, **more: Any) -> Wanted:
    return Wanted(uri, place_of(uri), seconds, **more)


def uris(bindings: tuple[Binding, ...]) -> list[str]:
    return [binding.uri for binding in bindings]


def registering(*lines: str) -> Request:
    text = request("REGISTER", *lines, to="<sip:asha@x>").replace(
        b"Contact: <sip:alice@10.0.0.1:5060>\r\n", b""
    )
    found = read(text)
    assert isinstance(found, Request)
    return found


def test_a_contact_is_bound_to_the_flow_it_came_by_until_it_expires() -> None:
    bindings = Bindings({"asha": 5})
    found = bindings.update(asking(contact("sip:asha@203.0.113.5:40001", 600)), 100.0)
    assert [(one.hop.peer, one.until, one.natted) for one in found] == [(HOME, 700.0, False)]
    assert uris(bindings.of("asha", 699.9)) == ["sip:asha@203.0.113.5:40001"]
    assert bindings.of("asha", 700.0) == ()
    assert bindings.is_flow(HOME) and bindings.is_host(HOME.host) and not bindings.is_flow(WORK)
    assert bindings.sweep(700.0)
    assert not bindings.is_flow(HOME) and not bindings.is_host(HOME.host)


def test_behind_nat_on_udp_two_minutes_are_granted_and_over_a_connection_an_hour() -> None:
    bindings = Bindings({"asha": 5})
    (found,) = bindings.update(asking(contact()), 0.0)
    assert found.natted and found.until == 120
    found = bindings.update(asking(contact("sip:asha@192.168.1.6:5060"), peer=WORK), 0.0)[-1]
    assert found.natted
    assert {one.until for one in bindings} == {120, 3600}


def test_no_more_than_an_hour_and_no_less_than_a_minute() -> None:
    bindings = Bindings({"asha": 5})
    (found,) = bindings.update(asking(contact("sip:a@203.0.113.5:40001", 999_999_999)), 0.0)
    assert found.until == 3600
    with pytest.raises(TooBrief):
        bindings.update(asking(contact(seconds=59), cseq=2), 1.0)
    with pytest.raises(TooBrief):  # all or nothing
        bindings.update(
            asking(contact("sip:a@203.0.113.5:40001", 0), contact(seconds=1), cseq=2, call_id="r2"), 1.0
        )
    assert len(bindings.of("asha", 2.0)) == 1


def test_the_same_contact_is_refreshed_and_expires_0_takes_it_away() -> None:
    bindings = Bindings({"asha": 5})
    bindings.update(asking(contact()), 0.0)
    assert (
        len(bindings.update(asking(contact("sip:asha@192.168.1.5"), cseq=2), 50.0)) == 2
    )  # no port: another
    assert len(bindings.update(asking(contact("SIP:asha@192.168.1.5:5060"), cseq=3), 60.0)) == 2
    assert uris(bindings.update(asking(contact(seconds=0), cseq=4), 61.0)) == ["sip:asha@192.168.1.5"]


def test_a_star_takes_all_away() -> None:
    bindings = Bindings({"asha": 5})
    bindings.update(asking(contact(), contact("sip:asha@192.168.1.7:5060")), 0.0)
    assert bindings.update(asking(all_gone=True, cseq=2), 1.0) == ()
    assert not bindings.is_flow(HOME)


def test_an_older_register_of_the_same_call_id_changes_nothing() -> None:
    bindings = Bindings({"asha": 5})
    bindings.update(asking(contact(), cseq=7), 0.0)
    for cseq in (6, 7):
        with pytest.raises(OutOfOrder):
            bindings.update(asking(contact(seconds=0), cseq=cseq), 1.0)
        with pytest.raises(OutOfOrder):
            bindings.update(asking(all_gone=True, cseq=cseq), 1.0)
    assert len(bindings.of("asha", 1.0)) == 1
    assert bindings.update(asking(contact(seconds=0), cseq=1, call_id="restarted"), 1.0) == ()


def test_the_same_instance_and_flow_number_replaces_whatever_its_address_is() -> None:
    bindings = Bindings({"asha": 5})
    device: dict[str, Any] = {"instance": "<urn:uuid:1>", "reg_id": 1}
    bindings.update(asking(contact(**device)), 0.0)
    moved = asking(contact("sip:asha@10.9.9.9:6060", **device), call_id="r2", peer=WORK)
    assert uris(bindings.update(moved, 1.0)) == ["sip:asha@10.9.9.9:6060"]
    assert not bindings.is_flow(HOME) and bindings.is_flow(WORK)
    second = asking(contact("sip:asha@10.9.9.9:7070", instance="<urn:uuid:1>", reg_id=2), call_id="r3")
    assert len(bindings.update(second, 2.0)) == 2


def test_several_contacts_the_preferred_first_and_one_too_many_lets_the_eldest_go() -> None:
    bindings = Bindings({"asha": 3})
    for place, q in enumerate((0.5, 1.0, 0.1)):
        bindings.update(asking(contact(f"sip:asha@10.0.0.{place}:5060", q=q), cseq=place + 1), float(place))
    assert uris(bindings.of("asha", 5.0)) == [f"sip:asha@10.0.0.{place}:5060" for place in (1, 0, 2)]
    bindings.update(asking(contact("sip:asha@10.0.0.0:5060", q=0.5), cseq=8), 8.0)
    bindings.update(asking(contact("sip:asha@10.0.0.9:5060"), cseq=9), 9.0)
    assert sorted(uris(bindings.of("asha", 10.0))) == [f"sip:asha@10.0.0.{place}:5060" for place in (0, 2, 9)]


def test_a_user_that_does_not_exist_is_bound_nowhere() -> None:
    bindings = Bindings({"asha": 3})
    stranger = Registration("ravi", Hop(0, HOME), "r1", 1, (contact(),))
    assert bindings.update(stranger, 0.0) == ()
    bindings.restore(Binding("ravi", "sip:r@10.0.0.1", Hop(0, HOME), "r1", 1, 100.0, 0.0))
    assert list(bindings) == [] and not bindings.is_flow(HOME)


def test_what_a_register_asks_for_is_read() -> None:
    found, all_gone = read_contacts(
        registering(
            "Supported: path, outbound",
            'Contact: "Asha" <sip:asha@192.168.1.5:5062;ob?Route=evil>;q=0.7;expires=300'
            ';reg-id=2;+sip.instance="<urn:uuid:00000000-0000-0000-0000-0000000000aa>"',
            "Contact: <sip:asha@[2001:DB8::1]>;expires=what",
            "Expires: 1800",
        )
    )
    assert not all_gone
    device = "<urn:uuid:00000000-0000-0000-0000-0000000000aa>"
    assert found == (
        Wanted("sip:asha@192.168.1.5:5062;ob", ("192.168.1.5", 5062), 300, 0.7, device, 2),
        Wanted("sip:asha@[2001:DB8::1]", ("2001:db8::1", 5060), 1800),
    )
    assert read_contacts(registering()) == ((), False)
    assert read_contacts(registering("Contact: *", "Expires: 0")) == ((), True)
    without_outbound, _ = read_contacts(registering('Contact: <sip:a@b>;reg-id=1;+sip.instance="<u>"'))
    assert without_outbound[0].reg_id == 0 and without_outbound[0].seconds == 3600


@pytest.mark.parametrize(
    "lines",
    [
        ("Contact: *",),
        ("Contact: *", "Expires: 60"),
        ("Contact: *, <sip:a@b>", "Expires: 0"),
        ("Contact: <tel:+919812300001>",),
        ("Contact: <mailto:a@b>",),
        ("Contact: <sip:a b@c>",),
        ('Contact: "open <sip:a@b>',),
        ("Contact: <sip:a@" + "b" * 600 + ">",),
        ("Contact: " + ", ".join(f"<sip:a@10.0.0.{n}>" for n in range(11)),),
    ],
)
def test_contacts_that_cannot_be_obeyed_are_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_contacts(registering(*lines))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:asha@EXAMPLE.com", "sip:asha@example.com", True),
        ("sip:Asha@example.com", "sip:asha@example.com", False),
        ("sip:asha@example.com:5060", "sip:asha@example.com", False),
        ("sip:asha@10.0.0.1;transport=TCP", "sip:asha@10.0.0.1;transport=tcp", True),
        ("sip:asha@10.0.0.1;transport=tcp", "sip:asha@10.0.0.1", False),
        ("sip:asha@10.0.0.1;ob", "sip:asha@10.0.0.1", True),
    ],
)
def test_contacts_are_compared_as_uris(one: str, other: str, same: bool) -> None:
    assert same_place(one, other) is same
