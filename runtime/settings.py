"""Every setting of every process, read once from ``PROOFCALL_*`` variables or a TOML file."""

from __future__ import annotations

import re
import tempfile
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from runtime.place_names import DEFAULT_PLACE, PLACE_NAME

# turn:host[:port][?transport=udp|tcp], turns: likewise (RFC 7065); IPv6 hosts in brackets.
_TURN_URL = re.compile(
    r"turns?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?(\?transport=(udp|tcp))?"
)
# smtp:// upgrades by STARTTLS, smtps:// begins with TLS; user and password percent-encoded.
_SMTP_URL = re.compile(
    r"smtps?://([^@/\s:]+(:[^@/\s]*)?@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?/?"
)
_HTTP_URL = re.compile(r"https?://[!-?A-~]+")
_HEADER = re.compile(r"[ -~]{1,2000}")
_MAIL_FROM = re.compile(r"([^<>\r\n\"]{1,80} )?<?[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>?")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_MAX_TURN_URLS = 8
# Nothing that a line of coturn's configuration would read otherwise.
_TURN_SECRET = re.compile(r"[A-Za-z0-9._~+/=-]{16,256}")
# A Unix socket's path may hold 108 bytes on Linux, the name of the socket included.
_MAX_RUN_DIR_CHARS = 90


def split_list(value: str | None) -> list[str]:
    """The parts of a list that is written with commas."""
    return [part.strip() for part in (value or "").split(",") if part.strip()]


def announced_addresses(value: str | None) -> list[tuple[str, str | None]]:
    """``public_ip`` as pairs: what browsers are told, and which own address stands behind it.

    None as the second says that the host finds its own address.
    """
    pairs = [part.partition("/") for part in split_list(value)]
    return [(public, own if slash else None) for public, slash, own in pairs]


