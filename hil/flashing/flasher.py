"""Brings a firmware onto a module: plan, check, write what differs, verify, record."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from hil.errors import FlashingError, LoaderError, WrongChipError
from hil.units import format_offset, ns_to_seconds

from .check import require_sound
from .esptool_session import ESPTOOL_VERSION, open_loader_session
from .image import SECTOR_BYTES, Role
from .layout import Layout, Region, plan_layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hil.ports.serial_port import SerialPort

    from .esptool_session import LoaderSession
    from .manifest import Firmware

    ImageProgress = Callable[[str, int, int], None]
    """Called with the image and its place, what has been done and what is to be done."""

_INIT_DATA_REMARK = (
    "the sector of the radio's calibration data was blank, so esp_init_data_default.bin was "
    "written too (A-74)"
)

SESSION_ATTEMPTS = 3
"""esptool cannot go on after one lost acknowledgement, so the whole session is repeated."""


class FlashTarget(Protocol):
    """What flashing asks of a module on a rig."""

    port: SerialPort

    def enter_loader(self) -> None:
        """Put the module into its serial boot loader."""

    def note(self, text: str) -> None:
        """Say in the transcript what is done to the module beside its port."""


@dataclass(frozen=True, slots=True)
class RegionRecord:
    """What happened to one region.

    Args:
        role: ``boot``, ``user1``, ``blank``, ...
        name: The image's file name.
        offset: Flash address.
        length_bytes: Length of the image.
        sha256: Hash of what the flash holds now, which is the image after esptool's patch.
        image_sha256: Hash of the image as it is in its file.
        is_written: False if the flash held it already.
        is_verified: Whether the module's own MD5 of the region was the right one.
        duration_ns: On the rig's clock.
    """

    role: str
    name: str
    offset: int
    length_bytes: int
    sha256: str
    image_sha256: str
    is_written: bool
    is_verified: bool
    duration_ns: int

    def to_json(self) -> dict[str, Any]:
        """The record as docs/run-record.md describes it."""
        return {
            "name": self.role,
            "file": self.name,
            "offset": self.offset,
            "length_bytes": self.length_bytes,
            "sha256": self.sha256,
            "image_sha256": self.image_sha256,
            "written": self.is_written,
            "verified": self.is_verified,
            "rig_duration_s": ns_to_seconds(self.duration_ns),
        }


@dataclass(frozen=True, slots=True)
class FlashRecord:
    """What was flashed onto which chip.

    Args:
        chip: ``ESP8266EX``.
        chip_id: The SDK's chip id.
        mac: Address of the station, ``18:fe:34:...``.
        flash_id: Manufacturer and device bytes, as esptool reads them.
        flash_size_bytes: As detected.
        firmware: The firmware's name.
        at_version: Its AT version.
        sdk_version: Its SDK version.
        baud: The rate of the data.
        regions: By address.
        attempts: How many sessions it took.
        duration_ns: All of it, on the rig's clock.
        esptool_version: The esptool that did it.
        warnings: What should be known about the layout.
    """

    chip: str
    chip_id: int
    mac: str
    flash_id: int
    flash_size_bytes: int
    firmware: str
    at_version: str
    sdk_version: str
    baud: int
    regions: tuple[RegionRecord, ...]
    attempts: int
    duration_ns: int
    esptool_version: str = ESPTOOL_VERSION
    warnings: tuple[str, ...] = ()

    @property
    def is_anything_written(self) -> bool:
        """Whether the flash was changed."""
        return any(region.is_written for region in self.regions)

    def to_json(self) -> dict[str, Any]:
        """The record as docs/run-record.md describes it."""
        return {
            "chip": {
                "name": self.chip,
                "id": f"0x{self.chip_id:08x}",
                "mac": self.mac,
                "flash_id": f"0x{self.flash_id:06x}",
                "flash_size_bytes": self.flash_size_bytes,
            },
            "firmware": self.firmware,
            "at_version": self.at_version,
            "sdk_version": self.sdk_version,
            "baud": self.baud,
            "attempts": self.attempts,
            "rig_duration_s": ns_to_seconds(self.duration_ns),
            "tool": f"esptool {self.esptool_version}",
            "warnings": list(self.warnings),
            "regions": [region.to_json() for region in self.regions],
        }


class Flasher:
    """Everything that is done to a module's flash, each in a session of its own.

    Args:
        target: The module.
        baud: The rate for the data.
    """

    def __init__(self, target: FlashTarget, *, baud: int) -> None:
        self._target = target
        self._baud = baud
        self._clock = target.port.clock

    def flash(
        self,
        firmware: Firmware,
        *,
        rewrites_all: bool = False,
        with_init_data: bool = False,
        force_512k: bool = False,
        progress: ImageProgress | None = None,
    ) -> FlashRecord:
        """Bring a firmware to the documented offsets.

        What the flash holds already is not written again. A session that breaks down (esptool
        cannot go on after one lost acknowledgement) is repeated from the reset on, without the
        regions that are done.

        Args:
            firmware: What to write; every image is checked before a byte is written.
            rewrites_all: Write what the flash holds already, too.
            with_init_data: Write the radio's calibration data too. Where their sector is blank
                they are written anyway, if the firmware has them, with a warning: a module without
                them does not transmit (A-74).
            force_512k: Go on with a flash that the document calls too small (A-63).
            progress: Called as the images are written.

        Returns:
            The record of it. The module is left in the flasher stub: reset it.

        Raises:
            ImageError: An image is not what it should be. Nothing was written.
            LayoutError: The images do not fit this flash. Nothing was written.
            WrongChipError: The chip is not an ESP8266. Nothing was written.
            LoaderError: No boot loader answers, `SESSION_ATTEMPTS` times.
            FlashingError: Writing or verifying failed, `SESSION_ATTEMPTS` times.

        Source: section 1, lines 124 to 128.
        """
        require_sound(firmware, None)
        started_ns = self._clock.now_ns()
        done: dict[int, RegionRecord] = {}
        remarks: tuple[str, ...] = ()
        attempts = 1
        while True:
            try:
                with self.session() as session:
                    plan = partial(
                        plan_layout, firmware, session.flash_size_bytes, force_512k=force_512k
                    )
                    layout = plan(with_init_data=with_init_data)
                    if not with_init_data and _lacks_init_data(session, firmware, layout):
                        with_init_data = True
                        layout = plan(with_init_data=True)
                        remarks += (_INIT_DATA_REMARK,)
                    for region in layout.regions:
                        if region.offset not in done:
                            done[region.offset] = self._bring(
                                session, layout, region, rewrites_all, progress
                            )
                    self._verify(session, layout.regions, done)
                break
            except WrongChipError:
                raise
            except (FlashingError, LoaderError) as error:
                if attempts == SESSION_ATTEMPTS:
                    error.add_note(f"{attempts} sessions with the boot loader failed, one by one")
                    raise
                attempts += 1
        return FlashRecord(
            chip=session.chip_name,
            chip_id=session.chip_id,
            mac=session.mac,
            flash_id=session.flash_id,
            flash_size_bytes=session.flash_size_bytes,
            firmware=firmware.name,
            at_version=firmware.at_version,
            sdk_version=firmware.sdk_version,
            baud=self._baud,
            regions=tuple(done[region.offset] for region in layout.regions),
            attempts=attempts,
            duration_ns=self._clock.now_ns() - started_ns,
            warnings=layout.warnings + remarks,
        )

    @contextmanager
    def session(self) -> Iterator[LoaderSession]:
        """A session with the boot loader, for reading, erasing and writing freely.

        Effects: the module is reset into its loader and left in the flasher stub.
        """
        self._target.enter_loader()
        self._target.note(f"esptool {ESPTOOL_VERSION} takes the port, data at {self._baud} baud")
        with open_loader_session(self._target.port, baud=self._baud) as session:
            yield session

    def _bring(
        self,
        session: LoaderSession,
        layout: Layout,
        region: Region,
        rewrites_all: bool,  # noqa: FBT001 - private
        progress: ImageProgress | None,
    ) -> RegionRecord:
        started_ns = self._clock.now_ns()
        shown = f"{region.name} at {format_offset(region.offset)}"
        is_needed = rewrites_all or not session.holds(region.offset, region.expected_data)
        if is_needed:
            session.write(
                region.offset,
                region.data,
                flash_size_name=layout.flash_size_name,
                progress=progress and (lambda done, total: progress(shown, done, total)),
            )
        return RegionRecord(
            role=region.role.value,
            name=region.name,
            offset=region.offset,
            length_bytes=len(region.data),
            sha256=sha256(region.expected_data).hexdigest(),
            image_sha256=region.sha256,
            is_written=is_needed,
            is_verified=False,
            duration_ns=self._clock.now_ns() - started_ns,
        )

    @staticmethod
    def _verify(
        session: LoaderSession, regions: Sequence[Region], done: dict[int, RegionRecord]
    ) -> None:
        """Every region once more when all are written: a later one may have hurt an earlier one.

        One that does not hold is taken out of `done`, so that the next session writes it again.
        """
        for region in regions:
            if not session.holds(region.offset, region.expected_data):
                del done[region.offset]
                raise FlashingError(
                    f"{region.name} at {format_offset(region.offset)} reads back differently from "
                    "what was written. The flash chip may be worn or badly fed; try a lower "
                    "flash_baud"
                )
            done[region.offset] = replace(done[region.offset], is_verified=True)


def _lacks_init_data(session: LoaderSession, firmware: Firmware, layout: Layout) -> bool:
    """Whether the module has no calibration data and the firmware brings some."""
    blank = b"\xff" * SECTOR_BYTES
    return firmware.image(Role.INIT_DATA) is not None and session.holds(
        layout.geometry.init_data, blank
    )
