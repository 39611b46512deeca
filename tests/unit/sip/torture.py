"""The cases of RFC 4475 and RFC 5118, written anew from their sections: what each is about, not its text.

``udp`` is the answer to the datagram, ``stream`` the one over a stream where it differs; 0 is silence. An
INVITE that is taken is answered 404 by whoever is rung.
"""

from dataclasses import dataclass

SDP = (
    b"v=0\r\no=ada 29 71 IN IP4 192.0.2.30\r\ns=-\r\nc=IN IP4 192.0.2.30\r\nt=0 0\r\n"
    b"m=audio 41000 RTP/AVP 0 8\r\nm=video 41002 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
)
SDP6 = (
    b"v=0\r\no=ada 1 1 IN IP6 2001:db8::20\r\ns=-\r\nc=IN IP6 2001:db8::20\r\nt=0 0\r\n"
    b"m=audio 41000 RTP/AVP 8\r\n"
)


@dataclass(frozen=True, slots=True)
class Case:
    """``section`` of its RFC; ``after`` is what the stream carries behind the message."""

    section: str
    about: str
    data: bytes
    udp: int
    stream: int = -1

    @property
    def over_stream(self) -> int:
        """The answer over a stream."""
        return self.udp if self.stream < 0 else self.stream


def message(start: str, *lines: str, body: bytes = b"", length: str = "", **changed: str) -> bytes:
    """A message with the usual header lines. ``changed`` replaces one by name (``from_``, ``call_id``); an
    empty text leaves it out."""
    method = start.split(" ")[0]
    usual = {
        "via": "SIP/2.0/UDP 192.0.2.30:5060;branch=z9hG4bKada7",
        "from_": "<sip:ada@example.net>;tag=a1",
        "to": "<sip:bob@example.com>",
        "call_id": "torture.1@192.0.2.30",
        "cseq": f"8 {method}",
        "max_forwards": "70",
        "contact": "<sip:ada@192.0.2.30>",
    } | changed
    names = {
        "via": "Via",
        "from_": "From",
        "to": "To",
        "call_id": "Call-ID",
        "cseq": "CSeq",
        "max_forwards": "Max-Forwards",
        "contact": "Contact",
    }
    head = [start, *(f"{names[key]}: {value}" for key, value in usual.items() if value), *lines]
    if body and not any(line.lower().startswith(("content-type", "c:")) for line in lines):
        head.append("Content-Type: application/sdp")
    if length != "-":
        head.append(f"Content-Length: {length or len(body)}")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _ended(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


_TORTUOUS = _ended(
    b"INVITE sip:bella@ring.example;unknownparam;lr SIP/2.0",
    b"TO :",
    b" sip:bella@ring.example ;   tag    = 77q",
    b'from   : "Ada \\\\\\""       <sip:ada@example.net>',
    b"  ;",
    b"  tag = x9",
    b"MaX-fOrWaRdS: 0068",
    b"Call-ID: tortuous.30@192.0.2.30",
    b"Content-Length   : 0000%d" % len(SDP),
    b"cseq: 0008",
    b"  INVITE",
    b"Via  : SIP  /   2.0",
    b" /UDP",
    b"    192.0.2.30;branch=z9hG4bKodd",
    b"s :",
    b"NewFangledHeader:   one value",
    b" over two lines",
    b"OpaqueHeader: ;;,,;;,;",
    b"Content-Type: application/sdp",
    b"Route:",
    b" <sip:services.example;lr;unknownwith=value;unknown-no-value>",
    b"v:  SIP  / 2.0  / TCP     hop.example   ;",
    b"  branch  =   z9hG4bKlow  ; received   =  192.0.2.41",
    b'm:"Quoted \\"\\"" <sip:ada@192.0.2.30> ; newparam = newvalue ;',
    b"  secondparam ; q = 0.33",
    body=SDP,
)
_WIDE = _ended(
    b"!odd+Method'*_`~%.-% sip:1_plain.~!$();/?*:&it+has=1,do%20ok@bob.example SIP/2.0",
    b"Via: SIP/2.0/UDP h.example:5060;branch=z9hG4bK-.!%66*_+`'~",
    b'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_plain.~!$();/?*:&it+has=1,do%20ok@bob.example>',
    b"From: tok1~` tok2'+_ tok3*%!.- <sip:ada@example.net>;odd*'p=\"\xd1\x80\";tag=_tok~1'+`*%!-.",
    b'Call-ID: odd%word)(><:\\/"][?}{',
    b"CSeq: 139122385 !odd+Method'*_`~%.-%",
    b"Max-Forwards: 255",
    b"extension-h.%!*_+`'~: \xef\xbb\xbfanything",
    b"Content-Length: 0",
)
_LONG = "a" + "very" * 20 + "longvalue"
_PARTS = (
    b"--unique\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\x00\xff\x80\r\n"
    b"--unique\r\nContent-Type: application/octet-stream\r\n\r\n\x30\x82\x01\x52\x06\x09\r\n--unique--\r\n"
)

RFC4475 = [
    Case("3.1.1.1", "a short tortuous INVITE, in a dialog nobody knows", _TORTUOUS, 481),
    Case("3.1.1.2", "a wide range of valid characters", _WIDE, 405),
    Case(
        "3.1.1.3",
        "percent signs that escape",
        message(
            "INVITE sip:sips%3Abob%40example.com@example.net SIP/2.0",
            to="<sip:%62ob@example.com>",
            from_="<sip:I%20have%20spaces@example.net>;tag=93",
            contact="<sip:cal%6Cer@192.0.2.30;%6C%72;n%61me=v%61lue%25%34%31>",
            body=SDP,
        ),
        404,
    ),
    Case(
        "3.1.1.4",
        "escaped NULs in URIs",
        message(
            "REGISTER sip:example.com SIP/2.0",
            to="sip:null-%00-null@example.com",
            from_="sip:null-%00-null@example.com;tag=83",
            contact="<sip:%00@192.0.2.30>, <sip:%00%00@192.0.2.30>",
        ),
        405,
    ),
    Case(
        "3.1.1.5",
        "percent signs that do not escape",
        message(
            "RE%47IST%45R sip:registrar.example.com SIP/2.0",
            to='"%Z%45" <sip:resource@example.com>',
            from_='"%Z%45" <sip:resource@example.com>;tag=f2',
            contact="<sip:alias1@192.0.2.30>,<sip:ali%61s2@192.0.2.30>",
        ),
        405,
    ),
    Case(
        "3.1.1.6",
        "no blank between a display name and its bracket",
        message("OPTIONS sip:user@example.com SIP/2.0", from_="caller<sip:caller@example.com>;tag=323"),
        200,
    ),
    Case(
        "3.1.1.7",
        "long values",
        message(
            "INVITE sip:user@example.com SIP/2.0",
            *(f"Via: SIP/2.0/TCP sip{n}.example.com" for n in range(34, 0, -1)),
            f"Unknown-{_LONG}-Name: un{_LONG}; {_LONG}={_LONG}",
            f"Unknown-{'very' * 8}-Name: {_LONG}",
            via="SIP/2.0/TCP sip35.example.com",
            to=f'"I have a user name of extreme{_LONG} proportion"<sip:user@example.com:6000;'
            f"un{_LONG}={_LONG};short=short>",
            from_=f"sip:{_LONG}@example.net;tag={'12982424' * 8};{_LONG}",
            call_id=f"{_LONG}@{_LONG}",
            contact=f"<sip:{_LONG}@host5.example.net>",
            body=SDP,
        ),
        404,
    ),
    Case(
        "3.1.1.8",
        "octets behind the message: on a stream they are a second request",
        message("REGISTER sip:example.com SIP/2.0")
        + message("INVITE sip:joe@example.com SIP/2.0", call_id="second.2", body=SDP),
        405,
        404,
    ),
    Case(
        "3.1.1.9",
        "semicolons in a user part",
        message("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
        200,
    ),
    Case(
        "3.1.1.10",
        "varied and unknown transports",
        message(
            "OPTIONS sip:user@example.com SIP/2.0",
            "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKkdj2",
            "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2s3",
            "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKas5",
        ),
        200,
    ),
    Case(
        "3.1.1.11",
        "a body of several parts, in a method that is not taken",
        message(
            "MESSAGE sip:kumiko@example.org SIP/2.0",
            "Content-Type: multipart/mixed;boundary=unique",
            body=_PARTS,
        ),
        405,
    ),
    Case(
        "3.1.1.12",
        "an unusual reason phrase",
        message("SIP/2.0 200 = 2**3 * 5**2 но сто", cseq="35 INVITE", to="<sip:b@c>;tag=2", body=SDP),
        0,
    ),
    Case(
        "3.1.1.13",
        "an empty reason phrase",
        message("SIP/2.0 100 ", cseq="35 INVITE", to="<sip:b@c>;tag=2"),
        0,
    ),
    Case(
        "3.1.2.1",
        "separators too many",
        message(
            "INVITE sip:user@example.com SIP/2.0",
            "Contact: <sip:joe@192.0.2.30>;;;;",
            via="SIP/2.0/UDP 192.0.2.30;;,;,,",
            to='"J User" <sip:j@example.com>;;',
            body=SDP,
        ),
        400,
    ),
    Case(
        "3.1.2.2",
        "a Content-Length beyond the datagram; a stream waits for the rest",
        message("INVITE sip:user@example.com SIP/2.0", body=SDP, length="9999"),
        400,
        0,
    ),
    Case(
        "3.1.2.3",
        "a negative Content-Length",
        message("INVITE sip:u@e.com SIP/2.0", body=SDP, length="-999"),
        400,
    ),
    Case(
        "3.1.2.4",
        "numbers too large in a request",
        message(
            "REGISTER sip:example.com SIP/2.0",
            "Expires: 1000000000000000000000000000000000000000000000000000000",
            cseq="36893488147419103232 REGISTER",
            max_forwards="300",
        ),
        400,
    ),
    Case(
        "3.1.2.5",
        "numbers too large in a response",
        message(
            "SIP/2.0 503 Busy",
            "Retry-After: 949302838503028349304023988",
            cseq="9292394834772304023312 OPTIONS",
        ),
        0,
    ),
    Case(
        "3.1.2.6",
        "a quote that is never closed",
        message("INVITE sip:user@example.com SIP/2.0", to='"Mr. J. User <sip:j.user@example.com>', body=SDP),
        400,
    ),
    Case(
        "3.1.2.7",
        "a Request-URI in brackets",
        message("INVITE <sip:user@example.com> SIP/2.0", body=SDP),
        400,
    ),
    Case(
        "3.1.2.8",
        "a Request-URI with a blank",
        message("INVITE sip:user@example.com; lr SIP/2.0", body=SDP),
        400,
    ),
    Case(
        "3.1.2.9",
        "two blanks in the start line",
        message("INVITE  sip:user@example.com  SIP/2.0", body=SDP),
        400,
    ),
    Case("3.1.2.10", "blanks at the start line's end", message("OPTIONS sip:t@example.com SIP/2.0  "), 400),
    Case(
        "3.1.2.11",
        "headers in a Request-URI",
        message("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0", body=SDP),
        400,
    ),
    Case(
        "3.1.2.12",
        "a time zone that is not GMT, which nobody reads",
        message("INVITE sip:user@example.com SIP/2.0", "Date: Fri, 01 Jan 2010 16:00:00 EST", body=SDP),
        404,
    ),
    Case(
        "3.1.2.13",
        "a Contact with URI headers and no brackets",
        message(
            "REGISTER sip:example.com SIP/2.0", contact="sip:user@example.com?Route=%3Csip:sip.example.com%3E"
        ),
        400,
    ),
    Case(
        "3.1.2.14",
        "blanks within the brackets of an address",
        message("OPTIONS sip:user@example.org SIP/2.0", to='"Watson, Thomas" < sip:t.watson@example.org >'),
        400,
    ),
    Case(
        "3.1.2.15",
        "a comma in a display name without quotes",
        message(
            "OPTIONS sip:t.watson@example.org SIP/2.0", from_="Bell, Alexander <sip:a@example.com>;tag=43"
        ),
        400,
    ),
    Case(
        "3.1.2.16",
        "another version of the protocol",
        message(
            "OPTIONS sip:t.watson@example.org SIP/7.0", via="SIP/7.0/UDP c.example.com;branch=z9hG4bKkdj"
        ),
        505,
    ),
    Case(
        "3.1.2.17",
        "two methods",
        message("OPTIONS sip:user@example.com SIP/2.0", cseq="8 INVITE", body=SDP),
        400,
    ),
    Case(
        "3.1.2.18",
        "two methods, one of them unknown",
        message("NEWMETHOD sip:user@example.com SIP/2.0", cseq="8 INVITE", body=SDP),
        501,
    ),
    Case(
        "3.1.2.19",
        "a status beyond all classes",
        message("SIP/2.0 4294967301 better", cseq="353494 INVITE"),
        0,
    ),
    Case(
        "3.2.1",
        "a branch of nothing but its cookie",
        message("OPTIONS sip:user@example.com SIP/2.0", via="SIP/2.0/UDP 192.0.2.30;branch=z9hG4bK"),
        400,
    ),
    Case(
        "3.3.1",
        "mandatory headers missing",
        message("INVITE sip:user@example.com SIP/2.0", call_id="", from_="", to="", body=SDP),
        400,
    ),
    Case("3.3.2", "an unknown scheme", message("OPTIONS nobodyKnowsThisScheme:opaquecontent SIP/2.0"), 416),
    Case(
        "3.3.3",
        "a known scheme that is not SIP's",
        message("OPTIONS soap.beep://192.0.2.30:3002 SIP/2.0"),
        416,
    ),
    Case(
        "3.3.4",
        "unknown schemes in headers",
        message(
            "REGISTER sip:example.com SIP/2.0",
            to="isbn:2983792873",
            from_="<http://www.example.com>;tag=3234233",
            contact="<name:John_Smith>",
        ),
        405,
    ),
    Case(
        "3.3.5",
        "extensions nobody knows",
        message(
            "OPTIONS sip:user@example.com SIP/2.0",
            "Require: nothingSupportsThis, nothingSupportsThisEither",
            "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis",
        ),
        420,
    ),
    Case(
        "3.3.6",
        "an unknown type of body",
        message(
            "INVITE sip:user@example.com SIP/2.0", "Content-Type: application/unknownformat", body=b"<audio/>"
        ),
        415,
    ),
    Case(
        "3.3.7",
        "an unknown way to authenticate",
        message("REGISTER sip:example.com SIP/2.0", "Authorization: NoOneKnowsThisScheme opaque-data=here"),
        405,
    ),
    Case(
        "3.3.8",
        "several values where one may stand",
        message(
            "INVITE sip:user@company.com SIP/2.0",
            "Call-ID: another",
            "CSeq: 59 INVITE",
            "From: sip:other@example.net;tag=3413415",
            "To: sip:other@example.net",
            "Max-Forwards: 5",
            body=SDP,
        ),
        400,
    ),
    Case(
        "3.3.9",
        "two lengths",
        message("OPTIONS sip:user@example.com SIP/2.0", "Content-Length: 5", body=b"There's no way to know"),
        400,
    ),
    Case(
        "3.3.10",
        "a response with a broadcast address in its second Via",
        message(
            "SIP/2.0 200 OK",
            "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23",
            cseq="8 INVITE",
            to="<sip:user@example.com>;tag=2",
            body=SDP,
        ),
        0,
    ),
    Case("3.3.11", "no hop left", message("OPTIONS sip:user@example.com SIP/2.0", max_forwards="0"), 200),
    Case(
        "3.3.12",
        "a parameter of the Contact",
        message("REGISTER sip:example.com SIP/2.0", contact="sip:+19725552222@gw1.example.net;unknownparam"),
        405,
    ),
    Case(
        "3.3.13",
        "a parameter of the Contact's URI",
        message(
            "REGISTER sip:example.com SIP/2.0", contact="<sip:+19725552222@gw1.example.net;unknownparam>"
        ),
        405,
    ),
    Case(
        "3.3.14",
        "headers in a Contact's URI",
        message(
            "REGISTER sip:example.com SIP/2.0",
            contact="<sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
        ),
        405,
    ),
    Case(
        "3.3.15",
        "an Accept that leaves no session description",
        message("INVITE sip:user@example.com SIP/2.0", "Accept: text/nobodyKnowsThis", body=SDP),
        406,
    ),
    Case(
        "3.4.1",
        "an INVITE of RFC 2543, whose body's end a stream cannot know",
        message(
            "INVITE sip:UserB@example.com SIP/2.0",
            "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>",
            "Content-Type: application/sdp",
            via="SIP/2.0/UDP iftgw.example.com",
            from_="<sip:+13035551111@ift.client.example.net;user=phone>",
            to="sip:+16505552222@ss1.example.net;user=phone",
            max_forwards="",
            contact="",
            body=SDP,
            length="-",
        ),
        404,
    ),
]

_SIX = "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"

RFC5118 = [
    Case("4.1", "IPv6 addresses in brackets", message("REGISTER sip:[2001:db8::10] SIP/2.0", via=_SIX), 405),
    Case(
        "4.2", "an IPv6 address without brackets", message("REGISTER sip:2001:db8::10 SIP/2.0", via=_SIX), 400
    ),
    Case(
        "4.3",
        "a port within the brackets",
        message("REGISTER sip:[2001:db8::10:5070] SIP/2.0", via=_SIX),
        405,
    ),
    Case(
        "4.4",
        "a port behind the brackets",
        message("REGISTER sip:[2001:db8::10]:5070 SIP/2.0", via=_SIX),
        405,
    ),
    Case(
        "4.5",
        "received with brackets",
        message(
            "BYE sip:[2001:db8::10] SIP/2.0",
            via="SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-11",
            to="<sip:bob@example.com>;tag=1",
        ),
        481,
    ),
    Case(
        "4.5",
        "received without brackets",
        message(
            "OPTIONS sip:[2001:db8::10] SIP/2.0",
            via="SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3",
        ),
        200,
    ),
    Case(
        "4.6",
        "IPv6 in the session description",
        message("INVITE sip:u@[2001:db8::10] SIP/2.0", via=_SIX, body=SDP6),
        404,
    ),
    Case(
        "4.7",
        "several addresses in the headers",
        message(
            "BYE sip:user@host.example.net SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
            "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
            via="SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
            to="<sip:bob@example.com>;tag=19",
        ),
        481,
    ),
    Case(
        "4.8",
        "several addresses in the session description",
        message(
            "INVITE sip:user@[2001:db8::10] SIP/2.0",
            via=_SIX,
            body=SDP6 + b"m=video 41002 RTP/AVP 31\r\nc=IN IP4 192.0.2.30\r\n",
        ),
        404,
    ),
    Case(
        "4.9",
        "IPv4 addresses mapped into IPv6",
        message(
            "INVITE sip:user@[::ffff:192.0.2.10] SIP/2.0",
            via="SIP/2.0/UDP [::ffff:192.0.2.2]:5060;branch=z9hG4bKkd2",
            contact="<sip:ada@[::ffff:192.0.2.2]>",
            body=SDP6.replace(b"2001:db8::20", b"::ffff:192.0.2.2"),
        ),
        404,
    ),
    Case(
        "4.10",
        "three colons, as the letter of RFC 3261's grammar had it",
        message("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0", via=_SIX),
        200,
    ),
    Case("4.10", "two colons", message("OPTIONS sip:user@[2001:db8::192.0.2.1] SIP/2.0", via=_SIX), 200),
]
