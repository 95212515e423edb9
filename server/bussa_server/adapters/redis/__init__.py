"""The bus on Redis pub/sub.

bus                 the port: users are distributed over the servers
pubsub_connection   one server: a publishing and a subscribing connection, heartbeats, reconnects
redis_protocol      one connection: commands out, replies in
discovery           the address of a server: fixed, a Sentinel's master, a member of a cluster
envelopes           envelopes and heartbeats as bytes
"""

from bussa_server.adapters.redis.bus import RedisBus

__all__ = ["RedisBus"]
