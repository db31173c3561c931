"""The one file that knows esptool: a session with a module's boot loader, and its command line.

esptool is used as it is installed, in-process and through its public functions. Three things are
arranged around it for as long as a session lasts, and put back afterwards:

* It gets the rig's open port. It cannot close it (it wants to when nothing answers, and opening a
  port again would pulse DTR and RTS), and the port is set as before afterwards.
* Its pauses pass on the rig's clock, so that they cost nothing in simulated time.
* Since version 5.0 it formats every packet for a trace that is switched off, which is 97 % of the
  time of an unpaced write; the formatter is replaced by one that does nothing.

Its command line (`run_esptool`) is esptool's own and opens a port itself; the last two hold for it.

Process-wide names of esptool are replaced, so one session runs at a time in a process: another
thread waits for its turn, and a session inside of a session is refused.
"""

from __future__ import annotations

import hashlib
import runpy
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import esp_pylib.serial_reset
import esptool
import esptool.cmds
import esptool.loader
import esptool.reset
import serial
from esp_pylib.logger import EspLog
from esptool.logger import EsptoolLogger, TemplateLogger

from hil.errors import FlashingError, LoaderError, MistakeError, WrongChipError
from hil.units import NS_PER_S, format_offset, format_size, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hil.ports.clock import Clock
    from hil.ports.serial_port import SerialPort

    Progress = Callable[[int, int], None]
    """Called with what has been done and what is to be done, in bytes or blocks."""

CHIP = "ESP8266"
CONNECT_ATTEMPTS = 3
ESPTOOL_VERSION: str = esptool.__version__

_STRANGER = "Unexpected chip"
"""How esptool's error begins when a chip answers that it does not know."""

_CHECKS = (
    "check that the module is fed, that GPIO0 is low and GPIO15 low while EXT_RSTB rises, that TX "
    "and RX are not swapped, and that the port is the module's; `hil rig check` tells them apart"
)

_session_lock = threading.RLock()
_is_session_open = False


class _QuietLogger(TemplateLogger):  # type: ignore[misc] # esptool publishes no types
    """Keeps what esptool has to say for the error text, and passes its progress on."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.progress: Progress | None = None

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Plain talk is dropped."""

    def note(self, message: str) -> None:
        """A remark."""
        self.messages.append(message)

    def warning(self, message: str) -> None:
        """Something that esptool finds odd."""
        self.messages.append(message)

    def error(self, message: str) -> None:
        """Something that esptool gives up on."""
        self.messages.append(message)

    def stage(self, finish: bool = False) -> None:  # noqa: FBT001, FBT002 - esptool's signature
        """Stages are not shown."""

    def set_verbosity(self, verbosity: str) -> None:
        """There is only one."""

    def progress_bar(
        self,
        cur_iter: int,
        total_iters: int,
        prefix: str = "",
        suffix: str = "",
        bar_length: int = 30,
    ) -> None:
        """Tell how far the write is."""
        del prefix, suffix, bar_length
        if self.progress is not None:
            self.progress(cur_iter, total_iters)


