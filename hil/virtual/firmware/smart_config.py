"""SmartConfig: a phone tells which network to join.

Theory of operation::

    IDLE ──start──► LISTENING ──told by a phone──► JOINING ──station has an address──► DONE
     ▲                  │                             │                                  │
     └─────── stop ─────┴─────────────────────────────┴──────────────────────────────────┘

A Wi-Fi mode in which it may not listen takes it from LISTENING to DONE as well. From JOINING on the
station tries the network by itself; what is left of SmartConfig is the memory that it took, without
which it cannot start again (line 739). Who is turned away meanwhile is a matter of the dialect.

Source: section 4, commands 29 and 30, lines 726-739; A-41, A-75 in docs/ambiguities.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from hil.virtual.air.message import CredentialsHeard, ListenForCredentials, StopListening

from .settings import Credentials, WifiMode

if TYPE_CHECKING:
    from hil.virtual.outside import OutsideEvent

    from .state import FirmwareState

STOP_COMMAND = "+CWSTOPSMART"


class SmartPhase(Enum):
    """How far SmartConfig has come."""

    IDLE = "not started, or stopped"
    LISTENING = "waits for a phone"
    JOINING = "the station tries what the phone told"
    DONE = "only its memory is left: the station has joined, or may not listen any more"


class SmartConfig:
    """The service that listens for a phone.

    Args:
        state: The firmware's; its station joins what the phone tells.
    """

    def __init__(self, state: FirmwareState) -> None:
        self._state = state
        self._phase = SmartPhase.IDLE
        self._kind: int | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it can be started."""
        return self._phase is SmartPhase.IDLE

    @property
    def is_listening(self) -> bool:
        """Whether it waits for a phone."""
        return self._phase is SmartPhase.LISTENING

    @property
    def only_command(self) -> str | None:
        """The one command that is carried out at present, or None for all. Source: line 732."""
        excludes_all = self._state.dialect.wifi.smart_config_excludes_all
        is_busy = self._phase in {SmartPhase.LISTENING, SmartPhase.JOINING}
        return STOP_COMMAND if excludes_all and is_busy else None

    def listen(self, kind: int, now_ns: int) -> None:
        """Leave the network and listen for a phone: 1 ESP-TOUCH, 2 AirKiss (line 731)."""
        self._phase = SmartPhase.LISTENING
        self._kind = kind
        self._state.station.leave(now_ns)
        self._state.out.transmit(ListenForCredentials(kind), now_ns)

    def stop(self, now_ns: int) -> None:
        """Give back what it took; what the station has joined, or tries to join, stays."""
        self._stop_listening(now_ns)
        self._phase = SmartPhase.IDLE

    def follow_mode(self, now_ns: int) -> None:
        """The Wi-Fi mode has changed; it listens in station mode only (line 732)."""
        if self._state.wifi_mode is not WifiMode.STATION:
            self._stop_listening(now_ns)

    def start(self, now_ns: int) -> None:
        """It begins by command only."""

    def next_deadline_ns(self) -> None:
        """It listens until it is stopped."""

    def advance(self, now_ns: int) -> None:
        """Nothing is due."""

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """A phone tells a network, or the station has come as far as it shall."""
        match event:
            case CredentialsHeard(kind, ssid, password) if self.is_listening and kind == self._kind:
                self._take(Credentials(ssid, password), now_ns)
            case _ if self._phase is SmartPhase.JOINING and self._state.station.has_ip:
                self._phase = SmartPhase.DONE

    def _stop_listening(self, now_ns: int) -> None:
        if self.is_listening:
            self._state.out.transmit(StopListening(), now_ns)
            self._phase = SmartPhase.DONE

    def _take(self, network: Credentials, now_ns: int) -> None:
        """Join what a phone told; the air has stopped listening with it."""
        out, store = self._state.out, self._state.store
        self._phase = SmartPhase.JOINING
        out.send(b"Smart get wifi info\r\n", now_ns)
        if self._state.dialect.wifi.smart_config_stores:
            store.save_system(replace(store.system, network=network), now_ns)
        self._state.station.join(network, now_ns)
