"""Asterisk as a foreign peer: a carrier that answers, and a PBX with its own habits. From Debian sid, in a
folder of its own that it is confined to."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.interop.certificates import Papers
from tests.interop.programs import ASTERISK_ROOT, listening, need, running

TONE = 1230
"""What its extension ``tone`` plays."""

_MODULES = """\
res_pjproject res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjsip res_pjsip_session
res_pjsip_sdp_rtp res_pjsip_caller_id res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
res_pjsip_authenticator_digest res_pjsip_outbound_authenticator_digest res_pjsip_outbound_registration
res_pjsip_registrar res_pjsip_dtmf_info res_pjsip_diversion res_pjsip_rfc3326 res_pjsip_acl res_pjsip_nat
res_pjsip_dlg_options res_pjsip_pubsub res_rtp_asterisk res_srtp chan_pjsip bridge_builtin_features
bridge_builtin_interval_features bridge_holding bridge_native_rtp bridge_simple bridge_softmix app_dial
app_echo app_playtones app_senddtmf app_read app_originate pbx_config codec_alaw codec_ulaw
codec_resample format_wav format_pcm res_musiconhold res_timing_timerfd func_callerid func_channel
func_pjsip_aor func_pjsip_contact app_verbose app_stack app_exec res_clioriginate res_crypto
res_geolocation res_pjsip_history res_http_websocket res_stasis"""

_PJSIP = """\
[global]
type=global
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}
{streams}
[engine]
type=endpoint
transport={transport}
context=from-engine
disallow=all
allow={allow}
direct_media={direct_media}
moh_passthrough=yes
trust_id_inbound=yes
send_pai=yes
aors=engine
{options}
{identify}
[engine]
type=aor
contact=sip:127.0.0.1:{engine};transport={transport}
[phone]
type=endpoint
transport=udp
context=from-engine
disallow=all
allow={allow}
direct_media={direct_media}
aors=phone
[phone]
type=aor
contact=sip:+919812300042@127.0.0.1:{phone}
{more}
"""

_TCP = "[tcp]\ntype=transport\nprotocol=tcp\nbind=127.0.0.1:{port}\n"

_TLS = """\
[tls]
type=transport
protocol=tls
bind=127.0.0.1:{port}
method=tlsv1_2
cert_file={folder}/certificate.pem
priv_key_file={folder}/key.pem
ca_list_file={folder}/ca.pem
verify_server=yes
"""

_IDENTIFY = "[engine]\ntype=identify\nendpoint=engine\nmatch=127.0.0.1\n"

_DIALPLAN = """\
[from-engine]
exten => _[+0-9].,1,Goto(kind${{EXTEN:-2}},1)
exten => kind01,1,Answer()
 same => n,PlayTones({tone}/60000)
 same => n,Wait(60)
exten => kind02,1,Busy(5)
exten => kind03,1,Ringing()
 same => n,Wait(60)
exten => kind04,1,Progress()
 same => n,PlayTones({tone}/60000)
 same => n,Wait(3)
 same => n,Hangup(17)
exten => kind05,1,Answer()
 same => n,Wait(1)
 same => n,SendDTMF(57,200,200)
 same => n,Wait(60)
exten => kind06,1,Answer()
 same => n,Read(KEYS,,3,,1,10)
 same => n,Verbose(0,keys read: ${{KEYS}})
 same => n,Wait(60)
exten => kind07,1,Dial(PJSIP/phone,30)
exten => kind08,1,Ringing()
 same => n,Wait(1)
 same => n,Answer()
 same => n,PlayTones({tone}/60000)
 same => n,Wait(60)
[tone]
exten => s,1,PlayTones({tone}/60000)
 same => n,Wait(60)
"""


@dataclass(frozen=True, slots=True)
class Asterisk:
    """A running one."""

    port: int
    log: Path
    _config: str

    def run(self, command: str) -> str:
        """A command of its console; what it says."""
        done = subprocess.run(
            ("chroot", str(ASTERISK_ROOT), "asterisk", "-C", self._config, "-rx", command),
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return done.stdout

    def call(self, number: str) -> None:
        """Ring this number of the engine's; whoever answers hears ``TONE``."""
        self.run(f"channel originate PJSIP/{number}@engine extension s@tone")


