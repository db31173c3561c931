"""Faults of the Wi-Fi mode, the station, the scan and SmartConfig: the first part of section 4."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hil.virtual.air.message import ListenForCredentials, Scan, ScanDone

from .command import Form
from .fault import Fault
from .fault_block import (
    altering,
    answering_only,
    asking,
    becoming,
    building,
    consenting,
    exchanging,
    hearing,
    hiding_errors,
    in_wifi_mode,
    mistaking,
    refusing,
    replacing,
    saying,
    supplant,
    wrap,
)
from .fault_family import cur_saves, cur_tells_stored, def_forgets, def_tells_current, family
from .parameter_store import ParameterStore
from .settings import WifiMode
from .smart_config import SmartConfig
from .station import Station
from .wifi_station import leave_network

if TYPE_CHECKING:
    from .settings import SystemSettings

_CWMODE = family("CWMODE")
_CWJAP = family("CWJAP")
_CONNECTED = b"WIFI CONNECTED\r\n"
_GOT_IP = b"WIFI GOT IP\r\n"

_CHARACTER = rb'(?:[^"\\]|\\.)'
"""One character between quotes, as it is typed."""


class _EagerStation(Station):
    """Joins at start whether it may or not."""

    def start(self, now_ns: int) -> None:
        network = self._state.store.system.network
        if network is not None and self._state.wifi_mode.has_station:
            self.join(network, now_ns)


class _StoreWithoutFlag(ParameterStore):
    """Keeps AT+CWAUTOCONN's flag as it was."""

    def save_system(self, settings: SystemSettings, at_ns: int) -> int:
        kept = replace(settings, joins_at_start=self.system.joins_at_start)
        return super().save_system(kept, at_ns)


class _AffableSmartConfig(SmartConfig):
    """Lets every command through."""

    @property
    def only_command(self) -> str | None:
        return None


def _swap_lines(data: bytes) -> bytes:
    return {_CONNECTED: _GOT_IP, _GOT_IP: _CONNECTED}.get(data, data)


_MODE_FAULTS = (
    cur_saves("CWMODE"),
    def_forgets("CWMODE"),
    cur_tells_stored("CWMODE"),
    Fault(
        "cwmode-refuses-three",
        "AT+CWMODE and its kin refuse 3.",
        _CWMODE,
        wrap(_CWMODE, Form.SET, mistaking(exchanging(0, {b"3": b"4"}))),
    ),
    Fault(
        "cwmode-takes-four",
        "AT+CWMODE and its kin take 4 for 3.",
        _CWMODE,
        wrap(_CWMODE, Form.SET, mistaking(exchanging(0, {b"4": b"3"}))),
    ),
    Fault(
        "cwmode-has-no-test-form",
        "AT+CWMODE=? and its kin answer ERROR.",
        _CWMODE,
        supplant(_CWMODE, Form.TEST, refusing()),
    ),
    Fault(
        "cwmode-changes-nothing-on-air",
        "AT+CWMODE and its kin leave station and softAP on the air as they are.",
        _CWMODE,
        wrap(_CWMODE, Form.SET, answering_only()),
    ),
)

