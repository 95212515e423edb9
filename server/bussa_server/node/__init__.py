"""Services of a node, shared by its connections.

services        the objects below, in one record
commit_queue    group commit: collects commands and commits them in batches
hub             the connections of each user; delivers events to them
encoded_event   an event, encoded once per codec
admission       connection limits and send budgets
"""
