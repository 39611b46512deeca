"""What a URL's own query holds is kept out of the checker's reports."""

import pytest

from cordboard.contract.fields import shown
from cordboard.testing.matrix.masking import Mask, masked_url


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.example/connect", "https://a.example/connect"),
        ("https://a.example/connect?", "https://a.example/connect?"),
        ("https://a.example/?key=s3cret", "https://a.example/?key=***"),
        ("https://a.example/?key=a=b&x=&y", "https://a.example/?key=***&x=&***"),
        ("https://a.example/?s3cret", "https://a.example/?***"),
    ],
)
def test_names_stay_and_values_go(url: str, told: str) -> None:
    assert masked_url(url) == told


def test_a_value_is_hidden_wherever_it_stands_but_a_short_one_only_in_its_query() -> None:
    mask = Mask(("https://a.example/?key=s3cret%2Fx&digit=1", ""))
    assert mask.text("1 of 2: https://b.example/?was=s3cret/x, s3cret%2Fx") == (
        "1 of 2: https://b.example/?was=***, ***"
    )
    assert mask.text("https://a.example/?key=s3cret%2Fx&digit=1&CallSid=1") == (
        "https://a.example/?key=***&digit=***&CallSid=1"
    )


def test_a_message_shows_a_url_without_its_query() -> None:
    assert shown("https://a.example/a.wav?token=s3cret") == "'https://a.example/a.wav?…'"
    assert shown("is this a number?yes") == "'is this a number?yes'"
