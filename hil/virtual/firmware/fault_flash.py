"""Faults of what is stored, and where: section 6 of the document (lines 972-981) and AT+RESTORE."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from .fault import Fault
from .fault_block import building
from .parameter_store import ParameterStore
from .setting_record import encode_settings
from .settings import SystemSettings, UserSettings

if TYPE_CHECKING:
    from hil.virtual.flash import NorFlash

_STORED_IN_USER_AREA = (
    "AT+UART",
    "AT+UART_DEF",
    "AT+CWDHCP",
    "AT+CWDHCP_DEF",
    "AT+CIPSTAMAC",
    "AT+CIPSTAMAC_DEF",
    "AT+CIPAPMAC",
    "AT+CIPAPMAC_DEF",
    "AT+CIPSTA",
    "AT+CIPSTA_DEF",
    "AT+CIPAP",
    "AT+CIPAP_DEF",
    "AT+SAVETRANSLINK",
)
_STORED_IN_SYSTEM_AREA = (
    "AT+CWMODE",
    "AT+CWMODE_DEF",
    "AT+CWJAP",
    "AT+CWJAP_DEF",
    "AT+CWSAP",
    "AT+CWSAP_DEF",
    "AT+CWAUTOCONN",
)
_STORED = (*_STORED_IN_USER_AREA, *_STORED_IN_SYSTEM_AREA)
"""Source: A-69 in docs/ambiguities."""

_APPENDIX = "APPENDIX"
"""What the catalogue of clauses calls section 6."""


class _EagerStore(ParameterStore):
    """Writes what it holds already, too."""

    def save_user(self, settings: UserSettings, at_ns: int) -> int:
        if settings == self.user:
            return self._user.save(encode_settings(settings), at_ns)
        return super().save_user(settings, at_ns)

    def save_system(self, settings: SystemSettings, at_ns: int) -> int:
        if settings == self.system:
            return self._system.save(encode_settings(settings), at_ns)
        return super().save_system(settings, at_ns)


class _SwappedStore(ParameterStore):
    """Takes each area for the other."""

    def __init__(self, flash: NorFlash, *, blank_means_factory: bool) -> None:
        super().__init__(flash, blank_means_factory=blank_means_factory)
        self._user, self._system = self._system, self._user
        self.user, self.system = UserSettings(), SystemSettings()
        self._load()


class _HastyStore(ParameterStore):
    """Says that it is done when it has begun."""

    def save_user(self, settings: UserSettings, at_ns: int) -> int:
        super().save_user(settings, at_ns)
        return at_ns

    def save_system(self, settings: SystemSettings, at_ns: int) -> int:
        super().save_system(settings, at_ns)
        return at_ns


class _CrampedStore(ParameterStore):
    """Has room for one setting in the user area."""

    def save_user(self, settings: UserSettings, at_ns: int) -> int:
        news = {
            each.name: getattr(settings, each.name)
            for each in fields(settings)
            if getattr(settings, each.name) != getattr(self.user, each.name)
        }
        return super().save_user(replace(UserSettings(), **news) if news else settings, at_ns)


class _HalfRestoringStore(ParameterStore):
    """Restores the user area only."""

    def restore(self, at_ns: int) -> int:
        self.user = UserSettings()
        return self._user.erase(at_ns)


FLASH_FAULTS = (
    Fault(
        "equal-values-are-written-again",
        "A value that is equal to the stored one is written to flash.",
        (*_STORED, _APPENDIX),
        building(ParameterStore, _EagerStore),
    ),
    Fault(
        "parameter-areas-are-swapped",
        "User parameters are stored in the system parameter area, and the other way round.",
        (*_STORED, "AT+RESTORE", _APPENDIX),
        building(ParameterStore, _SwappedStore),
    ),
    Fault(
        "ok-comes-before-value-is-stored",
        "OK comes while the flash is still written; a power cut right after it loses the value.",
        (*_STORED, _APPENDIX),
        building(ParameterStore, _HastyStore),
    ),
    Fault(
        "storing-wipes-neighbours",
        "What is stored in the user parameter area takes the place of all else there.",
        (*_STORED_IN_USER_AREA, _APPENDIX),
        building(ParameterStore, _CrampedStore),
    ),
    Fault(
        "restore-keeps-system-area",
        "AT+RESTORE does not reset the system parameter area.",
        ("AT+RESTORE",),
        building(ParameterStore, _HalfRestoringStore),
    ),
)
"""In the order in which a value meets them."""
