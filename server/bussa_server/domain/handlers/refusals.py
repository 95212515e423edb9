"""The refusals. Each is one object, so that refusals for different reasons can't be told apart."""

from bussa_protocol.codes import ErrorCode
from bussa_server.domain.unit_of_work import Outcome, Refusal, Taken

SELF = Outcome(Refusal(ErrorCode.BAD_REQUEST, "user and peer are the same"))
NO_USER = Outcome(Refusal(ErrorCode.NOT_FOUND, "unknown user"))
NO_CONVERSATION = Outcome(Refusal(ErrorCode.NOT_FOUND, "unknown conversation"))
NO_MESSAGE = Outcome(Refusal(ErrorCode.NOT_FOUND, "unknown message"))
CONFLICT = Outcome(Refusal(ErrorCode.CONFLICT, "the nonce was used for another message"))
TAKEN = Outcome(Taken())
AWAITING = Outcome(Refusal(ErrorCode.AWAITING_ACCEPTANCE, "your message request is still pending"))
# One object whatever the reason, so that a blocked sender can't tell a block from the policy.
NOT_ALLOWED = Outcome(Refusal(ErrorCode.NOT_ALLOWED, "you can't message this user"))
