"""The seam between the toolkit and whatever module it holds: small protocols and their real sides.

Nothing above this room knows whether a module is virtual. A byte port, control lines and a clock
are all that the AT client, the flasher and the measurements may use.
"""
