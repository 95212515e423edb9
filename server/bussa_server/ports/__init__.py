"""The ports: what the server needs from outside.

store   where all data is kept
bus     how nodes notify each other
"""
