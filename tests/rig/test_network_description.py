"""``[network]`` in a rig file: what it means, and what is said about every mistake in it."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.errors import RigFileError
from hil.rig.network_description import HOST_ADDRESS, NetworkDescription

from .test_description import REAL, VIRTUAL, loaded, mistake_in

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = VIRTUAL + "[network]\n"
REAL_NETWORK = REAL + "[network]\n"


class TestMeaning:
    def test_without_one_a_virtual_rig_has_the_built_in_and_a_real_one_none(
        self, tmp_path: Path
    ) -> None:
        # The built-in one comes with the assembly.
        assert loaded(tmp_path, VIRTUAL).network is None
        assert loaded(tmp_path, REAL).network is None

    def test_the_shortest_of_a_virtual_rig_is_the_built_in(self, tmp_path: Path) -> None:
        built_in = loaded(tmp_path, NETWORK).network
        assert built_in == NetworkDescription()
        host = IPv4Address("192.168.1.2")
        names = {"host.test": host, "iot.espressif.cn": host}
        assert built_in == NetworkDescription(host, 20, names)

    def test_all_keys_of_a_virtual_rig(self, tmp_path: Path) -> None:
        text = (
            NETWORK + 'host_address = "10.1.2.3"\nlatency_ms = 0\n'
            'names = { "iot.espressif.cn" = "10.1.2.3", gateway = "10.0.0.1" }'
        )
        assert loaded(tmp_path, text).network == NetworkDescription(
            IPv4Address("10.1.2.3"),
            0,
            {"iot.espressif.cn": IPv4Address("10.1.2.3"), "gateway": IPv4Address("10.0.0.1")},
        )

    def test_the_built_in_names_follow_the_host(self, tmp_path: Path) -> None:
        network = loaded(tmp_path, NETWORK + 'host_address = "10.1.2.3"').network
        assert network is not None
        host = IPv4Address("10.1.2.3")
        assert network.names == {"host.test": host, "iot.espressif.cn": host}

    def test_a_rig_without_names(self, tmp_path: Path) -> None:
        network = loaded(tmp_path, NETWORK + "names = {}").network
        assert network is not None
        assert network.names == {}

    def test_a_real_rig_names_its_host(self, tmp_path: Path) -> None:
        network = loaded(tmp_path, REAL_NETWORK + 'host_address = "10.1.2.3"').network
        assert network is not None
        assert (network.host_address, network.names) == (IPv4Address("10.1.2.3"), {})

    def test_and_the_names_that_its_name_server_knows(self, tmp_path: Path) -> None:
        text = REAL_NETWORK + 'host_address = "10.1.2.3"\nnames = { "pc.lab" = "10.1.2.3" }'
        network = loaded(tmp_path, text).network
        assert network is not None
        assert network.names == {"pc.lab": IPv4Address("10.1.2.3")}

    def test_one_description_does_not_change_another(self) -> None:
        first, second = NetworkDescription(), NetworkDescription()
        assert first.names is not second.names
        assert first.host_address == HOST_ADDRESS


MISTAKES = [
    (
        NETWORK + 'adress = "10.1.2.3"',
        (
            "network: expected only the keys host_address, latency_ms, names, found the key "
            "'adress'. Did you mean 'host_address'?"
        ),
    ),
    (
        NETWORK + 'host_address = "10.1.2.300"',
        (
            "network.host_address: expected an IPv4 address like '192.168.1.2', found the text "
            "'10.1.2.300'"
        ),
    ),
    (
        NETWORK + "host_address = 3",
        "network.host_address: expected an IPv4 address like '192.168.1.2', found the number 3",
    ),
    (
        REAL_NETWORK,
        "network.host_address: expected an IPv4 address like '192.168.1.2', found nothing",
    ),
    (
        REAL_NETWORK + 'host_address = "10.1.2.3"\nlatency_ms = 20',
        (
            "network.latency_ms: expected no latency_ms with real modules, found the number 20. "
            "Their network takes the time that it takes"
        ),
    ),
    (
        NETWORK + "latency_ms = 60001",
        ("network.latency_ms: expected a whole number from 0 to 60000, found the number 60001"),
    ),
    (
        NETWORK + 'names = ["pc.lab"]',
        "network.names: expected a table, found the list ['pc.lab']",
    ),
    (
        NETWORK + 'names = { "pc.lab" = "pc" }',
        ("network.names.pc.lab: expected an IPv4 address like '192.168.1.2', found the text 'pc'"),
    ),
    (
        NETWORK + 'names = { "pc lab" = "10.1.2.3" }',
        (
            "network.names: expected names of letters, digits, '-', '_' and dots between, found "
            "the text 'pc lab'"
        ),
    ),
    (
        VIRTUAL + "network = 3",
        (
            "module[0]: expected only the keys baud, dialect, faults, flash, "
            "lines, port, slot, found the key 'network'"
        ),
    ),
    (
        VIRTUAL.replace("module0", "network"),
        (
            "module[0].port: expected a machine that is not the network, found the text "
            "'sim://default/network'"
        ),
    ),
    (
        REAL.replace("[rig]", '[rig]\nhas = ["tcp-peer"]'),
        (
            "rig.has: expected a list of words out of reset, strap, wake-link, power, uart-flow, "
            "uart-format, flash-read, meter, found the text 'tcp-peer'"
        ),
    ),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_each_mistake_is_told_whole(tmp_path: Path, text: str, message: str) -> None:
    assert mistake_in(tmp_path, text) == message


def test_the_error_is_one_of_rig_files(tmp_path: Path) -> None:
    with pytest.raises(RigFileError):
        loaded(tmp_path, REAL_NETWORK)
