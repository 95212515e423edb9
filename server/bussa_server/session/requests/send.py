"""``send``: send a message to a user."""

from bussa_protocol.frames import replies, requests
from bussa_server.domain.commands import Send
from bussa_server.domain.unit_of_work import MessageSent
from bussa_server.session.requests.base import CommandHandler


def _to_command(user: str, request: requests.SendRequest) -> Send:
    return Send(user, request.to, request.text, request.nonce, request.reply_to)


def _to_reply(request: requests.SendRequest, sent: MessageSent) -> replies.SentReply:
    return replies.SentReply(id=request.id, peer=sent.peer, n=sent.n, seq=sent.seq, at=sent.at, folder=sent.folder)


HANDLER = CommandHandler(_to_command, _to_reply)
