"""Addresses of the two interfaces: commands 13 to 15 and 17 to 28 of section 4, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.errors import CommandArgumentError

from .command import Variant, format_query, format_set
from .parameter import Address, Choice, MacAddress, Switch
from .recovery import Recovery
from .wifi_result import (
    DhcpSwitches,
    Interface,
    parse_interface_address,
    parse_mac,
)

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from .reply import Reply
    from .wifi_result import InterfaceAddress

CWDHCP = (
    Choice("mode", {interface: interface.value for interface in Interface}),
    Switch("en"),
)
"""Parameters of AT+CWDHCP, AT+CWDHCP_CUR and AT+CWDHCP_DEF (line 531)."""

MAC = (MacAddress("mac", is_own=True),)
"""Parameter of the CIPSTAMAC and CIPAPMAC commands (lines 570, 606)."""

NETWORK = (Address("IP"), Address("gateway"), Address("netmask"))
"""Parameters of the CIPSTA and CIPAP commands (lines 646, 690); the last two together (A-39)."""

_SOFTAP_BIT, _STATION_BIT = 1, 2


class WifiAddressCommands(Recovery):
    """DHCP, MAC and IP addresses; each method is named as its command."""

    def cwdhcp(self, interface: Interface, *, is_on: bool) -> Reply:
        """Switch DHCP on or off and store it; deprecated. Source: 4.1 #13, lines 529-532.

        A fixed address and DHCP exclude each other; the last command wins (line 532, A-35).

        Args:
            interface: Whose: the softAP's server, the station's client, or both.
            is_on: On or off.

        Effects: one write to the user parameter area of the flash.
        """
        return self._cwdhcp(Variant.PLAIN, interface, is_on=is_on)

    def cwdhcp_cur(self, interface: Interface, *, is_on: bool) -> Reply:
        """Switch DHCP on or off until the next start; as `cwdhcp`. Source: 4.1 #14, line 540."""
        return self._cwdhcp(Variant.CUR, interface, is_on=is_on)

    def cwdhcp_def(self, interface: Interface, *, is_on: bool) -> Reply:
        """Switch DHCP on or off and store it; as `cwdhcp`. Source: 4.1 #15, line 549."""
        return self._cwdhcp(Variant.DEF, interface, is_on=is_on)

    def cwdhcp_query(self) -> DhcpSwitches:
        """Where DHCP is on now. Source: 4.1 #13, lines 526-528; A-32."""
        return self._cwdhcp_query(Variant.PLAIN)

    def cwdhcp_cur_query(self) -> DhcpSwitches:
        """Where DHCP is on now. Source: A-34; the document has no query."""
        return self._cwdhcp_query(Variant.CUR)

    def cwdhcp_def_query(self) -> DhcpSwitches:
        """Where DHCP is on after the next start. Source: A-34; the document has no query."""
        return self._cwdhcp_query(Variant.DEF)

    def cipstamac(self, mac: str) -> Reply:
        """Set the station's MAC address and store it; deprecated. Source: 4.1 #17, line 570; A-37.

        Args:
            mac: Like ``18:fe:35:98:d3:7b``; its first byte must be even.

        Effects: one write to the user parameter area of the flash.
        """
        return self.execute(format_set("CIPSTAMAC", MAC, mac))

    def cipstamac_cur(self, mac: str) -> Reply:
        """Set the station's MAC address until the next start; as `cipstamac`.

        Source: 4.1 #18, line 582.
        """
        return self.execute(format_set("CIPSTAMAC_CUR", MAC, mac))

    def cipstamac_def(self, mac: str) -> Reply:
        """Set the station's MAC address and store it; as `cipstamac`.

        Source: 4.1 #19, line 594.
        """
        return self.execute(format_set("CIPSTAMAC_DEF", MAC, mac))

    def cipstamac_query(self) -> str:
        """The MAC address of the station. Source: 4.1 #17, line 567."""
        return self._mac_query("CIPSTAMAC")

    def cipstamac_cur_query(self) -> str:
        """The present MAC address of the station. Source: 4.1 #18, line 579."""
        return self._mac_query("CIPSTAMAC_CUR")

    def cipstamac_def_query(self) -> str:
        """The stored MAC address of the station. Source: 4.1 #19, line 591."""
        return self._mac_query("CIPSTAMAC_DEF")

    def cipapmac(self, mac: str) -> Reply:
        """Set the softAP's MAC address and store it; deprecated. Source: 4.1 #20, line 606; A-37.

        Args:
            mac: Like ``18:fe:35:98:d3:7b``; its first byte must be even.

        Effects: one write to the user parameter area of the flash.
        """
        return self.execute(format_set("CIPAPMAC", MAC, mac))

    def cipapmac_cur(self, mac: str) -> Reply:
        """Set the softAP's MAC address until the next start; as `cipapmac`.

        Source: 4.1 #21, line 620.
        """
        return self.execute(format_set("CIPAPMAC_CUR", MAC, mac))

    def cipapmac_def(self, mac: str) -> Reply:
        """Set the softAP's MAC address and store it; as `cipapmac`.

        Source: 4.1 #22, line 632.
        """
        return self.execute(format_set("CIPAPMAC_DEF", MAC, mac))

    def cipapmac_query(self) -> str:
        """The MAC address of the softAP. Source: 4.1 #20, line 603."""
        return self._mac_query("CIPAPMAC")

    def cipapmac_cur_query(self) -> str:
        """The present MAC address of the softAP. Source: 4.1 #21, line 617."""
        return self._mac_query("CIPAPMAC_CUR")

    def cipapmac_def_query(self) -> str:
        """The stored MAC address of the softAP. Source: 4.1 #22, line 629."""
        return self._mac_query("CIPAPMAC_DEF")

    def cipsta(
        self,
        address: str | IPv4Address,
        gateway: str | IPv4Address | None = None,
        netmask: str | IPv4Address | None = None,
    ) -> Reply:
        """Give the station a fixed address and store it; deprecated.

        Source: 4.1 #23, line 646; A-35, A-39.

        Args:
            address: The IP address.
            gateway: The gateway; with a netmask or not at all.
            netmask: The netmask.

        Effects: DHCP of this interface is off; one write to the user parameter area of the flash.
        """
        return self._fix("CIPSTA", address, gateway, netmask)

    def cipsta_cur(
        self,
        address: str | IPv4Address,
        gateway: str | IPv4Address | None = None,
        netmask: str | IPv4Address | None = None,
    ) -> Reply:
        """Give the station a fixed address until the next start; as `cipsta`.

        Source: 4.1 #24, line 662.
        """
        return self._fix("CIPSTA_CUR", address, gateway, netmask)

    def cipsta_def(
        self,
        address: str | IPv4Address,
        gateway: str | IPv4Address | None = None,
        netmask: str | IPv4Address | None = None,
    ) -> Reply:
        """Give the station a fixed address and store it; as `cipsta`.

        Source: 4.1 #25, line 676.
        """
        return self._fix("CIPSTA_DEF", address, gateway, netmask)

    def cipsta_query(self) -> InterfaceAddress:
        """The address of the station. Source: 4.1 #23, line 643; A-38."""
        return self._fixed_query("CIPSTA")

    def cipsta_cur_query(self) -> InterfaceAddress:
        """The present address of the station. Source: 4.1 #24, line 659; A-38."""
        return self._fixed_query("CIPSTA_CUR")

    def cipsta_def_query(self) -> InterfaceAddress:
        """The stored address of the station. Source: 4.1 #25, line 673; A-38."""
        return self._fixed_query("CIPSTA_DEF")

    def cipap(
        self,
        address: str | IPv4Address,
        gateway: str | IPv4Address | None = None,
        netmask: str | IPv4Address | None = None,
    ) -> Reply:
        """Give the softAP a fixed address and store it; deprecated.

        Source: 4.1 #26, line 690; A-35, A-39. Class C only (line 693, A-40).

        Args:
            address: The IP address.
            gateway: The gateway; with a netmask or not at all.
            netmask: The netmask.

        Effects: DHCP of this interface is off; one write to the user parameter area of the flash.
        """
        return self._fix("CIPAP", address, gateway, netmask)

    def cipap_cur(
        self,
        address: str | IPv4Address,
        gateway: str | IPv4Address | None = None,
        netmask: str | IPv4Address | None = None,
    ) -> Reply:
        """Give the softAP a fixed address until the next start; as `cipap`.

        Source: 4.1 #27, line 704.
        """
        return self._fix("CIPAP_CUR", address, gateway, netmask)

    def cipap_def(
        self,
        address: str | IPv4Address,
        gateway: str | IPv4Address | None = None,
        netmask: str | IPv4Address | None = None,
    ) -> Reply:
        """Give the softAP a fixed address and store it; as `cipap`.

        Source: 4.1 #28, line 718.
        """
        return self._fix("CIPAP_DEF", address, gateway, netmask)

    def cipap_query(self) -> InterfaceAddress:
        """The address of the softAP. Source: 4.1 #26, line 687; A-38."""
        return self._fixed_query("CIPAP")

    def cipap_cur_query(self) -> InterfaceAddress:
        """The present address of the softAP. Source: 4.1 #27, line 701; A-38."""
        return self._fixed_query("CIPAP_CUR")

    def cipap_def_query(self) -> InterfaceAddress:
        """The stored address of the softAP. Source: 4.1 #28, line 715; A-38."""
        return self._fixed_query("CIPAP_DEF")

    def _cwdhcp(self, variant: Variant, interface: Interface, *, is_on: bool) -> Reply:
        return self.execute(format_set(f"CWDHCP{variant.value}", CWDHCP, interface, is_on))

    def _cwdhcp_query(self, variant: Variant) -> DhcpSwitches:
        name = f"CWDHCP{variant.value}"
        bits = self._number(self.execute(format_query(name)), name, range(4))
        return DhcpSwitches(bool(bits & _SOFTAP_BIT), bool(bits & _STATION_BIT))

    def _mac_query(self, name: str) -> str:
        reply = self.execute(format_query(name))
        mac = parse_mac(self._value(reply, name))
        if mac is None:
            raise self._unexpected(reply, f"a MAC address in a line '+{name}:...'")
        return mac

    def _fix(
        self,
        name: str,
        address: str | IPv4Address,
        gateway: str | IPv4Address | None,
        netmask: str | IPv4Address | None,
    ) -> Reply:
        if (gateway is None) != (netmask is None):
            missing, given = ("netmask", netmask) if netmask is None else ("gateway", gateway)
            allowed = "given together with the other one, or not at all"
            raise CommandArgumentError(f"AT+{name}", missing, allowed=allowed, given=given)
        return self.execute(format_set(name, NETWORK, address, gateway, netmask))

    def _fixed_query(self, name: str) -> InterfaceAddress:
        reply = self.execute(format_query(name))
        address = parse_interface_address(reply.values(name))
        if address is None:
            raise self._unexpected(reply, f"an IP address in a line '+{name}:...'")
        return address
