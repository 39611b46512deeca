"""The sums of digest authentication, against the examples of the RFCs."""

from hypothesis import given
from hypothesis import strategies as st

from cordboard.sip.message import digest
from cordboard.sip.message.digest import Credentials, ha1, known, read_schemes, response_of
from cordboard.sip.message.headers import split_list

RFC7616: dict[str, str] = {
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    "uri": "/dir/index.html",
    "count": "00000001",
    "qop": "auth",
    "method": "GET",
}


def test_rfc_7616_3_9_1_md5() -> None:
    secret = ha1("MD5", "Mufasa", "http-auth@example.org", "Circle of Life")
    assert response_of("MD5", secret, **RFC7616) == "8ca523f5e9506fed4657c9700eebdbec"


def test_rfc_7616_3_9_1_sha_256() -> None:
    secret = ha1("SHA-256", "Mufasa", "http-auth@example.org", "Circle of Life")
    expected = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert response_of("SHA-256", secret, **RFC7616) == expected


def test_rfc_7616_3_9_2_sha_512_256_as_erratum_4897_mends_it() -> None:
    secret = ha1("SHA-512-256", "J\u00e4s\u00f8n Doe", "api@example.org", "Secret, or not?")
    found = response_of(
        "SHA-512-256",
        secret,
        "GET",
        "/doe.json",
        "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        "auth",
        "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        "00000001",
    )
    assert found == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


def test_rfc_2617_3_5() -> None:
    secret = ha1("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    found = response_of("MD5", secret, "GET", "/dir/index.html", nonce, "auth", "0a4f113b", "00000001")
    assert found == "6629fae49393a05397450978507c4ef1"


def test_rfc_2069_without_qop_as_its_erratum_mends_it() -> None:
    secret = ha1("MD5", "Mufasa", "testrealm@host.com", "CircleOfLife")
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    found = response_of("MD5", secret, "GET", "/dir/index.html", nonce)
    assert found == "1949323746fe6a43ef61f9606e7febea"


def test_a_session_key_holds_nonce_and_cnonce() -> None:
    secret = ha1("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life")
    plain = response_of("MD5", secret, "GET", "/", "n", "auth", "c", "00000001")
    session = response_of("MD5-sess", secret, "GET", "/", "n", "auth", "c", "00000001")
    assert plain != session
    assert session != response_of("MD5-sess", secret, "GET", "/", "n", "auth", "d", "00000001")


def test_algorithms_are_known_in_any_case() -> None:
    assert known("") == "MD5"
    assert known("md5-SESS") == "MD5-sess"
    assert known("sha-512-256") == "SHA-512-256"
    assert known("Sha-256-Sess") == "SHA-256-sess"
    assert known("AKAv1-MD5") == known("-sess") == known("SHA-1") == ""


def test_schemes_are_read_however_they_stand() -> None:
    assert read_schemes(['Digest realm="a, b", nonce="x\\"y" , qop = auth']) == [
        ("digest", {"realm": "a, b", "nonce": 'x\\"y', "qop": "auth"})
    ]
    together = 'Basic realm="b", DIGEST realm="a",nonce="1",stale=TRUE, NTLM, digest\tnonce="2"'
    assert read_schemes([together]) == [
        ("basic", {"realm": "b"}),
        ("digest", {"realm": "a", "nonce": "1", "stale": "TRUE"}),
        ("ntlm", {}),
        ("digest", {"nonce": "2"}),
    ]


def test_what_cannot_be_read_is_left_out_and_spoils_nothing_else() -> None:
    good = 'Digest realm="a", nonce="1"'
    for bad in (
        'realm="a", nonce="1"',
        'Digest realm="a',
        'Digest realm="a", realm="b"',
        'Digest realm="a", =x',
        'Digest realm="a" "b"',
        "",
        ",",
        "Digest " + "a" * 5000,
    ):
        assert read_schemes([bad, good])[-1] == ("digest", {"realm": "a", "nonce": "1"}), bad
        assert all("nonce" in given for _, given in read_schemes([bad, good])), bad


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_any_bytes_can_be_read(values: list[bytes]) -> None:
    texts = [value.decode("latin-1") for value in values]
    for texts_now in (texts, ["Digest " + text for text in texts], [f'Digest realm="{t}"' for t in texts]):
        for scheme, parameters in read_schemes(texts_now):
            assert scheme and all(parameters)


def test_a_password_is_never_shown() -> None:
    assert "hush" not in repr(Credentials("asha", "hush"))


@given(st.text(alphabet='aD="\\ ,\t', max_size=40))
def test_reading_quickly_is_reading_with_care(text: str) -> None:
    careful = [digest._part(part) for part in split_list(text)]
    assert [part for part in digest._parts(text) if any(part)] == [part for part in careful if any(part)]
