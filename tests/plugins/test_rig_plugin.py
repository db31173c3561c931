"""The plugin that gives tests their rig: what they get, and what keeps them apart."""

from __future__ import annotations

import json
import textwrap

import pytest

from .rig_plan import (
    BENCH,
    WIRED,
    latest,
    observations_of,
    outcomes_of,
    record_of,
    rig_file,
    run_plan,
    run_plan_apart,
)

pytest_plugins = ("pytester",)

SWORD = "swordfish9"
DAMAGES = """
from hil.flashing.flasher import Flasher
from hil.ports.byte_port import Parity, PortFormat
from hil.ports.control_lines import Line
def erase(module):
    with Flasher(module, baud=460800).session() as session:
        session.erase_all()
DAMAGES = [
    lambda module: module.at.ate(is_on=False),
    lambda module: module.set_wake_link(is_closed=False),
    lambda module: module.at.cwmode_def(1),
    lambda module: module.at.uart_cur(9600),
    lambda module: module.at.uart_def(57600),
    lambda module: module.at.uart_def(9600, 7, 2, Parity.EVEN),
    lambda module: module.port.send(b"AT+CW"),
    lambda module: module.enter_loader(),
    lambda module: module.lines.set({Line.POWER: False}),
    lambda module: module.lines.set({Line.RESET: True, Line.STRAP: True}),
    lambda module: module.port.set_format(PortFormat(baud=300)),
    erase,
]
STEPS = [step for damage in DAMAGES for step in (pytest.param(damage, marks=[MARK]), None)]
@pytest.mark.parametrize("damage", STEPS)
def test_step(module, at, damage):
    if damage is not None:
        damage(module)
        assert False
    assert at.command("AT").echo == b"AT"
    assert at.cwmode_query() == 2
    assert module.port.format == PortFormat()
    module.start()
    assert at.cwmode_query() == 2
    at.gslp(200)
    module.clock.sleep(2)
    assert at.command("AT").is_ok
"""


def test_fixtures_are_a_rig_a_running_module_its_client_and_the_firmware(
    pytester: pytest.Pytester,
) -> None:
    result = run_plan(
        pytester,
        """
def test_fixtures(rig, module, at, firmware):
    assert rig.name == "virtual"
    assert module is rig.modules[0]
    assert at is module.at
    assert firmware.at_version in at.gmr().lines[0]
def test_same_rig(rig, module):
    assert rig.clock.now_ns() > 0
    assert module.is_running
""",
    )
    result.assert_outcomes(passed=2)


def test_module_is_flashed_once_and_before_the_first_test(pytester: pytest.Pytester) -> None:
    run_plan(pytester, "def test_one(at): ...\ndef test_two(at): ...")
    (flash,) = record_of(pytester)["flash"]
    assert flash["chip"]["mac"] == "18:fe:34:d0:00:00"
    assert [region["written"] for region in flash["regions"]] == [True] * 4


@pytest.mark.parametrize(
    ("policy", "written"), [("never", []), ("changed", [False] * 4), ("always", [True] * 4)]
)
def test_flash_policy(pytester: pytest.Pytester, policy: str, written: list[bool]) -> None:
    result = run_plan(pytester, "def test_one(at): at.at()", f"--hil-flash={policy}")
    result.assert_outcomes(passed=1)
    regions = [region for flash in record_of(pytester)["flash"] for region in flash["regions"]]
    assert [region["written"] for region in regions] == written


def test_blank_module_is_flashed_where_it_differs(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, WIRED, 'flash = { content = "blank" }', tail=BENCH)
    arguments = (f"--hil-rig={name}", "--hil-flash=changed")
    run_plan(pytester, "def test_one(at): at.at()", *arguments).assert_outcomes(passed=1)
    (flash,) = record_of(pytester)["flash"]
    written = {region["name"]: region["written"] for region in flash["regions"]}
    assert written == {"boot": True, "user1": True, "blank": False, "init_data": True}


