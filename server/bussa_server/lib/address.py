"""The key under which the connections of a host are counted and limited."""

import ipaddress


def rate_limit_key(host: str) -> str:
    """The IPv4 address, or the IPv6 /64, the network of one customer (RFC 6177). Other strings are their own key."""
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
