"""SQLAlchemy rows, no behaviour beyond themselves. Importing the package knows every table."""

from models.api_key import ApiKey
from models.base import Base
from models.camera import Camera, Recording
from models.duplicate import (
    ClusterDecision,
    DuplicateCluster,
    DuplicateGroup,
    DuplicateMember,
    FingerprintPart,
    FoundCluster,
    TaskGroup,
    UnitOutput,
)
from models.idempotency_key import IdempotencyKey
from models.ocr import OcrPage, OcrResult
from models.question import Question
from models.question_bank import DEFAULT_BANK_ID, ImportBadRow, QuestionBank
from models.review import ReviewAct
from models.session import Database, DatabaseBusyError
from models.task import Task, TaskUnit
from models.task_event import TaskEventRow
from models.upload import Upload

__all__ = [
    "DEFAULT_BANK_ID",
    "ApiKey",
    "Base",
    "Camera",
    "ClusterDecision",
    "Database",
    "DatabaseBusyError",
    "DuplicateCluster",
    "DuplicateGroup",
    "DuplicateMember",
    "FingerprintPart",
    "FoundCluster",
    "IdempotencyKey",
    "ImportBadRow",
    "OcrPage",
    "OcrResult",
    "Question",
    "QuestionBank",
    "Recording",
    "ReviewAct",
    "Task",
    "TaskEventRow",
    "TaskGroup",
    "TaskUnit",
    "UnitOutput",
    "Upload",
]
