"""Commands that switch an access point: what they are given, and what is said when they fail."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from hil.errors import AccessPointError, NeedMissingError
from hil.ports.access_point import (
    Ability,
    ApSecurity,
    ApSetup,
    ApStation,
    needs_met_by_access_point,
)
from hil.ports.commanded_access_point import ApCommands, CommandedAccessPoint

from .access_points import MAC, SETUP, CommandedPlace
from .wire import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OTHER = ApSetup("other", ApSecurity.WPA, "secret-2", channel=11, has_dhcp=False)


def shell(folder: Path, text: str, *, timeout_s: float = 20) -> CommandedAccessPoint:
    """An access point all of whose commands are one line of shell."""
    command = ("/bin/sh", "-c", text)
    commands = ApCommands(command, command, command, (*command, "{mac}"), command)
    return CommandedAccessPoint(SETUP, commands, "bench-7", folder=folder, timeout_s=timeout_s)


def failure(call: Callable[[], object]) -> str:
    with pytest.raises(AccessPointError) as caught:
        call()
    return str(caught.value)


def remedy(folder: Path) -> str:
    return (
        f"Try the command by hand in {folder}; docs/rig-file.md says what it finds in its "
        "environment"
    )


class TestGiven:
    def test_each_call_is_one_command(self, tmp_path: Path) -> None:
        place = CommandedPlace(tmp_path)
        place.access_point.switch(is_on=True)  # it is on
        place.access_point.switch(is_on=False)
        place.access_point.switch(is_on=True)
        place.access_point.configure(OTHER)
        place.join()
        place.access_point.stations()
        place.access_point.drop(MAC)
        place.access_point.restore()
        place.access_point.restore()
        assert place.calls() == [
            "off",
            "on",
            "configure",
            "stations",
            "drop ac:37:43:00:00:01",
            "configure",
        ]

    def test_the_environment_holds_the_setup_and_that_of_the_rig(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ROUTER", "lab-router")
        access_point = shell(tmp_path, "env > seen")
        names = ("HIL_AP_", "ROUTER")

        def seen() -> dict[str, str]:
            lines = (tmp_path / "seen").read_text().splitlines()
            return dict(line.split("=", 1) for line in lines if line.startswith(names))

        access_point.switch(is_on=False)
        assert seen() == {
            "HIL_AP_SSID": "lab",
            "HIL_AP_SECURITY": "wpa2",
            "HIL_AP_PASSWORD": "secret-1",
            "HIL_AP_CHANNEL": "6",
            "HIL_AP_DHCP": "1",
            "ROUTER": "lab-router",
        }
        access_point.configure(ApSetup("other", ApSecurity.OPEN, has_dhcp=False))
        assert seen() == {
            "HIL_AP_SSID": "other",
            "HIL_AP_SECURITY": "open",
            "HIL_AP_PASSWORD": "",
            "HIL_AP_CHANNEL": "",
            "HIL_AP_DHCP": "0",
            "ROUTER": "lab-router",
        }

    def test_the_password_is_in_no_argument(self, tmp_path: Path) -> None:
        access_point = shell(tmp_path, "tr '\\0' '\\n' < /proc/$$/cmdline >> arguments")
        access_point.switch(is_on=False)
        access_point.configure(OTHER)
        access_point.drop(MAC)
        arguments = (tmp_path / "arguments").read_text()
        assert arguments.count("/bin/sh") == 3
        assert MAC in arguments
        assert "secret" not in arguments

    def test_nothing_comes_from_standard_input(self, tmp_path: Path) -> None:
        before, (reader, writer) = os.dup(0), os.pipe()
        try:
            os.dup2(reader, 0)
            os.write(writer, b"typed ahead")
            os.close(writer)
            shell(tmp_path, "cat > read").switch(is_on=False)
        finally:
            os.dup2(before, 0)
            os.close(before)
            os.close(reader)
        assert (tmp_path / "read").read_text() == ""

    def test_what_a_command_leaves_running_is_not_waited_for(self, tmp_path: Path) -> None:
        shell(tmp_path, "sleep 600 & echo $! > left").switch(is_on=False)
        left = int((tmp_path / "left").read_text())
        os.kill(left, signal.SIGKILL)  # raises if it was not there any more


class TestAbilities:
    @pytest.mark.parametrize(
        ("commands", "abilities"),
        [
            (ApCommands(), set()),
            (ApCommands(on=("a",), off=("a",)), {Ability.SWITCH}),
            (ApCommands(on=("a",)), set()),
            (ApCommands(configure=("a",)), {Ability.CONFIGURE}),
            (ApCommands(drop=("a", "{mac}")), {Ability.DROP}),
            (ApCommands(stations=("a",)), {Ability.LIST}),
        ],
    )
    def test_they_are_what_there_are_commands_for(
        self, tmp_path: Path, commands: ApCommands, abilities: set[Ability]
    ) -> None:
        access_point = CommandedAccessPoint(
            SETUP, commands, "bench-7", folder=tmp_path, timeout_s=20
        )
        assert access_point.abilities == abilities
        assert needs_met_by_access_point(access_point) == {"ap"}

    def test_both_switching_and_setting_up_are_control(self, tmp_path: Path) -> None:
        access_point = shell(tmp_path, "exit 0")
        assert needs_met_by_access_point(access_point) == {"ap", "ap-control"}

    def test_a_missing_command_is_asked_for(self, tmp_path: Path) -> None:
        access_point = CommandedAccessPoint(
            SETUP, ApCommands(), "bench-7", folder=tmp_path, timeout_s=20
        )
        with pytest.raises(NeedMissingError) as caught:
            access_point.drop(MAC)
        assert str(caught.value) == (
            "rig 'bench-7' has no 'ap-control': give the access point 'lab' a command `drop` in "
            "its [access-point.command] table"
        )


class TestFailure:
    def test_exit_status_and_output_are_told(self, tmp_path: Path) -> None:
        access_point = shell(tmp_path, "echo no such device; echo wlan7 >&2; exit 3")
        assert failure(lambda: access_point.switch(is_on=False)) == (
            "cannot switch off access point 'lab': /bin/sh ended with exit status 3: no such "
            f"device\nwlan7. {remedy(tmp_path)}"
        )
        assert access_point.is_on

    def test_a_setup_that_failed_is_not_taken_for_the_present_one(self, tmp_path: Path) -> None:
        access_point = shell(tmp_path, "exit 1")
        assert failure(lambda: access_point.configure(OTHER)) == (
            "cannot configure access point 'lab': /bin/sh ended with exit status 1: it printed "
            f"nothing. {remedy(tmp_path)}"
        )
        assert access_point.setup == SETUP

    def test_a_signal_is_named(self, tmp_path: Path) -> None:
        access_point = shell(tmp_path, "kill -TERM $$")
        assert failure(access_point.stations) == (
            "cannot list the stations of access point 'lab': /bin/sh was ended by SIGTERM: it "
            f"printed nothing. {remedy(tmp_path)}"
        )

    def test_a_command_that_takes_too_long_is_ended(self, tmp_path: Path) -> None:
        access_point = shell(tmp_path, "exec sleep 600", timeout_s=0.2)
        assert failure(lambda: access_point.switch(is_on=False)) == (
            "cannot switch off access point 'lab': /bin/sh was ended after 0.2 s: it printed "
            f"nothing. {remedy(tmp_path)}"
        )

    def test_what_it_has_started_is_ended_with_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.mkfifo(tmp_path / "child")
        children: list[int] = []
        wait = subprocess.Popen.wait

        def run_out(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
            """The time is over as soon as the child is there."""
            if timeout is None:
                return wait(process)
            children.append(os.pidfd_open(int((tmp_path / "child").read_text())))
            raise subprocess.TimeoutExpired("ap", timeout)

        monkeypatch.setattr(subprocess.Popen, "wait", run_out)
        access_point = shell(tmp_path, "echo begin; sleep 600 & echo $! > child; wait")
        assert "was ended after 20 s: begin. " in failure(access_point.stations)
        (child,) = children
        try:
            assert select.select([child], [], [], PATIENCE_S)[0], "it lives on"
        finally:
            os.close(child)

    def test_a_program_that_is_not_there(self, tmp_path: Path) -> None:
        access_point = CommandedAccessPoint(
            SETUP,
            ApCommands(on=("./no-ap",), off=("./no-ap",)),
            "bench-7",
            folder=tmp_path,
            timeout_s=20,
        )
        assert failure(lambda: access_point.switch(is_on=False)) == (
            "cannot switch off access point 'lab': ./no-ap cannot be started: No such file or "
            f"directory. {remedy(tmp_path)}"
        )

    @pytest.mark.parametrize("password", ["secret-1", "secret-2"])
    def test_passwords_in_the_output_are_not_shown(self, tmp_path: Path, password: str) -> None:
        """Neither the present one nor the one that was to be set."""
        access_point = shell(tmp_path, f"echo psk={password} is bad; exit 1")
        message = failure(lambda: access_point.configure(OTHER))
        assert "psk=*** is bad" in message
        assert "secret" not in message

    def test_of_a_long_output_the_end_is_told(self, tmp_path: Path) -> None:
        access_point = shell(tmp_path, "yes x | head -n 1000; echo the reason; exit 1")
        message = failure(access_point.stations)
        assert "exit status 1: ... x\nx\n" in message
        assert "x\nthe reason. Try" in message
        assert len(message) < 700

    def test_bytes_that_are_no_text_are_escaped(self, tmp_path: Path) -> None:
        message = failure(shell(tmp_path, "printf '\\377'; exit 1").stations)
        assert "exit status 1: \\xff. " in message


class TestStations:
    def test_addresses_are_optional_and_blank_lines_nothing(self, tmp_path: Path) -> None:
        lines = "AC:37:43:00:00:01\\n\\n  ac:37:43:00:00:02\\t192.168.1.7 \\n"
        assert [str(each.address) for each in shell(tmp_path, f"printf '{lines}'").stations()] == [
            "None",
            "192.168.1.7",
        ]
        assert shell(tmp_path, f"printf '{lines}'").stations()[0] == ApStation(MAC)

    @pytest.mark.parametrize(
        "line", ["Selected interface", "ac:37:43:00:00", f"{MAC} 192.168.1.300", f"{MAC} here"]
    )
    def test_other_lines_are_refused(self, tmp_path: Path, line: str) -> None:
        assert failure(shell(tmp_path, f"echo '{line}'").stations) == (
            f"cannot list the stations of access point 'lab': /bin/sh printed {line!r}. Each line "
            "has to be a MAC address, and perhaps an IPv4 address behind it"
        )
