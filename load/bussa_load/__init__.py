"""The load harness: many devices, a plan, and a verdict on every message.

    plan       pure: who there is, who may write to whom, who writes when
    truth      pure: was every message delivered, once, in order, and none against the rules?
    meter      pure: latencies, throughput over time
    town       makes the people of a plan on a server, their doors and whom they follow
    calls      the calls of a host application, as cheap as can be
    wire       a WebSocket client as small as can be
    told       what a device is told, typed
    device     one connection: greets, writes, notes what it hears, resumes
    crowd      all of them: opens, and brings back whoever was lost
    runner     drives devices through a plan
    watch      what the server says of itself: CPU, memory; and the line of progress
    outcome    what a run has shown; several processes' as one
    report     a table, JSON; html and plots the same as a page
    several    several processes, each with people of its own
    command    the command line

Latency is measured twice: from sending to its answer (send → ack), and from sending to the peer's device
(send → delivered). In an open loop *sending* is when it was due and not when it was done, so that a server that
stalls can't hide it by making the harness wait (coordinated omission).
"""
