"""The AT client: everything a caller needs of a module that runs the AT firmware."""

from __future__ import annotations

from .basic import BasicCommands
from .link_opening import LinkOpening
from .wifi_address import WifiAddressCommands
from .wifi_mode import WifiModeCommands
from .wifi_softap import WifiSoftApCommands
from .wifi_station import WifiStationCommands


class AtClient(
    BasicCommands,
    WifiModeCommands,
    WifiStationCommands,
    WifiSoftApCommands,
    WifiAddressCommands,
    LinkOpening,
):
    """One module: raw lines, typed commands, unsolicited lines, recovery.

    ========================================  =========================================
    what                                      methods
    ========================================  =========================================
    raw access, any answer                    `command`, `send`, `receive_reply`
    raw access, OK or an error                `execute`, `send_behind_prompt`
    what comes unasked                        `wait_for`, `boot_log`
    getting into step                         `wait_ready`, `resynchronise`, `probe`,
                                              `leave_passthrough`
    section 3                                 `at`, `rst`, `gmr`, ... `sleep_query`
    section 4                                 `cwmode`, `cwmode_cur`, ... `cwstopsmart`
    section 5                                 `cipstatus`, `cipstart`, ... `ping`
    links as objects                          `tcp`, `udp`, `server`, `passthrough`
    ========================================  =========================================

    Args:
        port: The module's UART. The client reads it alone; it does not close it.
    """
