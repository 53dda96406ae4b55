"""The composition root: every service is built here, and tests hand in their fakes here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from models import Database
from models.session import Offload, run_here
from services.auth import ApiKeys, Authenticator
from services.banks.imports import ImportService
from services.banks.sample import SampleBank
from services.banks.service import BankService
from services.cameras.recordings import RecordingService
from services.cameras.service import CameraService
from services.config import Settings
from services.dedup.review import DuplicateService
from services.housekeeping import Housekeeping
from services.idempotency import IdempotencyStore
from services.metrics import Metrics
from services.ocr.models_store import worker_environment
from services.ocr.service import OcrService
from services.rate_limiter import RateLimiter
from services.runners.base import Runner
from services.runners.embedded import EmbeddedRunner, RunnerSettings
from services.runners.worker_pool import WorkerPool
from services.tasks.event_bus import EventBus
from services.tasks.event_log import EventLog
from services.tasks.external import ExternalTasks
from services.tasks.history import TaskHistory
from services.tasks.kinds import KINDS, Kind
from services.tasks.recorder import Recorder
from services.tasks.retention import EventRetention
from services.tasks.service import TaskService


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a web layer or a command line may call."""

    settings: Settings
    database: Database
    bus: EventBus
    events: EventLog
    history: TaskHistory
    recorder: Recorder
    tasks: TaskService
    external: ExternalTasks
    banks: BankService
    imports: ImportService
    sample_bank: SampleBank
    duplicates: DuplicateService
    ocr: OcrService
    cameras: CameraService
    recordings: RecordingService
    pool: WorkerPool
    runner: Runner
    auth: Authenticator
    rate_limiter: RateLimiter
    idempotency: IdempotencyStore
    metrics: Metrics
    housekeeping: Housekeeping

    def start(self) -> None:
        """Begins to compute tasks."""
        self.pool.start()
        self.runner.start()
        self.housekeeping.start()
        self.cameras.start()
        self.recordings.recover()

    def close(self) -> None:
        """Stops; running tasks go back to the queue."""
        with ExitStack() as last_first:  # all of them, whatever one of them raises
            last_first.callback(self.database.close)
            last_first.callback(self.pool.close)
            last_first.callback(self.runner.close)
            last_first.callback(self.housekeeping.close)
            last_first.callback(self.cameras.close)
            last_first.callback(self.recordings.close)


def build_services(
    settings: Settings,
    *,
    offload: Offload = run_here,
    kinds: Mapping[str, Kind] = KINDS,
    database: Database | None = None,
    pool: WorkerPool | None = None,
    runner: Runner | None = None,
) -> Services:
    """Builds the object graph; nothing runs before `start()`.

    Args:
        settings: read once, by the entry.
        offload: runs a long database read outside the hub; the server gives one.
        kinds: the kinds of task; tests add their own.
        database: given by tests and by commands that have one already.
        pool: likewise.
        runner: likewise.
    """
    database = database or Database(settings.sqlalchemy_url, offload=offload)
    events, bus = EventLog(database), EventBus()
    recorder = Recorder(database, events, bus)
    tasks = TaskService(database, recorder, kinds)
    banks = BankService(database, tasks, settings)
    retention = EventRetention(database, settings.event_retention_days)
    pool = pool or WorkerPool(settings.workers, environment=worker_environment(settings.data_dir))
    ocr = OcrService(database, tasks, banks, pool, settings)
    duplicates = DuplicateService(database, tasks, recorder, pool, settings.data_dir)
    cameras, external = CameraService(database, settings), ExternalTasks(database, recorder, tasks)
    return Services(
        settings=settings,
        database=database,
        bus=bus,
        events=events,
        history=TaskHistory(database),
        recorder=recorder,
        tasks=tasks,
        external=external,
        banks=banks,
        imports=ImportService(banks, pool, settings),
        sample_bank=SampleBank(banks, settings.data_dir),
        duplicates=duplicates,
        ocr=ocr,
        cameras=cameras,
        recordings=RecordingService(database, cameras, external, settings),
        pool=pool,
        runner=runner or EmbeddedRunner(database, recorder, bus, pool, _runner_settings(settings), kinds),
        auth=Authenticator(ApiKeys(database), required=settings.auth_required),
        rate_limiter=RateLimiter.from_settings(settings.rate_limit, settings.redis_url),
        idempotency=IdempotencyStore(database),
        metrics=Metrics(),
        housekeeping=Housekeeping(
            [tasks.remove_deleted, retention.sweep, banks.discard_orphans, ocr.tidy, duplicates.tidy]
        ),
    )


def _runner_settings(settings: Settings) -> RunnerSettings:
    return RunnerSettings(
        data_dir=settings.data_dir,
        lanes=settings.workers,
        max_running=settings.max_running_tasks,
        task_timeout=settings.task_timeout,
        unit_timeout=settings.unit_timeout,
    )
