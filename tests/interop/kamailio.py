"""Kamailio as a foreign peer: a proxy that stays in the path, a registrar, one who asks for a password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.certificates import Papers
from tests.interop.programs import listening, need, running

USER, PASSWORD, REALM = "trunk42", "correct horse battery", "kamailio.example"

_CONFIG = """\
#!KAMAILIO
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
{secure}children=1
tcp_children=1
debug=2
log_stderror=yes
{modules}
modparam("rr", "enable_full_lr", 1)
modparam("auth", "algorithm", "{algorithm}")
modparam("usrloc", "db_mode", 0)

request_route {{
  if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
  if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
  if (has_totag()) {{
    if (loose_route()) {{ t_relay(); exit; }}
    if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
    sl_send_reply("404", "Not here");
    exit;
  }}
  if (is_method("REGISTER")) {{
    if (!pv_www_authenticate("{realm}", "{password}", "0")) {{ www_challenge("{realm}", "1"); exit; }}
    save("location");
    exit;
  }}
  if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
  t_check_trans();
  if (is_method("INVITE") && "{challenges}" == "yes" && $hdr(User-Agent) =~ "^cordboard/") {{
    if (!pv_proxy_authenticate("{realm}", "{password}", "0")) {{ proxy_challenge("{realm}", "1"); exit; }}
    consume_credentials();
  }}
  record_route();
  if ($hdr(User-Agent) =~ "^cordboard/") {{
    $du = "sip:127.0.0.1:{far};transport={far_transport}";
  }} else if ("{registers}" == "yes") {{
    $var(dialled) = $rU;
    $ru = "sip:{user}@127.0.0.1";
    if (!lookup("location")) {{ sl_send_reply("404", "Not registered"); exit; }}
  }} else {{
    $du = "sip:127.0.0.1:{engine};transport={engine_transport}";
  }}
  t_relay();
}}
"""

_MODULES = "tm sl rr pv maxfwd siputils textops usrloc registrar auth"


@dataclass(frozen=True, slots=True)
class Kamailio:
    """A running one. ``log``: the file of what it says."""

    port: int
    log: Path


@asynccontextmanager
async def kamailio(
    place: Path,
    *,
    port: int,
    engine: int = 0,
    far: int = 0,
    transport: str = "udp",
    far_transport: str = "udp",
    challenges: bool = False,
    registers: bool = False,
    algorithm: str = "MD5",
    papers: Papers | None = None,
) -> AsyncIterator[Kamailio]:
    """On ``port``, UDP and TCP. Calls of cordboard go to ``far``, all others to ``engine`` by ``transport``,
    or, with ``registers``, to where ``USER`` registered. ``challenges``: cordboard's INVITEs. With
    ``papers`` it takes TLS on the port after ``port``, and checks those it opens TLS to."""
    program = need("kamailio")
    folder = place / f"kamailio-{port}"
    folder.mkdir()
    config = folder / "kamailio.cfg"
    config.write_text(
        _CONFIG.format(
            port=port,
            secure=_secure(port, papers),
            modules="\n".join(f'loadmodule "{name}.so"' for name in _MODULES.split()),
            algorithm="" if algorithm == "MD5" else algorithm,
            realm=REALM,
            password=PASSWORD,
            user=USER,
            engine=engine,
            engine_transport=transport,
            far=far,
            far_transport=far_transport,
            challenges="yes" if challenges else "no",
            registers="yes" if registers else "no",
        )
    )
    command = (program, "-DD", "-E", "-m", "64", "-M", "8", "-f", str(config), "-Y", str(folder))
    async with running(*command, folder=folder, ready=lambda process: listening(port, process, "tcp")):
        yield Kamailio(port, folder / "log")


def _secure(port: int, papers: Papers | None) -> str:
    if papers is None:
        return ""
    values = {"private_key": papers.key, "certificate": papers.certificate, "ca_list": papers.ca}
    return (
        f'enable_tls=yes\nlisten=tls:127.0.0.1:{port + 1}\nloadmodule "tls.so"\n'
        + "".join(f'modparam("tls", "{name}", "{file}")\n' for name, file in values.items())
        + 'modparam("tls", "verify_certificate", 1)\nmodparam("tls", "tls_method", "TLSv1.2+")\n'
    )


_COLLECTOR = """\
#!KAMAILIO
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
children=1
debug=2
log_stderror=yes
loadmodule "db_text.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "sipcapture.so"
modparam("sipcapture", "db_url", "text://{folder}")
modparam("sipcapture", "capture_on", 1)
modparam("sipcapture", "hep_capture_on", 1)
request_route {{ xlog("L_ERR", "CAUGHT $proto $si:$sp $rm $ci\\n"); drop; }}
onreply_route {{ xlog("L_ERR", "CAUGHT $proto $si:$sp $rs $ci\\n"); drop; }}
"""


@asynccontextmanager
async def collector(place: Path, *, port: int) -> AsyncIterator[Path]:
    """A HEP collector (the module sipcapture). Its log has a line for each message that it took out of a
    packet: ``CAUGHT``, transport, where it came from, method or status, Call-ID."""
    program = need("kamailio")
    folder = place / f"kamailio-{port}"
    folder.mkdir()
    (folder / "version").write_text("table_name(string) table_version(int)\n")  # it wants a database
    config = folder / "kamailio.cfg"
    config.write_text(_COLLECTOR.format(port=port, folder=folder))
    command = (program, "-DD", "-E", "-m", "64", "-M", "8", "-f", str(config), "-Y", str(folder))
    async with running(*command, folder=folder, ready=lambda process: listening(port, process, "tcp")):
        yield folder / "log"
