"""Numbers, read and written (settled 6, 8; telephony.md 14, 15)."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.contract.numbers import Number, Refusal, known_as, normalise, trunk_form, written

MEANT = "+919812300001"


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        (MEANT, MEANT),
        ("09812300001", MEANT),
        ("9812300001", MEANT),
        ("919812300001", MEANT),
        (9812300001, MEANT),
        (919812300001, MEANT),
        (9812300001.0, MEANT),
        ("9812300001.0", MEANT),
        (" 919812300001", MEANT),
        ("+91 98123 00001", MEANT),
        ("+91-98123-00001", MEANT),
        ('"9812300001"', MEANT),
        ('+91"9812300001"', MEANT),
        ("“09812300001”", MEANT),
        ("0+919812300001", MEANT),
        ("0919812300001", MEANT),
        ("00919812300001", MEANT),
        ("+9109812300001", MEANT),
        ("09812300001\n", MEANT),
        ("\u202a+919812300001\u202c", MEANT),
        ("08047100001", "+918047100001"),
        ("02026500001", "+912026500001"),
        ("18001230001", "+9118001230001"),
        ("1860123001", "+911860123001"),
        ("+9118001230001", "+9118001230001"),
        ("1400123456", "+911400123456"),
        ("+911600123456", "+911600123456"),
        ("+971501230001", "+971501230001"),
        ("971501230001", "+971501230001"),
        ("+622131921111", "+622131921111"),
        ("+44 (0)20 7183 8750", "+442071838750"),
    ],
)
def test_settled_8_forms_that_are_dialled(raw: object, e164: str) -> None:
    assert normalise(raw, "IN") == Number(e164, raw == e164)


@pytest.mark.parametrize(
    ("raw", "code", "correction"),
    [
        ("", "number.empty", ""),
        ("  ", "number.empty", ""),
        ('""', "number.empty", ""),
        ("0", "number.not_dialable", ""),
        ("+", "number.not_dialable", ""),
        ("+0", "number.not_dialable", ""),
        ("+09812300001", "number.not_dialable", MEANT),
        ("+91919812300001", "number.country_doubled", MEANT),
        ("91919812300001", "number.country_doubled", MEANT),
        ("+44442071838750", "number.country_doubled", "+442071838750"),
        ("+91798xx581xx", "number.not_dialable", ""),
        ("+91XXXXXXXXXX", "number.not_dialable", ""),
        ("{{CallSid}}", "number.not_dialable", ""),
        ("Not Found", "number.not_dialable", ""),
        ("++919812300001", "number.not_dialable", ""),
        ("+91%0d%0aRoute:x", "number.not_dialable", ""),
        ("+1\r\nBye", "number.not_dialable", ""),
        ("+9198123\r\n00001", "number.not_dialable", ""),
        ("٠٩٨١٢٣٠٠٠٠١", "number.not_dialable", ""),
        ("+9１9812300001", "number.not_dialable", ""),
        ("+919812300001;tag=1", "number.not_dialable", ""),
        ("98123", "number.not_dialable", ""),
        ("+911234", "number.not_dialable", ""),
        ("26500001", "number.not_dialable", ""),
        ("+1234567890123456", "number.not_dialable", ""),
        ("+999123456789", "number.not_dialable", ""),
        ("9" * 70, "number.not_dialable", ""),
        (-9812300001, "number.not_dialable", ""),
        (9812300001.5, "number.not_dialable", ""),
        (10**400, "number.not_dialable", ""),
        (float("nan"), "number.not_dialable", ""),
        (float("inf"), "number.not_dialable", ""),
        (None, "number.not_text", ""),
        (True, "number.not_text", ""),
        ({}, "number.not_text", ""),
        ([MEANT], "number.not_text", ""),
    ],
)
def test_telephony_15_forms_that_are_refused(raw: object, code: str, correction: str) -> None:
    read = normalise(raw, "IN")
    assert isinstance(read, Refusal)
    assert (read.code, read.correction) == (code, correction)


@pytest.mark.parametrize(
    "raw",
    ["100", "101", "102", "108", "112", "911", "999", 100, "0112", "+91112", "91100", "1 0 8", "+911234100"],
)
def test_telephony_15_emergency_numbers_are_never_dialled(raw: object) -> None:
    read = normalise(raw, "IN")
    assert isinstance(read, Refusal)
    assert read.code == "number.emergency"


@pytest.mark.parametrize(
    "raw", ["+870773111632", "+881612345678", "+882163456789", "+883510012345", "881612345678"]
)
def test_telephony_15_satellite_numbers_are_never_dialled(raw: str) -> None:
    read = normalise(raw, "IN")
    assert isinstance(read, Refusal)
    assert read.code == "number.satellite"


@pytest.mark.parametrize(
    "raw",
    ["+19005551234", "+19000000000", "+449098790123", "+979123456789", "+4990012345678", "+33892123456"],
)
def test_telephony_15_premium_numbers_are_never_dialled(raw: str) -> None:
    read = normalise(raw, "IN")
    assert isinstance(read, Refusal)
    assert read.code == "number.premium"


def test_telephony_15_countries_narrow_what_is_dialled() -> None:
    abroad = normalise("+12025550123", "IN", ("IN", "SG"))
    assert isinstance(abroad, Refusal)
    assert abroad.code == "number.country"
    assert normalise("+6591230001", "IN", ("IN", "SG")) == Number("+6591230001", True)
    assert normalise(MEANT, "IN", ("IN",)) == Number(MEANT, True)
    home = normalise(MEANT, "IN", ("SG",))
    assert isinstance(home, Refusal)
    assert home.code == "number.country"
    # one country code, several regions: Jamaica is not the United States
    jamaica = normalise("+18765550123", "IN", ("US",))
    assert isinstance(jamaica, Refusal)


def test_settled_8_the_account_s_country_decides() -> None:
    assert normalise("2025550123", "US") == Number("+12025550123", False)
    assert normalise("020 7183 8750", "GB") == Number("+442071838750", False)
    assert normalise("06 1234 5678", "IT") == Number("+390612345678", False)
    assert normalise("919812300001", "US") == Number(MEANT, False)


@given(st.from_regex(r"\+91[1-9][0-9]{9}", fullmatch=True))
def test_the_quick_way_judges_as_the_library_would(number: str) -> None:
    parsed = phonenumbers.parse(number, None)
    assert phonenumbers.is_possible_number(parsed)
    assert phonenumbers.number_type(parsed) != phonenumbers.PhoneNumberType.PREMIUM_RATE
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
    assert normalise(number, "IN") == Number(number, True)


@given(st.text() | st.text("0123456789+ ", max_size=20) | st.integers() | st.floats())
def test_whatever_is_dialled_is_plain_e164(raw: object) -> None:
    read = normalise(raw, "IN")
    assert read == normalise(raw, "IN")
    if isinstance(read, Number):
        assert read.e164[0] == "+" and read.e164[1] != "0"
        assert read.e164.isascii() and read.e164[1:].isdigit() and 7 <= len(read.e164) - 1 <= 15
        assert normalise(read.e164, "IN") == Number(read.e164, True)


@pytest.mark.parametrize(
    ("number", "national"),
    [
        (MEANT, "09812300001"),
        ("+918047100001", "08047100001"),
        ("+9118001230001", "+9118001230001"),
        ("+971501230001", "+971501230001"),
        ("anonymous", "anonymous"),
        ("sip:asha", "sip:asha"),
        ("", ""),
    ],
)
def test_settled_6_national_writes_plus_91_as_0_and_ten_digits(number: str, national: str) -> None:
    assert written(number, "national") == national
    assert written(number, "e164") == number


@pytest.mark.parametrize(
    ("form", "country", "number", "wanted"),
    [
        ("e164", "IN", MEANT, MEANT),
        ("national", "IN", MEANT, "9812300001"),
        ("0national", "IN", MEANT, "09812300001"),
        ("0national", "IN", "+971501230001", "+971501230001"),
        ("national", "US", "+12025550123", "2025550123"),
        ("national", "US", MEANT, MEANT),
        ("0national", "GB", "+442071838750", "02071838750"),
        ("0national", "IN", "anonymous", "anonymous"),
    ],
)
def test_telephony_14_numbers_as_a_trunk_wants_them(
    form: str, country: str, number: str, wanted: str
) -> None:
    assert trunk_form(number, form, country) == wanted


@pytest.mark.parametrize(
    ("user", "known"),
    [
        ("09812300001", MEANT),
        (MEANT, MEANT),
        ("Anonymous", "anonymous"),
        ("", "anonymous"),
        ("asha", "asha"),
        ("sip:asha", "sip:asha"),
        ("+19005551234", "+19005551234"),
        ("112", "112"),
    ],
)
def test_parties_are_known_whether_they_could_be_dialled_or_not(user: str, known: str) -> None:
    assert known_as(user, "IN") == known


def test_what_is_nearly_a_number_is_refused_with_what_is_meant() -> None:
    for text, meant in (
        ("tel:+919812300001", "+919812300001"),
        ("TEL:+91-98123-00001", "+919812300001"),
        ("whatsapp:09812300001", "+919812300001"),
        ("tel:112", ""),
        ("tel:tel:1", ""),
    ):
        read = normalise(text, "IN", ())
        assert isinstance(read, Refusal) and read.correction == meant, text
    several = normalise("+919812300001, +919812300002", "IN", ())
    assert isinstance(several, Refusal) and "entry of its own" in several.message
