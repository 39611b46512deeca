"""What to change for each kind of fault: one sentence, addressed to the application's author."""

import re
from collections.abc import Mapping

from cordboard.contract.plan import Problem
from cordboard.customer import got as words
from cordboard.customer.got import Got

SHAPE = '{"destination": {"numbers": [...]}}'
NOBODY = '200 with {"destination": {"numbers": []}}'
EXAMPLE = '{"destination": {"numbers": ["+919812300001"]}}'

_BY_CODE: Mapping[str, str] = {
    "answer.status": f"Answer 200 in every case; for nobody to dial send {NOBODY}.",
    "answer.media_type": "Send the header Content-Type: application/json.",
    "answer.not_object": f"Send one JSON object, as {EXAMPLE}.",
    "destination.missing": f"Put the numbers under destination, as {EXAMPLE}.",
    "destination.not_object": f"Make destination an object, as {EXAMPLE}.",
    "destination.numbers_missing": f"Name the list numbers, as {EXAMPLE}.",
    "destination.empty": 'Write {"destination": {"numbers": []}} when nobody is to be dialled.',
    "numbers.empty": "Write [] when nobody is to be dialled.",
    "numbers.not_list": 'Make numbers a list of text, as ["+919812300001"], even for one number.',
    "numbers.too_many": "Send at most 100 numbers; no more than 10 attempts are ever made.",
    "numbers.out_of_reach": "Put the numbers that matter first, or ring several at once (parallel_ringing).",
    "numbers.none": "Nothing, if nobody is to be dialled for this caller; else try with a caller whom your "
    "application knows (--from).",
    "number.loop": "Leave the caller's and the ExoPhone's own number out of the list.",
    "number.not_e164": "Write every number in E.164 format, as +919812300001.",
    "number.not_text": 'Write numbers as text in double quotes, as "+919812300001".',
    "number.not_dialable": "Write every number in E.164 format, as +919812300001; leave out what is none.",
    "number.country_doubled": "Put the country's code before the number once.",
    "number.empty": "Leave empty entries out of the list.",
    "shape.ccm": f"Answer with {SHAPE}, or turn the applet's option ccm on.",
    "shape.trunk": f"Answer with {SHAPE}, or turn the applet's option trunk on.",
    "shape.sip": "Name the number of the phone instead, or turn the option sip of the applet on.",
    "shape.plain": f"Answer with JSON, as {EXAMPLE}, or turn the option plain of the applet on.",
    "json.markup": "Send JSON, not a page of HTML or XML; often this is an error page or a login.",
    "json.empty": "Send a body: 200 with nothing in it is no answer.",
    "json.constant": "Write true, false and null in lower case: make the text with a JSON library.",
    "json.quotes": "Use double quotes: make the text with a JSON library.",
    "json.too_large": "Keep the answer under 64 kB.",
    "json.not_utf8": "Send UTF-8.",
    "field.type": "Write the value in the type that docs/contract/answer.md names.",
    "field.bounds": "Keep within the bounds that docs/contract/answer.md names.",
    "field.choice": "Use one of the values that the message names.",
    "field.unknown": "Leave the field out, or correct its name (docs/contract/answer.md lists them all).",
    "field.spelling": "Write the value in lower case, without spaces.",
    "field.null": "Leave the field out instead of sending null.",
    "playback.url": "Give the announcement an absolute http(s) URL.",
    "playback.not_200": "Serve the announcement's file with status 200 within 5 s, without a login.",
    "playback.skipped": "Serve the announcement as WAV, 8 kHz, 16 bit, mono.",
    "playback.form": "Serve the announcement as WAV, 8 kHz, 16 bit, mono.",
    "playback.to_missing": 'Add "playback_to": "callee" or "both" to start_call_playback.',
    "playback.value": "Give start_call_playback a value: the text, or the URL of the audio.",
    "hold.url": "Give custom_tone the absolute http(s) URL of its audio as value.",
    "hold.unusable": "Serve the hold tone's file with status 200 as WAV, 8 kHz, 16 bit, mono.",
    "events.url": "Give dial_passthru_event_url an absolute http(s) URL.",
    "exophone.not_owned": "Name one of the account's own ExoPhones, or leave outgoing_phone_number out.",
    "exophone.not_a_number": "Name an ExoPhone in E.164 format, or leave outgoing_phone_number out.",
    "exophone.other_circle": "Name an ExoPhone of the called one's circle, or leave the field out.",
    "exophone.unable": "Nothing in your application: the trunk of this ExoPhone cannot dial.",
    "parallel.one_at_a_time": "Set max_parallel_attempts to 2 or more, or activate to false.",
    "limit.same-set": "Set fetch_after_attempt to false, so that the whole list is dialled, or leave out "
    "of each new answer the numbers that DialWhomNumber and Legs[i][Number] say were tried.",
    "again.nobody": "Name the numbers that were not tried yet in the new answer, or set "
    "fetch_after_attempt to false.",
    "limit.time": "Ring shorter (max_ringing_duration) or several at once (parallel_ringing).",
    "limit.attempts": "Ring several at once (parallel_ringing): no more than 10 attempts are made.",
    "limit.ring": "Let it ring longer (max_ringing_duration, 60 at the most).",
    "fetch.timeout": "Answer within 5 s, and do slow work after the answer.",
    "fetch.failed": "Keep the server reachable, and set a Fallback URL on another one.",
    "wait.long": "Ring shorter (max_ringing_duration) or several at once (parallel_ringing).",
    "fallback.missing": "Set a Fallback URL on another server (for this check: --fallback URL).",
}
_LOGIN = re.compile(r"log-?in|sign-?in|auth|sso", re.IGNORECASE)
_BY_FAMILY: Mapping[str, str] = {
    "json": "Make the answer with a JSON library instead of writing its text by hand.",
    "number": "Leave this number out of the list.",
    "field": "Write the field as docs/contract/answer.md says, or leave it out.",
    "trunk": "Name a trunk by its id; custom_params is a text such as a=1&b=2.",
    "playback": "Write start_call_playback as docs/contract/answer.md says, or leave it out.",
}