class Place(BaseModel):
    """Where evidence is kept: a bucket or a directory, and how it is reached and locked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str = Field(description="file:///… or s3://bucket/prefix")
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = Field(
        default=None,
        description="Whose credentials: a profile of the usual AWS files; default: the usual",
    )
    label: str | None = Field(
        default=None, max_length=80, description="What people are told: Frankfurt"
    )
    lock_mode: Literal["governance", "compliance"] = "governance"
    lock_days: int = Field(default=0, ge=0, le=36_500)


class Settings(BaseSettings):
    """The settings; an unknown key is an error.

    A TOML file is named by ``PROOFCALL_CONFIG``; variables win over it. An empty variable is
    none: a container's file names what may be left out.
    """

    model_config = SettingsConfigDict(
        env_prefix="PROOFCALL_", env_ignore_empty=True, extra="forbid", frozen=True
    )

    config: Path | None = None
    data: Path = Path("data")
    run: Path | None = None
    http: str = "127.0.0.1:8080"
    base_url: str | None = Field(None, description="The address browsers use, if not http://<http>")
    lan: bool = Field(False, description="HTTPS to phones and tablets in this network")
    lan_port: int = Field(8443, ge=1, le=65534, description="Its port; the trust page has the next")
    tls_cert: Path | None = Field(None, description="PEM, for the LAN; default: a generated one")
    tls_key: Path | None = None
    database_url: str | None = Field(None, description="Default: SQLite in the data directory")
    redis_url: str | None = None
    store: str | None = Field(None, description="file:///… or s3://bucket/prefix")
    s3_endpoint: str | None = None
    s3_region: str | None = None
    s3_lock_mode: Literal["governance", "compliance"] = Field(
        "governance", description="How objects are retained in a bucket with Object Lock"
    )
    s3_lock_days: int = Field(
        0, ge=0, le=36_500, description="Days for which a new object is retained at once; 0: none"
    )
    places: dict[str, Place] = Field(
        default_factory=dict,
        description="Other places for evidence, by name: a table of the TOML file, or JSON",
    )
    udp_ports: str | None = Field(None, description="first-last")
    public_ip: str | None = Field(
        None,
        description="What browsers are told instead of the host's own addresses: "
        "public[/own] for each address, IPv4 or IPv6, separated by commas",
    )
    turn_urls: str | None = Field(
        None, description="turn:host:port[?transport=tcp] and turns:…, separated by commas"
    )
    turn_secret: SecretStr | None = Field(None, description="coturn's static-auth-secret")
    turn_ttl_s: int = Field(1800, ge=60, le=86_400)
    smtp_url: SecretStr | None = Field(
        None, description="smtp[s]://user:password@host:port; without it no mail is sent"
    )
    mail_from: str | None = Field(None, description="The sender: name <mail@shop.example>")
    reply_domain: str | None = Field(
        None, description="Answers to notices go to reply+…@this domain; goes with inbound_secret"
    )
    inbound_secret: SecretStr | None = Field(
        None, description="Bearer token with which a mail server posts answers to /hooks/mail"
    )
    tsa_url: str | None = Field(
        None,
        description="A time-stamping authority (RFC 3161) that is asked for every manifest; "
        "goes with tsa_ca",
    )
    tsa_ca: Path | None = Field(
        None, description="PEM: the certificates that the authority's must stand under"
    )
    tsa_authorization: SecretStr | None = Field(
        None, description="Its Authorization header, as in 'Basic dXNlcjpwYXNz'"
    )
    c2pa_certificate: Path | None = Field(
        None,
        description="PEM: the certificates of content credentials, the signer's own first; "
        "default: under an authority of this installation's own",
    )
    c2pa_key: Path | None = Field(None, description="PEM, not encrypted; goes with it")
    media_workers: int = Field(1, ge=1, le=256)
    drain_s: float = Field(
        0, ge=0, le=86_400, description="How long calls may go on after a media worker's SIGTERM"
    )
    trusted_proxies: str = Field(
        "127.0.0.1/32,::1/128", description="Networks whose X-Forwarded-For is believed"
    )
    master_key: SecretStr | None = Field(None, description="32 bytes, base64")
    erasure_keys: Path | None = Field(
        None,
        description="The directory of the keys that erasure destroys, the same for every host; "
        "default: erasure/ beside the other keys",
    )
    metrics_from: str = Field(
        "127.0.0.0/8,::1/128", description="Networks that may read /metrics without a token"
    )
    webhooks_to_private: bool = Field(
        False, description="Let webhooks go to private networks and by plain HTTP (self-hosters)"
    )
    api_rate_per_minute: int = Field(
        600, ge=1, le=1_000_000, description="Requests a minute that one API key may make"
    )
    metrics_token: SecretStr | None = Field(None, description="Bearer token for /metrics")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    fragment_s: float = Field(0.8, gt=0.1, le=5)
    segment_s: float = Field(4.0, gt=0.5, le=60)
    min_free_bytes: int = Field(512 * 1024 * 1024, ge=0)

    @field_validator("http")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
            raise ValueError("expected host:port")
        return value

    @field_validator("places")
    @classmethod
    def _place_names(cls, value: dict[str, Place]) -> dict[str, Place]:
        if DEFAULT_PLACE in value or not all(PLACE_NAME.fullmatch(name) for name in value):
            raise ValueError(
                f"a place's name is up to 40 of a-z, 0-9 and -, and not {DEFAULT_PLACE!r}"
            )
        return value

    @field_validator("udp_ports")
    @classmethod
    def _port_range(cls, value: str | None) -> str | None:
        if value is None:
            return value
        first, _, last = value.partition("-")
        if not (first.isdigit() and last.isdigit() and 1024 <= int(first) <= int(last) <= 65535):
            raise ValueError("expected first-last with 1024 <= first <= last <= 65535")
        return value

    @field_validator("public_ip")
    @classmethod
    def _addresses(cls, value: str | None) -> str | None:
        for public, own in announced_addresses(value):
            families = {ip_address(one).version for one in (public, own) if one is not None}
            if len(families) != 1 or "%" in public:
                raise ValueError("expected addresses, or pairs public/own of one family")
        return value

    @field_validator("turn_urls")
    @classmethod
    def _turn_urls(cls, value: str | None) -> str | None:
        urls = split_list(value)
        if len(urls) > _MAX_TURN_URLS or not all(_TURN_URL.fullmatch(url) for url in urls):
            raise ValueError(f"expected up to {_MAX_TURN_URLS} of turn:host:port[?transport=tcp]")
        return value

    @field_validator("turn_secret")
    @classmethod
    def _long_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TURN_SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("expected 16 to 256 letters, digits and -_.~+/=")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _SMTP_URL.fullmatch(value.get_secret_value()):
            raise ValueError("expected smtp://user:password@host:port or smtps://…")
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str | None) -> str | None:
        if value is not None and not _MAIL_FROM.fullmatch(value):
            raise ValueError("expected mail@shop.example or name <mail@shop.example>")
        return value

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError("PROOFCALL_SMTP_URL and PROOFCALL_MAIL_FROM go together")
        return self

    @field_validator("reply_domain")
    @classmethod
    def _domain(cls, value: str | None) -> str | None:
        if value is not None and not _DOMAIN.fullmatch(value):
            raise ValueError("expected a domain like mail.shop.example")
        return value

    @field_validator("inbound_secret")
    @classmethod
    def _long_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TURN_SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("expected 16 to 256 letters, digits and -_.~+/=")
        return value

    @model_validator(mode="after")
    def _replies_are_whole(self) -> Self:
        if (self.reply_domain is None) != (self.inbound_secret is None):
            raise ValueError("PROOFCALL_REPLY_DOMAIN and PROOFCALL_INBOUND_SECRET go together")
        return self

    @field_validator("tsa_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not _HTTP_URL.fullmatch(value):
            raise ValueError("expected https://… or http://…, without a user's name")
        return value

    @field_validator("tsa_authorization")
    @classmethod
    def _one_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _HEADER.fullmatch(value.get_secret_value()):
            raise ValueError("expected one line of plain characters")
        return value

    @model_validator(mode="after")
    def _time_stamping_is_whole(self) -> Self:
        if (self.tsa_url is None) != (self.tsa_ca is None):
            raise ValueError("PROOFCALL_TSA_URL and PROOFCALL_TSA_CA go together")
        return self

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if (self.c2pa_certificate is None) != (self.c2pa_key is None):
            raise ValueError("PROOFCALL_C2PA_CERTIFICATE and PROOFCALL_C2PA_KEY go together")
        return self

    @model_validator(mode="after")
    def _turn_is_whole(self) -> Self:
        if bool(split_list(self.turn_urls)) != (self.turn_secret is not None):
            raise ValueError("PROOFCALL_TURN_URLS and PROOFCALL_TURN_SECRET go together")
        return self

    @field_validator("trusted_proxies", "metrics_from")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in filter(None, value.split(",")):
            ip_network(part.strip())
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then the TOML file that ``config`` names."""
        config = init_settings().get("config") or env_settings().get("config")
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        if config:
            sources += (TomlConfigSettingsSource(settings_cls, Path(str(config))),)
        return sources

    @property
    def http_host(self) -> str:
        """The address the web process listens on."""
        return self.http.rpartition(":")[0].strip("[]")

    @property
    def http_port(self) -> int:
        """The port the web process listens on."""
        return int(self.http.rpartition(":")[2])

    @property
    def public_url(self) -> str:
        """What links begin with, without a trailing slash."""
        return (self.base_url or self.local_url).rstrip("/")

    @property
    def local_url(self) -> str:
        """Where this machine itself reaches the pages and the API, without a trailing slash."""
        return f"http://{self.http}"

    @property
    def trust_port(self) -> int:
        """Where the certificate of a generated authority is fetched, by plain HTTP."""
        return self.lan_port + 1

    @property
    def lan_ca(self) -> Path:
        """The certificate of the LAN's generated authority."""
        return self.keys_dir / "lan-ca.pem"

    @property
    def https_files(self) -> tuple[Path, Path]:
        """Certificate chain and key that HTTPS to the LAN uses: one's own or the generated."""
        if self.tls_cert is not None and self.tls_key is not None:
            return self.tls_cert, self.tls_key
        return self.keys_dir / "lan-leaf.pem", self.keys_dir / "lan-leaf.key"

    @property
    def run_dir(self) -> Path:
        """Where the Unix sockets live."""
        wanted = (self.run or self.data / "run").absolute()
        if len(str(wanted)) <= _MAX_RUN_DIR_CHARS:
            return wanted
        digest = sha256(str(wanted).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"proofcall-{digest}"

    @property
    def keys_dir(self) -> Path:
        """Where the master key and the control secret live (0700)."""
        return self.data.absolute() / "keys"

    @property
    def erasure_keys_dir(self) -> Path:
        """Where the keys lie that erasure destroys (0700)."""
        return (self.erasure_keys or self.keys_dir / "erasure").absolute()

    @property
    def spool_dir(self) -> Path:
        """Where evidence waits until it is in the store."""
        return self.data.absolute() / "spool"

    @property
    def store_url(self) -> str:
        """The object store's URL."""
        return self.store or (self.data.absolute() / "store").as_uri()

    @property
    def all_places(self) -> dict[str, Place]:
        """Every place by its name; the first is the default one, which ``store`` says."""
        default = Place(
            store=self.store_url,
            endpoint=self.s3_endpoint,
            region=self.s3_region,
            lock_mode=self.s3_lock_mode,
            lock_days=self.s3_lock_days,
        )
        return {DEFAULT_PLACE: default, **self.places}

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database (asynchronous driver)."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data.absolute() / 'proofcall.db'}"
