"""pyserial's URL handlers of this project, one file for each scheme.

pyserial looks for ``protocol_SCHEME`` in the packages of ``serial.protocol_handler_packages``;
`install` puts this one on the list. A handler imports nothing optional: pyserial reports its
ImportError as "protocol not known".
"""

from __future__ import annotations

import serial


def install() -> None:
    """Make the schemes of this package known to pyserial; calling it twice is fine."""
    if __name__ not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(__name__)
