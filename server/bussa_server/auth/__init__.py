"""Authentication.

principal     what authenticates a token; the check whether it was revoked
jwt           issuing and verifying tokens, pure
jwks          the public keys that a host application publishes
tokens        verifies and signs tokens, with the store and the keys
passwords     argon2id hashing in threads, bounded
login_limits  rate limits of failed log-ins
"""
