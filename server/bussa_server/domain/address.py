"""Whom to hold to account for what comes from a host."""

import ipaddress


def rate_limit_key(host: str) -> str:
    """An address, of IPv6 the network that one customer gets (RFC 6177). What is no address counts as it is."""
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
