"""The law. Pure: no await, no clock, no I/O; time is an argument.

people      a person, and how two people stand to each other
policy      who may write to whom
commands    everything that changes something, as data
book        what a batch of commands reads and writes
ledger      carries a batch out on a book
phase       which request is legal when
throttle    token buckets
address     whom to hold to account for what comes from a host
token       what a token must say
words       how text is made searchable
"""