def change_for(code: str) -> str:
    """The sentence for a code."""
    return (
        _BY_CODE.get(code)
        or _BY_FAMILY.get(code.partition(".")[0])
        or "Compare it with docs/contract/answer.md."
    )


def change_of(problem: Problem) -> str:
    """The sentence for a problem; what to write instead where the reader knows it."""
    if not problem.correction or problem.code == "answer.media_type":
        return change_for(problem.code)
    line, _, column = problem.where.partition(":")
    if line.isdigit():
        if problem.code == "json.comma_missing":  # what is told is where the next entry begins
            return (
                f"Write {problem.correction} before line {line}, column {column}; better, use a JSON library."
            )
        return f"Write {problem.correction} in line {line}, column {column}; better, use a JSON library."
    return f"Write {problem.correction} in {problem.where}."


STATUSES: Mapping[int, tuple[str, str]] = {
    401: ("answer.login", "Let the platform in: it sends no login; put a secret into the URL's query."),
    403: ("answer.login", "Let the platform in: it sends no login; put a secret into the URL's query."),
    404: (
        "answer.not_found",
        "Look at the path: there is no such page; for nobody to dial send 200 with "
        '{"destination": {"numbers": []}}.',
    ),
    405: ("answer.method", "Answer GET: the platform never sends POST."),
    414: ("answer.uri_too_long", "Take URLs of 8,000 characters: many Legs make them long."),
    429: ("answer.throttled", "Do not throttle the platform: calls come in bursts."),
}


def of_status(got: Got, path: str) -> tuple[str, str, str]:
    """(code, message, change) for a status that is not 200."""
    status = got.status
    if 300 <= status < 400:
        where = f" to {got.location}" if got.location else ""
        told = f"{path} redirects ({status}){where}, and redirects are not followed"
        return "answer.redirect", told, _of_redirect(got.location)
    code, change = STATUSES.get(status, ("answer.status", change_for("answer.status")))
    if status >= 500:
        code = "answer.crash"
        change = (
            "Look into the application's log: it failed on this request; answer 200 whatever the parameters."
        )
    return code, f"{path} answers {status}, and only 200 is an answer", change


