// Which agent takes the call: a Connect application in Express.
//
// Run it with `npm ci && PORT=9000 npm start`; the Connect URL is `http://…:9000/connect`, the Fallback URL
// `http://…:9000/fallback`.
"use strict";

const express = require("express");

const DAY = ["+919812300001", "+919812300002"]; // from 9 to 18 h, in the order in which they are rung
const NIGHT = ["+919812300003"];
const FRONT_DESK = "+918047100009";

const app = express();

// Name the next agent who was not rung yet; nobody when all were.
app.get("/connect", (request, response) => {
  // The platform's own clock, in the account's time zone: "2026-01-13 11:44:56".
  const hour = Number((request.query.CurrentTime ?? "1970-01-01 12:00:00").slice(11, 13));
  const agents = 9 <= hour && hour < 18 ? DAY : NIGHT;
  // After a failed attempt every leg so far is told, with numbers as "0…" or "+91…": compare ten digits.
  // Express 5 leaves the brackets in the names; version 4 makes an array of them.
  const rung = Object.entries(request.query)
    .filter(([name]) => /^Legs\[\d+\]\[Number\]$/.test(name))
    .map(([, number]) => number.slice(-10));
  const left = agents.filter((agent) => !rung.includes(agent.slice(-10)));
  const here = process.env.PUBLIC_URL ?? `${request.protocol}://${request.get("host")}`;
  // `json`, not `send`: with a string `send` says text/html, and that is no answer.
  response.json({
    fetch_after_attempt: left.length > 1,
    destination: { numbers: left.slice(0, 1) },
    record: true,
    recording_channels: "dual",
    max_ringing_duration: 20,
    dial_passthru_event_url: `${here}/events`,
  });
});

// Asked when `connect` fails or is slow: needs nothing that could fail with it.
app.get("/fallback", (request, response) => {
  response.json({ destination: { numbers: [FRONT_DESK] } });
});

// Told who is being rung: `busy` from the first ring, `free` when that leg is over.
app.get("/events", (request, response) => {
  const { EventType, DialWhomNumber, Status } = request.query;
  console.log(`${EventType} ${DialWhomNumber} is ${Status}`);
  response.json({});
});

const server = app.listen(Number(process.env.PORT ?? 9000), process.env.HOST ?? "127.0.0.1", () => {
  console.log(`listening on ${server.address().port}`);
});
