"""Firmware on its way to the flash: what images are, where they belong, and what is wrong.

Nothing here touches a serial port but `adapter`, the one file that knows esptool; the others are
pure functions over bytes and frozen dataclasses.
"""
