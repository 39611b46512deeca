"""How a child process locks itself in before it looks at a stranger's bytes (reliability.md S21)."""

import resource
from pathlib import Path

MEGABYTE = 1024 * 1024


def lock(*, cpu_seconds: int, room: int, files: int) -> None:
    """At most ``files`` descriptors, no writing of files, ``room`` bytes more than now, so much CPU time.

    With ``files=0`` neither a file nor a socket can be opened any more; what will be needed has to be loaded
    before. These are hard limits: they cannot be raised again.
    """
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])  # proc(5)
    used = resource.getrusage(resource.RUSAGE_SELF)
    limits = {
        resource.RLIMIT_NOFILE: files,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: pages * resource.getpagesize() + room,
        resource.RLIMIT_CPU: int(used.ru_utime + used.ru_stime) + 1 + cpu_seconds,
    }
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))
