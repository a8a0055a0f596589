"""Everything that can be set, in one flat class; passed in, never a global."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Names = Annotated[tuple[str, ...], NoDecode]  # written with commas between them
# As a browser writes them, and nothing else: they stand in headers. Every origin at once ("*") cannot be meant.
Origin = Annotated[str, StringConstraints(pattern=r"^https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?$")]
Origins = Annotated[tuple[Origin, ...], NoDecode]
# Without a user and a password: it is shown and logged.
ServerUrl = Annotated[
    str, StringConstraints(pattern=r"^https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?(/[\w.~-]+)*/?$")
]


class Settings(BaseSettings):
    """Settings of Footnote: environment variables FOOTNOTE_…, or the same names in a file `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_", env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    library: Path = Field(Path(".footnote"), description="folder that holds the library and its index")
    uploads: Path | None = Field(
        Path("uploads"), description="folder for documents that people hand in, beside the library; none: they cannot"
    )
    upload_megabytes: int = Field(25, ge=1, le=1000, description="largest file that can be handed in, in megabytes")
    chroma_url: ServerUrl | None = Field(
        None, description='Chroma server that holds the vectors, "http://127.0.0.1:8000"; none: they lie in the library'
    )
    chroma_token: SecretStr | None = Field(None, description="bearer token for a proxy in front of that server")
    passage_tokens: int = Field(200, ge=32, le=510, description="most tokens of a passage; changing it re-indexes")
    ocr: Names = Field((), description="languages that tesseract reads scanned pages in; none: they are not read")

    embedding: str = Field(
        "bundled", description='"bundled", or any LangChain embedding: "openai:text-embedding-3-small"'
    )
    embedding_base_url: str | None = Field(None, description="base URL of an OpenAI-compatible embedding server")
    embedding_api_key: SecretStr | None = Field(None, description="key for the embedding server; else OPENAI_API_KEY")

    model: str | None = Field(None, description='chat model, "openai:gpt-5-mini"; none: answers are quoted sentences')
    base_url: str | None = Field(None, description="base URL of an OpenAI-compatible chat server")
    api_key: SecretStr | None = Field(None, description="key for the chat server; else the provider's own variable")
    model_first_seconds: float = Field(30.0, gt=0, le=600, description="seconds until a model's first word")
    model_idle_seconds: float = Field(20.0, gt=0, le=600, description="seconds from one word of a model to the next")
    model_total_seconds: float = Field(120.0, gt=0, le=3600, description="seconds that a model may write in all")
    model_price_in: float | None = Field(None, ge=0, description="US dollars for a million tokens that a model reads")
    model_price_out: float | None = Field(None, ge=0, description="US dollars for a million tokens that it writes")
    strict: bool = Field(
        False, description="withhold written sentences that are not supported, instead of marking them"
    )
    prompt_tokens: int = Field(6000, ge=500, le=200_000, description="most tokens of a prompt")
    answer_tokens: int = Field(800, ge=50, le=16_000, description="most tokens of a written answer")

    passages: int = Field(20, ge=1, le=100, description="passages read for an answer")
    question_characters: int = Field(2000, ge=100, le=20_000, description="longest question, in characters")

    host: str = Field("127.0.0.1", description="address the server listens on; without sign-in only loopback")
    port: int = Field(7860, ge=1, le=65_535, description="port the server listens on")
    hosts: Names = Field((), description="names that the server is reached by, beside those of this machine")
    path: str = Field("", pattern=r"^(/[\w.~-]+)*$", description='path that a proxy serves it under, "/assistant"')
    proxies: Names = Field((), description="networks of the proxies in front, whose forwarded headers are believed")
    insecure: bool = Field(False, description="listen without sign-in on an address that others can reach")
    log_level: Literal["debug", "info", "warning", "error"] = Field("warning", description="what the server logs")
    log_format: Literal["text", "json"] = Field("text", description="how the server logs: lines for people, or JSON")
    otlp_endpoint: str | None = Field(None, description="where traces are sent by OpenTelemetry; none: nowhere")

    sign_in: Literal["none", "key", "proxy", "oidc"] = Field(
        "none", description="how people sign in: not, with an API key, by a proxy's header, at an OpenID provider"
    )
    secret: SecretStr | None = Field(
        None, min_length=32, description="signs sessions and embed tokens; none: one is kept in the library"
    )
    session_hours: float = Field(12.0, gt=0, le=720, description="hours until somebody must sign in again")
    user_header: str = Field("X-Forwarded-User", description="header in which a proxy names the person")
    groups_header: str = Field("X-Forwarded-Groups", description="header in which it names groups, with commas")
    oidc_issuer: str | None = Field(None, description="address of the OpenID provider")
    oidc_client_id: str | None = Field(None, description="what the provider knows Footnote as")
    oidc_client_secret: SecretStr | None = Field(None, description="and by which secret")
    oidc_scopes: str = Field("openid profile email", description="what is asked of the provider")
    oidc_user_claim: str = Field("sub", description="claim that names a person, for ever the same one")
    oidc_groups_claim: str = Field("groups", description="claim that lists a person's groups")
    admins: Names = Field((), description="groups whose people may do everything")
    writers: Names = Field((), description="groups whose people may hand in and delete documents; everybody: all")
    collections: Path | None = Field(None, description="YAML file: which groups read and write which documents")

    origins: Origins = Field((), description="origins whose pages may embed the assistant and call it from a browser")
    embed_minutes: float = Field(15.0, gt=0, le=1440, description="minutes that an embed token is good for")

    requests_per_minute: int = Field(600, ge=1, description="requests of one person in a minute")
    questions_per_minute: int = Field(60, ge=1, description="questions of one person in a minute")
    answers_at_once: int = Field(32, ge=1, le=1000, description="answers that are written at the same time")
    answers_waiting: int = Field(128, ge=0, le=10_000, description="questions that wait for that; more are refused")
    keep_days: int | None = Field(None, ge=1, description="days after which conversations are deleted; none: never")

    title: str = Field("Footnote", min_length=1, max_length=60, description="what the page calls itself")
    welcome: str | None = Field(None, max_length=400, description="what the page says before the first question")
    logo: Path | None = Field(None, description="SVG or PNG picture of at most 200 kB beside the title")
    accent: str | None = Field(None, description='the page\'s one colour, "#9a2c16"; made readable in light and dark')
    language: Literal["en", "de", "fr", "es", "uk"] | None = Field(
        None, description="language of the page; none: the one the reader chose, or the browser's"
    )

    @field_validator("hosts", "proxies", "admins", "writers", "origins", mode="before")
    @classmethod
    def _between_commas(cls, given: object) -> object:
        return tuple(filter(None, map(str.strip, given.split(",")))) if isinstance(given, str) else given

    @field_validator("uploads", mode="before")
    @classmethod
    def _none_is_a_word(cls, given: object) -> object:
        return None if isinstance(given, str) and given.strip().lower() in ("", "none") else given