@asynccontextmanager
async def asterisk(
    port: int,
    engine: int,
    *,
    transport: str = "udp",
    phone: int = 9,
    direct_media: bool = False,
    allow: str = "alaw,ulaw",
    options: Mapping[str, str] | None = None,
    more: str = "",
    identify: bool = True,
    papers: Papers | None = None,
) -> AsyncIterator[Asterisk]:
    """On ``port``, UDP and TCP, with ``papers`` UDP and TLS. ``engine``: where its calls to us go, by
    ``transport``. ``options``: more settings of the endpoint that we are to it; ``more``: further tables of
    pjsip.conf; ``identify``: it knows us by our address. A number's last two digits choose what it does: 01 a
    tone, 02 busy, 03 rings, 04 early media and then busy, 05 digits, 06 reads digits, 07 dials ``phone``, 08
    a tone after a second of ringing."""
    need("asterisk")
    inside = f"/interop-{port}"
    folder = ASTERISK_ROOT / inside[1:]
    for part in ("etc", "run", "db", "log", "spool"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    values = {
        "port": port,
        "streams": (_TLS if papers else _TCP).format(port=port, folder=f"{inside}/etc"),
        "engine": engine,
        "transport": transport,
        "phone": phone,
        "direct_media": "yes" if direct_media else "no",
        "allow": allow,
        "options": "\n".join(f"{key}={value}" for key, value in (options or {}).items()),
        "more": more,
        "identify": _IDENTIFY if identify else "",
    }
    for file in (papers.ca, papers.certificate, papers.key) if papers else ():
        shutil.copy(file, folder / "etc")
    _write(folder / "etc", inside, _PJSIP.format(**values))
    if not (ASTERISK_ROOT / "proc/self").exists():
        _mount_proc()
    config = f"{inside}/etc/asterisk.conf"
    command = ("chroot", str(ASTERISK_ROOT), "asterisk", "-f", "-C", config)
    peer = Asterisk(port, folder / "log", config)

    async def ready(process: asyncio.subprocess.Process) -> bool:
        if not await listening(port, process):
            return False
        for _ in range(50):
            if "fully booted" in peer.run("core waitfullybooted"):
                return True
            await asyncio.sleep(0.2)
        return False

    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "out").mkdir()
    try:
        async with running(*command, folder=folder / "out", ready=ready):
            yield peer
            peer.run("core stop now")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mount_proc() -> None:
    subprocess.run(("mount", "-t", "proc", "proc", str(ASTERISK_ROOT / "proc")), check=True)


def _write(etc: Path, inside: str, pjsip: str) -> None:
    (etc / "asterisk.conf").write_text(
        "[directories]\n"
        f"astetcdir => {inside}/etc\nastrundir => {inside}/run\nastdbdir => {inside}/db\n"
        f"astlogdir => {inside}/log\nastspooldir => {inside}/spool\n"
        "astmoddir => /usr/lib/x86_64-linux-gnu/asterisk/modules\n"
        "astvarlibdir => /var/lib/asterisk\nastdatadir => /usr/share/asterisk\n"
    )
    (etc / "modules.conf").write_text(
        "[modules]\nautoload=no\n" + "".join(f"load => {name}.so\n" for name in _MODULES.split())
    )
    (etc / "logger.conf").write_text("[logfiles]\nconsole => error,warning,verbose\n")
    (etc / "rtp.conf").write_text("[general]\nrtpstart=41000\nrtpend=41999\nstrictrtp=no\n")
    (etc / "musiconhold.conf").write_text("[default]\nmode=files\ndirectory=moh\n")
    (etc / "extensions.conf").write_text(_DIALPLAN.format(tone=TONE))
    (etc / "pjsip.conf").write_text(pjsip)
