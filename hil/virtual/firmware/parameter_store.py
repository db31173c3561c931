"""What the firmware stores in flash: the settings of both parameter areas, and RESTORE.

Source: section 6, lines 972-981; section 3, command 6, lines 235-239; A-61, A-69 in
docs/ambiguities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .parameter_area import ParameterArea, area_offsets
from .setting_record import decode_settings, encode_settings
from .settings import SystemSettings, UserSettings

if TYPE_CHECKING:
    from hil.virtual.flash import NorFlash

    from .setting_record import Records

_SIZE_BYTE_OFFSET = 3  # in the header of the image at address 0: size code and SPI speed


class ParameterStore:
    """The stored settings of a module. `recover` comes before anything is stored.

    Args:
        flash: Its flash.
        blank_means_factory: See `Dialect.blank_sector_means_factory`.

    Raises:
        VirtualError: The flash is too small to have parameter areas.

    Attributes:
        user: What the user parameter area holds.
        system: What the system parameter area holds.
    """

    user: UserSettings
    system: SystemSettings

    def __init__(self, flash: NorFlash, *, blank_means_factory: bool) -> None:
        size_code = flash.read(_SIZE_BYTE_OFFSET, 1)[0] >> 4
        user, system = area_offsets(flash.size_bytes, size_code)
        self._user = ParameterArea(flash, user, blank_means_factory=blank_means_factory)
        self._system = ParameterArea(flash, system, blank_means_factory=blank_means_factory)
        self._load()

    def recover(self, at_ns: int) -> int:
        """Finish a RESTORE that was interrupted; returns when that is done, in ns."""
        return self._erase(at_ns) if self._user.is_being_cleared else at_ns

    def save_user(self, settings: UserSettings, at_ns: int) -> int:
        """Store settings in the user area, if they differ from what is stored (line 975).

        Returns:
            When the last write is done, in ns; `at_ns` if there is none.
        """
        if settings == self.user:
            return at_ns
        self.user = settings
        return self._user.save(encode_settings(settings), at_ns)

    def save_system(self, settings: SystemSettings, at_ns: int) -> int:
        """Store settings in the system area, if they differ from what is stored (line 975).

        Returns:
            When the last write is done, in ns; `at_ns` if there is none.
        """
        if settings == self.system:
            return at_ns
        self.system = settings
        return self._system.save(encode_settings(settings), at_ns)

    def restore(self, at_ns: int) -> int:
        """Bring both areas back to the factory state, with one entry in the flag of the first.

        Returns:
            When the last write is done, in ns. A power cut before leaves all settings as they
            were, or all at their factory values. Nothing is written if nothing is stored.
        """
        self.user = UserSettings()
        self.system = SystemSettings()
        if self._user.is_blank and self._system.is_blank:
            return at_ns
        return self._erase(self._user.begin_clearing(at_ns))

    def _load(self) -> None:
        self.user = decode_settings(UserSettings, self._user.load())
        records: Records = {} if self._user.is_being_cleared else self._system.load()
        self.system = decode_settings(SystemSettings, records)

    def _erase(self, at_ns: int) -> int:
        """Erase both areas; the one whose flag says so comes last."""
        return self._user.erase(self._system.erase(at_ns))
