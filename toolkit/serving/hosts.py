"""The names by which a server may be called.

A page of the web can have its own name resolved to 127.0.0.1, and then ask a server on the machine
of whoever looks at it (DNS rebinding); its requests carry that name in the header ``Host``.
"""

import socket
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from toolkit.serving.options import ANY_HOST, ServingOptions

#: The name of the own machine, and the end of others that browsers resolve to it (RFC 6761, 6.3).
LOCAL = "localhost"


def is_own(host: str) -> bool:
    """Return whether other machines cannot reach an address, or the one that a name stands for."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False  # nothing can be bound to it
    return all(map(_is_loopback, found))


def _is_loopback(text: str) -> bool:
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def host_names(options: ServingOptions) -> frozenset[str] | None:
    """Return the names by which requests may call a server; None where any will do.

    Args:
        options: The options of the server.
    """
    given = options.host_list
    if ANY_HOST in given or not (given or is_own(options.host)):
        return None
    return frozenset({LOCAL, options.host.lower(), *given})


def called(header: str) -> str:
    """Return the name or address in a header ``Host``, without the port; '' if it has none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def is_known(name: str, names: frozenset[str]) -> bool:
    """Return whether requests may call a server by a name.

    Addresses are always known, since nobody can have them resolved to others.

    Args:
        name: The name or address, in small letters.
        names: The names that are known.
    """
    return name in names or name.endswith(f".{LOCAL}") or _is_address(name)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
