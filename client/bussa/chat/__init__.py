"""The terminal chat: a full client, and the quickest way to try a server.

run                             the entry point of ``bussa chat``
app                             log in, show the main screen, log in again when the session has ended
main_screen, conversation       the main screen; the open conversation (dialogs in screens/, widgets in views/)
server_connection, session      the connection and its reloads; the interface to the SDK
conversation_store, thread      pure: conversations folded from pages and events; a window of one conversation
command_handlers, commands      slash commands: handlers; table and parser
sanitize, texts, labels         text of others made harmless; texts of the chat itself; titles and banners
login_store                     the logins remembered on this machine
"""

import sys

from bussa.chat.app import ChatApp
from bussa.chat.login_store import LoginStore
from bussa.chat.session import BussaServer


def run(url: str, user: str | None) -> int:
    """Run the chat on the server ``url``, as ``user`` or the last login. Returns the exit status (2: invalid URL)."""
    try:
        server = BussaServer(url)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    app = ChatApp(server, LoginStore(), user)
    return app.run() or app.return_code or 0
