"""Pure parts that know nothing of the domain.

rate_limit  token buckets
address     the rate-limit key of a host
tokenizer   the searchable words of a text
"""