def test_policy_that_the_rig_cannot_carry_out_is_told(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path)
    body = "def test_one(at): ...\ndef test_two(at): ..."
    result = run_plan(pytester, body, f"--hil-rig={name}", "--hil-flash=always")
    assert outcomes_of(pytester) == ["rig error", "blocked"]
    result.stdout.fnmatch_lines(
        ["*rig 'bench' has no 'flash-read': --hil-flash always needs lines that enter the boot *"]
    )


def test_rig_without_lines_is_taken_as_it_runs(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path)
    body = """
def test_breaks(at):
    at.ate(is_on=False)
    at.uart_def(57600)
    assert False
def test_next(module, at):
    assert at.command("AT").echo == b"AT"
    assert module.port.format.baud == 115200
"""
    run_plan(pytester, body, f"--hil-rig={name}").assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("mark", "outcome"), [("", "failed"), ("pytest.mark.xfail(strict=True)", "deviates")]
)
def test_test_after_a_failure_starts_from_a_clean_module(
    pytester: pytest.Pytester, mark: str, outcome: str
) -> None:
    run_plan(pytester, DAMAGES.replace("MARK", mark))
    assert outcomes_of(pytester) == [outcome, "passed"] * 12


def test_test_after_a_passed_one_finds_the_module_as_it_was_left(
    pytester: pytest.Pytester,
) -> None:
    body = """
def test_one(at): at.cwmode_cur(1)
def test_two(at): assert at.cwmode_query() == 1
"""
    run_plan(pytester, body).assert_outcomes(passed=2)


def test_tests_are_blocked_when_the_module_cannot_be_brought_back(
    pytester: pytest.Pytester,
) -> None:
    result = run_plan(
        pytester,
        """
from hil.flashing.flasher import Flasher
def test_breaks(module):
    with Flasher(module, baud=460800).session() as session:
        session.erase_all()
    assert False
def test_two(at): ...
def test_three(at): ...
def test_without_module(): ...
""",
        "--hil-flash=never",
    )
    result.assert_outcomes(failed=1, errors=2, passed=1)
    assert outcomes_of(pytester)[:3] == ["failed", "blocked", "blocked"]
    tests = record_of(pytester)["tests"]
    assert tests[2]["reason"].startswith(
        "blocked: the module could not be made ready for an earlier test: "
    )


def test_firmware_that_cannot_be_flashed_blocks_what_follows(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, WIRED, 'flash = { size = "512KB" }', tail=BENCH)
    run_plan(pytester, "def test_one(at): ...\ndef test_two(at): ...", f"--hil-rig={name}")
    assert outcomes_of(pytester) == ["rig error", "blocked"]
    assert record_of(pytester)["flash"] == []


@pytest.mark.parametrize("fixtures", ["module", "rig", ""])
def test_test_is_skipped_with_the_names_of_what_the_rig_has_not(
    pytester: pytest.Pytester, fixtures: str
) -> None:
    name = rig_file(pytester.path)
    body = f"""
@pytest.mark.needs("reset", "uart-format")
@pytest.mark.needs("power")
def test_one({fixtures}): raise AssertionError
"""
    result = run_plan(pytester, body, f"--hil-rig={name}", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * the rig 'bench' has no power, reset"])


def test_test_runs_where_the_rig_has_what_it_needs(pytester: pytest.Pytester) -> None:
    body = """
@pytest.mark.needs("reset", "strap", "power", "wake-link", "flash-read", "uart-format")
def test_one(module): module.reset()
"""
    run_plan(pytester, body).assert_outcomes(passed=1)
    assert "flash-read" in record_of(pytester)["rig"]["has"]


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        (
            'needs("rest")',
            "test_plan.py::test_one: the marker needs does not know 'rest'; it knows reset, *",
        ),
        (
            'destructive("burn")',
            "test_plan.py::test_one: the marker destructive does not know 'burn'; it knows *",
        ),
    ],
)
def test_unknown_word_in_a_marker_stops_the_run(
    pytester: pytest.Pytester, marker: str, text: str
) -> None:
    result = run_plan(pytester, f"@pytest.mark.{marker}\ndef test_one(at): ...")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {text}"])


