"""A small client of the platform's REST API, written from contract.md §6 alone: nothing of ours is behind it.

As applications use it: key and token in the URL's userinfo, forms, JSON where the path ends in
``.json``, XML without. It blocks; tests run it in a thread.
"""

import base64
import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body of a ``.json`` path."""
        assert self.headers["content-type"].startswith("application/json"), self.headers
        return json.loads(self.body)

    @property
    def xml(self) -> ElementTree.Element:
        """What stands inside of ``TwilioResponse``."""
        assert self.headers["content-type"].startswith("application/xml"), self.headers
        root = ElementTree.fromstring(self.body)
        assert root.tag == "TwilioResponse"
        return root


class RestError(Exception):
    """The platform refused: ``RestException`` with ``Status`` and ``Message``."""

    def __init__(self, reply: Reply, message: str) -> None:
        self.status, self.headers, self.message = reply.status, reply.headers, message
        super().__init__(f"{reply.status}: {message}")


class RestClient:
    """``url``: ``http://key:token@host:port``; ``account``: the sid in paths."""

    def __init__(self, url: str, account: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._host, self._port = parts.hostname, parts.port
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        self._login = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
        self._root = f"/v1/Accounts/{account}"
        self._account = account

    # --- calls -----------------------------------------------------------------------------------------

    def connect(self, fields: Mapping[str, str], events: Sequence[str] = ()) -> dict[str, Any]:
        """``POST …/Calls/connect.json``: the call that was begun. ``events``: ``StatusCallbackEvents``."""
        form = {**fields, **{f"StatusCallbackEvents[{index}]": event for index, event in enumerate(events)}}
        return self._call(self.ask("POST", f"{self._root}/Calls/connect.json", form))

    def connect_xml(self, fields: Mapping[str, str]) -> dict[str, str]:
        """``POST …/Calls/connect``: the call's elements; an empty one is ''."""
        call = self.ask("POST", f"{self._root}/Calls/connect", fields).xml.find("Call")
        assert call is not None
        return {element.tag: element.text or "" for element in call}

    def details(self, sid: str, **query: str) -> dict[str, Any]:
        """``GET …/Calls/{sid}.json``."""
        return self._call(self.ask("GET", f"{self._root}/Calls/{sid}.json{_query(query)}"))

    def calls(self, **query: str) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Page by page, by ``NextPageUri``: (metadata, calls)."""
        uri = f"{self._root}/Calls.json{_query(query)}"
        while uri:
            page = self.ask("GET", uri).json
            yield page["Metadata"], page["Calls"]
            uri = page["Metadata"]["NextPageUri"]

    def legs(self, sid: str) -> list[dict[str, Any]]:
        """``GET …/Calls/{sid}/Legs.json``."""
        return [leg["Leg"] for leg in self.ask("GET", f"{self._root}/Calls/{sid}/Legs.json").json["Legs"]]

    def newest_details(self, sid: str) -> dict[str, Any]:
        """``GET /v3/accounts/{account}/calls/{sid}``."""
        told = self.ask("GET", f"/v3/accounts/{self._account}/calls/{sid}").json
        assert told["http_code"] == told["response"]["code"] == 200
        found: dict[str, Any] = told["response"]["call_details"]
        return found

    # --- the rest --------------------------------------------------------------------------------------

    def exophones(self) -> list[dict[str, Any]]:
        """``GET …/IncomingPhoneNumbers.json``."""
        told = self.ask("GET", f"{self._root}/IncomingPhoneNumbers.json").json
        return [one["IncomingPhoneNumber"] for one in told["IncomingPhoneNumbers"]]

    def recording(self, url: str, login: bool = True, **headers: str) -> Reply:
        """What lies behind a ``RecordingUrl``, whatever host it names."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.ask("GET", path, headers=headers, login=login)

    def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        login: bool = True,
    ) -> Reply:
        """One request on a connection of its own. Raises ``RestError``."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=20)
        sent = dict(headers or {}) | (self._login if login else {})
        body = None
        if form is not None:
            body = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            reply = Reply(answer.status, named, answer.read())
        finally:
            connection.close()
        if reply.status >= 400:
            raise RestError(reply, _message(reply))
        return reply

    @staticmethod
    def _call(reply: Reply) -> dict[str, Any]:
        call: dict[str, Any] = reply.json["Call"]
        return call


def _message(reply: Reply) -> str:
    if reply.headers["content-type"].startswith("application/json"):
        told = reply.json["RestException"]
        assert told["Status"] == reply.status
        return str(told["Message"])
    root = reply.xml
    assert root.findtext("RestException/Status") == str(reply.status)
    return root.findtext("RestException/Message") or ""


def _query(query: Mapping[str, str]) -> str:
    return f"?{urlencode(query)}" if query else ""
