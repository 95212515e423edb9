"""The rules. Pure: no await, no clock, no I/O; time is an argument.

users          rows: a user, a conversation, and its two participants
policy         who may write to whom
visibility     what a reader may see
principal      in whose name a command is submitted
commands       every change, as data: a principal and a request
handlers/      apply a command to a unit of work; one function per class of request
unit_of_work   the rows that a batch of commands reads and writes
phase          which request is legal in which phase of a connection
"""
