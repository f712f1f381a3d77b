"""What the exit code of a command means, and which error ends with which."""

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of a command means."""

    DONE = 0
    FAILED = 1
    MISUSED = 2
    WRONG_CONFIGURATION = 3
    REFUSED = 4


_CODES = {
    "UnableToLog": Exit.WRONG_CONFIGURATION,
    "UnableToReadSettings": Exit.WRONG_CONFIGURATION,
    "UnableToReadConfiguration": Exit.WRONG_CONFIGURATION,
    "UnableToReadOrderFile": Exit.WRONG_CONFIGURATION,
    "UnableToReadUserList": Exit.WRONG_CONFIGURATION,
    "UnableToReadSources": Exit.WRONG_CONFIGURATION,
    "UnableToLoadTemplates": Exit.WRONG_CONFIGURATION,
    "UnableToOpenLedger": Exit.WRONG_CONFIGURATION,
    "UnableToOpenSealedBody": Exit.WRONG_CONFIGURATION,
    "UnableToUseStore": Exit.WRONG_CONFIGURATION,
    "UnableToBuildShop": Exit.WRONG_CONFIGURATION,
    "UnableToCrown": Exit.REFUSED,
    "UnableToDecide": Exit.REFUSED,
    "UnableToEditWording": Exit.REFUSED,
    "UnableToEvaluate": Exit.REFUSED,
    "UnableToExplain": Exit.REFUSED,
    "UnableToChooseModel": Exit.MISUSED,
    "UnableToFindModel": Exit.REFUSED,
    "UnableToForecast": Exit.REFUSED,
    "UnableToImportCodes": Exit.REFUSED,
    "UnableToMovePoints": Exit.REFUSED,
    "UnableToPlan": Exit.REFUSED,
    "UnableToRecordConsent": Exit.REFUSED,
    "UnableToServe": Exit.FAILED,
    "UnableToSuppress": Exit.REFUSED,
}
"""By name, so that the modules that raise them need not be imported."""


def code_of(error: Exception) -> Exit | None:
    """Our own errors, and the machine's about a file, are told; the rest is a fault of ours."""
    name = type(error).__name__
    if name.startswith("UnableTo"):
        return _CODES.get(name, Exit.FAILED)
    return Exit.FAILED if isinstance(error, OSError) and error.filename else None


def in_words(error: Exception) -> str:
    """What went wrong and what to do, as one sentence after another."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}. Make room or give leave there, then try again."
    return str(error)
