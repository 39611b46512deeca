"""The client's side of digest authentication: which challenge is answered, how, and how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.sip.message.challenges import Attempt, Keyring, Unanswerable, read_challenges
from cordboard.sip.message.digest import Credentials, ha1, read_schemes, response_of
from cordboard.sip.message.message import Response
from cordboard.testing.virtual_time import SeededTokens

ASHA = Credentials("asha", "correct horse")
URI = "sip:carrier.example"


def challenged(*values: str, name: str = "www-authenticate", code: int = 401) -> Response:
    return Response(code, "Unauthorized", {name: list(values)}, b"", "utf-8", 0)


def digest(realm: str = "a", nonce: str = "n1", rest: str = ', qop="auth"') -> str:
    return f'Digest realm="{realm}", nonce="{nonce}"{rest}'


def begun(keys: Keyring, credentials: Credentials = ASHA, host: str = "h", method: str = "INVITE") -> Attempt:
    return keys.begin(credentials, host, method, URI, 0.0)


def answered(
    *values: str, credentials: Credentials = ASHA, method: str = "INVITE"
) -> list[tuple[str, dict[str, str]]]:
    """Header name and parameters of what is sent after this 401."""
    keys = Keyring(SeededTokens())
    attempt = begun(keys, credentials, method=method)
    assert attempt.lines == []
    keys.answer(attempt, challenged(*values), 0.0)
    parts = [line.partition(": ") for line in attempt.lines]
    return [(name, read_schemes([value])[0][1]) for name, _, value in parts]


def refused(*values: str, credentials: Credentials = ASHA) -> str:
    keys = Keyring(SeededTokens())
    with pytest.raises(Unanswerable) as raised:
        keys.answer(begun(keys, credentials), challenged(*values), 0.0)
    return str(raised.value)


def test_an_answer_holds_what_was_asked() -> None:
    ((name, found),) = answered(digest(rest=', qop="auth,auth-int", opaque="o", algorithm=sha-256'))
    assert name == "Authorization"
    secret = ha1("SHA-256", "asha", "a", "correct horse")
    assert found.pop("response") == response_of(
        "SHA-256", secret, "INVITE", URI, "n1", "auth", found.pop("cnonce"), "00000001"
    )
    assert found == {
        "username": "asha",
        "realm": "a",
        "nonce": "n1",
        "uri": URI,
        "algorithm": "sha-256",
        "qop": "auth",
        "nc": "00000001",
        "opaque": "o",
    }


def test_the_strongest_that_we_know_is_answered() -> None:
    offers = [
        digest(nonce=name, rest=f', qop="auth", algorithm={name}')
        for name in ("MD5", "AKAv1-MD5", "SHA-256", "SHA-512-256-sess", "SHA3-512")
    ]
    for order in (offers, offers[::-1], [", ".join(offers)]):
        ((_, found),) = answered(*order)
        assert found["algorithm"] == "SHA-512-256-sess"


def test_rfc_2069_without_qop_is_answered_by_md5_only() -> None:
    ((_, found),) = answered(digest(rest=""))
    assert not {"qop", "nc", "cnonce", "algorithm"} & set(found)
    assert found["response"] == response_of(
        "MD5", ha1("MD5", "asha", "a", "correct horse"), "INVITE", URI, "n1"
    )
    assert "SHA-256 without qop" in refused(digest(rest=", algorithm=SHA-256"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([digest(rest=', qop="auth-int"')], "auth-int only"),
        ([digest(rest=', qop=""')], "auth-int only"),
        ([digest(rest=", algorithm=SHA-1, qop=auth")], "SHA-1"),
        (['Basic realm="a"'], "not Digest"),
        (['Digest nonce="n"'], "realm and nonce"),
        (['Digest realm="a", nonce=""'], "realm and nonce"),
        (['Digest realm="a", nonce="\u00e9"'], "realm and nonce"),
        ([], "no challenge"),
        (['Digest realm="a'], "no challenge"),
    ],
)
def test_what_cannot_be_answered_says_why(values: list[str], words: str) -> None:
    assert words in refused(*values)


def test_auth_int_beside_another_algorithm_with_auth_is_no_hindrance() -> None:
    ((_, found),) = answered(digest(rest=', algorithm=SHA-256, qop="auth-int"'), digest(nonce="n2"))
    assert found["nonce"] == "n2"


def test_s9_only_the_realm_that_the_credentials_belong_to() -> None:
    ours = Credentials("asha", "correct horse", "b")
    ((_, found),) = answered(digest("a", "n1"), digest("b", "n2"), credentials=ours)
    assert found["nonce"] == "n2"
    assert refused(digest("a"), credentials=ours) == (
        "the challenge is for the realm 'a', the credentials are for 'b'"
    )


def test_s9_the_first_realm_of_a_host_is_kept() -> None:
    keys = Keyring(SeededTokens())
    keys.answer(begun(keys), challenged(digest("a")), 0.0)
    with pytest.raises(Unanswerable, match="are for 'a'"):
        keys.answer(begun(keys), challenged(digest("b", "n2")), 0.0)
    keys.answer(begun(keys, host="other"), challenged(digest("b", "n3")), 0.0)
    keys.answer(begun(keys, Credentials("ravi", "x")), challenged(digest("b", "n4")), 0.0)


def test_s9_the_registrars_realm_holds_for_every_host() -> None:
    keys = Keyring(SeededTokens())
    keys.answer(begun(keys, host="registrar", method="REGISTER"), challenged(digest("a")), 0.0)
    for host in ("registrar", "h"):
        with pytest.raises(Unanswerable, match="are for 'a'"):
            keys.answer(begun(keys, host=host), challenged(digest("b", "n2")), 0.0)
        keys.answer(begun(keys, host=host), challenged(digest("a", f"n3{host}")), 0.0)


def test_the_second_registrar_may_have_a_realm_of_its_own() -> None:
    keys = Keyring(SeededTokens())
    for host, realm, nonce in (("r1", "a", "n1"), ("r2", "b", "n2"), ("r1", "a", "n3")):
        keys.answer(begun(keys, host=host, method="REGISTER"), challenged(digest(realm, nonce)), 0.0)
    with pytest.raises(Unanswerable):
        keys.answer(begun(keys, host="r1", method="REGISTER"), challenged(digest("c", "n9")), 0.0)


def test_a_nonce_is_answered_once_and_a_stale_one_brings_one_more() -> None:
    keys = Keyring(SeededTokens())
    attempt = begun(keys)
    keys.answer(attempt, challenged(digest(nonce="n1")), 0.0)
    with pytest.raises(Unanswerable, match="were refused"):
        keys.answer(attempt, challenged(digest(nonce="n1", rest=', qop="auth", stale=true')), 0.0)
    attempt = begun(keys)
    keys.answer(attempt, challenged(digest(nonce="n1")), 0.0)
    keys.answer(attempt, challenged(digest(nonce="n2", rest=', qop="auth", stale=TRUE')), 0.0)
    assert 'nonce="n2"' in attempt.lines[0]
    with pytest.raises(Unanswerable, match="were refused"):
        keys.answer(attempt, challenged(digest(nonce="n3", rest=', qop="auth", stale=true')), 0.0)
    attempt = begun(Keyring(SeededTokens()))
    keys.answer(attempt, challenged(digest(nonce="n1")), 0.0)
    with pytest.raises(Unanswerable, match="were refused"):
        keys.answer(attempt, challenged(digest(nonce="n2")), 0.0)


def test_a_proxy_and_a_server_are_both_answered() -> None:
    """RFC 3261 §22.3: what satisfied the proxy goes along with what satisfies the server."""
    keys = Keyring(SeededTokens())
    attempt = begun(keys)
    keys.answer(attempt, challenged(digest(), name="proxy-authenticate", code=407), 0.0)
    keys.answer(attempt, challenged(digest(nonce="n2")), 0.0)
    proxy, server = attempt.lines
    assert proxy.startswith("Proxy-Authorization: Digest ") and "nc=00000002" in proxy
    assert server.startswith("Authorization: Digest ") and "nc=00000001" in server


def test_the_count_goes_up_with_each_request_by_the_same_nonce() -> None:
    keys = Keyring(SeededTokens())
    keys.answer(begun(keys), challenged(digest()), 0.0)
    lines = [begun(keys).lines[0] for _ in range(3)]
    assert [f"nc=0000000{n}" in line for n, line in zip((2, 3, 4), lines, strict=True)] == [True] * 3
    assert len({line.partition("response=")[2] for line in lines}) == 3
    assert begun(keys, host="other").lines == begun(keys, Credentials("asha", "other")).lines == []
    assert keys.begin(ASHA, "h", "INVITE", URI, 301.0).lines == []
    assert keys.begin(ASHA, "h", "BYE", URI, 1.0, ready=False).lines == []


def test_a_refused_nonce_is_not_used_again() -> None:
    keys = Keyring(SeededTokens())
    keys.answer(begun(keys), challenged(digest()), 0.0)
    attempt = begun(keys)
    with pytest.raises(Unanswerable):
        keys.answer(attempt, challenged(digest()), 0.0)
    assert begun(keys).lines == []


def test_nextnonce_is_used_next() -> None:
    keys = Keyring(SeededTokens())
    attempt = begun(keys)
    keys.answer(attempt, challenged(digest()), 0.0)
    info = Response(
        200, "OK", {"authentication-info": ['nextnonce="n2", qop=auth, nc=00000001']}, b"", "utf-8", 0
    )
    keys.learn(attempt, info, 1.0)
    (line,) = begun(keys).lines
    assert 'nonce="n2"' in line and "nc=00000001" in line


def test_what_is_remembered_is_bounded() -> None:
    keys = Keyring(SeededTokens())
    for place in range(1500):
        keys.answer(begun(keys, host=f"h{place}"), challenged(digest(nonce=f"n{place}")), 0.0)
    assert len(keys._ready) <= 1000 and len(keys._realms) <= 1001


def test_nothing_secret_is_shown() -> None:
    keys = Keyring(SeededTokens())
    attempt = begun(keys)
    keys.answer(attempt, challenged(digest()), 0.0)
    assert "correct horse" not in repr(attempt) and "response" not in repr(attempt)


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_any_bytes_are_answered_or_not(values: list[bytes]) -> None:
    keys = Keyring(SeededTokens())
    texts = [value.decode("latin-1") for value in values]
    for message in (
        challenged(*texts),
        challenged(*(f"Digest {t}" for t in texts)),
        challenged(*(f'Digest realm="a", nonce="{t}", opaque={t}' for t in texts)),
    ):
        read_challenges(message)
        attempt = begun(keys)
        try:
            keys.answer(attempt, message, 0.0)
        except Unanswerable as problem:
            assert str(problem)
