"""Tokens from the operating system."""

from cordboard.runtime.clock import SystemTokens


def test_tokens_have_the_length_that_was_asked_for_and_never_repeat() -> None:
    tokens = SystemTokens()
    sizes = [1, 8, 16, 5000, 10] * 300
    made = [tokens.hex(size) for size in sizes]
    assert [len(token) for token in made] == [2 * size for size in sizes]
    assert all(int(token, 16) >= 0 for token in made)
    long = [token for token in made if len(token) >= 16]
    assert len(set(long)) == len(long)
    assert SystemTokens().hex(16) != SystemTokens().hex(16)
