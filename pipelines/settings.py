"""kith.toml and KITH_* become one frozen Settings, read once.

Here: every setting with its unit and default (kith.example.toml shows them all), and where the
data folder lies. Not here: secrets (credentials/, keyring, environment) and the constants of the
metrics (sql/staging/parameters.sql).
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableVariable

from pipelines import settings_problems

ROOT = Path(__file__).resolve().parent.parent
DEMO_MARK = "demo"
PEOPLE_FILE = Path("people.toml")


class SettingsError(ValueError):
    """A missing, unknown or wrong setting; the text names it and the cure."""


def _month(text: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise ValueError("a month is written 2024-12")
    return text


def _time(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError("a time of day is written 05:00")
    return text


class Me(BaseModel):
    """Who the owner of a personal install is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    addresses: tuple[str, ...] = Field(
        default=(), description="every address of yours: they are one person, and it is you"
    )


class Organisation(BaseModel):
    """What belongs to the own organisation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    own_domains: tuple[str, ...] = Field(
        default=(), description="domains whose people are inside; a directory adds its own"
    )


class Limits(BaseModel):
    """What kith may use of the machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_gib: Annotated[float, Field(ge=0.5)] | None = Field(
        default=None, description="memory for DuckDB; GiB; half of the machine's where not set"
    )
    threads: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="threads for DuckDB; all cores where not set"
    )
    spill_gib: Annotated[float, Field(ge=0)] = Field(
        default=20, description="disk that DuckDB may use beyond memory; GiB"
    )


class Pull(BaseModel):
    """Which mailboxes of a connected organisation are read, and for how long at a time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    include: tuple[str, ...] = Field(
        default=(),
        description="only these: addresses, @domain, department:NAME, office:NAME, unit:/PATH",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="never these, in the same words; stronger than include"
    )
    minutes: Annotated[int, Field(ge=1)] = Field(
        default=60, description="a pull ends cleanly after this long and goes on next time"
    )
    mailboxes_at_once: Annotated[int, Field(ge=1, le=500)] = Field(
        default=32, description="mailboxes read at the same time"
    )


class Google(BaseModel):
    """Where Google is asked, and how fast."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gmail_endpoint: str = "https://gmail.googleapis.com"
    calendar_endpoint: str = "https://www.googleapis.com/calendar/v3/"
    directory_endpoint: str = "https://admin.googleapis.com"
    token_endpoint: str = "https://oauth2.googleapis.com/token"
    iam_endpoint: str = "https://iamcredentials.googleapis.com"
    quota: Literal["current", "earlier", "unlimited"] = Field(
        default="current",
        description="Google's limits: current, earlier (projects from before May 2026), unlimited",
    )
    calendars: tuple[str, ...] = Field(
        default=("primary",),
        description="ids of the calendars that are read of each person who may see them; primary: "
        "the person's own",
    )
    # Two batches of threads: with less there would be days without progress.
    gmail_units_per_day: Annotated[int, Field(ge=2_000)] | None = Field(
        default=None,
        description="units of the Gmail API that the pulls of a day may cost, from midnight in "
        "California; units; 80,000,000 with the current quota where not set",
    )


class Microsoft(BaseModel):
    """Where Microsoft 365 is asked, and how fast."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    graph_endpoint: str = "https://graph.microsoft.com"
    login_endpoint: str = "https://login.microsoftonline.com"
    quota: Literal["published", "unlimited"] = Field(
        default="published", description="whether the limits below are kept, or none"
    )
    mailbox_requests_per_10_minutes: Annotated[float, Field(gt=0)] = Field(
        default=10_000, description="how often one mailbox is asked"
    )
    mailbox_requests_at_once: Annotated[int, Field(ge=1)] = Field(
        default=4, description="requests to one mailbox that are answered at the same time"
    )
    account_requests_per_10_seconds: Annotated[float, Field(gt=0)] = Field(
        default=10_000, description="how often all mailboxes together are asked"
    )
    directory_units_per_10_seconds: Annotated[float, Field(gt=0)] = Field(
        default=3_500, description="what listing users may cost; resource units"
    )
    hidden_folders: bool = Field(
        default=False, description="also read mail folders that Outlook does not show"
    )
    reconcile_days: Annotated[int, Field(ge=1)] = Field(
        default=30,
        description="after this long all ids of a mail folder are listed and compared; days",
    )
    mailbox_purposes: bool = Field(
        default=False,
        description="ask which mailboxes without an owner are shared; needs MailboxSettings.Read",
    )
    calendar_deltas: bool = Field(
        default=False, description="read calendars by their changes; needs Calendars.Read"
    )


class Report(BaseModel):
    """What the person wants to see on the report."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    openness_target: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="where the person would like openness to be; a line; 0 to 1"
    )


