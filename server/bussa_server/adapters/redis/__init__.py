"""The bus on Redis pub/sub.

bus         the port: which server a user's channel lies on
link        one Redis server: a publishing and a subscribing connection, their heartbeat, their tears
resp        one connection: commands out, replies in
places      where a server is: an address, a Sentinel's master, a member of a cluster
envelopes   envelopes and heartbeats as bytes
"""

from bussa_server.adapters.redis.bus import RedisBus

__all__ = ["RedisBus"]
