"""The virtual ESP8266 and its bench, as machines that are told what time it is.

Nothing here reads a clock, opens a socket or starts a thread. Bytes, line changes and moments in
integer nanoseconds go in; bytes with their line format and the next deadline come out. The room
reads the document on its own: it shares no table, formatter or parser with the client side.
"""
