"""JSON for ourselves: what the library writes and reads, at less cost."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.kernel import compact

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture(params=["with the interpreter's C part", "without"], scope="module")
def encode(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "without":
        with patch("json.encoder.c_make_encoder", None):
            yield compact._encoder()
    else:
        yield compact.encode


@given(value=_VALUES)
def test_it_writes_what_the_library_writes_and_reads_it_back(encode: Any, value: Any) -> None:
    written = encode(value)
    assert written == json.dumps(value, separators=(",", ":")).encode("ascii")
    assert compact.decode(written) == compact.decode(bytearray(written)) == value


@pytest.mark.parametrize(
    "text", [b"", b" ", b"{", b'{"a":1}x', b"[1,]", b"nul", b'"\xff"', b"\xef\xbb\xbf1"], ids=repr
)
def test_what_was_never_written_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compact.decode(text)


def test_what_json_has_not_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        compact.encode({"a": object()})
