"""What the running firmware holds: the current values, which a restart forgets, and the stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .output import Output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .command import Forms
    from .dialect import Dialect
    from .input import Input
    from .parameter_store import ParameterStore
    from .service import Service
    from .settings import UartSettings, WifiMode

MODEM_SLEEP = 2


@dataclass(frozen=True, slots=True)
class FirmwareIdentity:
    """What AT+GMR tells of an image; the text ``unknown`` where the image does not say.

    Args:
        at_version: For example ``0.23.0.0``.
        sdk_version: For example ``1.0.1``.
        compile_time: For example ``Apr 24 2015 21:19:31``.
        at_build: When the AT library was built; empty if unknown.
    """

    at_version: str
    sdk_version: str
    compile_time: str
    at_build: str = ""


class FirmwareState:
    """Values that commands read and change.

    Args:
        identity: What AT+GMR tells.
        dialect: Which firmware it is, where the document and the real one differ.
        factory_mac: The station's MAC address as the chip was made, six bytes.
        store: The stored settings; the current ones begin with them.
        commands: The command table.
        out: What is asked of the chip; its own one if none is given.

    Attributes:
        input: Where bytes from the UART go; None while they are command lines.
        echo: Whether received bytes are sent back; on after every start (A-18).
        uart: The current line settings.
        wifi_mode: The current Wi-Fi mode.
        sleep_mode: 0 none, 1 light sleep, 2 modem sleep; not stored (line 294, A-23, A-75).
        services: What goes on beside the commands.
    """

    def __init__(
        self,
        identity: FirmwareIdentity,
        dialect: Dialect,
        factory_mac: bytes,
        store: ParameterStore,
        *,
        commands: Mapping[str, Forms],
        out: Output | None = None,
    ) -> None:
        self.identity = identity
        self.dialect = dialect
        self.factory_mac = factory_mac
        self.store = store
        self.commands = commands
        self.out = out or Output(store.user.uart.line_format)
        self.input: Input | None = None
        self.echo = True
        self.uart: UartSettings = store.user.uart
        self.wifi_mode: WifiMode = store.system.wifi_mode
        self.sleep_mode = MODEM_SLEEP
        self.services: tuple[Service, ...] = ()
