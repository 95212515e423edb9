"""The load harness: many devices, a plan, and a verdict on every message.

    plan           pure: users, their policies and follows, who sends when
    verifier       pure: every message delivered once, in order, and none against the rules
    meter          pure: latencies, throughput over time
    provision      creates the users of a plan on a server
    admin_client   a minimal HTTP client for the admin API
    websocket      a minimal WebSocket client (RFC 6455)
    frames         the frames a device receives, typed
    device         one connection: hello, sends, received frames, resume
    fleet          all devices: opens them, and reconnects lost ones
    runner         drives devices through a plan
    monitor        CPU and memory of the server from /metrics; the progress line
    outcome        the result of a run; combines those of several processes
    report         the result as a table and JSON; html, plots: as a page
    multiprocess   several processes, each with users of its own
    command, cli   the command line

Latency is measured twice: from send to reply (send → ack), and from send to the peer's device (send → delivered). In
an open loop a send counts from its due time, so that a stalled server cannot hide its latency by delaying the harness
(coordinated omission).
"""
