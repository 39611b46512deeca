"""telephony.md 13 and reliability.md S14: numbers on their way in."""

import pytest

from cordboard.config.settings import Trunk
from cordboard.legs.numbers import caller_id, dialled_exophone, number_in, number_in_header, shown_name
from tests.unit.legs.fakes import invitation

OURS = ("+918047115777", "+918047100001", "+12025550123")
PLAIN = Trunk("t", "sip:192.0.2.1")
NATIONAL = Trunk("t", "sip:192.0.2.1", number_format="0national")


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:+918047115777@h", "+918047115777"),
        ("sip:+91-80-4711.5777@h", "+918047115777"),
        ("sip:08047115777;npdi@h:5060;user=phone", "08047115777"),
        ("sip:%2B918047115777@h", "+918047115777"),
        ("tel:+918047115777", "+918047115777"),
        ("tel:+91(80)4711-5777;isub=1", "+918047115777"),
        ("tel:8047115777;phone-context=+91", "+918047115777"),
        ("tel:08047115777;phone-context=+91", "+918047115777"),
        ("tel:4711-5777;phone-context=+91-80", "+918047115777"),
        ("tel:918047115777;phone-context=+91", "+918047115777"),
        ("tel:08047115777;phone-context=carrier.example", "08047115777"),
        ("tel:+918047115777;phone-context=+1", "+918047115777"),
        ("tel:99999999999999;phone-context=+91", "99999999999999"),
        ("sip:08047115777;phone-context=+91@h;user=phone", "+918047115777"),
        ("sip:08047115777;PHONE-CONTEXT=%2B91@h;user=phone", "+918047115777"),
        ("sip:asha@h", ""),
        ("sip:h", ""),
        ("sip:+91%0d%0aRoute:x@h", ""),
        ("sip:९८७६५४३२१०@h", ""),
        ("sip:1@h", ""),
        ("sip:" + "9" * 21 + "@h", ""),
        ("mailto:123@h", ""),
        ("", ""),
    ],
)
def test_s14_a_number_is_a_plus_and_2_to_20_digits(uri: str, number: str) -> None:
    assert number_in(uri) == number


def test_the_first_address_of_a_header_names_the_number() -> None:
    assert number_in_header('"A, B" <sip:+911234567890@h>;reason=x, <sip:+919999999999@h>') == "+911234567890"
    assert number_in_header("") == ""


@pytest.mark.parametrize("dialled", ["+918047115777", "918047115777", "00918047115777"])
def test_telephony_13_the_request_uri_names_the_exophone(dialled: str) -> None:
    assert dialled_exophone(invitation(f"sip:{dialled}@h"), PLAIN, OURS) == "+918047115777"


@pytest.mark.parametrize("dialled", ["08047115777", "8047115777", "47115777"])
def test_telephony_13_national_forms_match_on_their_last_digits(dialled: str) -> None:
    assert dialled_exophone(invitation(f"sip:{dialled}@h"), NATIONAL, OURS) == "+918047115777"
    assert dialled_exophone(invitation(f"sip:{dialled}@h"), PLAIN, OURS) == ""


def test_telephony_13_last_digits_that_fit_two_exophones_name_none() -> None:
    twins = ("+918047115777", "+448047115777")
    assert dialled_exophone(invitation("sip:8047115777@h"), NATIONAL, twins) == ""


@pytest.mark.parametrize("dialled", ["5777", "0", "+8047115777", "99998047115777"])
def test_what_is_too_short_or_is_another_number_names_none(dialled: str) -> None:
    assert dialled_exophone(invitation(f"sip:{dialled}@h"), NATIONAL, OURS) == ""


@pytest.mark.parametrize(
    ("did_from", "header"), [("p-called-party-id", "P-Called-Party-ID"), ("diversion", "Diversion")]
)
def test_telephony_13_did_from_names_the_header(did_from: str, header: str) -> None:
    trunk = Trunk("t", "sip:192.0.2.1", did_from=did_from)
    call = invitation("sip:trunk42@h", headers=((header, "<sip:+918047100001@h>;reason=unknown"),))
    assert dialled_exophone(call, trunk, OURS) == "+918047100001"
    assert dialled_exophone(call, PLAIN, OURS) == ""


def test_telephony_13_of_several_diversions_the_first_exophone_counts() -> None:
    trunk = Trunk("t", "sip:192.0.2.1", did_from="diversion", number_format="0national")
    lines = (
        ("Diversion", '"A, B" <sip:09812300099@h>;reason=no-answer;counter=1, <sip:desk@h>'),
        ("Diversion", "<tel:08047100001;phone-context=+91>;reason=unconditional"),
    )
    assert dialled_exophone(invitation("sip:trunk42@h", headers=lines), trunk, OURS) == "+918047100001"


@pytest.mark.parametrize("did_from", ["to", "p-called-party-id", "diversion"])
@pytest.mark.parametrize(
    "uri",
    [
        "sip:+918047100001@h;user=phone",
        "sip:08047100001@h;user=phone",
        "sip:8047100001@h",
        "sip:918047100001@h",
        "sip:0918047100001@h",
        "sip:00918047100001@h",
        "tel:+91-80-4710-0001",
        "tel:08047100001;phone-context=+91",
    ],
)
def test_telephony_13_every_form_of_every_place_names_the_exophone(did_from: str, uri: str) -> None:
    trunk = Trunk("t", "sip:192.0.2.1", did_from=did_from, number_format="0national")
    header = "Diversion" if did_from == "diversion" else "P-Called-Party-ID"
    call = invitation("sip:trunk42@h", to_uri=uri, headers=((header, f"<{uri}>"),))
    assert dialled_exophone(call, trunk, OURS) == "+918047100001"


