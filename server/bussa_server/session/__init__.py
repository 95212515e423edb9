"""One connection's work, and what connections share.

connection    a socket's life: greeting, requests, farewell; the one place where they meet
inbox         what its socket hands over: carried out at once, or by a task while something is waited for
intake        a frame decoded, weighed and carried out
acts/         one file a request: what it asks of the store, what it is answered
post          gathers commands and commits them in batches
hub           which connections a user has here; hands events to them
stream        one device's place in its user's log: next, old, gap
outbox        what waits to be written to one socket, bounded
doorman       which tokens, how many connections
"""
