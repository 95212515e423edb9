"""The benchmark: each figure beside its floor, a bare echo server measured in the same run.

table          lines of the table: figures, medians, ratios to the echo
servers        the measured processes: Bussa, and a bare echo on the same uvicorn
clients        users and their connections
runner         runs a measurement
closed_loop    CPU per delivered message, closed loop, at 1, 8 and 32 outstanding
paced          open loop: latency at a rate
presence       connections: connects, resumes, and the cost of an idle one
gap            a device that resumes after 10,000 events
desk           one user whom 5,000 write to
crowd          few connections, and few among many idle ones
stored, fill   a small database and a large one
nodes          two nodes with Redis and PostgreSQL
__main__       the whole table (`make bench`), or some rows
"""
