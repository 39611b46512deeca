"""What reading an answer costs: CPU of ``read_answer``, the least of many batches.

``python bench/reading_cost.py [--most 100]``: exit 1 when the document's own sample costs more microseconds.
"""

import argparse
import json
import sys
import time

from cordboard.contract.account import Account
from cordboard.contract.answer import read_answer

# the document's sample, with the comma that it lacks
SAMPLE = b"""{
"fetch_after_attempt":false,
"destination": {
"numbers":["+919812345678"]
},
"outgoing_phone_number":"+918047115777",
"record": true,
"recording_channels":"dual",
"max_ringing_duration":45,
"max_conversation_duration":3600,
"music_on_hold": {
"type":"operator_tone"
},
"start_call_playback": {
"playback_to":"both",
"type":"text",
"value":"This text would be spoken out to the callee"
}
}"""
ANSWERS = {
    "the document's sample": SAMPLE,
    "the same without its comma": SAMPLE.replace(b'"both",', b'"both"'),
    "one number": b'{"destination":{"numbers":["+919812345678"]}}',
    "ten in national form": json.dumps(
        {"destination": {"numbers": [f"098123456{index:02d}" for index in range(10)]}}
    ).encode(),
    "64 kB of unknown fields": json.dumps({f"field{index}": index for index in range(3000)}).encode(),
    "64 kB of brackets in text": b'{"a":"' + b"[" * 65_000 + b'"}',
}
_SECONDS = 0.02


def cost(body: bytes, account: Account) -> float:
    """Microseconds of CPU for one reading."""
    loops = frozenset({"+919876500001", "+918047115777"})

    def batch(times: int) -> float:
        began = time.process_time()
        for _ in range(times):
            read_answer(200, "application/json; charset=utf-8", body, account, loops=loops)
        return (time.process_time() - began) / times

    times = max(1, int(_SECONDS / batch(3)))
    return min(batch(times) for _ in range(25)) * 1e6


def main() -> int:
    """Print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--most", type=float, default=100.0, help="microseconds for the document's sample")
    most = options.parse_args().most
    found = {}
    for name, body in ANSWERS.items():
        lenient, strict = cost(body, Account()), cost(body, Account(strict=True))
        found[name] = max(lenient, strict)
        print(f"{name:<28} lenient {lenient:8.1f} µs   strict {strict:8.1f} µs")
    return int(found["the document's sample"] > most)


if __name__ == "__main__":
    sys.exit(main())
