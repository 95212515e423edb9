"""The limits of the contract: constants, since no operator could choose them well."""

FRAME = 64 * 1024
"""Bytes of a frame; a larger one closes the connection with 1009."""

TEXT = 10_000
"""Characters (Unicode code points) of a message."""

NONCE = 64
"""Characters of a nonce."""

QUERY = 1_000
"""Characters of a search query."""

NAME = 100
"""Characters of a display name."""

CURSOR = 200
"""Characters of a page cursor."""

TOKEN = 8 * 1024
"""Characters of a token: JWTs of a host application may carry further claims."""

PAGE_DEFAULT = 50
"""Entries of a page by default."""

PAGE_MAX = 200
"""Maximum number of entries of a page."""

REQUEST_ID_MAX = 2_147_483_647

INT_MAX = 2**53 - 1
"""The largest integer that every JSON parser represents exactly (RFC 8259, section 6)."""

HELLO_SECONDS = 10.0
"""Seconds that a connection has for its ``hello`` (else close 4408)."""

SEND_QUEUE_BYTES = 1024 * 1024
"""Bytes queued for a slow consumer (else close 4413)."""

SEND_QUEUE_SECONDS = 30.0
"""Seconds that the oldest queued frame may wait for a slow consumer (else close 4413)."""

LOG_RETENTION_EVENTS = 10_000
LOG_RETENTION_MILLIS = 7 * 24 * 3600 * 1000
"""A log is kept for at least this many events and this long (contract, *WebSocket*)."""
