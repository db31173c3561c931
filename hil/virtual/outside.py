"""What lies behind a module's antenna: the interface between a chip, the air and the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .air.message import AirEvent, AirRequest
from .network.message import NetworkEvent, NetworkRequest

OutsideRequest = AirRequest | NetworkRequest
OutsideEvent = AirEvent | NetworkEvent

Hear = Callable[[OutsideEvent, int], None]
"""How a module is told of an event, at a moment in ns."""


class Outside(Protocol):
    """Takes a module's requests. It answers by the module's `Hear`, never inside of a call."""

    def take(self, request: OutsideRequest, now_ns: int) -> None:
        """The module asks for something."""

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """The module's radio falls silent; whatever it had open, joined or announced is gone.

        Args:
            now_ns: When.
            is_orderly: Whether the firmware ends it, as before a restart: peers are told. Else
                the supply or the reset line did, and they are left alone with a dead connection.
        """


class Nowhere:
    """The `Outside` of a module without an antenna: nothing is heard and nothing answers."""

    def take(self, request: OutsideRequest, now_ns: int) -> None:
        """The request is lost."""

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """Nobody notices."""


class Surroundings:
    """Air and network of one module as one `Outside`.

    Args:
        air: Takes the requests of `hil.virtual.air.message`.
        network: Takes those of `hil.virtual.network.message`.

    Attributes:
        network: The same; another one may take its place before the module is heard of.
    """

    def __init__(self, air: AirSide, network: NetworkSide) -> None:
        self._air = air
        self.network = network

    def take(self, request: OutsideRequest, now_ns: int) -> None:
        """Hand a request to whom it concerns."""
        if isinstance(request, AirRequest):
            self._air.take(request, now_ns)
        else:
            self.network.take(request, now_ns)

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """Connections end before the association that carries them."""
        self.network.silence(now_ns, is_orderly=is_orderly)
        self._air.silence(now_ns, is_orderly=is_orderly)


class AirSide(Protocol):
    """One module's place in an air. See `Outside`."""

    def take(self, request: AirRequest, now_ns: int) -> None:
        """The module asks for something."""

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """The module's radio falls silent."""


class NetworkSide(Protocol):
    """One module's place in a network. See `Outside`."""

    def take(self, request: NetworkRequest, now_ns: int) -> None:
        """The module asks for something."""

    def silence(self, now_ns: int, *, is_orderly: bool) -> None:
        """The module's radio falls silent."""
