"""The bounds of the contract. A number that would only be set wrong is no setting."""

FRAME = 64 * 1024
"""Bytes of one frame; a larger one closes the connection with 1009."""

TEXT = 10_000
"""Characters (Unicode code points) of one message."""

NONCE = 64
"""Characters of a nonce."""

QUERY = 1_000
"""Characters of a search query."""

NAME = 100
"""Characters of a display name."""

CURSOR = 200
"""Characters of a page cursor."""

TOKEN = 8 * 1024
"""Characters of a token; JWTs of a host application may carry claims of its own."""

PAGE_DEFAULT = 50
"""Entries of a page when the client names no number."""

PAGE_MAX = 200
"""Entries of a page at the most."""

REQUEST_ID_MAX = 2_147_483_647

INT_MAX = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259, section 6)."""

HELLO_SECONDS = 10.0
"""How long a connection may stay silent before its ``hello`` (else close 4408)."""

SEND_QUEUE_BYTES = 1024 * 1024
"""What may wait for a slow reader (else close 4413)."""

SEND_QUEUE_SECONDS = 30.0
"""How long the oldest waiting frame may wait for a slow reader (else close 4413)."""

LOG_RETENTION_EVENTS = 10_000
LOG_RETENTION_MILLIS = 7 * 24 * 3600 * 1000
"""A log reaches back at least this many events and this long (contract, *WebSocket*)."""
