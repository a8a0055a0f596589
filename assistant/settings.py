"""Everything that can be set, in one flat class; passed in, never a global."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    passage_tokens: int = Field(200, ge=32, le=510, description="most tokens of a passage; changing it re-indexes")

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

    host: str = Field("127.0.0.1", description="address the server listens on; only loopback, there is no sign-in yet")
    port: int = Field(7860, ge=1, le=65_535, description="port the server listens on")
    log_level: Literal["debug", "info", "warning", "error"] = Field("warning", description="what the server logs")

    title: str = Field("Footnote", min_length=1, max_length=60, description="what the page calls itself")
    welcome: str | None = Field(None, max_length=400, description="what the page says before the first question")
    logo: Path | None = Field(None, description="SVG or PNG picture of at most 200 kB beside the title")
    accent: str | None = Field(None, description='the page\'s one colour, "#9a2c16"; made readable in light and dark')
    language: Literal["en", "de", "fr", "es", "uk"] | None = Field(
        None, description="language of the page; none: the one the reader chose, or the browser's"
    )

    @field_validator("uploads", mode="before")
    @classmethod
    def _none_is_a_word(cls, given: object) -> object:
        return None if isinstance(given, str) and given.strip().lower() in ("", "none") else given
