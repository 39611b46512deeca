"""Ready settings of common trunks. What a user writes wins over them, key by key.

Only what differs from the defaults is named, each with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """``about``: what it is for. ``values``: key → value as the file would have it, and why."""

    about: str
    values: Mapping[str, tuple[object, str]]


# Exotel's guides of virtual SIP trunking over TCP and TLS (developer.exotel.com/docs/vsip).
_EXOTEL: Mapping[str, tuple[object, str]] = {
    "media_sources": (
        ["182.76.143.61", "122.15.8.184", "14.194.10.247", "61.246.82.75"],
        "audio comes from media servers of their own, in Mumbai and Karnataka, not from the edges",
    ),
    "codecs": (["PCMA", "PCMU"], "A-law is preferred, whatever the account's country"),
    "next_host_after_seconds": (5.0, "the other edge is tried before the caller gives up"),
}
_PBX: Mapping[str, tuple[object, str]] = {
    "number_format": ("0national", "dialplans match digits as they are dialled in the country, without a +"),
    "redirects": ("follow", "a PBX sends a call to another of its places by 302"),
    "probe_seconds": (30.0, "a PBX is restarted at any time, and answers OPTIONS"),
}

PROFILES: Mapping[str, Profile] = {
    "exotel-tcp": Profile(
        "Exotel's virtual SIP trunk over TCP",
        {
            "uri": ("sip:pstn.in2.exotel.com:5070;transport=tcp", "the edge of the Mumbai data centre"),
            "hosts": (
                ["sip:pstn.in4.exotel.com:5070;transport=tcp;priority=1"],
                "the edge of the Mumbai cloud, when the first one fails",
            ),
            **_EXOTEL,
        },
    ),
    "exotel-tls": Profile(
        "Exotel's virtual SIP trunk over TLS",
        {
            "uri": ("sip:pstn.in2.exotel.com:443;transport=tls", "the edge of the Mumbai data centre"),
            "hosts": (
                ["sip:pstn.in4.exotel.com:443;transport=tls;priority=1"],
                "the edge of the Mumbai cloud, when the first one fails",
            ),
            "srtp": ("required", "with TLS the audio is SRTP, always"),
            **_EXOTEL,
        },
    ),
    "india": Profile(
        "a SIP trunk of an Indian operator",
        {
            "number_format": ("0national", "operators take and send 0 and ten digits"),
            "did_from": (
                "to",
                "the Request-URI often names the pilot number, To the number that was dialled",
            ),
            "codecs": (["PCMA", "PCMU"], "networks are A-law, whatever the account's country"),
            "next_host_after_seconds": (5.0, "operators hand over a pair of SBCs"),
            "probe_seconds": (30.0, "private links fail without a word, and SBCs answer OPTIONS"),
        },
    ),
    "twilio": Profile(
        "a Twilio Elastic SIP trunk",
        {
            "sources": (
                [
                    "54.172.60.0/30",
                    "54.244.51.0/30",
                    "177.71.206.192/30",
                    "54.171.127.192/30",
                    "35.156.191.128/30",
                    "54.65.63.192/30",
                    "54.169.127.128/30",
                    "54.252.254.64/30",
                ],
                "calls may come from the gateways of every region",
            ),
            "media_sources": (["168.86.128.0/18"], "audio of every region comes from this network"),
            "codecs": (["PCMU", "PCMA"], "its network is µ-law, whatever the account's country"),
            "next_host_after_seconds": (5.0, "its name leads to several gateways"),
        },
    ),
    "asterisk": Profile("Asterisk as a PBX (chan_pjsip)", _PBX),
    "freeswitch": Profile(
        "FreeSWITCH as a PBX (mod_sofia)",
        {
            **_PBX,
            "reliable": ("no", "100rel is off there unless it is asked for, and its early media is plain"),
        },
    ),
}


def with_profile(table: Mapping[str, object]) -> Mapping[str, object]:
    """A trunk's table with the values of the profile that it names below its own. A profile's further hosts
    belong to its own uri: with another one they are left out."""
    name = table.get("profile")
    profile = PROFILES.get(name) if isinstance(name, str) else None
    if profile is None:
        return table
    values = {key: value for key, (value, _) in profile.values.items()}
    if "uri" in table:
        values.pop("hosts", None)
    return {**values, **table}
