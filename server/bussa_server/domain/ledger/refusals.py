"""The refusals of the ledger, each one object: what is the same to the letter can't tell anything apart."""

from bussa_protocol.codes import Code
from bussa_server.domain.book import Carried, Refusal, Taken

SELF = Carried(Refusal(Code.BAD_REQUEST, "that is yourself"))
NO_USER = Carried(Refusal(Code.NOT_FOUND, "no such user"))
NO_CONVERSATION = Carried(Refusal(Code.NOT_FOUND, "no such conversation"))
NO_MESSAGE = Carried(Refusal(Code.NOT_FOUND, "no such message"))
CONFLICT = Carried(Refusal(Code.CONFLICT, "the nonce was used for another message"))
TAKEN = Carried(Taken())
AWAITING = Carried(Refusal(Code.AWAITING_ACCEPTANCE, "your message waits for an answer"))
# One object for every kind of refusal: the same to the letter, so that a sender can't tell.
NOT_ALLOWED = Carried(Refusal(Code.NOT_ALLOWED, "you can't write to this person"))
