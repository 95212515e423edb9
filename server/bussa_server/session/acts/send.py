"""``send``: a message to a person."""

from bussa_protocol.frames import replies, requests
from bussa_server.domain.book import Posted
from bussa_server.domain.commands import Send
from bussa_server.session.acts.act import Write


def _command(user: str, request: requests.Send) -> Send:
    return Send(user, request.to, request.text, request.nonce, request.reply_to)


def _reply(request: requests.Send, posted: Posted) -> replies.Sent:
    return replies.Sent(id=request.id, peer=posted.peer, n=posted.n, seq=posted.seq, at=posted.at, folder=posted.folder)


ACT = Write(_command, _reply)
