"""What the running firmware holds: the current values, which a restart forgets, and the stored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from .link_table import LinkTable
from .output import Output
from .own_connection import OwnConnection
from .part import as_they_are
from .passthrough import Passthrough
from .query import Queries
from .scanner import Scanner
from .send_buffer import SendBuffers
from .server import Server
from .smart_config import SmartConfig
from .soft_ap import SoftAp
from .station import Station

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hil.virtual.user_slot import UserSlots

    from .command import Forms
    from .dialect import Dialect
    from .input import Input
    from .parameter_store import ParameterStore
    from .part import Kinds
    from .service import Service
    from .settings import InterfaceSettings, UartSettings, WifiMode

MODEM_SLEEP = 2
_LOCALLY_ADMINISTERED = 0x02


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
        slots: Where it stands in the flash itself, and where another version can.
        out: What is asked of the chip; its own one if none is given.
        kinds: Of which classes its parts are made.

    Attributes:
        input: Where bytes from the UART go; None while they are command lines.
        echo: Whether received bytes are sent back; on after every start (A-18).
        uart: The current line settings.
        wifi_mode: The current Wi-Fi mode.
        sleep_mode: 0 none, 1 light sleep, 2 modem sleep; not stored (line 294, A-23, A-75).
        station_interface: How the station gets its address at present.
        soft_ap_interface: Whether the softAP gives addresses out at present, and its own.
        station_mac: The station's present MAC address, six bytes.
        soft_ap_mac: The softAP's present MAC address, six bytes.
        station: The Wi-Fi station.
        soft_ap: The module's own access point.
        scanner: Looks for access points.
        smart_config: Lets a phone tell which network to join.
        sockets: Numbers for the sockets that the module opens, each once.
        transfer_mode: 0 normal, 1 passthrough (AT+CIPMODE, line 915); not stored (line 919).
        links: The five links.
        send_buffers: What waits for the peers of TCP links (AT+CIPSENDBUF).
        passthrough: Carries bytes from the UART to a peer without commands.
        server: The TCP server.
        queries: What the network was asked.
        own_connection: What the firmware itself has to say to a server.
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
        slots: UserSlots,
        out: Output | None = None,
        kinds: Kinds = as_they_are,
    ) -> None:
        self.identity = identity
        self.dialect = dialect
        self.factory_mac = factory_mac
        self.store = store
        self.commands = commands
        self.slots = slots
        self.out = out or Output(store.user.uart.line_format)
        self.input: Input | None = None
        self.echo = True
        self.uart: UartSettings = store.user.uart
        self.wifi_mode: WifiMode = store.system.wifi_mode
        self.sleep_mode = MODEM_SLEEP
        self.station_interface: InterfaceSettings = store.user.station
        self.soft_ap_interface: InterfaceSettings = store.user.soft_ap
        self.station_mac = store.user.station_mac or factory_mac
        self.soft_ap_mac = store.user.soft_ap_mac or self.factory_soft_ap_mac
        self.station = kinds(Station)(self)
        self.soft_ap = kinds(SoftAp)(self)
        self.scanner = kinds(Scanner)(self.out)
        self.smart_config = kinds(SmartConfig)(self)
        self.sockets: Iterator[int] = count(1)
        self.transfer_mode = 0
        self.links = kinds(LinkTable)(self)
        self.send_buffers = kinds(SendBuffers)(self)
        self.passthrough = kinds(Passthrough)(self)
        self.server = kinds(Server)(self)
        self.queries = kinds(Queries)()
        self.own_connection = kinds(OwnConnection)(self)
        self.services: tuple[Service, ...] = (
            self.station,
            self.soft_ap,
            self.scanner,
            self.smart_config,
            self.links,
            self.passthrough,
            self.server,
            self.queries,
            self.own_connection,
        )

    @property
    def factory_soft_ap_mac(self) -> bytes:
        """The softAP's MAC address as the chip was made: the station's, as a local one."""
        return bytes((self.factory_mac[0] | _LOCALLY_ADMINISTERED,)) + self.factory_mac[1:]
