"""What every row shares: JSON columns, Unix times, 64-bit ids, and constraint names that migrations can rely on."""

from __future__ import annotations

import time
from typing import Annotated, Any, ClassVar

from sqlalchemy import JSON, BigInteger, Float, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column

# SQLite only fills an INTEGER PRIMARY KEY by itself; PostgreSQL needs BIGINT to outlast a busy event log.
BigId = BigInteger().with_variant(Integer, "sqlite")

PrimaryKey = Annotated[int, mapped_column(BigId, primary_key=True)]
JsonDict = Annotated[dict[str, Any], mapped_column(JSON(none_as_null=True))]
JsonList = Annotated[list[Any], mapped_column(JSON(none_as_null=True))]
UnixTime = Annotated[float, mapped_column(Float(53))]  # seconds since 1970, UTC

now = time.time


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {int: BigId, float: Float(53)}
