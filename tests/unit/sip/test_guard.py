"""The server's side of digest authentication: nonces, replays, and what counts as a failure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.sip.message.digest import ha1, read_schemes, response_of
from cordboard.sip.message.guard import Checked, Guard, Outcome

SOURCE = "203.0.113.9"
SALT = "0123456789abcdef"
PASSWORDS = {"asha": "correct horse"}


def secret_of(user: str, algorithm: str) -> str:
    return ha1(algorithm, user, "cordboard", PASSWORDS.get(user, "nobody knows this"))


def a_guard(**settings: float) -> Guard:
    return Guard("cordboard", b"s" * 16, **settings)  # type: ignore[arg-type]


def answer(
    challenge: str,
    user: str = "asha",
    password: str = "correct horse",
    count: int = 1,
    method: str = "REGISTER",
    changed: dict[str, str] | None = None,
) -> str:
    """What a phone answers to this challenge; ``changed`` parameters are written so afterwards."""
    (_, words) = read_schemes([challenge])[0]
    algorithm, nonce, counted = words["algorithm"], words["nonce"], f"{count:08x}"
    response = response_of(
        algorithm,
        ha1(algorithm, user, words["realm"], password),
        method,
        "sip:cordboard",
        nonce,
        "auth",
        "abc",
        counted,
    )
    values = {
        "username": f'"{user}"',
        "realm": f'"{words["realm"]}"',
        "nonce": f'"{nonce}"',
        "uri": '"sip:cordboard"',
        "response": f'"{response}"',
        "algorithm": algorithm,
        "cnonce": '"abc"',
        "qop": "auth",
        "nc": counted,
    } | (changed or {})
    return "Digest " + ", ".join(f"{name}={value}" for name, value in values.items() if value)


def check(guard: Guard, value: str, now: float = 101.0, source: str = SOURCE) -> Outcome:
    return guard.check([value], "REGISTER", source, now, secret_of).outcome


def test_rfc_8760_one_challenge_for_each_algorithm_sha_256_first() -> None:
    sha, md5 = a_guard().challenges(SOURCE, 100.0, SALT)
    assert "algorithm=SHA-256," in sha and 'realm="cordboard"' in sha and 'qop="auth"' in sha
    assert "algorithm=MD5," in md5 and "stale" not in md5
    assert read_schemes([sha])[0][1]["nonce"] == read_schemes([md5])[0][1]["nonce"]
    assert all("stale=true" in c for c in a_guard().challenges(SOURCE, 100.0, SALT, stale=True))


@pytest.mark.parametrize("which", [0, 1])
def test_the_right_answer_is_good(which: int) -> None:
    guard = a_guard()
    challenge = guard.challenges(SOURCE, 100.0, SALT)[which]
    assert guard.check([answer(challenge)], "REGISTER", SOURCE, 101.0, secret_of) == Checked(
        Outcome.GOOD, "asha"
    )


def test_telephony_12_a_wrong_answer_counts_only_on_a_nonce_of_ours() -> None:
    guard = a_guard()
    challenge = guard.challenges(SOURCE, 100.0, SALT)[0]
    assert check(guard, answer(challenge, password="guess")) is Outcome.WRONG
    assert check(guard, answer(challenge, user="nobody")) is Outcome.WRONG
    assert check(guard, answer(challenge, method="INVITE")) is Outcome.WRONG
    assert check(guard, answer(challenge), source="203.0.113.10") is Outcome.FOREIGN
    other = Guard("cordboard", b"t" * 16).challenges(SOURCE, 100.0, SALT)[0]
    assert check(guard, answer(other, password="guess")) is Outcome.FOREIGN
    assert check(guard, answer(challenge, changed={"nonce": '"zz"'})) is Outcome.FOREIGN


def test_what_is_no_answer_to_us_is_none() -> None:
    guard = a_guard()
    challenge = guard.challenges(SOURCE, 100.0, SALT)[0]
    for changed in (
        {"realm": '"elsewhere"'},
        {"qop": ""},
        {"qop": "auth-int"},
        {"algorithm": "SHA-512-256"},
        {"algorithm": "MD5-sess"},
        {"algorithm": "unheard"},
        {"nc": "1"},
        {"nc": "0000000g"},
        {"response": ""},
        {"cnonce": '""'},
    ):
        assert check(guard, answer(challenge, changed=changed)) is Outcome.NONE, changed
    assert guard.check([], "REGISTER", SOURCE, 101.0, secret_of) == Checked(Outcome.NONE)


def test_s6_a_nonce_lives_30_seconds_then_a_right_answer_is_stale() -> None:
    guard = a_guard()
    challenge = guard.challenges(SOURCE, 100.0, SALT)[0]
    assert check(guard, answer(challenge), now=130.0) is Outcome.GOOD
    assert check(guard, answer(challenge, count=2), now=130.1) is Outcome.STALE
    assert check(guard, answer(challenge, count=2, password="guess"), now=130.1) is Outcome.WRONG


def test_s6_a_replayed_answer_is_stale() -> None:
    guard = a_guard()
    challenge = guard.challenges(SOURCE, 100.0, SALT)[0]
    assert check(guard, answer(challenge)) is Outcome.GOOD
    assert check(guard, answer(challenge)) is Outcome.STALE
    assert check(guard, answer(challenge, count=2)) is Outcome.GOOD
    assert check(guard, answer(challenge, count=0)) is Outcome.STALE


def test_counts_may_come_out_of_order_within_the_window_once_each() -> None:
    guard = a_guard()
    challenge = guard.challenges(SOURCE, 100.0, SALT)[0]
    assert check(guard, answer(challenge, count=70)) is Outcome.GOOD
    assert check(guard, answer(challenge, count=7)) is Outcome.GOOD
    assert check(guard, answer(challenge, count=7)) is Outcome.STALE
    assert check(guard, answer(challenge, count=6)) is Outcome.STALE
    assert check(guard, answer(challenge, count=0xFFFFFFFF)) is Outcome.GOOD
    assert check(guard, answer(challenge, count=70)) is Outcome.STALE


def test_what_is_remembered_is_bounded_and_forgotten_in_time() -> None:
    guard = a_guard(most=3)
    for place in range(5):
        challenge = guard.challenges(SOURCE, 100.0, f"{place:016x}")[0]
        expected = Outcome.GOOD if place < 3 else Outcome.STALE
        assert check(guard, answer(challenge)) is expected
    later = guard.challenges(SOURCE, 140.0, SALT)[0]
    assert check(guard, answer(later), now=140.0) is Outcome.GOOD
    assert len(guard._used) == 1


@given(st.binary(max_size=400), st.sampled_from(["nonce", "nc", "username", "response", "cnonce", "uri"]))
def test_any_bytes_are_judged(data: bytes, name: str) -> None:
    guard = a_guard()
    text = data.decode("latin-1")
    challenge = guard.challenges(SOURCE, 100.0, SALT)[0]
    right = answer(challenge)
    for value in (text, f"Digest {text}", answer(challenge, changed={name: f'"{text}"'})):
        found = guard.check([value], "REGISTER", SOURCE, 101.0, secret_of)
        assert found.outcome is not Outcome.GOOD or name in ("uri", "cnonce") or value == right


@given(st.text(max_size=60))
def test_any_text_may_be_a_name_or_a_password(text: str) -> None:
    assert len(ha1("SHA-256", text, text, text)) == 64
