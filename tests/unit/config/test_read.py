"""What a configuration may hold, and the sentence for what it may not."""

from dataclasses import fields

import pytest

from cordboard.config.address import Target
from cordboard.config.keys import SECTIONS
from cordboard.config.read import parse, read, warnings
from cordboard.config.settings import Listener, Settings, Trunk
from cordboard.kernel.mistakes import BadInput

GOOD = """
[account]
sid = "acme1"
[[trunks]]
name = "carrier"
uri = "sip:127.0.0.1:5080;transport=tcp"
sources = ["127.0.0.1", "10.0.0.0/8"]
[[exophones]]
number = "+918047115777"
flow = 11754
trunk = "carrier"
circle = "KA"
[[flows]]
id = 11754
name = "support"
"""

PHONE = "[[phones]]\nuser = 'asha'\npassword = 'correct horse battery'\nnumber = '+919812300001'\n"
LISTENER = "[[sip.listeners]]\nname = 'inside'\nlisten = 'tcp:10.0.0.1:7070'\n"


def settings(text: str = GOOD, **environ: str) -> Settings:
    return read(parse(text.encode(), "c.toml"), environ, "c.toml")


def mistake(text: str, **environ: str) -> str:
    with pytest.raises(BadInput) as raised:
        settings(text, **environ)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_an_empty_file_gives_the_defaults_of_the_document() -> None:
    found = settings("")
    assert found == Settings(source="c.toml")
    assert found.sip.addresses() == (("udp", "127.0.0.1", 5060), ("tcp", "127.0.0.1", 5060))
    assert found.media.port_range() == (30000, 34999)
    assert found.http.address() == ("127.0.0.1", 8080)
    assert found.account.number_format == "national"
    assert found.egress.fetch_timeout_seconds == 5.0
    assert found.egress.allow == ()


def test_a_trunk_has_a_target_and_its_sources_in_full() -> None:
    trunk = settings().trunks[0]
    target = trunk.target()
    assert (target.host, target.port, target.transport) == ("127.0.0.1", 5080, "tcp")
    assert trunk.sources == ("127.0.0.1/32", "10.0.0.0/8") == trunk.audio_sources()


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("sip:[::1]", Target("::1", 5060, "udp")),
        ("sip:x;transport=UDP", Target("x", 5060, "udp", pinned=True)),
        ("sip:x;transport=tls", Target("x", 5061, "tls", pinned=True)),
        ("sips:x", Target("x", 5061, "tls")),
        ("sips:x:7000;transport=tcp", Target("x", 7000, "tls", pinned=True)),
    ],
)
def test_rfc3261_19_1_2_the_uri_of_a_trunk_names_transport_and_port(uri: str, target: Target) -> None:
    assert Trunk("t", uri).target() == target


def test_a_listener_takes_from_sip_what_it_does_not_say_itself() -> None:
    found = settings(
        """
[sip]
listen = ["udp:[::1]:5060"]
advertise = "192.0.2.1"
certificate = "a.pem"
private_key = "a.key"
[[sip.listeners]]
name = "inside"
listen = "tls:10.0.0.1:5061"
advertise = "10.0.0.1"
[[trunks]]
name = "t"
uri = "sips:x"
listener = "inside"
"""
    )
    assert found.sip.every_listener() == (
        Listener("udp:[::1]:5060", "", "192.0.2.1", "a.pem", "a.key"),
        Listener("tls:10.0.0.1:5061", "inside", "10.0.0.1", "a.pem", "a.key"),
    )
    assert found.sip.addresses() == (("udp", "::1", 5060),)


def test_listeners_are_not_set_by_the_environment() -> None:
    assert "in the file only" in mistake("", CORDBOARD_SIP__LISTENERS="[]")


def test_a_simulated_trunk_is_named_so() -> None:
    assert Trunk("t", "simulator").simulated
    assert not settings().trunks[0].simulated