_STATION_FAULTS = (
    cur_saves("CWJAP"),
    def_forgets("CWJAP"),
    def_tells_current("CWJAP"),
    Fault(
        "cwjap-hides-failure",
        "AT+CWJAP and its kin answer OK although the network was not joined.",
        _CWJAP,
        wrap(_CWJAP, Form.SET, hiding_errors()),
    ),
    Fault(
        "cwjap-refuses-longest-password",
        "AT+CWJAP and its kin refuse a password of 64 bytes.",
        _CWJAP,
        wrap(
            _CWJAP,
            Form.SET,
            mistaking(
                replacing(rb'\A("%b*","%b{64})"' % (_CHARACTER, _CHARACTER), rb'\1x"'),
            ),
        ),
    ),
    Fault(
        "cwjap-ignores-bssid",
        "AT+CWJAP and its kin join any access point of the name.",
        _CWJAP,
        wrap(
            _CWJAP,
            Form.SET,
            mistaking(replacing(rb'\A("%b*","%b*"),.*\Z' % (_CHARACTER, _CHARACTER), rb"\1")),
        ),
    ),
    Fault(
        "cwjap-keeps-escapes",
        "AT+CWJAP and its kin take the backslashes of escapes for a part of the text.",
        _CWJAP,
        wrap(_CWJAP, Form.SET, mistaking(replacing(rb"\\(.)", rb"\\\\\\\1"))),
    ),
    Fault(
        "cwjap-takes-slash-for-escape",
        "AT+CWJAP and its kin take a slash for a backslash.",
        _CWJAP,
        wrap(_CWJAP, Form.SET, mistaking(replacing(rb"/(.)", rb"\\\1"))),
    ),
    Fault(
        "cwjap-works-without-station",
        "AT+CWJAP and its kin join a network in softAP mode.",
        _CWJAP,
        wrap(_CWJAP, Form.SET, in_wifi_mode(WifiMode.BOTH)),
    ),
    Fault(
        "wifi-lines-are-swapped",
        "WIFI GOT IP comes before WIFI CONNECTED.",
        _CWJAP,
        saying(_swap_lines),
    ),
    Fault(
        "wifi-got-ip-is-missing",
        "WIFI GOT IP does not come.",
        _CWJAP,
        saying(replacing(rb"\AWIFI GOT IP\r\n\Z", b"")),
    ),
    Fault(
        "wifi-disconnect-is-missing",
        "WIFI DISCONNECT does not come.",
        (*_CWJAP, "AT+CWQAP"),
        saying(replacing(rb"\AWIFI DISCONNECT\r\n\Z", b"")),
    ),
    Fault(
        "cwqap-stays-joined",
        "AT+CWQAP answers OK and does not leave the network.",
        ("AT+CWQAP",),
        wrap(["AT+CWQAP"], Form.EXECUTE, answering_only()),
    ),
    Fault(
        "cwqap-test-leaves",
        "AT+CWQAP=? leaves the network.",
        ("AT+CWQAP",),
        supplant(["AT+CWQAP"], Form.TEST, becoming(leave_network)),
    ),
    Fault(
        "cwautoconn-is-ignored",
        "The station joins at start although AT+CWAUTOCONN=0 forbids it.",
        ("AT+CWAUTOCONN",),
        building(Station, _EagerStation),
    ),
    Fault(
        "cwautoconn-is-not-stored",
        "AT+CWAUTOCONN answers OK and stores nothing.",
        ("AT+CWAUTOCONN",),
        building(ParameterStore, _StoreWithoutFlag),
    ),
)

_SCAN_FAULTS = (
    Fault(
        "cwlap-ignores-name",
        "AT+CWLAP= lists access points of other names, too.",
        ("AT+CWLAP",),
        asking(altering(Scan, lambda scan: replace(scan, ssid=None))),
    ),
    Fault(
        "cwlap-ignores-channel",
        "AT+CWLAP= lists access points on other channels, too.",
        ("AT+CWLAP",),
        asking(altering(Scan, lambda scan: replace(scan, channel=None))),
    ),
    Fault(
        "cwlap-loses-last",
        "AT+CWLAP does not list the last access point.",
        ("AT+CWLAP",),
        hearing(altering(ScanDone, lambda done: ScanDone(done.sightings[:-1]))),
    ),
)

_SMART_CONFIG_FAULTS = (
    Fault(
        "cwstartsmart-works-with-soft-ap",
        "AT+CWSTARTSMART starts SmartConfig while the softAP is on.",
        ("AT+CWSTARTSMART",),
        wrap(
            ["AT+CWSTARTSMART"],
            Form.SET,
            in_wifi_mode(WifiMode.STATION),
        ),
    ),
    Fault(
        "cwstartsmart-mixes-up-types",
        "AT+CWSTARTSMART takes ESP-TOUCH for AirKiss and AirKiss for ESP-TOUCH.",
        ("AT+CWSTARTSMART",),
        asking(altering(ListenForCredentials, lambda told: ListenForCredentials(3 - told.kind))),
    ),
    Fault(
        "smart-config-line-is-missing",
        "The firmware does not say when a phone has told the network.",
        ("AT+CWSTARTSMART",),
        saying(replacing(rb"\ASmart get wifi info\r\n\Z", b"")),
    ),
    Fault(
        "smart-config-lets-commands-through",
        "Commands are carried out while SmartConfig runs.",
        ("AT+CWSTARTSMART",),
        building(SmartConfig, _AffableSmartConfig),
    ),
    Fault(
        "cwstopsmart-stops-nothing",
        "AT+CWSTOPSMART answers OK and SmartConfig goes on.",
        ("AT+CWSTOPSMART",),
        supplant(["AT+CWSTOPSMART"], Form.EXECUTE, consenting()),
    ),
)

WIFI_FAULTS = (*_MODE_FAULTS, *_STATION_FAULTS, *_SCAN_FAULTS, *_SMART_CONFIG_FAULTS)
"""In the order of the files that they break."""
