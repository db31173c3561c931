"""Sessions with a module on file: written as they happen, read again, and played as a module."""
