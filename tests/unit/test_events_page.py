"""docs/events.md: its verifier knows our signatures."""

import re
from pathlib import Path
from typing import Any

from cordboard.customer import signing

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


def test_s20_the_pages_verifier_takes_our_signatures_and_nothing_else() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    page: dict[str, Any] = {}
    exec(code, page)
    now, secret = 1_768_284_894, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    page["time"] = type("Clock", (), {"time": staticmethod(lambda: now)})
    verify = page["from_cordboard"]
    keys = (signing.key("old"), signing.key(secret))
    for method, body in (("GET", ""), ("POST", '{"CallSid":"1"}')):
        payload = signing.payload(method, "https://app.example/e?k=1", body)
        headers = signing.headers(keys, "msg_1", now, payload)
        assert verify(headers, payload, secret) and verify(headers, payload, "old")
        assert not verify(headers, payload + " ", secret) and not verify(headers, payload, "other")
        assert not verify(headers | {"webhook-id": "msg_2"}, payload, secret)
        now += 301
        assert not verify(headers, payload, secret)
        now -= 301
