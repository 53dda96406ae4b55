// Written by `python -m web.typescript` from the server's own schemas. Do not edit.

export interface ActiveTasks {
  /** All that are queued, running or paused, newest first (1,000 at most). */
  tasks: Task[];
}

export interface Auth {
  token?: string | null;
  /** The same as `token`. */
  api_key?: string | null;
}

export interface CameraError {
  /** null: it concerns no camera in particular. */
  camera_id: number | string | null;
  type: "error";
  /** Stable; what a program should look at. */
  code: string;
  message: string;
}

export interface CameraFrame {
  camera_id: number;
  type: "image";
  /** Rises; gaps are frames you were not sent. */
  seq: number;
  /** When the camera gave it; Unix seconds. */
  timestamp: number;
  width: number;
  height: number;
  /** A JPEG: a binary attachment (bytes, Buffer, ArrayBuffer), or base64 text where that was asked for. */
  data: ArrayBuffer | Uint8Array<ArrayBuffer> | string;
}

export type CameraState = "opening" | "live" | "stalled" | "closed";

/** At every change, and every 2 s while you keep up; `age`, `encoded` and `you` come with the answer to `watch` and every 2 s. */
export interface CameraStatus {
  camera_id: number;
  name: string;
  state: CameraState;
  /** The source's; 0 while it is not known. */
  width: number;
  height: number;
  /** What the source gives now. */
  fps: number;
  viewers: number;
  /** Of the newest frame, in seconds. */
  age?: number | null;
  encoded?: EncodedVariant[] | null;
  you?: ViewerFigures | null;
}

export interface Changed {
  ok: true;
  task_id: number;
  /** The task's new status. */
  status: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled";
}

export interface Connected {
  message: string;
  sid: string;
  version: string;
}

export interface ConnectionStatus {
  status: "connected" | "auth_required";
  client_id: string;
  server_info: ServerInfo;
}

/** Changes the camera for all who did not ask for something of their own. */
export interface Control {
  fps?: number | null;
  quality?: number | null;
  width?: number | null;
  /** null or left out: the first camera there is. */
  camera_id?: number | string | null;
  source?: string | null;
}

export interface Controlled {
  ok: true;
  camera_id: number;
  name: string;
  fps: number;
  quality: number;
  /** null: as the source gives it. */
  width: number | null;
  /** Without its password. */
  source: string;
}

/** Somebody decided something about a dedup task's clusters, or took it back. Read the cluster for the details. */
export interface DecisionMade {
  /** Its place in the task's log: 1, 2, 3 … without gaps. */
  seq: number;
  /** When it was recorded; Unix seconds. */
  timestamp: number;
  task_id: number;
  id: number;
  /** As in `GET /api/dedup/tasks/{id}/decisions`. */
  decision_id: number;
  action: "merge" | "keep_all" | "not_duplicate" | "undo";
  /** Of many at once: `running` when it begins and about once a second, with the figures so far, then `done` or `stopped`. Of one cluster always `done`. */
  state: "running" | "done" | "stopped";
  /** null: many at once; read again what you show. */
  cluster_id: number | null;
  /** The cluster's from now on. */
  revision: number | null;
  /** What the others were merged into. */
  keep_id: number | null;
  clusters: number;
  /** Merged, or given back. */
  questions: number;
  /** The decision that an undoing took back. */
  undoes: number | null;
  /** What was in force before. */
  replaced: Replaced | null;
  by: string;
  at: number;
}

export interface Done {
  ok: true;
}

export interface EncodedVariant {
  width: number | null;
  quality: number;
  fps: number;
}

export interface Encrypted {
  /** Compact JWE, alg `dir`, enc `A256GCM`, of a whole message with its `timestamp`. */
  jwe: string;
}

export interface Error {
  /** Stable; what a program should look at. */
  error_code: "INVALID_IMAGE" | "IMAGE_TOO_LARGE" | "IMAGE_TOO_SMALL" | "NO_TEXT_DETECTED" | "MODEL_LOAD_ERROR" | "PROCESSING_TIMEOUT" | "SERVER_ERROR" | "RATE_LIMIT_EXCEEDED" | "INVALID_MESSAGE" | "UNKNOWN_TYPE" | "UNAUTHORIZED" | "FORBIDDEN" | "CANCELLED" | "TOO_MANY_CONNECTIONS";
  error_message: string;
  /** As the code has it: `retry_after` in seconds, `errors` by field, `code` of the server's own error. */
  details: Record<string, unknown>;
  /** What to do, for people. */
  suggestions: string[];
  /** The id of the message it answers, where that had one. */
  request_id?: string | number | null;
}