class LoaderSession:
    """An open session with the flasher stub of an ESP8266. Made by `open_loader_session`.

    Args:
        loader: esptool's object.
        logger: What hears it.
        port_name: For error texts.
    """

    def __init__(self, loader: Any, logger: _QuietLogger, port_name: str) -> None:
        self._loader = loader
        self._logger = logger
        self._port_name = port_name
        self.chip_name: str = loader.get_chip_description()
        self.chip_id: int = loader.chip_id()
        self.mac: str = ":".join(f"{byte:02x}" for byte in loader.read_mac())
        self.flash_id: int = loader.flash_id()
        size_name = esptool.detect_flash_size(loader)
        if size_name is None:
            raise LoaderError(
                f"the flash on {port_name} has an unknown id 0x{self.flash_id:06x}: its size "
                "cannot be told. Check the solder joints of the flash chip and its supply"
            )
        self.flash_size_bytes: int = parse_size(size_name)

    def write(
        self, offset: int, data: bytes, *, flash_size_name: str, progress: Progress | None = None
    ) -> None:
        """Write one image, compressed on the way, and verify it by MD5.

        Args:
            offset: Flash address.
            data: The image. One with an ``E9`` header at address 0 gets the size code patched.
            flash_size_name: esptool's name of the size, ``1MB``.
            progress: Called with bytes or blocks done and to do.

        Raises:
            FlashingError: The write or its verification failed.

        Effects: the sectors of the image are erased and written.
        """
        self._logger.progress = progress
        try:
            with self._reported(f"write {format_size(len(data))} at {format_offset(offset)}"):
                esptool.write_flash(
                    self._loader, [(offset, data)], flash_size=flash_size_name, force=True
                )
        finally:
            self._logger.progress = None

    def md5(self, offset: int, length: int) -> str:
        """MD5 of a stretch of the flash, computed by the module."""
        with self._reported(f"hash {format_size(length)} at {format_offset(offset)}"):
            digest: str = self._loader.flash_md5sum(offset, length)
        return digest

    def holds(self, offset: int, data: bytes) -> bool:
        """Whether the flash has these bytes at this address already."""
        return self.md5(offset, len(data)) == hashlib.md5(data, usedforsecurity=False).hexdigest()

    def read(self, offset: int, length: int) -> bytes:
        """The content of a stretch of the flash.

        Raises:
            FlashingError: The read failed or its checksum did not fit.
        """
        with self._reported(f"read {format_size(length)} at {format_offset(offset)}"):
            content: bytes = self._loader.read_flash(offset, length)
        return content

    def erase(self, offset: int, length: int) -> None:
        """Erase whole sectors.

        Raises:
            MistakeError: `offset` or `length` is not a multiple of 4096.
            FlashingError: The erase failed.
        """
        if offset % 4096 or length % 4096:
            raise MistakeError(
                f"cannot erase {length} bytes at {format_offset(offset)}: the flash is erased by "
                "sectors, so both must be multiples of 4096"
            )
        with self._reported(f"erase {format_size(length)} at {format_offset(offset)}"):
            esptool.erase_region(self._loader, offset, length)

    def erase_all(self) -> None:
        """Erase the whole flash."""
        with self._reported("erase the flash"):
            esptool.erase_flash(self._loader)

    @contextmanager
    def _reported(self, attempted: str) -> Iterator[None]:
        self._logger.messages.clear()
        try:
            yield
        except (esptool.FatalError, serial.SerialException, OSError) as error:
            said = "; ".join([_one_line(error), *self._logger.messages])
            raise FlashingError(
                f"cannot {attempted} through {self._port_name}: esptool said: {said}. Check the "
                "supply (writing draws most) and the cable, or try a lower flash_baud"
            ) from error


@contextmanager
def open_loader_session(port: SerialPort, *, baud: int) -> Iterator[LoaderSession]:
    """A session with the module's boot loader, which must be running already.

    Args:
        port: The rig's open port. It stays open and keeps its settings, whatever esptool does.
        baud: The rate for the data; the loader is spoken to at 115200 first.

    Raises:
        WrongChipError: Another chip than an ESP8266 answers.
        LoaderError: Nothing answers, or not as it should.
        MistakeError: This thread has a session open already.

    Effects: a flasher stub runs in the module's RAM afterwards; reset the module to leave it.
    """
    logger = _QuietLogger()
    with (
        _only_session(f"open a session with the boot loader on {port.name}"),
        _clocked(port.clock),
        _untraced(),
        _heard_by(logger),
        _lent(port),
    ):
        yield _connect(port, logger, baud)


