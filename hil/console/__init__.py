"""``hil console``: an interactive terminal that knows AT commands.

What to show, complete, hint, hide and log is decided without input or output; ``driver.py`` and
``terminal.py`` give it a port, a clock and a terminal.
"""