DESTRUCTIVE = """
@pytest.mark.destructive("erase", "power-cut")
def test_one(): ...
"""


def test_destructive_test_is_skipped_on_a_real_rig_with_the_option_named(
    pytester: pytest.Pytester,
) -> None:
    name = rig_file(pytester.path, port="loop://")
    result = run_plan(pytester, DESTRUCTIVE, f"--hil-rig={name}", "--hil-allow=erase", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        ["SKIPPED * it may harm the module; allow it with --hil-allow power-cut"]
    )


def test_destructive_test_runs_on_a_real_rig_where_it_is_allowed(
    pytester: pytest.Pytester,
) -> None:
    name = rig_file(pytester.path, port="loop://")
    result = run_plan(pytester, DESTRUCTIVE, f"--hil-rig={name}", "--hil-allow=erase,power-cut")
    result.assert_outcomes(passed=1)


def test_destructive_test_runs_on_the_virtual_rig(pytester: pytest.Pytester) -> None:
    run_plan(pytester, DESTRUCTIVE).assert_outcomes(passed=1)


def test_firmware_of_a_real_module_is_unknown_until_it_is_named(
    pytester: pytest.Pytester,
) -> None:
    name = rig_file(pytester.path, port="loop://")
    result = run_plan(pytester, "def test_one(rig, firmware): ...", f"--hil-rig={name}", "-rs")
    result.stdout.fnmatch_lines(
        [
            "SKIPPED * nobody said which firmware the module carries; name it with --hil-firmware",
        ]
    )
    assert record_of(pytester)["firmware"]["at_version"] == "unknown"
    assert record_of(pytester)["flash"] == []


def test_real_module_that_does_not_answer_blocks_the_tests(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, port="/dev/does-not-exist")
    result = run_plan(pytester, "def test_one(at): ...", f"--hil-rig={name}")
    result.assert_outcomes(errors=1)
    assert outcomes_of(pytester) == ["rig error"]


def test_observations_reach_the_journal(pytester: pytest.Pytester) -> None:
    run_plan(pytester, "def test_one(at): at.gmr()")
    talk = observations_of(pytester, "transcript")
    sent = [entry for entry in talk if entry["direction"] == "sent"][-1]
    answer = talk[talk.index(sent) + 1 :]
    assert sent["text"] == "AT+GMR\r\n"
    assert sent["slot"] == 0
    assert {entry["direction"] for entry in answer} == {"received"}
    assert "".join(entry["text"] for entry in answer).endswith("\r\nOK\r\n")
    assert answer[0]["rig_time_ns"] > sent["rig_time_ns"] > 0
    (boot,) = observations_of(pytester, "boot_logs")
    assert boot["baud"] == 74880
    assert boot["reset_cause"] == 2
    assert boot["boot_mode"] == 3
    assert boot["text"].lstrip().startswith("ets Jan  8 2013")
    assert len(observations_of(pytester, "flash")) == 1


def test_bytes_that_are_no_text_are_shown_in_hex(pytester: pytest.Pytester) -> None:
    run_plan(pytester, "def test_one(module): module.port.send(bytes([0, 255]))")
    (sent,) = [entry for entry in observations_of(pytester, "transcript") if "hex" in entry][-1:]
    assert sent["direction"] == "sent"
    assert sent["hex"] == "00 ff"


def test_flash_record_of_a_test_of_its_own_reaches_the_report(pytester: pytest.Pytester) -> None:
    body = """
from hil.flashing.flasher import Flasher
def test_one(module, firmware, record_flash):
    record = record_flash(Flasher(module, baud=921600).flash(firmware))
    assert record.attempts == 1
"""
    run_plan(pytester, body).assert_outcomes(passed=1)
    assert [flash["baud"] for flash in record_of(pytester)["flash"]] == [460800, 921600]


