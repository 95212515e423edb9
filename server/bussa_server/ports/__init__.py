"""What the server needs from outside: where it keeps things, and how its nodes ring each other."""
