"""Status bytes of the flasher stub: a reason and 00, where the ROM loader sends 01 and a reason.

Source: esptool's serial protocol, "Stub Loader Errors"; measured against esptool 5.6.
"""

from __future__ import annotations

STATUS_BAD_LENGTH = b"\xc0\x00"
STATUS_BAD_CHECKSUM = b"\xc1\x00"
STATUS_BAD_BLOCK_SIZE = b"\xc2\x00"
STATUS_UNKNOWN = b"\xc3\x00"
STATUS_NOT_IN_FLASH_MODE = b"\xc6\x00"
STATUS_INFLATE_ERROR = b"\xc7\x00"
STATUS_NOT_ENOUGH_DATA = b"\xc8\x00"
STATUS_TOO_MUCH_DATA = b"\xc9\x00"
STATUS_NOT_IMPLEMENTED = b"\xff\x00"
