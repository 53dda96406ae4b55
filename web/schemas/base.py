"""The ground of every schema: what comes in is strict, what goes out is described, and text is storable text."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.pagination import DEFAULT_LIMIT, MAX_LIMIT

T = TypeVar("T")

MAX_INT = 2**63 - 1  # what a database column holds

# PostgreSQL cannot store NUL, so no text may have it anywhere.
NO_NUL = r"^[^\x00]*$"
NOT_BLANK = r"^[^\x00]*[^\s\x00][^\x00]*$"
ONE, MANY = "(one)", "(many)"  # tags of a body that may be either
UNION_TAGS = frozenset({ONE, MANY})

PATTERN_SENTENCES = {
    NO_NUL: "It must not contain a NUL character.",
    NOT_BLANK: "It must say something, and must not contain a NUL character.",
}


def _without_fraction(value: Any) -> Any:
    """JSON has one kind of number: 1.0 is the integer 1, and some clients write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, StringConstraints(pattern=NO_NUL, max_length=10_000)]
Name = Annotated[str, StringConstraints(pattern=NOT_BLANK, min_length=1, max_length=500)]
Label = Annotated[str, StringConstraints(pattern=NOT_BLANK, min_length=1, max_length=200)]
Whole = Annotated[int, BeforeValidator(_without_fraction)]
Id = Annotated[Whole, Field(ge=1, le=MAX_INT)]
Count = Annotated[Whole, Field(ge=0, le=MAX_INT)]
# Unix seconds up to the year 9999: any database's clock column and any client's date can hold them.
Time = Annotated[float, Field(ge=0, le=253_402_300_799)]


def storable(value: Any, path: str = "") -> Any:
    """Refuses NUL anywhere inside free-form JSON, keys included."""
    match value:
        case str() if "\0" in value:
            raise ValueError(f"has text with a NUL character{f' at {path}' if path else ''}, which cannot be stored")
        case dict():
            for key, inner in value.items():
                storable(key, path)
                storable(inner, f"{path}.{key}" if path else key)
        case list():
            for index, inner in enumerate(value):
                storable(inner, f"{path}.{index}" if path else str(index))
    return value


class Body(BaseModel):
    """A JSON body: no unknown field, and no "5" where a number is meant."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Query(BaseModel):
    """Query parameters or text fields of a form: everything comes as text and is read as what it should be."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PageQuery(Query):
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Rows per page.")
    cursor: str | None = Field(
        None, min_length=1, max_length=200, description="`next_cursor` of the page before; none for the first page."
    )


class Answer(BaseModel):
    """What goes out. Described for documents and clients; a field more is not an error to them."""

    model_config = ConfigDict(extra="allow")


class ListMeta(Answer):
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null: this was the last.")
    total: int = Field(description="Rows in all pages.")


class One(BaseModel, Generic[T]):
    """The envelope of one thing."""

    data: T

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__.removesuffix('Out')}Answer"


class Many(BaseModel, Generic[T]):
    """The envelope of a list."""

    data: list[T]
    meta: ListMeta

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__.removesuffix('Out')}List"


class FieldError(Answer):
    field: str = Field(description='Dotted path of the field, e.g. "filters.type_name"; empty: the whole.')
    message: str


class Problem(Answer):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable; what a program should look at.")
    errors: list[FieldError] = Field(default=[], description="What is wrong with which field (422 only).")