def _of_redirect(location: str) -> str:
    """Where it leads decides: a login is no other place for the same answer."""
    if not location:
        return "Answer 200 at the URL itself."
    if _LOGIN.search(location):
        return "Let the platform in: it sends no login; put a secret into the URL's query instead."
    return f"Configure {location} as the URL, or answer 200 at the URL itself."


def of_failure(got: Got, path: str) -> tuple[str, str, str]:
    """(code, message, change) for an exchange without an answer. It is the developer's own machine that asks,
    so the cause may be told."""
    error, cause = got.error, got.cause
    if error == words.TLS_FAILED or "CERTIFICATE" in cause.upper():
        return _tls(cause)
    table = {
        words.REFUSED_ADDRESS: (
            "connect.address",
            f"the address may not be called ({cause.partition(': ')[2]})",
            "Make the URL public on port 80, 443, 8080 or 8443; allow a private network by --allow.",
        ),
        words.BAD_URL: (
            "connect.url",
            f"this URL cannot be called: {cause.partition(': ')[2]}",
            "Write an absolute http or https URL.",
        ),
        words.NOT_FOUND: (
            "connect.name",
            "the host's name was not found",
            "Correct the host, or its DNS records.",
        ),
        words.CONNECTION_REFUSED: (
            "connect.refused",
            "the connection was refused",
            "Start the server, and look at its port and address.",
        ),
        words.NO_CONNECTION: (
            "connect.none",
            "no connection could be made",
            "Let the platform's network through the firewall, and look at port and address.",
        ),
        words.BROKEN_OFF: (
            "answer.broken",
            f"the connection broke off while {path} was asked",
            "Look into the application's log: it closed the connection without a whole answer.",
        ),
        words.NOT_HTTP: (
            "answer.not_http",
            "what came back was not HTTP",
            "Look at scheme and port: https and http are on ports of their own.",
        ),
        words.ENCODED: (
            "answer.compressed",
            "the answer is compressed although that was not asked for",
            "Compress only for requests whose Accept-Encoding says so.",
        ),
        words.HEADERS_TOO_LARGE: (
            "answer.header",
            "the answer's header is too large",
            "Send fewer cookies and fields.",
        ),
    }
    if error in table:
        return table[error]
    if error.startswith("no answer in"):
        return (
            "answer.late",
            f"{path} gave {error}; then the platform stops waiting",
            change_for("fetch.timeout"),
        )
    if error.startswith("the answer is larger"):
        return "json.too_large", error, change_for("json.too_large")
    return "connect.trouble", f"{error} ({cause})", "Keep the server reachable."


_CERTIFICATE = (
    ("expired", "tls.expired", "the certificate has expired", "Renew it."),
    ("not yet valid", "tls.not_yet", "the certificate is not valid yet", "Look at the server's clock."),
    (
        "Hostname mismatch",
        "tls.name",
        "the certificate is not for this host's name",
        "Get a certificate that names the host of the URL.",
    ),
    (
        "IP address mismatch",
        "tls.name",
        "the certificate is not for this address",
        "Call the server by the name that its certificate has.",
    ),
    (
        "self-signed",
        "tls.self_signed",
        "nobody the platform trusts has signed the certificate",
        "Get a certificate from a public authority; a self-signed one is not trusted.",
    ),
    (
        "self signed",
        "tls.self_signed",
        "nobody the platform trusts has signed the certificate",
        "Get a certificate from a public authority; a self-signed one is not trusted.",
    ),
    (
        "unable to get local issuer",
        "tls.chain",
        "the certificate's issuer is not known",
        "Send the whole chain (fullchain.pem), not the server's certificate alone.",
    ),
)


def _tls(cause: str) -> tuple[str, str, str]:
    for sign, code, message, change in _CERTIFICATE:
        if sign in cause:
            return code, message, change
    said = cause.partition(": ")[2] or cause
    return "tls.failed", f"the secure connection failed ({said[:160]})", "Offer TLS 1.2 or 1.3 on this port."
