"""Hardware-in-the-loop test and flashing toolkit for the ESP8266 and its AT firmware v0.23."""

__version__ = "0.1.0"
