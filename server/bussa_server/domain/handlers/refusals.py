"""The refusals of the ledger, each one object: what is the same to the letter can't tell anything apart."""

from bussa_protocol.codes import ErrorCode
from bussa_server.domain.unit_of_work import Outcome, Refusal, Taken

SELF = Outcome(Refusal(ErrorCode.BAD_REQUEST, "that is yourself"))
NO_USER = Outcome(Refusal(ErrorCode.NOT_FOUND, "no such user"))
NO_CONVERSATION = Outcome(Refusal(ErrorCode.NOT_FOUND, "no such conversation"))
NO_MESSAGE = Outcome(Refusal(ErrorCode.NOT_FOUND, "no such message"))
CONFLICT = Outcome(Refusal(ErrorCode.CONFLICT, "the nonce was used for another message"))
TAKEN = Outcome(Taken())
AWAITING = Outcome(Refusal(ErrorCode.AWAITING_ACCEPTANCE, "your message waits for an answer"))
# One object for every kind of refusal: the same to the letter, so that a sender can't tell.
NOT_ALLOWED = Outcome(Refusal(ErrorCode.NOT_ALLOWED, "you can't write to this person"))
