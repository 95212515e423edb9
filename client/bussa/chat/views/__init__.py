"""The parts of the screen: the list on the left, the paper with the messages, the composer below."""
