"""What the server says of itself: CPU time and memory, from ``/metrics``."""

import re
from dataclasses import dataclass

import httpx

_VALUE = re.compile(r"^(process_cpu_seconds_total|process_resident_memory_bytes) (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    cpu_seconds: float
    resident_bytes: float


async def sample(http: httpx.AsyncClient) -> Sample | None:
    """None where it does not say (a balancer in between, another server)."""
    try:
        text = (await http.get("/metrics")).text
    except httpx.HTTPError:
        return None
    found = {name: float(value) for name, value in _VALUE.findall(text)}
    if len(found) < 2:
        return None
    return Sample(found["process_cpu_seconds_total"], found["process_resident_memory_bytes"])