JOINS = """
PASSWORD = os.environ["PASSWORD_OF_TESTS"]
def test_error_of_the_client(at):
    at.execute(f'AT+CWJAP="net","{PASSWORD}"')
def test_local_variable(at):
    password = PASSWORD
    at.command(f'AT+CWJAP="net","{password}"')
    print("captured", password)
    raise ValueError
def test_port(module):
    module.at.send(f'AT+CWSAP="net","{PASSWORD}",5,3\\r\\n'.encode())
    module.at.wait_for("never", 1)
def test_no_supply(module):
    from hil.ports.control_lines import Line
    module.lines.set({Line.POWER: False})
    module.at.execute(f'AT+CWJAP="net","{PASSWORD}"')
def test_passes(at):
    reply = at.command(f'AT+CWJAP="net","{PASSWORD}"')
    print(reply.raw)
"""


@pytest.mark.parametrize("arguments", [["-rA"], ["--showlocals", "--full-trace"]])
def test_password_is_nowhere(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("PASSWORD_OF_TESTS", SWORD)
    result = run_plan(pytester, JOINS, *arguments)

    result.assert_outcomes(failed=4, passed=1)
    shown = result.stdout.str() + result.stderr.str()
    assert 'AT+CWJAP="net",***' in shown
    assert SWORD not in shown
    files = [path for path in latest(pytester).rglob("*") if path.is_file()]
    assert len(files) == 4
    for path in files:
        assert SWORD not in path.read_text("utf-8"), path.name
    sent = [entry["text"] for entry in observations_of(pytester, "transcript")]
    assert 'AT+CWJAP="net",***\r\n' in sent


def test_error_of_the_toolkit_is_shown_at_the_line_of_the_test(
    pytester: pytest.Pytester,
) -> None:
    body = 'def test_one(at): at.execute("AT+NOSUCH")'
    result = run_plan(pytester, body)
    result.stdout.fnmatch_lines(
        [
            '>*def test_one(at): at.execute("AT+NOSUCH")',
            "E * hil.errors.CommandFailedError: AT+NOSUCH: expected OK, but *",
            "test_plan.py:2: CommandFailedError",
        ]
    )
    assert "conversation.py" not in result.stdout.str()
    assert "conversation.py" in run_plan(pytester, body, "--full-trace").stdout.str()


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "AssertionError"])
def test_rig_is_left_in_its_safe_state_at_the_end(pytester: pytest.Pytester, error: str) -> None:
    name = rig_file(pytester.path, WIRED, 'flash = { state = "flash.bin" }', tail=BENCH)
    result = run_plan_apart(
        pytester,
        f"""
from hil.drive.registry import find_machine
from hil.ports.control_lines import Line
from hil.virtual.bench import Contact
def test_one(module):
    _, bench = find_machine("default", "module0")
    module.lines.set({{Line.RESET: True, Line.STRAP: True}})
    def tell():
        held = [each.name for each in Contact if bench.is_closed(each)]
        print("held:", sorted(held), "open:", module.port.serial.is_open)
    import atexit
    atexit.register(tell)
    raise {error}
""",
        f"--hil-rig={name}",
        "-s",
    )
    result.stdout.fnmatch_lines(["held: [[]'POWER', 'WAKE_LINK'[]] open: False"])
    assert (pytester.path / "flash.bin").exists()


