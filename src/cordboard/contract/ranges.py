"""Numbers that are never dialled, whatever an answer says (telephony.md 15)."""

from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, shortnumberinfo

# Global satellite services (ITU-T E.164.1): Inmarsat, GMSS (Iridium, Globalstar), and the shared codes of
# networks such as Thuraya.
SATELLITE: Final = ("870", "881", "882", "883")

# Premium ranges as whole prefixes, also where the library's tables of assigned numbers have gaps:
# international premium rate, North America 900, Britain 09, Germany 0900.
PREMIUM: Final = ("979", "1900", "449", "49900")

# India's short codes and the ones that travellers and handsets know (112 and 911 work almost everywhere).
EMERGENCY: Final = frozenset({
    "000", "061", "100", "101", "102", "108", "110", "111", "112", "113", "114", "115", "117", "118", "119",
    "120", "122", "190", "191", "192", "193", "911", "995", "997", "998", "999",
})  # fmt: skip
_INDIAN: Final = ("100", "101", "102", "108", "112")


def is_satellite(digits: str) -> bool:
    """Whether these digits of an E.164 number (without ``+``) are a satellite service."""
    return digits.startswith(SATELLITE)


def is_premium(digits: str, number: PhoneNumber) -> bool:
    """Whether an E.164 number (its digits, and as the library read it) costs more than a call."""
    return digits.startswith(PREMIUM) or phonenumbers.number_type(number) == PhoneNumberType.PREMIUM_RATE


def is_emergency(digits: str, country: str) -> bool:
    """Whether a short number, with or without a trunk 0 or the country's code before it, calls for help."""
    code = str(phonenumbers.country_code_for_region(country))
    rests = {digits, digits.lstrip("0")}
    rests |= {rest[len(code) :] for rest in rests if rest.startswith(code)}
    return any(
        rest in EMERGENCY or (2 < len(rest) < 7 and shortnumberinfo.is_emergency_number(rest, country))
        for rest in rests
    )


def is_area_emergency(digits: str) -> bool:
    """Whether an E.164 number is an Indian area code and an emergency code: 011 100 is Delhi's police."""
    return digits.startswith("91") and len(digits) <= 9 and digits.endswith(_INDIAN)