def run_esptool(arguments: Sequence[str], *, clock: Clock | None = None) -> int:
    """Run esptool's own command line in this process, as ``python -m esptool`` would.

    Args:
        arguments: What stands behind ``esptool``.
        clock: Where its pauses pass, if not on the host's clock: that of a simulated world.

    Returns:
        Its exit status.

    Raises:
        MistakeError: This thread has a session with a boot loader open.
    """
    with ExitStack() as stack:
        stack.enter_context(_only_session("run a session of esptool's command line"))
        stack.enter_context(_unchanged())
        stack.enter_context(_replaced(sys, "argv", ["esptool", *arguments]))
        if clock is not None:
            stack.enter_context(_clocked(clock))
        if not _may_trace(arguments):
            stack.enter_context(_untraced())
        try:
            runpy.run_module("esptool", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            if isinstance(end.code, str):
                sys.stderr.write(f"{end.code}\n")
                return 1
            return end.code or 0
    return 0


def _may_trace(arguments: Sequence[str]) -> bool:
    """Whether ``--trace`` may be given: in full, among short options, or in a file of arguments."""
    return any(
        each == "--trace" or each[:1] == "@" or (each[:1] == "-" != each[1:2] and "t" in each)
        for each in arguments
    )


@contextmanager
def _only_session(attempted: str) -> Iterator[None]:
    global _is_session_open  # noqa: PLW0603 - one process, one esptool
    with _session_lock:
        if _is_session_open:
            raise MistakeError(
                f"cannot {attempted} inside of another one: leave that one first, or do everything "
                "in it"
            )
        _is_session_open = True
        try:
            yield
        finally:
            _is_session_open = False


@contextmanager
def _lent(port: SerialPort) -> Iterator[None]:
    """A port that stays open, and has its settings again afterwards."""
    lent = port.serial
    timeout_s, write_timeout_s = lent.timeout, lent.write_timeout
    with _replaced(lent, "close", lambda: None):
        try:
            yield
        finally:
            with suppress(serial.SerialException, OSError):  # what is wrong, the next line tells
                lent.timeout, lent.write_timeout = timeout_s, write_timeout_s
            port.restore_format()


def _connect(port: SerialPort, logger: _QuietLogger, baud: int) -> LoaderSession:
    try:
        loader = esptool.detect_chip(
            port.serial, connect_mode="no-reset", connect_attempts=CONNECT_ATTEMPTS
        )
    except (esptool.FatalError, serial.SerialException, OSError) as error:
        said = _one_line(error)
        if said.startswith(_STRANGER):
            raise _wrong_chip(port, f"is none that esptool knows ({said})") from error
        raise LoaderError(
            f"no boot loader answers on {port.name}: esptool said: {said}. The module was reset "
            f"with GPIO0 held low; {_CHECKS}"
        ) from error
    if loader.CHIP_NAME != CHIP:
        raise _wrong_chip(port, f"is an {loader.CHIP_NAME}")
    try:
        loader = esptool.run_stub(loader)
        if baud != loader.get_baud():
            loader.change_baud(baud)
        esptool.attach_flash(loader)
        return LoaderSession(loader, logger, port.name)
    except (esptool.FatalError, serial.SerialException, OSError) as error:
        raise LoaderError(
            f"the boot loader on {port.name} answers, but the flasher stub does not at {baud} "
            f"baud: esptool said: {_one_line(error)}. Try a lower flash_baud; {_CHECKS}"
        ) from error


def _wrong_chip(port: SerialPort, what_it_is: str) -> WrongChipError:
    return WrongChipError(
        f"the chip on {port.name} {what_it_is}, not an {CHIP}. Nothing was written; check that "
        "the port is the module's"
    )


def _one_line(error: Exception) -> str:
    """What esptool says of the matter, without its advice and its links."""
    return str(error).partition("\n")[0].partition(" This can have many causes")[0].rstrip(".!")


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    """An attribute has another value meanwhile."""
    is_own, kept = name in vars(owner), getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if is_own:
            setattr(owner, name, kept)
        else:
            delattr(owner, name)


@contextmanager
def _restored(names: dict[str, Any]) -> Iterator[None]:
    """What is changed in a dictionary meanwhile is as before afterwards."""
    kept = dict(names)
    try:
        yield
    finally:
        names.clear()
        names.update(kept)


def _format_nothing(packet: object) -> str:
    """Stands for a packet in a trace that nobody reads."""
    del packet
    return ""


@contextmanager
def _untraced() -> Iterator[None]:
    """No packet is formatted for a trace."""
    with ExitStack() as stack:
        if hasattr(esptool.loader, "HexFormatter"):
            stack.enter_context(_replaced(esptool.loader.HexFormatter, "__str__", _format_nothing))
        yield


@contextmanager
def _clocked(clock: Clock) -> Iterator[None]:
    """Esptool's pauses pass on the rig's clock."""
    rig_time = SimpleNamespace(
        sleep=clock.sleep,
        time=lambda: clock.now_ns() / NS_PER_S,
        monotonic=lambda: clock.now_ns() / NS_PER_S,
        perf_counter=time.perf_counter,
    )
    with ExitStack() as stack:
        for module in (esptool.loader, esptool.cmds, esptool.reset, esp_pylib.serial_reset):
            if hasattr(module, "time"):
                stack.enter_context(_replaced(module, "time", rig_time))
        yield


@contextmanager
def _heard_by(logger: TemplateLogger) -> Iterator[None]:
    """What esptool says goes to a logger of ours."""
    with _replaced(EspLog, "instance", EspLog.instance):
        EsptoolLogger().set_logger(logger)
        yield


@contextmanager
def _unchanged() -> Iterator[None]:
    """What options of the command line change for the whole process is as before afterwards."""
    stubs = esptool.loader.StubFlasher
    with (
        _restored(vars(EspLog.instance)),
        _replaced(stubs, "STUB_SUBDIRS", stubs.STUB_SUBDIRS),
        _replaced(stubs, "STUB_VERSION_EXPLICIT", stubs.STUB_VERSION_EXPLICIT),
    ):
        yield
