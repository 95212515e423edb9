"""What is asked over HTTP (contract, section *HTTP*).

calls         all routes together, and the application around them
accounts      sign up, log in, log out
people        following and followers, for a user
admin         users, their following and their tokens, for the host application
operations    is it alive, is it ready, what has it counted; the two contracts
web           the page and its files, from memory
resource      one path: its methods, its time, whatever goes wrong
problems      errors, as RFC 9457 wants them
asked         what a request holds: a body, a page, who asks, from where
tokens        who a token speaks for; signing new ones
jwks          the keys that a host application publishes
passwords     argon2, off the loop and bounded
attempts      how often somebody may guess a password
deps          what all of these are given
"""

from bussa_server.http.deps import Deps, Readiness
from bussa_server.http.routes import api_routes, application

__all__ = ["Deps", "Readiness", "api_routes", "application"]