class Settings(BaseSettings):
    """All settings. Unknown keys are errors."""

    model_config = SettingsConfigDict(
        env_prefix="KITH_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    data: Path = Field(
        default=Path("data"), description="folder of everything kith keeps, from kith.toml's folder"
    )
    people_file: Path = Field(
        default=PEOPLE_FILE,
        description="who is who by hand, from kith.toml's folder; may be missing",
    )
    audience: Literal["self", "organisation"] | None = Field(
        default=None,
        description="self: a personal install; organisation: others' mailboxes too; where not set, "
        "organisation as soon as an organisation's account is connected",
    )
    people_names: bool = Field(
        default=False, description="names and addresses in parquet/ although others see it"
    )
    people_scores: Literal["own", "all", "none"] = Field(
        default="own",
        description="whose personal scores are published: owners of mailboxes that are read, "
        "everybody's, nobody's",
    )
    first_month: Annotated[str, AfterValidator(_month)] = Field(
        default="1990-01", description="first month that is shown and computed; YYYY-MM"
    )
    daily_at: Annotated[str, AfterValidator(_time)] = Field(
        default="05:00", description="when the daily schedule runs; HH:MM in UTC"
    )
    secrets: Literal["keyring", "encrypted", "plaintext"] | None = Field(
        default=None,
        description="where keys and tokens of accounts lie; where not set, in the system's keyring "
        "where there is one, else encrypted under a passphrase",
    )
    me: Me = Me()
    organisation: Organisation = Organisation()
    pull: Pull = Pull()
    report: Report = Report()
    google: Google = Google()
    microsoft: Microsoft = Microsoft()
    limits: Limits = Limits()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over kith.toml; nothing else is read."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())

    @classmethod
    def load(cls) -> "Settings":
        """The settings of this process. Raises SettingsError that names the setting."""
        path = config_path()
        if "KITH_CONFIG" in os.environ and not path.is_file():
            raise SettingsError(f"KITH_CONFIG names {path}, which is not there")
        try:
            settings = cls()
        except ValidationError as error:
            raise SettingsError(settings_problems.in_words(error, cls, path)) from error
        except UnreadableVariable as error:
            raise SettingsError(settings_problems.unreadable_variable(cls)) from error
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{path}: not readable as TOML: {error}") from error
        if path.is_file() and holds_demo(path.parent) and settings.data_folder != path.parent:
            # Whoever is "me" there, and the first month, are the village's.
            cure = "unset KITH_CONFIG" if "KITH_CONFIG" in os.environ else "work in another folder"
            raise SettingsError(
                f"{path} is for the demo's own folder, not for {settings.data_folder}; {cure}"
            )
        return settings

    @property
    def data_folder(self) -> Path:
        """Absolute ``data``: relative to kith.toml's folder, else to the working folder."""
        return (_base() / self.data.expanduser()).resolve()

    @property
    def people_path(self) -> Path:
        """Absolute ``people_file``, in the same way; without a file where nobody wrote one.

        Raises SettingsError for a file of another name that is not there.
        """
        path = (_base() / self.people_file.expanduser()).resolve()
        if self.people_file != PEOPLE_FILE and not path.is_file():
            raise SettingsError(f"people_file names {path}, which is not there")
        return path

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.data_folder / "kith.duckdb"

    @property
    def imports(self) -> Path:
        """Records of imported files, kept for a rebuild."""
        return self.data_folder / "imports"

    @property
    def parquet(self) -> Path:
        """The published tables."""
        return self.data_folder / "parquet"

    @property
    def parquet_groups(self) -> Path:
        """The group tables of an organisation, which are made to be shared."""
        return self.data_folder / "parquet-groups"

    @property
    def credentials(self) -> Path:
        """Keys and tokens; 0700."""
        return self.data_folder / "credentials"

    @property
    def accounts(self) -> Path:
        """Connected accounts, a file each."""
        return self.credentials / "accounts"

    @property
    def is_demo(self) -> bool:
        """Whether the folder holds the invented village: real data are refused there."""
        return holds_demo(self.data_folder)

    @property
    def shows_names(self) -> bool:
        """Whether published tables carry names and addresses."""
        return self.effective_audience == "self" or self.people_names

    @property
    def effective_audience(self) -> Literal["self", "organisation"]:
        """The audience as set, else as the connected accounts demand."""
        return self.audience or ("organisation" if self.has_organisation else "self")

    @property
    def has_organisation(self) -> bool:
        """Whether an account is connected that reads the mailboxes of others."""
        return any(self.accounts.glob("*.organisation.json"))


def holds_demo(folder: Path) -> bool:
    """Whether ``kith demo`` made this folder; one that merely has the demo in it is another."""
    return (folder / DEMO_MARK).is_file()


def config_path() -> Path:
    """kith.toml: KITH_CONFIG, else the working folder's."""
    return Path(os.environ.get("KITH_CONFIG", "kith.toml")).expanduser().resolve()


def _base() -> Path:
    """What relative paths start from: kith.toml's folder, else the working folder."""
    path = config_path()
    return path.parent if path.is_file() else Path.cwd()


def make_private(folder: Path) -> Path:
    """The folder, made with mode 0700 where it is new."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