export interface Fault {
  message: string;
  /** Stable; what a program should look at. */
  code: string;
}

/** What a dedup task is working on now. */
export interface Group {
  type_name: string;
  subject_name: string;
  channel_code: string;
}

export interface JoinTask {
  task_id: number | string;
  /** The last `seq` this client has. Every later event is sent again, in order, before live ones; 0 sends them all. Without it only the present state and what happens from now on. */
  last_seq?: number | null;
}

export interface Joined {
  ok: true;
  /** Seq of the newest event this client now has. */
  last_seq: number;
  /** Whether every event after the `last_seq` asked for was sent. false: the log does not reach back that far, or does not know such a `last_seq`; take the snapshot in `task_status`. */
  recovered: boolean;
}

export interface Left {
  message: string;
  task_id: number;
}

/** No payload is needed; whatever is sent is not looked at. */
export interface Nothing {
}

export interface OcrCancel {
  /** The request's own message id, or the one `ocr_start` gave it. */
  request_id: string | number;
}

export interface OcrComplete {
  request_id: string | number;
  /** In a batch: which image, from 0. */
  index?: number | null;
  /** In a batch: how many images. */
  total?: number | null;
  result: OcrResult;
}

export interface OcrError {
  request_id: string | number;
  /** In a batch: which image, from 0. */
  index?: number | null;
  /** In a batch: how many images. */
  total?: number | null;
  /** Stable; what a program should look at. */
  error_code: "INVALID_IMAGE" | "IMAGE_TOO_LARGE" | "IMAGE_TOO_SMALL" | "NO_TEXT_DETECTED" | "MODEL_LOAD_ERROR" | "PROCESSING_TIMEOUT" | "SERVER_ERROR" | "RATE_LIMIT_EXCEEDED" | "INVALID_MESSAGE" | "UNKNOWN_TYPE" | "UNAUTHORIZED" | "FORBIDDEN" | "CANCELLED" | "TOO_MANY_CONNECTIONS";
  error_message: string;
  /** As the code has it: `retry_after` in seconds, `errors` by field, `code` of the server's own error. */
  details: Record<string, unknown>;
  /** What to do, for people. */
  suggestions: string[];
}

/** Newest wins: a client that reads slowly gets fewer. In a batch `progress` is that of the whole. */
export interface OcrProgress {
  request_id: string | number;
  /** In a batch: which image, from 0. */
  index?: number | null;
  /** In a batch: how many images. */
  total?: number | null;
  /** Per cent; never falls. */
  progress: number;
  stage: "preprocessing" | "detection" | "recognition" | "postprocessing";
  message: string;
}

/** One `image`, or with `batch_processing` several `images`. */
export interface OcrRequest {
  /** Base64, with or without a `data:image/…;base64,` head; white space, the URL-safe alphabet and missing padding are understood. */
  image?: string | null;
  images?: string[] | null;
  requirements?: Requirements;
}

export interface OcrResult {
  /** In reading order. */
  text: string;
  confidence: number;
  /** Seconds. */
  processing_time: number;
  selected_models: string[];
  strategy: "single" | "fusion";
  language: string;
  document_type: string;
  regions: Region[];
  width: number;
  height: number;
  /** Degrees clockwise that set the page upright. */
  rotation: number;
  /** Of receipts, id cards and business cards. */
  fields?: Record<string, unknown> | null;
  cached: boolean;
}

export interface OcrStart {
  request_id: string | number;
  /** Seconds until the last image is read, the wait for a worker included. */
  estimated_time: number;
  total?: number | null;
}

export interface OfTask {
  ok: true;
  task_id: number;
}

export interface Pong {
  server_time: number;
  uptime: number;
}

/** The same `code` and `message` also come as an `error` event, except for code LEFT. */
export interface Refused {
  ok: false;
  /** Stable; what a program should look at. */
  code: string;
  message: string;
}

