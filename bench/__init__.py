"""What things cost, beside the floor measured in the same run.

table      lines of it: figures, their medians, their ratio to the echo's
servers    the processes measured: Bussa, a bare echo on the same uvicorn, two nodes with what is between them
people     who is there, and their connections
rounds     CPU of a delivered message, closed loop, at 1, 8 and 32 outstanding
paced      open loop: latency at a rate
presence   connections: connects, resumes, and what an idle one costs
gap        a device that comes back after 10,000 events
desk       one whom 5,000 write to
stored     the same in a database that is small, and in one that is large
nodes      two nodes with Redis and PostgreSQL
__main__   all of it (`make bench`), or some rows
"""
