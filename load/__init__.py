"""The load harness: many devices, a plan, and a verdict on every message.

    plan       pure: who there is, who may write to whom, who writes when
    truth      pure: was every message delivered, once, in order, and none against the rules?
    meter      pure: latencies (HDR histograms), throughput over time
    wire       a WebSocket client as small as can be
    device     one connection: greets, writes, notes what it hears, comes back
    town       makes the people of a plan on a server
    runner     drives devices through a plan
    watch      what the server says of itself: CPU, memory
    report     a table, JSON; html the same with plots
    command    the command line, and several processes at once

Latency is measured twice: from sending to its answer (send → ack), and from sending to the peer's device
(send → delivered). In an open loop *sending* is when it was due and not when it was done, so that a server that
stalls can't hide it by making the harness wait (coordinated omission).
"""