def test_what_cannot_be_saved_at_the_end_is_told_in_one_line(pytester: pytest.Pytester) -> None:
    (pytester.path / "state").mkdir()
    name = rig_file(pytester.path, WIRED, 'flash = { state = "state/flash.bin" }', tail=BENCH)
    result = run_plan(
        pytester,
        """
import pathlib
def test_one(at):
    pathlib.Path("state").rename("away")
    pathlib.Path("state").write_text("in the way")
""",
        f"--hil-rig={name}",
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["the rig was not left in its safe state: *flash.bin*"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


MANY = """
@pytest.mark.parametrize("mode", [1, 3, 1, 3, 1, 3])
def test_one(at, mode):
    at.cwmode_def(mode)
    assert at.cwmode_def_query() == mode
"""


def test_each_worker_has_a_virtual_rig_of_its_own(pytester: pytest.Pytester) -> None:
    result = run_plan_apart(pytester, MANY, "-n2")
    result.assert_outcomes(passed=6)
    record = record_of(pytester)
    assert len(record["flash"]) == 2
    assert record["rig"]["name"] == "virtual"
    assert observations_of(pytester, "transcript")


@pytest.mark.parametrize("workers", [["-n2"], ["--dist=load", "--tx=2*popen"]])
def test_workers_do_not_share_a_real_rig(pytester: pytest.Pytester, workers: list[str]) -> None:
    name = rig_file(pytester.path, port="loop://")
    result = run_plan_apart(pytester, MANY, *workers, f"--hil-rig={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().strip() == (
        "ERROR: -n 2: the rig 'bench' has one real module, and each worker needs one for itself. "
        "Leave -n away, or test on a virtual rig, where each worker has a rig of its own"
    )
    assert not (pytester.path / "reports").exists()


TWO_SLOTS = """
[[module]]
slot = 5
port = "loop://second"
[[access-point]]
ssid = "net"
security = "open"
[access-point.command]
on = ["true"]
off = ["true"]
configure = ["true"]
stations = ["true"]
drop = ["true", "{mac}"]
"""
TELLING = """
@pytest.mark.parametrize("n", range(8))
def test_one(rig, worker_id, n):
    (module,) = rig.modules
    assert "ap" in rig.has
    assert "ap-control" not in rig.has
    assert module.description.slot == {"gw0": 0, "gw1": 5}[worker_id]
"""


def test_each_worker_takes_a_slot_of_a_real_rig(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, port="loop://", tail=TWO_SLOTS)
    result = run_plan_apart(pytester, TELLING, "-n2", f"--hil-rig={name}")
    result.assert_outcomes(passed=8)


def test_more_workers_than_slots_are_refused(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, port="loop://", tail=TWO_SLOTS)
    result = run_plan_apart(pytester, TELLING, "-n3", f"--hil-rig={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: -n 3: the rig 'bench' has 2 real modules, *. Use -n 2 at most, or test on a *"]
    )


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_one_worker_may_hold_a_real_rig(pytester: pytest.Pytester, workers: str) -> None:
    name = rig_file(pytester.path, port="loop://")
    result = run_plan_apart(pytester, "def test_one(rig): ...", workers, f"--hil-rig={name}")
    result.assert_outcomes(passed=1)


def test_workers_do_not_share_a_state_file(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, WIRED, 'flash = { state = "flash.bin" }', tail=BENCH)
    result = run_plan_apart(pytester, MANY, "-n2", f"--hil-rig={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: -n 2: the rig 'bench' keeps the flash of slot 0 in flash.bin, " in (
        result.stderr.str()
    )


def test_plugins_live_beside_pytest_embedded(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_embedded")
    body = """
def test_one(at, rig, module, firmware, pytestconfig):
    assert pytestconfig.pluginmanager.hasplugin("pytest_embedded")
    at.at()
"""
    result = run_plan_apart(pytester, body, "-Werror", _EXCEPTION, "--port=/dev/other", "--baud=1")
    result.assert_outcomes(passed=1)
    assert outcomes_of(pytester) == ["passed"]


_EXCEPTION = (
    "-Wignore:record_xml_attribute is an experimental feature:pytest.PytestExperimentalApiWarning"
)


RATES = """
@pytest.mark.bauds(9600, 57600)
def test_rate(at, at_baud):
    at.uart_cur(at_baud)
"""


def test_rates_are_those_of_the_marker(pytester: pytest.Pytester) -> None:
    run_plan(pytester, RATES).assert_outcomes(passed=2)
    names = [test["id"] for test in record_of(pytester)["tests"]]
    assert [name.partition("::")[2] for name in names] == ["test_rate[9600]", "test_rate[57600]"]


def test_rates_of_the_option_win(pytester: pytest.Pytester) -> None:
    run_plan(pytester, RATES, "--hil-baud=115200,230400,460800").assert_outcomes(passed=3)


def test_rates_must_come_from_somewhere(pytester: pytest.Pytester) -> None:
    result = run_plan(pytester, "def test_rate(at_baud): ...")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["*test_rate: at_baud needs rates, by the marker bauds(9600, ...)*"]
    )


def test_password_in_the_words_of_an_assertion_is_masked_in_the_record(
    pytester: pytest.Pytester,
) -> None:
    body = """
    def test_words(at):
        at.command('AT+CWJAP="net","hunter2hunter2"')
        assert False, "joined with hunter2hunter2"
    """
    result = run_plan(pytester, textwrap.dedent(body))
    result.assert_outcomes(failed=1)
    record = json.dumps(record_of(pytester))
    assert "joined with ***" in record
    assert "hunter2" not in record + result.stdout.str()


def test_rig_that_cannot_be_opened_is_told_once(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, port="/dev/does-not-exist")
    body = "def test_one(at): ...\ndef test_two(at): ...\ndef test_three(module): ..."
    result = run_plan(pytester, body, f"--hil-rig={name}")
    result.assert_outcomes(errors=3)
    assert outcomes_of(pytester) == ["rig error", "blocked", "blocked"]
    text = result.stdout.str()
    assert text.count("blocked: the module could not be made ready for an earlier test") == 2
    assert len(text.splitlines()) < 60


SIZES = """
from hil.ports.control_lines import Line
def others(rig, module):
    return [each for each in rig.modules if each is not module]
def test_one(at, module, rig):
    assert module.description.slot == 0
    assert at.command("AT").is_ok
    for other in others(rig, module):
        other.port.discard_input()
        other.port.send(b"AT\\r\\n")
        assert other.port.receive(rig.clock.now_ns() + 10**9) == b""
@pytest.mark.flash_size(512)
def test_small(at, module, rig):
    assert module.description.slot == 1
    assert module.description.flash.size_bytes == 512 * 1024
    assert at.command("AT").is_ok
    (other,) = others(rig, module)
    other.port.discard_input()
    other.port.send(b"AT\\r\\n")
    assert other.port.receive(rig.clock.now_ns() + 10**9) == b""
def test_back(at, module):
    assert module.description.slot == 0
    assert at.command("AT").is_ok
@pytest.mark.flash_size(4096)
def test_large(module): ...
"""


def test_marker_picks_a_module_and_the_others_are_held_in_reset(
    pytester: pytest.Pytester,
) -> None:
    result = run_plan(pytester, SIZES)
    result.assert_outcomes(passed=3, skipped=1)
    assert len(record_of(pytester)["flash"]) == 1  # there is no AT firmware for 512 KB
    assert (
        record_of(pytester)["tests"][-1]["reason"]
        == "no module of the rig 'virtual' is known to have 4096 KB of flash"
    )


def test_failure_on_one_module_spoils_that_one_alone(pytester: pytest.Pytester) -> None:
    result = run_plan(
        pytester,
        """
@pytest.mark.flash_size(512)
def test_small(at):
    at.cwmode_def(3)
    assert False
def test_first(at, module):
    at.cwmode_def(1)
def test_first_again(at):
    assert at.cwmode_def_query() == 1
@pytest.mark.flash_size(512)
def test_small_again(at):
    assert at.cwmode_def_query() == 2
""",
    )
    result.assert_outcomes(passed=3, failed=1)


def test_clauses_say_what_the_rig_must_have(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path)
    result = run_plan(
        pytester,
        """
@pytest.mark.clause("DL-01")
def test_needs_the_lines(at): ...
@pytest.mark.clause("DL-01")
def test_computes_only(): ...
""",
        f"--hil-rig={name}",
    )
    result.assert_outcomes(passed=1, skipped=1)
    reasons = [test["reason"] for test in record_of(pytester)["tests"]]
    assert reasons == ["the rig 'bench' has no flash-read, reset, strap", ""]


def test_what_a_rig_cannot_do_skips_the_test_that_asks_for_it(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, port="loop://")
    result = run_plan(
        pytester,
        """
def test_one(rig):
    rig.modules[0].set_wake_link(is_closed=False)
""",
        f"--hil-rig={name}",
    )
    result.assert_outcomes(skipped=1)
    reason = record_of(pytester)["tests"][0]["reason"]
    assert reason.startswith("rig 'bench' has no 'wake-link': ")
