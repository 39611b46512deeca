"""What the machine says about names: /etc/resolv.conf and /etc/hosts, as text. Pure."""

from ipaddress import ip_address

_MOST = 3  # nameservers, as in glibc (resolv.conf(5), MAXNS)


def nameservers(resolv_conf: str) -> tuple[tuple[str, int], ...]:
    """(address, port) of each nameserver line; the local one where there is none."""
    found = []
    for line in resolv_conf.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver" and _is_address(words[1].partition("%")[0]):
            found.append((words[1], 53))
    return tuple(found[:_MOST]) or (("127.0.0.1", 53),)


def hosts(text: str) -> dict[str, tuple[str, ...]]:
    """Names, lower-case, and their addresses, of a hosts file."""
    known: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and _is_address(words[0]):
            for name in words[1:]:
                key = name.lower().rstrip(".")
                known[key] = (*known.get(key, ()), words[0])
    return known


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