@pytest.mark.parametrize("value", ["<sip:+918047100001@h", '"x', "<>", "", ",,,", "sip:%zz@h, <tel:>"])
def test_telephony_13_a_broken_header_names_none(value: str) -> None:
    trunk = Trunk("t", "sip:192.0.2.1", did_from="diversion")
    assert dialled_exophone(invitation("sip:trunk42@h", headers=(("Diversion", value),)), trunk, OURS) == ""


def test_telephony_13_did_from_to() -> None:
    call = invitation("sip:trunk42@h", to_uri="sip:+918047100001@h")
    assert dialled_exophone(call, Trunk("t", "sip:192.0.2.1", did_from="to"), OURS) == "+918047100001"


def test_telephony_13_the_request_uri_goes_before_the_header() -> None:
    call = invitation("sip:+918047115777@h", to_uri="sip:+918047100001@h")
    assert dialled_exophone(call, Trunk("t", "sip:192.0.2.1", did_from="to"), OURS) == "+918047115777"


@pytest.mark.parametrize(
    ("from_uri", "shown"),
    [
        ("sip:+919812300001@h", "+919812300001"),
        ("sip:09812300001@h", "+919812300001"),
        ("sip:9812300001@h;user=phone", "+919812300001"),
        ("sip:+12025550100@h", "+12025550100"),
        ("sip:anonymous@anonymous.invalid", "anonymous"),
        ("sip:Anonymous@carrier.example", "anonymous"),
        ("sip:+919812300001@anonymous.invalid", "anonymous"),
        ("sip:restricted@h", "anonymous"),
        ("sip:asha@h", "anonymous"),
        ("sip:carrier.example", "anonymous"),
    ],
)
def test_telephony_13_the_caller_is_e164_or_anonymous(from_uri: str, shown: str) -> None:
    assert caller_id(invitation(from_uri=from_uri), "IN").shown == shown


def test_rfc3325_an_asserted_number_stands_in_where_from_has_none() -> None:
    found = caller_id(
        invitation(from_uri="sip:pbx@h", headers=(("P-Asserted-Identity", "<tel:+919812300002>"),)), "IN"
    )
    assert found.shown == "+919812300002"


@pytest.mark.parametrize(
    ("headers", "shown", "name"),
    [
        ((("P-Asserted-Identity", '"Asha" <sip:+919812300002@h>'),), "+919812300002", "Asha"),
        ((("P-Asserted-Identity", "<sip:asha@h>, <tel:+91-98123-00002>"),), "+919812300002", ""),
        (
            (("P-Asserted-Identity", "<sip:asha@h>"), ("P-Asserted-Identity", "<tel:09812300002>")),
            "+919812300002",
            "",
        ),
        ((("P-Asserted-Identity", "<sip:asha@h>"),), "+919812300001", ""),
        ((("P-Asserted-Identity", '"open <sip:+919812300002@h'),), "+919812300001", ""),
        (
            (("Remote-Party-ID", '"Asha" <sip:09812300002@h>;party=calling;screen=yes'),),
            "+919812300002",
            "Asha",
        ),
        ((("Remote-Party-ID", "<sip:+919812300002@h>;party=called"),), "+919812300001", ""),
        (
            (
                ("P-Asserted-Identity", "<sip:+919812300002@h>"),
                ("Remote-Party-ID", "<sip:+919812300003@h>;privacy=full"),
            ),
            "+919812300002",
            "",
        ),
        ((("P-Preferred-Identity", "<sip:+919812300002@h>"),), "+919812300001", ""),
    ],
)
def test_rfc3325_what_a_trunk_asserts_goes_before_from(
    headers: tuple[tuple[str, str], ...], shown: str, name: str
) -> None:
    found = caller_id(invitation(headers=headers), "IN")
    assert (found.shown, found.name, found.private) == (shown, name, False)


def test_a_remote_party_that_is_kept_is_anonymous() -> None:
    found = caller_id(invitation(headers=(("Remote-Party-ID", "<sip:+919812300002@h>;privacy=full"),)), "IN")
    assert (found.shown, found.number, found.private) == ("anonymous", "+919812300002", True)


@pytest.mark.parametrize("privacy", ["id", "user;id", "header, critical"])
def test_rfc3323_a_withheld_number_is_anonymous_and_kept_for_the_timeline(privacy: str) -> None:
    found = caller_id(
        invitation(
            from_uri="sip:anonymous@anonymous.invalid",
            headers=(("P-Asserted-Identity", "<sip:+919812300002@h>"), ("Privacy", privacy)),
        ),
        "IN",
    )
    assert (found.shown, found.number, found.private) == ("anonymous", "+919812300002", True)


def test_rfc3323_privacy_none_withholds_nothing() -> None:
    found = caller_id(invitation(headers=(("Privacy", "none"),)), "IN")
    assert (found.shown, found.private) == ("+919812300001", False)


def test_s16_a_display_name_is_printable_and_bounded() -> None:
    assert shown_name("\x1b[2J Asha\u202e\r\n" + "x" * 1000) == "[2J Asha" + "x" * 52
