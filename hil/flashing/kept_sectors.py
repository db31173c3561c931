"""Parts of a module's flash as they were, to put them back: its settings, before a suite runs.

Where the AT firmware has its parameters depends on the map that it is linked for, which a module
does not tell; so every place where some map has them is kept. Only sectors that have changed are
written, so what is no parameter area is read and left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import format_size

from .image import SECTOR_BYTES, FlashMap
from .layout import Area, FlashGeometry, has_map

if TYPE_CHECKING:
    from .esptool_session import LoaderSession


class KeptSectors:
    """The parameter areas of a flash as they were at one moment.

    Args:
        contents: By address, sector by sector.
        size_name: The flash's size as esptool calls it.
    """

    def __init__(self, contents: dict[int, bytes], size_name: str) -> None:
        self._contents = contents
        self._size_name = size_name

    @property
    def sectors(self) -> list[Area]:
        """Which sectors are kept, by address."""
        return [Area(offset, offset + len(data)) for offset, data in self._contents.items()]

    def changed(self, session: LoaderSession) -> list[Area]:
        """The sectors that have changed since, by address."""
        return [
            sector
            for sector in self.sectors
            if not session.holds(sector.start, self._contents[sector.start])
        ]

    def put_back(self, session: LoaderSession) -> int:
        """Write the sectors that have changed since.

        Returns:
            How many.

        Raises:
            FlashingError: One of them cannot be written.
        """
        changed = self.changed(session)
        for sector in changed:
            data = self._contents[sector.start]
            session.write(sector.start, data, flash_size_name=self._size_name)
        return len(changed)


def keep_parameters(session: LoaderSession) -> KeptSectors:
    """The parameter areas of the module in a session, for all maps that fit its flash."""
    size_bytes = session.flash_size_bytes
    contents: dict[int, bytes] = {}
    for area in _areas(size_bytes):
        data = session.read(area.start, area.end - area.start)
        for begin in range(0, len(data), SECTOR_BYTES):
            contents[area.start + begin] = data[begin : begin + SECTOR_BYTES]
    return KeptSectors(contents, format_size(size_bytes))


def _areas(size_bytes: int) -> list[Area]:
    geometries = [FlashGeometry(each, size_bytes) for each in FlashMap if has_map(each, size_bytes)]
    found = {geometry.user_parameters for geometry in geometries}
    found |= {geometry.system_parameters for geometry in geometries}
    return sorted(found, key=lambda area: area.start)
