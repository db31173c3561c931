"""The faults of the firmware by name, section by section of the document."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .fault_basic import BASIC_FAULTS
from .fault_flash import FLASH_FAULTS
from .fault_interface import INTERFACE_FAULTS
from .fault_sending import SENDING_FAULTS
from .fault_tcp_ip import TCP_IP_FAULTS
from .fault_wifi import WIFI_FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .fault import Fault

_ALL = (
    *BASIC_FAULTS,
    *WIFI_FAULTS,
    *INTERFACE_FAULTS,
    *TCP_IP_FAULTS,
    *SENDING_FAULTS,
    *FLASH_FAULTS,
)

FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _ALL})
"""All faults by name."""
