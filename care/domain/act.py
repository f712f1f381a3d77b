"""What somebody of the staff does about customers, apart from deciding on campaigns."""

from enum import StrEnum


class Act(StrEnum):
    """One thing that was asked for, written down or brought in."""

    NAME = "name"
    RECORD = "record"
    SEARCH = "search"
    SUPPRESS = "suppress"
    OPT_OUT = "opt_out"
    LIFT = "lift"
    CONSENT = "consent"
    IMPORT_SUPPRESSIONS = "import_suppressions"
    IMPORT_CONSENTS = "import_consents"
    IMPORT_CODES = "import_codes"
