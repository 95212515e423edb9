"""Work that waits, and work that recurs.

    runner       due timers: claimed by one node, run as commands of the commit queue
    maintenance  the recurring tasks of a node: starts and stops them
    recurring    does something again and again, whatever fails
    trimming     shortens logs to what they must reach back to
    resync       compares heads, to find events that the bus lost
    loop_lag     measures how late the event loop is

A timer survives its node and is run once, whatever the number of nodes; a recurring task belongs to a process.
"""