export interface Region {
  /** x1, y1, x2, y2 in pixels of the upright page. */
  bbox: number[];
  polygon: number[][];
  text: string;
  confidence: number;
}

/** A decision that was in force until now. */
export interface Replaced {
  decision_id: number | null;
  action: "merge" | "keep_all" | "not_duplicate";
  by: string;
  at: number;
}

export interface ReportCompleted {
  /** The reporter's own id on the connection that created the task, or the server's. */
  id: string | number;
  /** Anything that is JSON. */
  result?: unknown;
  [field: string]: unknown;
}

/** Well-known among the fields of its own: `formData`, `mode`, `startTime`. */
export interface ReportCreated {
  /** The reporter's own id on the connection that created the task, or the server's. */
  id: string | number;
  task_name?: string | null;
  /** How many steps the task has; 0: unknown. Default: 0. */
  total?: number;
  [field: string]: unknown;
}

export interface ReportFailed {
  /** The reporter's own id on the connection that created the task, or the server's. */
  id: string | number;
  /** Why, for people. */
  error?: string | null;
  [field: string]: unknown;
}

export interface ReportProgress {
  /** The reporter's own id on the connection that created the task, or the server's. */
  id: string | number;
  /** Per cent; what is shown never falls. */
  progress: number;
  processed?: number | null;
  message?: string | null;
  [field: string]: unknown;
}

export interface Reported {
  ok: true;
  /** The server's id of the task. */
  id: number;
}

/** Unknown names are ignored: mobile apps in the field send some of their own. */
export interface Requirements {
  /** Default: "auto". */
  document_type?: "auto" | "document" | "receipt" | "id_card" | "business_card";
  /** Default: "auto". */
  language?: "auto" | "chinese" | "english" | "mixed";
  /** Default: "medium". */
  accuracy_requirement?: "high" | "medium" | "low";
  /** Default: "medium". */
  speed_requirement?: "fast" | "medium" | "slow";
  /** Default: false. */
  real_time?: boolean;
  /** Default: false. */
  batch_processing?: boolean;
  /** empty: chosen by the server */
  engines?: ("rapidocr" | "easyocr" | "tesseract" | "stub")[];
  /** a result for the same bytes and requirements may be reused Default: true. */
  cache?: boolean;
  /** only what lies in this box is read */
  region?: number[] | null;
  /** what lies in these boxes is not read */
  ignore?: number[][];
  /** of a document: 1-3,7,9- ; all unless told */
  pages?: string | null;
}

export interface ServerInfo {
  version: string;
  /** Seconds. */
  uptime: number;
  active_connections: number;
}

/** What is left out stays as it is. */
export interface SetData {
  fps?: number | null;
  quality?: number | null;
  width?: number | null;
}

export interface SetMessage {
  type: "set";
  data: SetData;
}

export interface StreamError {
  type: "error";
  /** Stable; what a program should look at. */
  code: string;
  message: string;
  /** null: none was found. */
  camera_id: number | null;
}

export interface StreamImage {
  type: "image";
  /** A JPEG as base64. */
  data: string;
  /** When the camera gave it; Unix seconds. */
  timestamp: number;
  seq: number;
  width: number;
  height: number;
  camera_id: number;
}

