"""Retryable error codes, reconnect advice of close codes, and the limits that a client observes."""

import json
from collections.abc import Iterator

from bussa_protocol import limits, version
from bussa_protocol.codes import CloseReason, ErrorCode, HttpCode, reconnect_advice
from bussa_protocol.javascript.contract import member_name

_CONSTANTS: tuple[tuple[str, str, object], ...] = (
    ("SUBPROTOCOL", "The subprotocol that carries JSON.", version.JSON),
    ("MAX_FRAME_BYTES", "Limit of an outgoing frame. The server closes with 1009 on a larger one.", limits.FRAME),
    ("MAX_REQUEST_ID", "The largest request id; the smallest is 1.", limits.REQUEST_ID_MAX),
    ("MAX_PAGE", "The largest page.", limits.PAGE_MAX),
)


def tables() -> Iterator[str]:
    """One constant per table or limit."""
    codes: list[ErrorCode | HttpCode] = [*ErrorCode, *HttpCode]
    retryable = ", ".join(json.dumps(code.value) for code in codes if code.retryable)
    yield "/** Error codes of requests that may succeed when retried. @type {ReadonlySet<string>} */"
    yield f"export const RETRYABLE = new Set([{retryable}]);\n"
    rows = "".join(f"    {int(code)}: {json.dumps(member_name(reconnect_advice(code)))},\n" for code in CloseReason)
    yield "/** What to do after a close, by close code. @type {Readonly<Record<number, ReconnectAdvice>>} */"
    yield f"export const CLOSE_ADVICE = {{\n{rows}}};\n"
    for name, description, value in _CONSTANTS:
        yield f"/** {description} */\nexport const {name} = {json.dumps(value)};"
    yield ""
