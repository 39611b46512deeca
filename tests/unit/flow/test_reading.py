"""Reading tables: each slip has its sentence."""

import pytest

from cordboard.flow import reading
from cordboard.kernel.mistakes import BadInput


def test_text() -> None:
    assert reading.text({"a": "b"}, "a", "here") == "b"
    assert reading.text({}, "a", "here", default="x") == "x"
    for raw in ({}, {"a": ""}, {"a": 5}):
        with pytest.raises(BadInput, match=r"^here\.a: "):
            reading.text(raw, "a", "here")


def test_choices_keep_the_order_of_the_known_words() -> None:
    known = ("Dial", "Ringing", "Terminal")
    assert reading.choices({"a": ["Terminal", "Dial"]}, "a", known, "here", ()) == ("Dial", "Terminal")
    assert reading.choices({}, "a", known, "here", ("Dial",)) == ("Dial",)
    for raw in ({"a": "Dial"}, {"a": ["dial"]}, {"a": [["Dial"]]}):
        with pytest.raises(BadInput, match='a list of "Dial", "Ringing", "Terminal" is allowed'):
            reading.choices(raw, "a", known, "here", ())


def test_web_address() -> None:
    assert reading.web_address({"a": "HTTPS://x.example/y?z=1"}, "a", "here") == "HTTPS://x.example/y?z=1"
    assert reading.web_address({}, "a", "here") == ""
    for bad in ("ftp://x", "x.example", "http://", "http://[::1", "javascript:alert(1)"):
        with pytest.raises(BadInput, match="is no web address"):
            reading.web_address({"a": bad}, "a", "here")


def test_target_left_empty_is_unset() -> None:
    assert reading.target({"next": ""}, "next", "here") is None
    assert reading.target({}, "next", "here") is None
    assert reading.target({"next": "bye"}, "next", "here") == "bye"
