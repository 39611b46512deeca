"""What the benchmark measures: each element is started for a run and says which processes are its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

CORDBOARD = """
[sip]
listen = ["udp:127.0.0.1:5070"]
[media]
ports = "20000-29999"
[http]
listen = "127.0.0.1:8090"
[store]
url = "sqlite:///{folder}/cordboard.db"
recordings = "{folder}/recordings"
[recordings]
format = "wav"
[egress]
allow = ["127.0.0.0/8"]
[account]
country = "US"
[[trunks]]
name = "carrier"
uri = "sip:127.0.0.1:5080"
sources = ["127.0.0.1/32"]
[[exophones]]
number = "+918047115777"
flow = 1
trunk = "carrier"
circle = "KA"
[[exophones]]
number = "+918047115888"
flow = 2
trunk = "carrier"
circle = "KA"
[[flows]]
id = 1
name = "plain"
start = "connect"
answer = "late"
[flows.applets.connect]
type = "connect"
primary_url = "http://127.0.0.1:9000/connect"
[[flows]]
id = 2
name = "recorded"
start = "connect"
answer = "late"
[flows.applets.connect]
type = "connect"
primary_url = "http://127.0.0.1:9000/recorded"
"""

KAMAILIO = """
listen=udp:127.0.0.1:5076
children=2
debug=0
log_stderror=yes
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
request_route {
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("INVITE")) record_route();
  $du = "sip:127.0.0.1:5080";
  t_relay();
}
"""

ASTERISK_PJSIP = """
[global]
type=global
[t]
type=transport
protocol=udp
bind=127.0.0.1:5075
[caller]
type=endpoint
transport=t
context=in
disallow=all
allow=ulaw
direct_media=no
[caller]
type=identify
endpoint=caller
match=127.0.0.1
[carrier]
type=endpoint
transport=t
context=in
disallow=all
allow=ulaw
direct_media=no
aors=carrier
[carrier]
type=aor
contact=sip:127.0.0.1:5080
"""

ASTERISK_DIALPLAN = """
[in]
exten => _+X.,1,Set(ANSWER=${CURL(http://127.0.0.1:9000/connect?CallSid=${UNIQUEID}&CallFrom=${CALLERID(num)}&CallTo=${EXTEN})})
 same => n,Set(NUMBER=${JSON_DECODE(ANSWER,destination.numbers.0)})
 same => n,Dial(PJSIP/${NUMBER}@carrier,45,L(3600000))
 same => n,Hangup()
exten => _8X.,1,Set(ANSWER=${CURL(http://127.0.0.1:9000/connect?CallSid=${UNIQUEID}&CallFrom=${CALLERID(num)}&CallTo=${EXTEN})})
 same => n,Set(NUMBER=${JSON_DECODE(ANSWER,destination.numbers.0)})
 same => n,MixMonitor(/tmp/rec/${UNIQUEID}.wav)
 same => n,Dial(PJSIP/${NUMBER}@carrier,45,L(3600000))
 same => n,Hangup()
"""


class Element:
    """A SIP element under test."""

    name, port, plain, recorded = "", 0, "", ""

    def start(self, folder: Path) -> None:
        """Up and ready."""
        raise NotImplementedError

    def pids(self) -> list[int]:
        """Every process whose CPU counts."""
        raise NotImplementedError

    def stop(self) -> None:
        """Down."""
        raise NotImplementedError


def children(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += children(int(entry.parent.name))
    return found


class Cordboard(Element):
    """This project, with the processes that it starts."""

    name, port, plain, recorded = "cordboard", 5070, "+918047115777", "+918047115888"

    def start(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cordboard.toml").write_text(CORDBOARD.format(folder=folder))
        log = (folder / "log").open("w")
        command = [
            str(Path(sys.executable).with_name("cordboard")),
            "serve",
            "-c",
            str(folder / "cordboard.toml"),
        ]
        self._process = subprocess.Popen(command, stderr=log, stdout=log)
        for _ in range(200):
            if "ready sip=" in (folder / "log").read_text():
                return
            time.sleep(0.1)
        raise SystemExit(f"cordboard did not get ready; see {folder / 'log'}")

    def pids(self) -> list[int]:
        return children(self._process.pid)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


class Asterisk(Element):
    """Asterisk from Debian sid in a folder of its own, doing the same job in its dialplan."""

    name, port, plain, recorded = "asterisk", 5075, "+918047115777", "8047115777"

    def __init__(self, root: Path) -> None:
        self._root = root

    def start(self, folder: Path) -> None:
        root = self._root
        if not (root / "usr/sbin/asterisk").exists():
            subprocess.run([str(HERE / "fetch-asterisk"), str(root)], check=True)
        for place in ("var/run/asterisk", "tmp/rec", "var/lib/asterisk", "var/log/asterisk"):
            (root / place).mkdir(parents=True, exist_ok=True)
            (root / place).chmod(0o777)
        (root / "etc/asterisk/pjsip.conf").write_text(ASTERISK_PJSIP)
        (root / "etc/asterisk/extensions.conf").write_text(ASTERISK_DIALPLAN)
        (root / "etc/asterisk/modules.conf").write_text("[modules]\nautoload=yes\nnoload => res_hep.so\n")
        (root / "etc/asterisk/logger.conf").write_text("[logfiles]\nconsole => error\n")
        if not (root / "proc/self").exists():
            subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
        self._process = subprocess.Popen(
            ["chroot", str(root), "asterisk", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(60):
            asked = subprocess.run(
                ["chroot", str(root), "asterisk", "-rx", "core waitfullybooted"],
                capture_output=True,
                check=False,
            )
            if b"fully booted" in asked.stdout:
                return
            time.sleep(0.5)
        raise SystemExit("asterisk did not get ready")

    def pids(self) -> list[int]:
        return children(self._process.pid)

    def stop(self) -> None:
        subprocess.run(
            ["chroot", str(self._root), "asterisk", "-rx", "core stop now"], capture_output=True, check=False
        )
        self._process.wait(60)
        shutil.rmtree(self._root / "tmp/rec", ignore_errors=True)


class Kamailio(Element):
    """Kamailio that only passes the call on: the floor, not a peer."""

    name, port, plain, recorded = "kamailio", 5076, "+918047115777", ""

    def start(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kamailio.cfg").write_text(KAMAILIO)
        program = shutil.which("kamailio", path=os.environ.get("PATH", "") + ":/usr/sbin") or "kamailio"
        log = (folder / "log").open("w")
        command = [program, "-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder)]
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        time.sleep(2)

    def pids(self) -> list[int]:
        return children(self._process.pid)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)
