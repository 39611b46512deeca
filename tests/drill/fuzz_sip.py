"""A coverage-guided fuzzer: `python tests/drill/fuzz_sip.py TARGET FOLDER [options of libFuzzer]`.

TARGET is ``message`` (reader, framer, everything that is looked at in a message), ``sdp`` or ``digest``. The
inputs that cost most are left in FOLDER, to be timed without the fuzzer's own instruments.
"""

import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cordboard"]):
    from cordboard import sdp
    from cordboard.kernel.mistakes import BadInput
    from cordboard.sip.message.digest import read_schemes
    from cordboard.sip.message.framer import Framer
    from tests.unit.sip.mutants import VALID
    from tests.unit.sip.using import OURS, use


def message(data: bytes) -> None:
    """The first two bytes say where the stream is cut."""
    cut = int.from_bytes(data[:2], "big")
    data = data[2:]
    whole, parts = Framer(), Framer()
    found = whole.feed(data)
    assert found == parts.feed(data[:cut]) + parts.feed(data[cut:])
    assert whole.broken == parts.broken
    use(data)


def descriptions(data: bytes) -> None:
    for what in (sdp.understand, sdp.agree):
        try:
            what(data, OURS)
        except BadInput:
            continue


def digest(data: bytes) -> None:
    read_schemes([data.decode("latin-1")])


TARGETS = {"message": message, "sdp": descriptions, "digest": digest}


def seeds(target: str) -> list[bytes]:
    """What the fuzzer begins with."""
    if target == "message":
        return [b"\0\x40" + one for one in VALID]
    if target == "sdp":
        return [body for one in VALID if (body := one.partition(b"\r\n\r\n")[2]).startswith(b"v=0")]
    lines = [line for one in VALID for line in one.split(b"\r\n") if b"Digest" in line]
    return [line.partition(b": ")[2] for line in lines]


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    target, dearest = TARGETS[name], 0.0
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(seeds(name)):
        (corpus / f"seed{place}").write_bytes(seed)

    def one(data: bytes) -> None:
        nonlocal dearest
        begun = time.thread_time()
        target(data)
        taken = time.thread_time() - begun
        if taken > dearest:
            dearest = taken
            (folder / f"dear-{round(taken * 1e6):09d}").write_bytes(data)

    atheris.Setup([sys.argv[0], *sys.argv[3:], str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
