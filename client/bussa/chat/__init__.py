"""The terminal chat: a client that one may live in, and the shortest way to try a server.

run                 what ``bussa chat`` calls
app                 log in, sit at the desk, log in again
desk, conversation  the screen: the list, the open conversation, the cards (screens/, views/)
link, session       the line to the server, and what is asked of it
book, thread        pure: all conversations folded from pages and events; one of them as a window
deeds, commands     what can be done to a person or a door; how it is typed
safe, words         what others write made harmless; what the chat says itself
memory              the logins that this machine remembers
"""

import sys

from bussa.chat.app import ChatApp
from bussa.chat.login_store import LoginStore
from bussa.chat.session import BussaServer


def run(url: str, user: str | None) -> int:
    """Chat at the server ``url``, as ``user`` or as whoever logged in last; the exit status (2: no such address)."""
    try:
        server = BussaServer(url)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    app = ChatApp(server, LoginStore(), user)
    return app.run() or app.return_code or 0
