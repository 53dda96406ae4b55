"""What a user may set for one dedup run, with the checks that make a wrong value one clear sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.errors import FieldProblem, InvalidInputError

SIMILARITY_FLOOR = 0.80
"""Below this nothing is called alike, whatever the threshold: such pairs are neither merged nor shown."""


class _Params(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    threshold: Annotated[float, Field(ge=0.5, le=1.0, strict=False)] = 0.80
    guard_numbers: bool = True
    guard_symbols: bool = True
    guard_words: bool = True
    guard_options: bool = True
    across: list[Literal["type_name", "subject_name", "channel_code"]] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DedupOptions:
    """Settings of one run.

    Attributes:
        threshold: smallest similarity (0.5 to 1) of an automatic merge.
        guard_numbers: a changed number makes a variant; off: the pair goes to review.
        guard_symbols: a changed sign, operator, variable or unit makes a variant; off: review.
        guard_words: a changed content word or negation keeps a pair apart; off: review as well.
        guard_options: a changed option makes a variant; off: review.
        across: group fields that are ignored when questions are grouped.

    No guard that is off ever makes an automatic merge: it only turns `variant` into `review`.
    """

    threshold: float = 0.80
    guard_numbers: bool = True
    guard_symbols: bool = True
    guard_words: bool = True
    guard_options: bool = True
    across: tuple[str, ...] = ()

    @property
    def floor(self) -> float:
        """The smallest similarity that is reported at all."""
        return min(self.threshold, SIMILARITY_FLOOR)

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> DedupOptions:
        """Options from a client's `options` object.

        Raises:
            InvalidInputError: an unknown name or a value out of range; one problem per field.
        """
        try:
            checked = _Params.model_validate(dict(params))
        except ValidationError as error:
            problems = [
                FieldProblem("options." + ".".join(str(part) for part in item["loc"]), item["msg"])
                for item in error.errors()
            ]
            raise InvalidInputError("The dedup options are not valid.", problems) from error
        return cls(**checked.model_dump(exclude={"across"}), across=tuple(checked.across))
