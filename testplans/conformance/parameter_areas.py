"""The parameter areas of a module, read through the boot loader: what a command has stored, where.

Each look costs a reset, so the flash is looked at once behind each command, and what is found there
is put back in the same visit: the next command begins from the same flash, and nothing has to be
looked at before it. What was found is remembered for the clauses that ask for it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.flashing.flasher import Flasher
from hil.flashing.kept_sectors import KeptSectors, keep_parameters
from hil.flashing.layout import Area, FlashGeometry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hil.at.talk import Talk
    from hil.errors import HilError
    from hil.flashing.esptool_session import LoaderSession
    from hil.flashing.image import FlashMap
    from hil.rig.module import RigModule

    from .baseline import Baseline

    Content = Mapping[Area, str]
    """Stretches of the flash with their MD5."""


@dataclass(slots=True)
class KnownFlash:
    """What is known of a module's flash from the tests before.

    Args:
        kept: Its parameters as they are with factory settings.
        content: All of the flash, then.
        size_bytes: Its size.
        restores: `RigModule.restores`, then; another restore may leave them otherwise.
    """

    kept: KeptSectors
    content: Content
    size_bytes: int
    restores: int


@dataclass(slots=True)
class Findings:
    """What tests have found on one module.

    Args:
        flash: How it begins; None before anybody has looked.
        contents: By the lines that were sent, the parameter areas behind them.
        verdicts: By the name of a command that is to store nothing, the error that it met, or
            whether the areas were as before.
    """

    flash: KnownFlash | None = None
    contents: dict[tuple[str, ...], Content] = field(default_factory=dict)
    verdicts: dict[str, HilError | bool] = field(default_factory=dict)

    def forget(self) -> None:
        """Tests begin with another flash from now on."""
        self.contents.clear()
        self.verdicts.clear()


class ParameterAreas:
    """The parameter areas of the module that a test holds.

    Args:
        module: The module.
        talk: With it.
        baseline: Is told when all is as it was at the beginning of the test.
        flash_baud: The rate for reading.
        flash_map: What the firmware is linked for.
        findings: What the tests before have found.
    """

    def __init__(
        self,
        module: RigModule,
        talk: Talk,
        baseline: Baseline,
        *,
        flash_baud: int,
        flash_map: FlashMap,
        findings: Findings,
    ) -> None:
        self.talk, self.findings = talk, findings
        self._module, self._baseline = module, baseline
        self._flasher = Flasher(module, baud=flash_baud)
        self._flash_map = flash_map

    @property
    def geometry(self) -> FlashGeometry:
        """Where the areas are."""
        return FlashGeometry(self._flash_map, self._begin().size_bytes)

    @property
    def begin(self) -> Content:
        """The flash with factory settings, with which a test begins."""
        return self._begin().content

    def after(self, *lines: str) -> Content:
        """The parameter areas behind calls that are answered with OK, from the beginning on."""
        if lines not in self.findings.contents:
            self.findings.contents[lines] = self.run(lambda: self._say(lines))
        return self.findings.contents[lines]

    def run(self, act: Callable[[], None], *, is_whole: bool = False) -> Content:
        """The parameter areas behind something, from the beginning on.

        Args:
            act: What is done; the module is at the beginning then.
            is_whole: Look at all of the flash.
        """
        self._begin()
        act()
        return self.look(is_whole=is_whole)

    def changed_by(self, *lines: str) -> list[Area]:
        """The sectors that calls change."""
        return differences(self.begin, self.after(*lines))

    def look(self, *, puts_back: bool = True, is_whole: bool = False) -> Content:
        """The parameter areas now; the module has been started anew afterwards.

        Args:
            puts_back: Let the flash be as at the beginning of the test.
            is_whole: Look at all of the flash.
        """
        known = self._begin()
        stretches = list(known.content) if is_whole else known.kept.sectors
        with self._flasher.session() as session:
            content = _content(session, stretches)
            if puts_back:
                known.kept.put_back(session)
        self._start()
        if puts_back:
            self._baseline.has_begun()
        return content

    def _begin(self) -> KnownFlash:
        """What is known of the flash; if that is nothing, the module is still at the beginning."""
        known = self.findings.flash
        if known is None or known.restores != self._module.restores:
            with self._flasher.session() as session:
                kept = keep_parameters(session)
                size_bytes = session.flash_size_bytes
                content = _content(session, _stretches(kept.sectors, size_bytes))
            self._start()
            self._baseline.has_begun()
            if known is not None and known.content != content:
                self.findings.forget()
            known = KnownFlash(kept, content, size_bytes, self._module.restores)
            self.findings.flash = known
        return known

    def _say(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.talk.ok(line)

    def _start(self) -> None:
        self._module.start()
        self.talk.at.forget()
        self.talk.at.command("ATE0")


def differences(one: Content, other: Content) -> list[Area]:
    """Where two contents differ, as far as both know."""
    return [area for area in one if area in other and one[area] != other[area]]


def _content(session: LoaderSession, stretches: Sequence[Area]) -> Content:
    return {area: session.md5(area.start, area.end - area.start) for area in stretches}


def _stretches(sectors: Sequence[Area], size_bytes: int) -> list[Area]:
    """The sectors, and what lies between them."""
    stretches: list[Area] = []
    begin = 0
    for sector in [*sectors, Area(size_bytes, size_bytes)]:
        if begin < sector.start:
            stretches.append(Area(begin, sector.start))
        if sector.start < sector.end:
            stretches.append(sector)
        begin = sector.end
    return stretches