/** A task; one that we compute also has its figures by unit: `total_groups, processed_groups`, or `…_rows`. */
export interface Task {
  id: number;
  kind: "dedup" | "ocr" | "import" | "external";
  task_name: string;
  status: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled";
  /** Higher runs first. */
  priority: number;
  /** 1 is next; null unless queued. */
  queue_position: number | null;
  total: number;
  processed: number;
  /** What is counted: group, row, page, step. */
  unit: string;
  /** 0.0 … 100.0; never falls; 100.0 only when completed. */
  progress_percentage: number;
  current_group: Group | null;
  message: string;
  eta_seconds: number | null;
  /** Questions (rows, pages) per second. */
  rate: number | null;
  params: Record<string, unknown>;
  /** By its kind; null until there is one. An external task's is what was reported. */
  result: unknown;
  error: TaskErrorOut | null;
  attempt: number;
  /** Seq of its newest event. */
  last_seq: number;
  owner: string;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

export interface TaskCancelled {
  /** Its place in the task's log: 1, 2, 3 … without gaps. */
  seq: number;
  /** When it was recorded; Unix seconds. */
  timestamp: number;
  task_id: number;
  id: number;
  data: Task;
}

export interface TaskCompleted {
  /** Its place in the task's log: 1, 2, 3 … without gaps. */
  seq: number;
  /** When it was recorded; Unix seconds. */
  timestamp: number;
  task_id: number;
  id: number;
  data: Task;
  result: unknown;
}

export interface TaskCreated {
  /** Its place in the task's log: 1, 2, 3 … without gaps. */
  seq: number;
  /** When it was recorded; Unix seconds. */
  timestamp: number;
  id: number;
  kind: "dedup" | "ocr" | "import" | "external";
  task_name: string;
  status: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled";
  /** Higher runs first. */
  priority: number;
  /** 1 is next; null unless queued. */
  queue_position: number | null;
  total: number;
  processed: number;
  /** What is counted: group, row, page, step. */
  unit: string;
  /** 0.0 … 100.0; never falls; 100.0 only when completed. */
  progress_percentage: number;
  current_group: Group | null;
  message: string;
  eta_seconds: number | null;
  /** Questions (rows, pages) per second. */
  rate: number | null;
  params: Record<string, unknown>;
  /** By its kind; null until there is one. An external task's is what was reported. */
  result: unknown;
  error: TaskErrorOut | null;
  attempt: number;
  /** Seq of its newest event. */
  last_seq: number;
  owner: string;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

export interface TaskError {
  /** Its place in the task's log: 1, 2, 3 … without gaps. */
  seq: number;
  /** When it was recorded; Unix seconds. */
  timestamp: number;
  task_id: number;
  id: number;
  data: Task;
  error: string;
  code: string;
}

export interface TaskErrorOut {
  code: string;
  message: string;
}

/** By its kind also `total_groups, processed_groups` (dedup) or `total_rows, processed_rows` (import). */
export interface TaskProgress {
  /** Its place in the task's log: 1, 2, 3 … without gaps. */
  seq: number;
  /** When it was recorded; Unix seconds. */
  timestamp: number;
  task_id: number;
  id: number;
  kind: string;
  status: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled";
  processed: number;
  total: number;
  unit: string;
  progress_percentage: number;
  /** The same as `progress_percentage`. */
  progress: number;
  current_group: Group | null;
  message: string;
  eta_seconds: number | null;
  rate: number | null;
}

export interface TaskRef {
  task_id: number | string;
}

export interface TaskStatus {
  /** null in the answer to `join_task`, which is no event of the log. */
  seq: number | null;
  /** When it was recorded; Unix seconds. */
  timestamp: number;
  task_id: number;
  id: number;
  data: Task;
  status: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled";
}

export interface Unwatch {
  /** null or left out: every camera. */
  camera_id?: number | string | null;
}

export interface Unwatched {
  ok: true;
  camera_ids: number[];
}

export interface ViewerFigures {
  /** Frames a second that you are sent. */
  fps: number;
  sent: number;
  /** Frames that were due, and gone before you were ready. */
  dropped: number;
  bytes: number;
}

/** What is left out is as the camera has it. */
export interface Watch {
  fps?: number | null;
  quality?: number | null;
  width?: number | null;
  /** null or left out: the first camera there is. */
  camera_id?: number | string | null;
  /** Whether `data` is an attachment of bytes or base64 text. Default: "binary". */
  encoding?: "binary" | "base64";
}

export interface Watching {
  ok: true;
  camera_id: number;
  name: string;
  fps: number;
  quality: number;
  /** null: as the source gives it. */
  width: number | null;
  encoding: "binary" | "base64";
}

/** Namespace `/`, from the server. */
export interface ServerEvents {
  /** You are in. */
  connected: Connected;
  /** What goes on now. */
  active_tasks: ActiveTasks;
  /** There is a new task. */
  task_created: TaskCreated;
  /** Its state changed. */
  task_status: TaskStatus;
  /** It got further. */
  task_progress: TaskProgress;
  /** It is done. */
  task_completed: TaskCompleted;
  /** It failed. */
  task_error: TaskError;
  /** It failed; the same payload as `task_error`. */
  task_failed: TaskError;
  /** It was cancelled. */
  task_cancelled: TaskCancelled;
  /** A reviewer decided about duplicates, or took it back. */
  decision: DecisionMade;
  /** An event could not be served. */
  error: Fault;
  /** You left the task. */
  left: Left;
}

/** Namespace `/`, to the server. */
export interface ClientEvents {
  /** Watch one task. Answers `task_status` at once, then the missed events in order, then the ack. A second join of the same task starts afresh after the first is done. */
  join_task: { data: JoinTask; answer: Joined };
  /** Watch it no longer; also ends a join under way. */
  leave_task: { data: TaskRef; answer: OfTask };
  /** Watch all tasks; answers `active_tasks` unless the client is there already. */
  join_lobby: { data: Nothing; answer: Done };
  /** Watch them no longer. */
  leave_lobby: { data: Nothing; answer: Done };
  /** Start a pending task. */
  start_task: { data: TaskRef; answer: Changed };
  /** Pause a running task. */
  pause_task: { data: TaskRef; answer: Changed };
  /** Queue a paused task again. */
  resume_task: { data: TaskRef; answer: Changed };
  /** Cancel a task that has not ended. */
  cancel_task: { data: TaskRef; answer: Changed };
  /** Queue a failed or cancelled task again. */
  retry_task: { data: TaskRef; answer: Changed };
  /** Announce a task that this client computes itself. Saying so again with the same `id` while the task runs changes nothing and gives the same answer. */
  task_created: { data: ReportCreated; answer: Reported };
  /** How far it is. Of reports that come faster than 20 a second the newest counts. */
  task_progress: { data: ReportProgress; answer: Reported };
  /** It is done. */
  task_completed: { data: ReportCompleted; answer: Reported };
  /** It failed. */
  task_failed: { data: ReportFailed; answer: Reported };
}

/** Namespace `/camera`, from the server. */
export interface CameraServerEvents {
  /** How it is. To: who watches the camera. */
  camera_status: CameraStatus;
  /** The newest picture. Ack it when you are ready for another: a viewer that acks has at most 2 un-acked frames, and each ack brings the newest. One that acks none within 2 s gets what its connection takes. To: who watches the camera. */
  frame: CameraFrame;
  /** It gives no frames, or you asked wrongly. To: who watches the camera; who asked wrongly. */
  camera_error: CameraError;
}

/** Namespace `/camera`, to the server. */
export interface CameraClientEvents {
  /** Get a camera's frames. Answers `camera_status` at once. A second one for the same camera changes the first. Scope: `camera:view`. */
  watch: { data: Watch; answer: Watching };
  /** Change a camera. Scope: `camera:control`. */
  control: { data: Control; answer: Controlled };
  /** Get no more frames. Scope: `camera:view`. */
  unwatch: { data: Unwatch; answer: Unwatched };
}

/** `data` by `type`, from `/ws/ocr`. */
export interface OcrAnswers {
  /** You are connected, or must show a token first. */
  connection_status: ConnectionStatus;
  /** The answer to `ping`. */
  pong: Pong;
  /** The request was understood and has its place in the queue. */
  ocr_start: OcrStart;
  /** How far it is. */
  ocr_progress: OcrProgress;
  /** An image was read. */
  ocr_complete: OcrComplete;
  /** An image was not read. One of these two ends each image of each request. */
  ocr_error: OcrError;
  /** Anything else that cannot be served; the connection stays open. */
  error: Error;
  /** Any of the others, in answer to an encrypted message. */
  encrypted: Encrypted;
}

/** `data` by `type`, to `/ws/ocr`. */
export interface OcrRequests {
  /** Who is asking; needed only where `connection_status` says `auth_required`. */
  auth: Auth;
  /** Still here. A connection silent for 90 s is closed. */
  ping: Nothing;
  /** Read an image, or a batch of them. Its message `id` (or one that `ocr_start` gives it) is the `request_id` of every answer; it is free again when the last image is answered. Scope: `ocr`. */
  ocr_request: OcrRequest;
  /** Stop a request; what it was at is answered `ocr_error` `CANCELLED`. Scope: `ocr`. */
  ocr_cancel: OcrCancel;
  /** Any other message under the shared key; its answers come encrypted, too. */
  encrypted: Encrypted;
}
