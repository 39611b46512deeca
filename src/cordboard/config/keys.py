"""Every key of every section, and what it may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cordboard.config import checks, settings
from cordboard.config.checks import Check
from cordboard.config.profiles import PROFILES
from cordboard.config.voices import Voices


@dataclass(frozen=True, slots=True)
class Section:
    """`many`: written as [[name]], any number of them. `secret`: keys whose values are never shown.
    `tables`: keys that are lists of tables themselves."""

    kind: type
    checks: Mapping[str, Check]
    needed: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    many: bool = False
    tables: Mapping[str, "Section"] = field(default_factory=dict)


_networks = checks.several(checks.network, "networks")
_name = checks.text("letters, digits, '-', '_' and '.', 1 to 64 of them", r"[A-Za-z0-9._-]{1,64}")
_file = checks.anything
_credential = checks.text(
    "at most 128 visible characters, no quotes and no backslash", r'[^\x00-\x1f\x7f"\\]{0,128}'
)
_LEAST_SESSION = 90  # RFC 4028 §4: no session timer is shorter
_MOST_CALLS = 1_000_000

_LISTENERS = Section(
    settings.Listener,
    {
        "listen": checks.listener,
        "name": checks.text("letters, digits, '-', '_' and '.', at most 64", r"[A-Za-z0-9._-]{0,64}"),
        "advertise": checks.public_address,
        "certificate": _file,
        "private_key": _file,
    },
    needed=("listen",),
    many=True,
)

SECTIONS: Mapping[str, Section] = {
    "account": Section(
        settings.Account,
        {
            "sid": _name,
            "api_key": checks.text("a text without ':' that is not empty", r"[^:\x00-\x1f]+"),
            "api_token": checks.filled,
            "country": checks.region,
            "timezone": checks.timezone,
            "number_format": checks.choice("national", "e164"),
            "strict": checks.flag,
            "signing_secrets": checks.several(checks.filled, "texts, two while rotating"),
        },
        secret=("api_token", "signing_secrets"),
    ),
    "sip": Section(
        settings.Sip,
        {
            "listen": checks.several(checks.listener, checks.LISTEN),
            "advertise": checks.public_address,
            "certificate": _file,
            "private_key": _file,
            "max_calls": checks.whole(0, _MOST_CALLS),
            "listeners": checks.anything,  # read by `tables`
            "dscp": checks.whole(0, 63),
            "realm": checks.text("a name without quotes", r"[A-Za-z0-9._ -]{0,64}"),
            "session_seconds": checks.interval(0, _LEAST_SESSION, 7200),
            "hep": checks.collector,
            "hep_id": checks.whole(1, 2**32 - 1),
        },
        tables={"listeners": _LISTENERS},
    ),
    "media": Section(
        settings.Media,
        {
            "engine": checks.choice("embedded", later=("rtpengine",)),
            "bind": checks.host,
            "advertise": checks.public_address,
            "ports": checks.ports,
            "processes": checks.whole(0, 256),
            "dscp": checks.whole(0, 63),
        },
    ),
    "http": Section(
        settings.Http,
        {
            "listen": checks.host_port,
            "public_url": checks.public_url,
            "certificate": _file,
            "private_key": _file,
            "metrics_token": checks.anything,
            "calls_per_minute": checks.whole(0, 1_000_000),
        },
        secret=("metrics_token",),
    ),
    "store": Section(
        settings.Store,
        {
            "url": checks.database,
            "recordings": checks.folder_or_bucket,
            "keep_days": checks.whole(1, 36500),
            "keep_timelines_days": checks.whole(0, 36500),
            "keep_events_days": checks.whole(0, 36500),
            "journal": checks.anything,
            "node": _name,
        },
    ),
    "recordings": Section(
        settings.Recordings,
        {
            "format": checks.choice("mp3", "wav"),
            "keep_days": checks.whole(0, 36500),
            "alarm_hours": checks.whole(0, 100_000),
            "alarm_mb": checks.whole(0, 1_000_000_000),
            "s3_endpoint": checks.endpoint,
            "s3_region": checks.text("letters, digits and '-'", r"[A-Za-z0-9-]{0,64}"),
            "s3_access_key": checks.anything,
            "s3_secret_key": checks.anything,
        },
        secret=("s3_access_key", "s3_secret_key"),
    ),
    "voices": Section(
        Voices,
        {
            "engine": checks.choice("espeak-ng", "piper", "http"),
            "voice": checks.anything,
            "voices": checks.several(
                checks.text("a language and its voice", r"(hi|bn|pa|gu|or|ta|te|kn|ml|si|ur)=[^\x00-\x1f]+"),
                'texts such as "hi=hi_IN-pratham-medium.onnx"',
            ),
            "command": checks.filled,
            "url": checks.template,
            "method": checks.choice("POST", "GET"),
            "headers": checks.several(
                checks.text("a header", r"[A-Za-z0-9!#$%&'*+.^_`|~-]+: *[^\x00-\x1f\x7f]*"),
                'texts such as "Authorization: Bearer …"',
            ),
            "body": checks.text("a text", r"[^\x00-\x08\x0b-\x1f]*"),
            "prompts": checks.anything,
        },
        secret=("headers",),
    ),
    "egress": Section(
        settings.Egress,
        {
            "allow": _networks,
            "ports": checks.several(checks.whole(1, 65535), "ports from 1 to 65535"),
            "fetch_timeout_seconds": checks.seconds(0.1, 60),
        },
    ),
    "dialing": Section(
        settings.Dialing,
        {
            "countries": checks.several(checks.region, "ISO 3166 codes"),
            "max_calls_per_number": checks.whole(0, _MOST_CALLS),
        },
    ),
    "trunks": Section(
        settings.Trunk,
        {
            "name": _name,
            "profile": checks.choice(*PROFILES, ""),
            "uri": checks.trunk_uri,
            "hosts": checks.several(checks.trunk_host, "URIs as in uri, with ;priority= and ;weight="),
            "listener": checks.text("the name of one of [[sip.listeners]]", r"[A-Za-z0-9._-]{0,64}"),
            "sources": _networks,
            "media": checks.choice("acl", "sdp"),
            "media_sources": _networks,
            "number_format": checks.choice("e164", "national", "0national"),
            "prefix": checks.text("digits and '*', at most 16", r"[0-9*]{0,16}"),
            "did_from": checks.choice("request-uri", "to", "p-called-party-id", "diversion"),
            "identity": checks.choice("pai", "ppi", "none"),
            "domain": checks.public_address,
            "privacy": checks.flag,
            "diverted_by": checks.choice("none", "diversion", "history-info"),
            "username": _credential,
            "password": checks.anything,
            "auth_realm": _credential,
            "register": checks.flag,
            "registrars": checks.several(checks.sip_uri, checks.SIP_URI),
            "outbound_proxy": checks.sip_uri_or_none,
            "register_seconds": checks.whole(60, 86400),
            "max_calls": checks.whole(0, _MOST_CALLS),
            "calls_per_second": checks.rate(10_000),
            "ring_from": checks.choice("invite", "ringing"),
            "next_host_after_seconds": checks.seconds(0, 60),
            "probe_seconds": checks.seconds(0, 3600),
            "redirects": checks.choice("refuse", "follow"),
            "reliable": checks.choice("no", "allowed", "required"),
            "offer": checks.choice("early", "late"),
            "session_seconds": checks.interval(-1, _LEAST_SESSION, 7200),
            "srtp": checks.choice("no", "allowed", "required"),
            "codecs": checks.several(checks.choice("PCMA", "PCMU"), '"PCMA" and "PCMU"'),
            "retry_after_seconds": checks.whole(0, 3600),
            "tls_verify": checks.flag,
            "tls_ca": _file,
        },
        needed=("name", "uri"),
        secret=("password",),
        many=True,
    ),
    "phones": Section(
        settings.Phone,
        {
            "user": _name,
            "password": checks.filled,
            "number": checks.number,
            "srtp": checks.choice("no", "allowed", "required"),
            "most_contacts": checks.whole(1, 20),
        },
        needed=("user", "password", "number"),
        secret=("password",),
        many=True,
    ),
    "exophones": Section(
        settings.ExoPhone,
        {
            "number": checks.number,
            "flow": checks.whole(1, 2**53),
            "trunk": _name,
            "circle": checks.text('a circle of two capital letters, such as "KA", or ""', r"([A-Z]{2})?"),
        },
        needed=("number", "flow", "trunk"),
        many=True,
    ),
}
