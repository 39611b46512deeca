"""How a URL is read before it is called (reliability.md S1)."""

import pytest

from cordboard.kernel.mistakes import BadInput
from cordboard.net.urls import read

REFUSED = [
    "",
    "example.com/x",
    "//example.com/x",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "data:text/plain,hi",
    "javascript:alert(1)",
    "http:/example.com/",
    "http:example.com",
    "http://",
    "http:///path",
    "http://:80/",
    "http://a@example.com/",
    "http://a:b@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\127.0.0.1\\",
    "http://example.com/\\..",
    "http://exa mple.com/",
    " http://example.com/",
    "http://example.com/\n",
    "http://example.com/a\r\nX: y",
    "http://example.com/a\tb",
    "http://example.com/\x00",
    "http://example.com/\u3000",
    "http://example.com/\ud800",
    "http://127.0.0.%31/",
    "http://%6cocalhost/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.1./",
    "http://127.0.0.01/",
    "http://127.0.0.0x1/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７.0.0.1/",
    "http://ｌocalhost/",
    "http://localhost。/",
    "http://bücher.example/",
    "http://[::1/",
    "http://[::1]x/",
    "http://[127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://::1/",
    "http://-a.example/",
    "http://a..example/",
    "http://exa$mple/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:80a/",
    "http://example.com:-1/",
    "http://example.com:٨٠/",
    "http://example.com:80:80/",
    "http://" + "a" * 64 + ".example/",
    "http://" + "a." * 127 + "example/",
    "http://example.com/" + "a" * 8000,
]


@pytest.mark.parametrize("text", REFUSED)
def test_s1_what_two_readers_could_read_differently_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(text)
    assert str(refused.value).startswith("url: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "sent", "literal"),
    [
        ("http://example.com", "example.com", 80, "/", "http://example.com/", False),
        ("HTTPS://Example.COM:443/A?b", "example.com", 443, "/A?b", "https://example.com/A?b", False),
        ("http://h.example:8080?x=1", "h.example", 8080, "/?x=1", "http://h.example:8080/?x=1", False),
        ("http://h:9/a#b?c", "h", 9, "/a", "http://h:9/a", False),
        ("http://localhost./", "localhost.", 80, "/", "http://localhost./", False),
        ("http://127.0.0.1:9000/c", "127.0.0.1", 9000, "/c", "http://127.0.0.1:9000/c", True),
        ("http://[::FFFF:7f00:1]/", "::ffff:7f00:1", 80, "/", "http://[::ffff:7f00:1]/", True),
        ("https://[2001:db8:0::1]:8443/", "2001:db8::1", 8443, "/", "https://[2001:db8::1]:8443/", True),
        ("http://my_app.svc/", "my_app.svc", 80, "/", "http://my_app.svc/", False),
    ],
)
def test_the_parts_of_a_url(text: str, host: str, port: int, target: str, sent: str, literal: bool) -> None:
    url = read(text)
    assert (url.host, url.port, url.target, url.text, url.literal) == (host, port, target, sent, literal)


@pytest.mark.parametrize(
    "target",
    [
        "/a%2a+b~/../c;d=e",
        "/?x=%2A+b&&y=a%20b&=;|{}\"'<>^`",
        "/p?q=http://127.0.0.1/?a=b@c",
        "/%zz?%",
        "/a?b?c/d",
    ],
)
def test_path_and_query_stay_byte_for_byte(target: str) -> None:
    assert read("http://h.example" + target).target == target


def test_letters_beyond_ascii_in_the_path_go_out_as_utf8_in_percent_form() -> None:
    assert read("http://h.example/é?नाम=1").target == "/%C3%A9?%E0%A4%A8%E0%A4%BE%E0%A4%AE=1"