def test_flows_come_as_they_were_written() -> None:
    assert settings().flows == ({"id": 11754, "name": "support"},)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[acount]", ["c.toml", "[acount]", "did you mean account?"]),
        ("account = 1", ["c.toml: account", "[account]"]),
        ("[account]\ncuntry = 'IN'", ["c.toml: account.cuntry", "did you mean country?"]),
        ("[account]\ncountry = 'XX'", ["account.country", '"XX"', "ISO 3166"]),
        ("[account]\ncountry = 91", ["account.country", "91", "ISO 3166"]),
        ("[account]\ntimezone = 'Mars/Base'", ["account.timezone", "Mars/Base", "Asia/Kolkata"]),
        ("[account]\ntimezone = '../../etc/passwd'", ["account.timezone", "IANA"]),
        ("[account]\nnumber_format = 'us'", ["account.number_format", '"us"', '"national" or "e164"']),
        ("[account]\nstrict = 'yes'", ["account.strict", '"yes"', "true or false"]),
        ("[account]\nsid = 'a/b'", ["account.sid", "letters"]),
        ("[account]\napi_key = 'a:b'", ["account.api_key", "without ':'"]),
        ("[sip]\nlisten = []", ["sip.listen", "at least one"]),
        ("[sip]\nlisten = 'udp:127.0.0.1:5060'", ["sip.listen", "a list"]),
        ("[sip]\nlisten = ['udp:5060']", ["sip.listen", "udp:host:port"]),
        ("[sip]\nlisten = ['udp:1.2.3.4:70000']", ["sip.listen", "udp:host:port"]),
        ("[sip]\nlisten = ['sctp:127.0.0.1:5061']", ["sip.listen", "sctp:127.0.0.1:5061", '"tls:"']),
        ("[sip]\nlisten = ['wss:127.0.0.1:5062']", ["sip.certificate", "missing", "wss:127.0.0.1:5062"]),
        ("[sip]\nlisten = ['udp:127.0.0.1:5060', 'udp:127.0.0.1:5060']", ["sip.listen", "twice"]),
        ("[sip]\ncertificate = 'a.pem'", ["sip.private_key", "missing"]),
        ("[[sip.listeners]]\nname = 'a'", ["sip.listeners[0].listen", "missing"]),
        ("[[sip.listeners]]\nlisten = 'x:1'", ["sip.listeners[0].listen", '"udp:host:port"']),
        ("[[sip.listeners]]\nlistn = 'x:1'", ["sip.listeners[0].listn", "did you mean listen?"]),
        ("[sip]\nlisteners = 5", ["sip.listeners", "[[sip.listeners]]"]),
        ("[[sip.listeners]]\nlisten = 'udp:127.0.0.1:5060'", ["sip", "udp:127.0.0.1:5060 is there twice"]),
        (f"{LISTENER}{LISTENER.replace('7070', '7071')}", ["sip.listeners", "inside is there twice"]),
        (
            f"{LISTENER}[[trunks]]\nname = 'a'\nuri = 'sip:x'\nlistener = 'insid'",
            ["trunks[0].listener", "no 'insid'", "known are inside"],
        ),
        (
            f"{LISTENER}[[trunks]]\nname = 'a'\nuri = 'sip:x;transport=tls'\nlistener = 'inside'",
            ["trunks[0].listener", "tcp:10.0.0.1:7070", "asks for tls"],
        ),
        ("[sip]\nhep = 'tcp:10.0.0.1:9060'", ["sip.hep", "udp:host:port"]),
        ("[sip]\nhep = 'udp:10.0.0.1'", ["sip.hep", "udp:host:port"]),
        ("[sip]\nhep_id = 0", ["sip.hep_id", "from 1"]),
        ("[sip]\nmax_calls = -1", ["sip.max_calls", "-1", "from 0"]),
        ("[sip]\nmax_calls = true", ["sip.max_calls", "true", "a whole number"]),
        (
            "[sip]\nsession_seconds = 89",
            ["sip.session_seconds", "89", "0, or a whole number from 90 to 7200"],
        ),
        (
            "[sip]\nsession_seconds = -1",
            ["sip.session_seconds", "-1", "0, or a whole number from 90 to 7200"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\nsession_seconds = 60",
            ["trunks[0].session_seconds", "60", "-1 to 0, or a whole number from 90 to 7200"],
        ),
        ("[media]\nengine = 'rtpengine'", ["media.engine", "rtpengine", "not built yet"]),
        ("[media]\nengine = 'other'", ["media.engine", '"embedded"']),
        ("[media]\nports = '34999-30000'", ["media.ports", "lower one first"]),
        ("[media]\nports = '30000'", ["media.ports", "low-high"]),
        ("[media]\nbind = 'not an address'", ["media.bind", "host name or an address"]),
        ("[http]\nlisten = '8080'", ["http.listen", "host:port"]),
        ("[http]\npublic_url = 'example.com'", ["http.public_url", "https://"]),
        ("[http]\npublic_url = 'http://u:p@example.com'", ["http.public_url", "https://"]),
        ("[http]\ncertificate = 'a.pem'", ["http.private_key", "missing"]),
        ("[store]\nurl = 'postgresql://h'", ["store.url", "sqlite:///file", "postgresql://user"]),
        ("[store]\nurl = 'mysql://h/db'", ["store.url", "sqlite:///file"]),
        ("[store]\nurl = 'sqlite:///:memory:'", ["store.url", "sqlite:///file"]),
        ("[store]\nrecordings = 's3://Bucket/x'", ["store.recordings", "s3://bucket/prefix"]),
        ("[recordings]\ns3_endpoint = 'minio:9000'", ["recordings.s3_endpoint", "http://"]),
        ("[recordings]\ns3_access_key = 'a'", ["recordings.s3_secret_key", "missing"]),
        ("[recordings]\nformat = 'ogg'", ["recordings.format", '"mp3" or "wav"']),
        ("[store]\nkeep_days = 0", ["store.keep_days", "from 1"]),
        ("[egress]\nallow = ['10.0.0.1/8']", ["egress.allow", "10.0.0.1/8", "no host bits"]),
        ("[egress]\nports = [0]", ["egress.ports", "from 1 to 65535"]),
        ("[egress]\nfetch_timeout_seconds = nan", ["egress.fetch_timeout_seconds", "seconds"]),
        ("[dialing]\ncountries = ['India']", ["dialing.countries", "India", "ISO 3166"]),
        ("trunks = 1", ["c.toml: trunks", "[[trunks]]"]),
        ("[[trunks]]\nname = 'a'", ["trunks[0].uri", "missing"]),
        ("[[trunks]]\nname = 'a'\nuri = 'http://x'", ["trunks[0].uri", "sip:host"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:user@x'", ["trunks[0].uri", "sip:host"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sips:x;transport=udp'", ["trunks[0].uri", "sips:host"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x;transport=ws'", ["trunks[0].uri", "udp, tcp or tls"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x'\nregister = true", ["trunks[0].username", "register"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x'\npassword = 'hush'", ["trunks[0].username", "password"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x'\nusername = 'a\"b'", ["trunks[0].username", "no quotes"]),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\nregistrars = ['sip:r']",
            ["trunks[0].registrars", "register = true"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\nusername = 'u'\nregister = true\n"
            "registrars = ['simulator']",
            ["trunks[0].registrars", "simulator", "sip:host"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'simulator'\nusername = 'u'\nregister = true",
            ["trunks[0].register", "simulator"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'simulator'\noutbound_proxy = 'sip:x'",
            ["trunks[0].outbound_proxy", "simulator"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\noutbound_proxy = 'sip:u@x'",
            ["trunks[0].outbound_proxy", "sip:host"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\noutbound_proxy = 'sip:x'\nhosts = ['sip:y']",
            ["trunks[0].hosts", "outbound_proxy"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\ncalls_per_second = -2",
            ["calls_per_second", "-2", "from 0 (no limit)"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\nhosts = ['sip:y;priority=70000']",
            ["trunks[0].hosts", "priority=70000", "0 to 65535"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'simulator'\nhosts = ['sip:y']",
            ["trunks[0].hosts", "simulator"],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\nredirects = 'always'",
            ["trunks[0].redirects", '"refuse" or "follow"'],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\nidentity = 'rpid'",
            ["trunks[0].identity", '"pai" or "ppi" or "none"'],
        ),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\nidentity = 'none'\nprivacy = true",
            ["trunks[0].identity", "with privacy"],
        ),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x'\nprefix = '+91'", ["trunks[0].prefix", "digits"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x'\nprefix = '9\\r\\nX: y'", ["trunks[0].prefix", "digits"]),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x'\ndomain = 'a b'", ["trunks[0].domain", "host name"]),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\ndiverted_by = 'yes'",
            ["trunks[0].diverted_by", '"history-info"'],
        ),
        ("[[trunks]]\nname = 'a'\nuri = 'sip:x'\nmedia = 'any'", ["trunks[0].media", '"acl" or "sdp"']),
        (
            "[[trunks]]\nname = 'a'\nuri = 'sip:x'\n[[trunks]]\nname='a'\nuri='sip:y'",
            ["trunks", "a is there twice"],
        ),
        (GOOD + PHONE + PHONE.replace("00001", "00002"), ["phones", "user asha", "twice"]),
        (GOOD + PHONE + PHONE.replace("asha", "ravi"), ["phones", "number +919812300001", "twice"]),
        (GOOD + PHONE.replace("+919812300001", "+918047115777"), ["phones[0].number", "an ExoPhone"]),
        (GOOD.replace("+918047115777", "08047115777"), ["exophones[0].number", "E.164"]),
        (GOOD.replace('trunk = "carrier"', 'trunk = "other"'), ["exophones[0].trunk", "other", "carrier"]),
        (GOOD.replace("flow = 11754", "flow = 7"), ["exophones[0].flow", "no flow 7", "11754"]),
        (
            GOOD.replace('circle = "KA"', 'circle = "Karnataka"'),
            ["exophones[0].circle", "two capital letters"],
        ),
        (GOOD + "[[flows]]\nid = 11754", ["flows", "id 11754 is there twice"]),
        ("[[flows]]\nid = 'x'", ["flows[0].id", '"x"', "whole number"]),
        ("[account", ["c.toml", "not TOML"]),
        ("flows = [1]", ["flows", "[[flows]]"]),
    ],
)
def test_a_mistake_is_one_sentence_that_names_file_key_value_and_what_is_allowed(
    text: str, words: list[str]
) -> None:
    said = mistake(text)
    assert "c.toml" in said
    for word in words:
        assert word in said, said


def test_bytes_that_are_no_utf8_are_one_sentence() -> None:
    with pytest.raises(BadInput, match="UTF-8"):
        parse(b"[account]\nsid = '\xff'", "c.toml")


@pytest.mark.parametrize("key", ["api_token", "metrics_token", "signing_secrets"])
def test_a_secret_is_not_repeated_in_the_sentence_about_it(key: str) -> None:
    section = "http" if key == "metrics_token" else "account"
    said = mistake(f'[{section}]\n{key} = ["hush\\u0000hush"]')
    assert key in said and "hush" not in said


def test_the_default_token_does_not_guard_an_open_api() -> None:
    assert "account.api_token" in mistake("[http]\nlisten = '0.0.0.0:8080'")
    assert (
        settings("[http]\nlisten = '0.0.0.0:8080'\n[account]\napi_token = 'mine'").http.address()[0]
        == "0.0.0.0"
    )


def test_defaults_of_parts_that_are_not_built_may_be_written_down() -> None:
    text = GOOD + "\n"
    text = text.replace(
        "[[exophones]]", "register = false\npassword = ''\ncalls_per_second = 0\n[[exophones]]"
    )
    assert settings(text).trunks[0].register is False


def test_a_collector_has_a_host_and_a_port() -> None:
    found = settings("[sip]\nhep = 'udp:[2001:db8::1]:9060'\nhep_id = 7")
    assert (found.sip.collector(), found.sip.hep_id) == (("2001:db8::1", 9060), 7)
    assert settings("[sip]\nhep = ''").sip.hep == ""


def test_ipv6_is_written_in_brackets() -> None:
    found = settings("[sip]\nlisten = ['udp:[::1]:5060']")
    assert found.sip.addresses() == (("udp", "::1", 5060),)


def test_an_indian_number_without_a_circle_is_warned_of() -> None:
    assert warnings(settings()) == ()
    said = warnings(settings(GOOD.replace('circle = "KA"', "")))
    assert len(said) == 1 and "+918047115777" in said[0] and "circle" in said[0]


def test_an_engine_without_numbers_is_warned_of() -> None:
    assert any("exophones" in line for line in warnings(settings("")))


def test_the_regions_are_those_of_the_numbering_plans() -> None:
    from phonenumbers import SUPPORTED_REGIONS

    from cordboard.config.regions import REGIONS

    assert set(SUPPORTED_REGIONS) == REGIONS


def test_phones_are_read_and_a_short_password_is_warned_of_without_being_shown() -> None:
    found = settings(GOOD + PHONE)
    assert [(phone.user, phone.number, phone.most_contacts) for phone in found.phones] == [
        ("asha", "+919812300001", 5)
    ]
    assert not any("phones" in line for line in warnings(found))
    short = settings(GOOD + PHONE.replace("correct horse battery", "elevenchars"))
    told = [line for line in warnings(short) if "phones" in line]
    assert len(told) == 1 and "asha" in told[0] and "12 characters" in told[0]
    assert "elevenchars" not in told[0] + repr(short)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_has_a_key(section: str) -> None:
    known = SECTIONS[section]
    assert {field.name for field in fields(known.kind)} == set(known.checks)
