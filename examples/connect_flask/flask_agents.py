"""Which agent takes the call: a Connect application in Flask.

Run it with `flask --app flask_agents run --port 9000`; the Connect URL is `http://…:9000/connect`, the
Fallback URL `http://…:9000/fallback`.
"""

import os
import re

from flask import Flask, Response, jsonify, request

DAY = ["+919812300001", "+919812300002"]  # from 9 to 18 h, in the order in which they are rung
NIGHT = ["+919812300003"]
FRONT_DESK = "+918047100009"

app = Flask(__name__)


@app.get("/connect")
def connect() -> Response:
    """Name the next agent who was not rung yet; nobody when all were."""
    # The platform's own clock, in the account's time zone: "2026-01-13 11:44:56".
    hour = int(request.args.get("CurrentTime", "1970-01-01 12:00:00")[11:13])
    agents = DAY if 9 <= hour < 18 else NIGHT
    # After a failed attempt every leg so far is told, with numbers as "0…" or "+91…": compare ten digits.
    told = request.args.items()
    rung = {number[-10:] for name, number in told if re.fullmatch(r"Legs\[\d+\]\[Number\]", name)}
    left = [agent for agent in agents if agent[-10:] not in rung]
    return jsonify(
        fetch_after_attempt=len(left) > 1,
        destination={"numbers": left[:1]},
        record=True,
        recording_channels="dual",
        max_ringing_duration=20,
        dial_passthru_event_url=os.environ.get("PUBLIC_URL", request.url_root).rstrip("/") + "/events",
    )


@app.get("/fallback")
def fallback() -> Response:
    """Asked when `connect` fails or is slow: needs nothing that could fail with it."""
    return jsonify(destination={"numbers": [FRONT_DESK]})


@app.get("/events")
def events() -> Response:
    """Told who is being rung: `busy` from the first ring, `free` when that leg is over."""
    query = request.args
    app.logger.info("%s %s is %s", query.get("EventType"), query.get("DialWhomNumber"), query.get("Status"))
    return jsonify()
