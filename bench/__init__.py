"""What a delivered message costs, beside the floor measured in the same run.

wire       a WebSocket client as small as can be, so that the measuring costs little
servers    the processes measured: Bussa, and a bare echo on the same uvicorn
rounds     one measurement: warm up, count for a while, read the server's CPU time
__main__   the table (`make bench`)
"""
