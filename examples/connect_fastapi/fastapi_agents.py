"""Which agent takes the call: a Connect application in FastAPI.

Run it with `uvicorn fastapi_agents:app --port 9000`; the Connect URL is `http://…:9000/connect`, the
Fallback URL `http://…:9000/fallback`.
"""

import logging
import os
import re
from typing import Any

from fastapi import FastAPI, Request

DAY = ["+919812300001", "+919812300002"]  # from 9 to 18 h, in the order in which they are rung
NIGHT = ["+919812300003"]
FRONT_DESK = "+918047100009"

app = FastAPI()
log = logging.getLogger("agents")


@app.get("/connect")
async def connect(request: Request) -> dict[str, Any]:
    """Name the next agent who was not rung yet; nobody when all were."""
    query = request.query_params
    # The platform's own clock, in the account's time zone: "2026-01-13 11:44:56".
    hour = int(query.get("CurrentTime", "1970-01-01 12:00:00")[11:13])
    agents = DAY if 9 <= hour < 18 else NIGHT
    # After a failed attempt every leg so far is told, with numbers as "0…" or "+91…": compare ten digits.
    rung = {number[-10:] for name, number in query.items() if re.fullmatch(r"Legs\[\d+\]\[Number\]", name)}
    left = [agent for agent in agents if agent[-10:] not in rung]
    return {
        "fetch_after_attempt": len(left) > 1,
        "destination": {"numbers": left[:1]},
        "record": True,
        "recording_channels": "dual",
        "max_ringing_duration": 20,
        "dial_passthru_event_url": os.environ.get("PUBLIC_URL", str(request.base_url)).rstrip("/")
        + "/events",
    }


@app.get("/fallback")
async def fallback() -> dict[str, Any]:
    """Asked when `connect` fails or is slow: needs nothing that could fail with it."""
    return {"destination": {"numbers": [FRONT_DESK]}}


@app.get("/events")
async def events(request: Request) -> dict[str, str]:
    """Told who is being rung: `busy` from the first ring, `free` when that leg is over."""
    query = request.query_params
    log.info("%s %s is %s", query.get("EventType"), query.get("DialWhomNumber"), query.get("Status"))
    return {}
