"""The end of a session that nobody at the keyboard has asked for."""


class StoppedError(Exception):
    """A signal has ended the session."""
