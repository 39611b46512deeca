"""Applications that answer a Connect URL, each with one fault; and one without any.

``BROKEN`` maps each name to its maker: ``slow``, ``crashes``, ``html_page``, ``missing_comma``,
``wrong_media_type``, ``redirects_to_login``, ``numbers_without_country``, ``assigns_twice``,
``same_set_for_ever``, ``chokes_on_unknown_parameters``, ``chokes_on_quoted_digits``,
``fallback_equally_broken``. ``SOUND`` makes the one without a fault.

A made application is a plain function (``platform.call`` takes it); it answers under ``/connect`` and
``/fallback``; where the fault is the Primary's, the Fallback is good.

``serve`` puts one behind a real HTTP port: ``with serve(BROKEN["slow"]()) as url: … url + "/connect"``.
"""

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cordboard.testing.applications import Answer, Answering, Asked

ASHA, RAVI, MEENA = "+919812300001", "+919812300002", "+919812300003"
FRONT_DESK = "+918047100009"
LOGIN = "/login"

DOCUMENTED = frozenset(
    ("CallSid", "CallFrom", "CallTo", "Direction", "Created", "DialCallDuration", "StartTime", "EndTime",
     "CallType", "DialWhomNumber", "flow_id", "From", "To", "CurrentTime", "DialCallStatus", "digits",
     "CustomField", "RecordingUrl")
)  # fmt: skip


def sound() -> Answering:
    """Asha, then Ravi; the Fallback names the front desk."""
    return _beside_good_fallback(lambda asked: _dials(ASHA, RAVI, record=True))


def slow() -> Answering:
    """A cold start: the answer is right and takes six seconds."""
    body = _dials(ASHA).body
    return _beside_good_fallback(lambda asked: Answer(body=body, seconds=6.0))


def crashes() -> Answering:
    """500, as a framework says it."""
    page = b"<!doctype html><title>500 Internal Server Error</title><h1>Internal Server Error</h1>"
    return _beside_good_fallback(lambda asked: Answer(500, "text/html; charset=utf-8", page))


def html_page() -> Answering:
    """200 with a page for browsers: the URL is that of the site, not of its API."""
    page = b"<!doctype html><title>Agents</title><p>Welcome"
    return _beside_good_fallback(lambda asked: Answer(200, "text/html; charset=utf-8", page))


def missing_comma() -> Answering:
    """JSON put together by hand, a comma forgotten between two fields."""
    body = b'{\n  "record": true\n  "destination": {"numbers": ["+919812300001"]}\n}'
    return _beside_good_fallback(lambda asked: Answer(body=body))


def wrong_media_type() -> Answering:
    """The right JSON, said to be text."""
    body = _dials(ASHA).body
    return _beside_good_fallback(lambda asked: Answer(media_type="text/plain; charset=utf-8", body=body))


def redirects_to_login() -> Answering:
    """The page wants somebody to sign in first."""
    return _beside_good_fallback(lambda asked: Answer(302, "text/html", b""))


def numbers_without_country() -> Answering:
    """A mobile number without +91 (understood leniently, lost in strict mode) and a city's number without
    its code, which nobody could dial."""
    return _beside_good_fallback(lambda asked: _dials("9812300001", "23456789"))


def assigns_twice() -> Answering:
    """Each request takes the next agent, also the second one with the same CallSid."""
    agents = itertools.cycle((ASHA, RAVI, MEENA))
    return _beside_good_fallback(lambda asked: _dials(next(agents)))


def same_set_for_ever() -> Answering:
    """Wants to be asked again after each attempt, and always names the same two: the second is never rung."""
    return _beside_good_fallback(lambda asked: _dials(ASHA, RAVI, fetch_after_attempt=True))


def chokes_on_unknown_parameters() -> Answering:
    """Refuses what its list does not hold, such as the legs that are told after a failed attempt."""

    def answer(asked: Asked) -> Answer:
        unknown = sorted(set(asked) - DOCUMENTED)
        if unknown:
            return Answer(400, body=json.dumps({"error": f"unexpected parameter {unknown[0]}"}).encode())
        again = asked.get("CallType") != "incomplete"
        return _dials(ASHA if again else RAVI, fetch_after_attempt=True)

    return _beside_good_fallback(answer)


def chokes_on_quoted_digits() -> Answering:
    """Reads ``digits`` as a number, and they come in double quotes."""

    def answer(asked: Asked) -> Answer:
        choice = int(asked.get("digits", "1"))
        return _dials(ASHA if choice == 1 else RAVI)

    return _beside_good_fallback(answer)


def fallback_equally_broken() -> Answering:
    """Primary and Fallback are one program with one database, and it is down."""
    return lambda asked: Answer(500, "text/plain", b"OperationalError: could not connect to server")


SOUND = sound
BROKEN: Mapping[str, Callable[[], Answering]] = {
    made.__name__: made
    for made in (
        slow,
        crashes,
        html_page,
        missing_comma,
        wrong_media_type,
        redirects_to_login,
        numbers_without_country,
        assigns_twice,
        same_set_for_ever,
        chokes_on_unknown_parameters,
        chokes_on_quoted_digits,
        fallback_equally_broken,
    )
}


def _dials(*numbers: str, **words: Any) -> Answer:
    return Answer(body=json.dumps({"destination": {"numbers": list(numbers)}, **words}).encode())


def _beside_good_fallback(primary: Answering) -> Answering:
    def answer(asked: Asked) -> Answer | tuple[int, str, bytes | str]:
        return _dials(FRONT_DESK) if asked.path == "/fallback" else primary(asked)

    return answer


# --- behind a port --------------------------------------------------------------------------------------


@contextlib.contextmanager
def serve(application: Answering, hurry: float = 1.0) -> Iterator[str]:
    """The application on a port of loopback; gives its URL without a path.

    ``hurry``: how many times faster than said a slow answer is (with an asker whose limit is as much
    shorter, nothing else changes). HEAD answers as GET without its body.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = _ask(application, Asked(self.path, dict(self.headers.items())))
            if answer.seconds:
                time.sleep(answer.seconds / hurry)
            with contextlib.suppress(ConnectionError):
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.media_type)
                self.send_header("Content-Length", str(len(answer.body)))
                if answer.status == 302:
                    self.send_header("Location", LOGIN)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(answer.body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ask(application: Answering, asked: Asked) -> Answer:
    try:
        said = application(asked)
    except Exception as failure:
        return Answer(500, "text/plain", f"{type(failure).__name__}: {failure}".encode())
    if isinstance(said, Answer):
        return said
    status, media_type, body = said
    return Answer(status, media_type, body.encode() if isinstance(body, str) else body)
