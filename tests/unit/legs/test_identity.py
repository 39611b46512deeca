"""telephony.md 14: how outgoing legs name us and whom they call."""

from dataclasses import replace

import pytest

from cordboard.config.settings import Trunk
from cordboard.legs.identity import Identity, dialled_form, identify
from cordboard.legs.words import Audio
from cordboard.testing.virtual_time import run
from tests.unit.legs.fakes import EXOPHONE, Stage, settings

CALLEE = "+919876543210"
PLAIN = Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",))
AUDIO = Audio("198.51.100.1", 30000)


def identity(trunk: Trunk, rung: str = "", country: str = "IN", number: str = CALLEE) -> Identity:
    return identify(trunk, country, number, EXOPHONE, "198.51.100.1", "192.0.2.10:5060", "", rung)


def test_telephony_14_the_owned_number_is_in_from_and_asserted() -> None:
    found = identity(PLAIN)
    assert found.request_uri == found.to_uri == "sip:+919876543210@192.0.2.10:5060"
    assert found.from_uri == "sip:+918047115777@198.51.100.1"
    assert found.headers == (("P-Asserted-Identity", "<sip:+918047115777@198.51.100.1>"),)


@pytest.mark.parametrize(
    ("how", "headers"),
    [
        ("ppi", (("P-Preferred-Identity", "<sip:+918047115777@198.51.100.1>"),)),
        ("none", ()),
    ],
)
def test_telephony_14_the_identity_is_preferred_or_left_out(
    how: str, headers: tuple[tuple[str, str], ...]
) -> None:
    assert identity(replace(PLAIN, identity=how)).headers == headers


@pytest.mark.parametrize(
    ("form", "prefix", "number", "dialled"),
    [
        ("e164", "", CALLEE, "+919876543210"),
        ("national", "", CALLEE, "9876543210"),
        ("0national", "", CALLEE, "09876543210"),
        ("national", "", "+12025550123", "+12025550123"),
        ("e164", "1234", CALLEE, "1234919876543210"),
        ("national", "9", CALLEE, "99876543210"),
        ("0national", "*55*", CALLEE, "*55*09876543210"),
        ("national", "00", "+12025550123", "0012025550123"),
    ],
)
def test_telephony_14_a_dialled_number_is_in_the_trunks_form_behind_its_prefix(
    form: str, prefix: str, number: str, dialled: str
) -> None:
    trunk = replace(PLAIN, number_format=form, prefix=prefix)
    assert dialled_form(number, trunk, "IN") == dialled
    assert identity(trunk, number=number).to_uri == f"sip:{dialled}@192.0.2.10:5060"


def test_telephony_14_the_prefix_is_for_dialling_only() -> None:
    found = identity(replace(PLAIN, number_format="0national", prefix="9"))
    assert found.from_uri == "sip:08047115777@198.51.100.1"
    assert found.headers == (("P-Asserted-Identity", "<sip:08047115777@198.51.100.1>"),)


def test_our_uris_have_the_domain_that_the_trunk_wants() -> None:
    found = identity(replace(PLAIN, domain="acme1.pstn.example.com", diverted_by="diversion"), EXOPHONE)
    assert found.from_uri == "sip:+918047115777@acme1.pstn.example.com"
    assert found.headers[0][1] == "<sip:+918047115777@acme1.pstn.example.com>"
    assert found.headers[1][1].startswith("<sip:+918047115777@acme1.pstn.example.com>")


def test_rfc3323_a_withheld_number_leaves_from_and_stays_asserted() -> None:
    found = identity(replace(PLAIN, privacy=True))
    assert (found.from_name, found.from_uri) == ("Anonymous", "sip:anonymous@anonymous.invalid")
    assert found.headers == (
        ("P-Asserted-Identity", "<sip:+918047115777@198.51.100.1>"),
        ("Privacy", "id"),
    )


def test_rfc5806_a_call_that_goes_on_names_the_exophone_that_was_rung() -> None:
    found = identity(replace(PLAIN, diverted_by="diversion"), "+918047100001")
    assert found.headers[1:] == (
        (
            "Diversion",
            "<sip:+918047100001@198.51.100.1>;reason=unconditional;counter=1;screen=no;privacy=off",
        ),
    )


def test_rfc7044_history_info_has_index_cause_and_mapping() -> None:
    found = identity(replace(PLAIN, diverted_by="history-info", number_format="national"), "+918047100001")
    assert found.headers[1:] == (
        (
            "History-Info",
            "<sip:8047100001@198.51.100.1>;index=1, "
            "<sip:9876543210@192.0.2.10:5060;cause=302>;index=1.1;mp=1",
        ),
    )


@pytest.mark.parametrize("how", ["diversion", "history-info"])
def test_a_call_that_we_began_was_not_diverted(how: str) -> None:
    assert len(identity(replace(PLAIN, diverted_by=how)).headers) == 1


def test_a_leg_for_a_caller_names_the_exophone_and_one_without_does_not() -> None:
    stage = Stage(settings(replace(PLAIN, diverted_by="diversion", privacy=True)))
    stage.arrive()

    async def dial() -> None:
        stage.legs.dial("c1", 1, CALLEE, EXOPHONE, AUDIO, 30)
        stage.legs.dial("c2", 1, CALLEE, EXOPHONE, AUDIO, 30)

    run(dial())
    names = [[name for name, _ in invite.headers] for invite in stage.endpoint.invites]
    assert names == [
        ["P-Asserted-Identity", "Privacy", "Diversion", "Expires", "X-Cordboard-Hops"],
        ["P-Asserted-Identity", "Privacy", "Expires", "X-Cordboard-Hops"],
    ]
    assert stage.endpoint.invites[0].from_name == "Anonymous"
