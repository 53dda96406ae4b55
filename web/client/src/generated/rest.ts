// Written by `python -m web.typescript` from the server's own schemas. Do not edit.

/** Something that somebody decided about a task's clusters, or took back. */
export interface Act {
  id: number;
  action: "merge" | "keep_all" | "not_duplicate" | "undo";
  /** `stopped`: ended before it was through; what it decided stands until undone. */
  state: "running" | "done" | "stopped";
  /** null: many at once. */
  cluster_id: number | null;
  /** Which clusters, of many at once. */
  filters: Record<string, unknown> | null;
  /** Clusters it decided, or opened again. */
  clusters: number;
  /** Questions it merged, or gave back. */
  questions: number;
  /** The decision that an undoing took back. */
  undoes: number | null;
  /** On how many clusters it still stands. */
  in_force: number;
  by: string;
  at: number;
}

export interface ActList {
  data: Act[];
  meta: ListMeta;
}

export interface ActionCounts {
  merge: number;
  keep_all: number;
  not_duplicate: number;
}

/** Alike questions with different answers: one of them may be wrong. */
export interface AnswerConflict {
  representative: AnswerSide;
  question: AnswerSide;
}

export interface AnswerSide {
  /** As it is stored now. */
  answer: string;
  /** What that was taken to mean: the text of the correct option, canonical. */
  says: string;
}

/** Figures as in a task's result, of the sample alone. */
export interface AtThreshold {
  threshold: number;
  clusters: number;
  exact: number;
  near: number;
  review: number;
  variant: number;
  unique: number;
  /** The least alike of `near`, three at most. */
  examples: ExamplePair[];
}

export interface BadRow {
  line: number;
  code: string;
  reason: string;
  excerpt: string;
}

export interface BadRowList {
  data: BadRow[];
  meta: ListMeta;
}

export interface Bank {
  id: number;
  name: string;
  description: string;
  question_count: number;
  created_at: number;
  updated_at: number;
}

export interface BankAnswer {
  data: Bank;
}

/** What is left out stays as it is. */
export interface BankChange {
  name?: string | null;
  description?: string | null;
}

/** Only questions that have these. */
export interface BankFilters {
  type_name?: string | null;
  subject_name?: string | null;
  channel_code?: string | null;
}

/** How many active questions a group has; dedup compares inside groups. */
export interface BankGroup {
  type_name: string;
  subject_name: string;
  channel_code: string;
  questions: number;
}

export interface BankGroupList {
  data: BankGroup[];
  meta: ListMeta;
}

export interface BankList {
  data: Bank[];
  meta: ListMeta;
}

/** A box that a person drew or moved, to be read again. */
export interface BoxToRead {
  /** x1, y1, x2, y2 in pixels of the upright page. */
  box: number[];
  /** The page's as you know it: 409 when it has changed since. */
  revision?: number | null;
}

export interface Camera {
  id: number;
  name: string;
  /** Without its password. */
  source: string;
  /** One of TASKBEAM_CAMERAS; it cannot be deleted here. */
  configured: boolean;
  /** Frames a second that a viewer gets who asks for nothing else. */
  fps: number;
  quality: number;
  /** Pixels; null: as the source gives it. */
  width: number | null;
  /** `closed`: nobody watches. */
  state: "opening" | "live" | "stalled" | "closed";
  viewers: number;
  created_at: number;
  updated_at: number;
}

export interface CameraAnswer {
  data: Camera;
}

/** What is left out stays as it is; those who watch see the change at once. */
export interface CameraChange {
  name?: string | null;
  source?: string | null;
  fps?: number | null;
  quality?: number | null;
  /** Pixels; null: as the source gives it. */
  width?: number | null;
}

export interface CameraFault {
  code: string;
  message: string;
}

export interface CameraList {
  data: Camera[];
  meta: ListMeta;
}

/** How a camera is, and what flows. */
export interface CameraStatus {
  camera_id: number;
  name: string;
  state: "opening" | "live" | "stalled" | "closed";
  /** Of the source, in pixels; 0 while it is not known. */
  width: number;
  height: number;
  /** What the source gives now. */
  fps: number;
  viewers: number;
  error: CameraFault | null;
  /** Of the newest frame, in seconds. */
  age: number | null;
  /** How often the source was opened for viewers. */
  captures: number;
  encoded: Encoded[];
  watching: Viewer[];
}

export interface CameraStatusAnswer {
  data: CameraStatus;
}

/** A representative and what resembles it; `exact, near, review, variant` count the others by verdict. */
export interface Cluster {
  id: number;
  task_id: number;
  group: Group;
  representative_id: number;
  size: number;
  exact: number;
  near: number;
  review: number;
  variant: number;
  /** Rises with each decision and undoing; name it to decide only what you saw. */
  revision: number;
  decision: Decision | null;
  /** The representative first; a list shows at most 50 of each, a cluster alone 500, and fewer where texts are long. The export has them all. */
  members: Member[];
}

export interface ClusterAnswer {
  data: Cluster;
}

export interface ClusterList {
  data: Cluster[];
  meta: ListMeta;
}

export interface Connections {
  /** Live connections of every kind. */
  open: number;
  most: number;
  /** Who holds them: principals, or addresses where no keys are asked for. */
  clients: number;
}

export interface DecidedCluster {
  id: number;
  task_id: number;
  group: Group;
  representative_id: number;
  size: number;
  exact: number;
  near: number;
  review: number;
  variant: number;
  /** Rises with each decision and undoing; name it to decide only what you saw. */
  revision: number;
  decision: Decision | null;
  /** The representative first; a list shows at most 50 of each, a cluster alone 500, and fewer where texts are long. The export has them all. */
  members: Member[];
  /** Whose decision this one took the place of; null: nobody's. */
  replaced: Replaced | null;
}

export interface DecidedClusterAnswer {
  data: DecidedCluster;
}

/** The decision in force. */
export interface Decision {
  action: "merge" | "keep_all" | "not_duplicate";
  /** What the others were merged into; null: nothing was merged. */
  keep_id: number | null;
  exclude: number[];
  by: string;
  at: number;
  /** In the list of decisions; null: made before that was kept. */
  decision_id: number | null;
}

/** A group of a task; its figures are null until it is done. */
export interface DedupGroup {
  type_name: string;
  subject_name: string;
  channel_code: string;
  status: string;
  questions: number | null;
  exact: number | null;
  near: number | null;
  review: number | null;
  variant: number | null;
  clusters: number | null;
  unique: number | null;
  seconds: number | null;
}

export interface DedupGroupList {
  data: DedupGroup[];
  meta: ListMeta;
}

/** How to compare. A guard says what makes two alike questions another question. None that is off makes a merge: it only turns `variant` into `review`, for a person to decide. Exact duplicates are found whatever the options say. */
export interface DedupOptionsIn {
  /** Least similarity (0 to 1, of stem and options together) of `near`, which is merged by itself. Between 0.80 and a higher threshold a pair is for `review`; below 0.80 and the threshold it is not reported. `POST /api/dedup/preview` shows what it makes of a bank. Default: 0.8. */
  threshold?: number;
  /** Another number, or numbers in another order, make a `variant` (3 apples, 5 apples). Default: true. */
  guard_numbers?: boolean;
  /** Another sign, operator, variable or unit makes a `variant` (x > 2, x < 2; cm, km). Default: true. */
  guard_symbols?: boolean;
  /** Another content word or a negation keeps a pair apart (正确的是, 不正确的是): a `variant` if the answers disagree, too, or for a negation; else for `review`. Default: true. */
  guard_words?: boolean;
  /** An option with another number or sign, or one without a counterpart, makes a `variant`. Default: true. */
  guard_options?: boolean;
  /** Questions are compared inside (type, subject, channel); the fields named here do not part them: ["channel_code"] compares the questions of all channels. */
  across?: ("type_name" | "subject_name" | "channel_code")[];
}

/** What differs, by kind; each an array of [the representative's, this one's], "" where one has nothing there. */
export interface Differs {
  numbers?: string[][] | null;
  symbols?: string[][] | null;
  units?: string[][] | null;
  negation?: string[][] | null;
  words?: string[][] | null;
  pictures?: string[][] | null;
  /** Pairs that differ, and those without a counterpart. */
  options?: string[][] | null;
  /** What the two answers say, canonical; present where they disagree. */
  answer?: string[] | null;
}

export interface Effect {
  /** Clusters decided; of a dry run, that would be. */
  clusters: number;
  /** Questions merged. */
  merged: number;
  left: Left;
  /** By which it can be undone as a whole; null: a dry run. */
  decision_id: number | null;
}

export interface EffectAnswer {
  data: Effect;
}

/** What is encoded once for all who want it so. */
export interface Encoded {
  width: number | null;
  quality: number;
  fps: number;
}

/** A row of a task's event log; `data` as it was sent. */
export interface Event {
  seq: number;
  event: string;
  data: Record<string, unknown>;
  created_at: number;
}

export interface EventList {
  data: Event[];
  meta: ListMeta;
}

/** What decided the verdict, as it was when the task ran; empty for the representative. */
export interface Evidence {
  stem_similarity?: number | null;
  options_similarity?: number | null;
  /** By the text of the correct option, not its letter; `absent`: one has none. */
  answers?: "agree" | "absent" | "disagree" | null;
  differs?: Differs | null;
  /** Differences that a scan or a slip explains. */
  noise?: number | null;
  /** Whether an interchangeable wording explains a difference. */
  reworded?: boolean | null;
  /** Where the stems differ: [tag, i1, i2, j1, j2] as in difflib, equal stretches left out; i in the representative's, j in this one's, in code points. */
  opcodes?: ((string | number)[])[] | null;
}

/** What `python app.py doctor` finds. */
export interface Examination {
  findings: Finding[];
  examined_at: number;
}

export interface ExaminationAnswer {
  data: Examination;
}

/** Two that would be merged; of each stem the first 200 characters. */
export interface ExamplePair {
  similarity: number;
  representative_id: number;
  representative: string;
  question_id: number;
  question: string;
}

/** What is left out stays as it is. */
export interface ExternalReport {
  /** Per cent; it never falls. */
  progress?: number | null;
  processed?: number | null;
  message?: string | null;
  status?: "running" | "completed" | "failed" | "cancelled" | null;
  result?: Record<string, unknown> | null;
  /** Why it failed. */
  error?: string | null;
}

export interface FieldError {
  /** Dotted path of the field, e.g. "filters.type_name"; empty: the whole. */
  field: string;
  message: string;
}

export interface Finding {
  check: string;
  state: "ok" | "note" | "warn" | "fail";
  detail: string;
  /** Empty when all is well. */
  remedy: string;
}

/** What a dedup task is working on now. */
export interface Group {
  type_name: string;
  subject_name: string;
  channel_code: string;
}

export interface Health {
  /** "alive". */
  status: string;
  version: string;
  /** Seconds. */
  uptime: number;
}

export interface HealthAnswer {
  data: Health;
}

export interface History {
  /** Every event but progress, in order; the newest 500. */
  changes: Event[];
  /** Progress, thinned to about 300 points. */
  curve: Point[];
}

export interface HistoryAnswer {
  data: History;
}

/** A column of a table, or a key of JSON objects. */
export interface ImportColumn {
  name: string;
  /** What it is by its name; null: nothing that is known here. */
  field: string | null;
  /** What it is read as; null: it is not read. */
  mapped_to: string | null;
  /** Some of its values, each cut after 200 characters. */
  samples: string[];
}

/** Of the rows that were looked at. */
export interface ImportCounts {
  read: number;
  good: number;
  bad: number;
  /** Empty lines. */
  skipped: number;
  /** They are all there are. */
  complete: boolean;
}

export interface ImportNote {
  note: string;
  rows: number;
}

/** What an import would make of a file, by its first 500 rows. */
export interface ImportPreview {
  format: "jsonl" | "json" | "csv" | "xlsx" | "gift" | "aiken";
  /** utf-8 or gb18030; null where the format has but one. */
  encoding: string | null;
  /** Of a CSV. */
  delimiter: string | null;
  /** Of a workbook. */
  sheets: ImportSheet[];
  /** At most 256; none in GIFT and Aiken. */
  columns: ImportColumn[];
  has_stem: boolean;
  /** What to do where no column is the stem. */
  message: string | null;
  rows: ImportCounts;
  /** The first 20 good rows. */
  questions: ImportRow[];
  /** The first 20 that would be refused. */
  bad_rows: BadRow[];
  /** What is odd about rows that are taken all the same. */
  notes: ImportNote[];
  upload: KeptUpload;
}

export interface ImportPreviewAnswer {
  data: ImportPreview;
}

/** A good row, as the question it becomes; texts are cut after 1,000 characters. */
export interface ImportRow {
  line: number;
  type_name: string;
  subject_name: string;
  channel_code: string;
  stem: string;
  options: string[];
  answer: string;
  analysis: string;
  source: string;
  external_id: string | null;
}

export interface ImportSheet {
  name: string;
  /** The row that names the columns. */
  header_line: number;
  /** Whether it has a stem; sheets without one are passed over. */
  is_read: boolean;
}

/** The file is kept for an import, or another preview, that names it by `upload`. */
export interface KeptUpload {
  token: string;
  expires_at: number;
}

export interface Key {
  id: number;
  name: string;
  /** The key's beginning; nothing more of it is known. */
  prefix: string;
  scopes: string[];
  created_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
}

export interface KeyAnswer {
  data: Key;
}

export interface KeyCreate {
  name: string;
  scopes: Scope[];
}

export interface KeyList {
  data: Key[];
  meta: ListMeta;
}

/** Open clusters that match and are left to a person, by reason. */
export interface Left {
  /** A member that the decision concerns is outside the bounds asked for. */
  outside_similarity: number;
  /** No member is merged by itself. */
  nothing_to_merge: number;
  /** A question was edited, deleted or merged elsewhere since it was compared. */
  changed: number;
}

export interface ListMeta {
  /** Pass it as `cursor` for the next page; null: this was the last. */
  next_cursor: string | null;
  /** Rows in all pages. */
  total: number;
}

/** One word on every cluster that matches and is still open. */
export interface ManyDecisions {
  action: "merge" | "keep_all" | "not_duplicate";
  /** Default: {"type_name": null, "subject_name": null, "channel_code": null, "verdict": null, "min_similarity": null, "max_similarity": null}. */
  filters?: OpenClusters;
  /** Only count. Default: false. */
  dry_run?: boolean;
}

export interface Me {
  id: string;
  name: string;
  /** "key", "jwt", or "local" where no key is asked for. */
  kind: string;
  /** admin implies all. */
  scopes: string[];
  /** Whether this server asks for keys at all. */
  auth_required: boolean;
  version: string;
}

export interface MeAnswer {
  data: Me;
}

/** `diff` (of one cluster alone): the way from the representative's text to this one's, stretch by stretch. */
export interface Member {
  question_id: number;
  external_id: string | null;
  /** In the cluster; 0 is the representative. */
  position: number;
  verdict: "exact" | "near" | "review" | "variant";
  similarity: number;
  evidence: Evidence;
  /** null: the answers agree, or one has none. */
  answer_conflict: AnswerConflict | null;
  /** Whether the question was changed since the task compared it. */
  edited: boolean;
  question: Question;
  /** By field (stem, options one a line, answer, of the texts as they are now): [tag, stretch of the representative, stretch of this one]; tag as in difflib. */
  diff?: Record<string, string[][]> | null;
}

export interface NewBank {
  name: string;
  description?: string;
}

/** It is not opened before somebody watches. */
export interface NewCamera {
  /** An index, `/dev/video0`, a file in TASKBEAM_CAMERA_FILES_DIR, an `rtsp://` or `http://` (MJPEG) URL, or `test`, a pattern with a clock (`test:1280x720@30`). */
  source: string;
  /** Unique; made from the source when left out. */
  name?: string | null;
  fps?: number | null;
  quality?: number | null;
  width?: number | null;
}

/** One word on a cluster; it takes the place of an earlier one, which the answer names. */
export interface NewDecision {
  action: "merge" | "keep_all" | "not_duplicate";
  /** What the others are merged into; left out: the representative. */
  keep_id?: number | null;
  /** Members that stay as they are. */
  exclude?: number[];
  /** Members with verdict `review` that are merged as well. */
  include?: number[];
  /** Merge also what was edited after the task compared it; else 409 `QUESTION_EDITED`. Default: false. */
  allow_edited?: boolean;
  /** The cluster's as you know it: 409 `DECIDED_MEANWHILE` when somebody was there first. */
  revision?: number | null;
}

export interface NewDedupTask {
  task_name: string;
  /** Default: 1. */
  bank_id?: number;
  /** Default: {"type_name": null, "subject_name": null, "channel_code": null}. */
  filters?: BankFilters;
  /** Default: {"threshold": 0.8, "guard_numbers": true, "guard_symbols": true, "guard_words": true, "guard_options": true, "across": []}. */
  options?: DedupOptionsIn;
  /** Higher runs first. Default: 0. */
  priority?: number;
  /** Default: false. */
  auto_start?: boolean;
}

export interface NewExternalTask {
  task_name: string;
  /** How many steps it has; 0: unknown. Default: 0. */
  total?: number;
  /** Fields of your own; they stand at the top level of the task. */
  meta?: Record<string, unknown>;
}

export interface NewKey {
  id: number;
  name: string;
  /** The key's beginning; nothing more of it is known. */
  prefix: string;
  scopes: string[];
  created_at: number;
  last_used_at: number | null;
  revoked_at: number | null;
  /** Shown this once; null when the call is answered again (Idempotency-Key). */
  key: string | null;
}

export interface NewKeyAnswer {
  data: NewKey;
}

/** Which questions, and which thresholds to try on them; `options.threshold` does not count here. */
export interface NewPreview {
  /** Default: 1. */
  bank_id?: number;
  /** Default: {"type_name": null, "subject_name": null, "channel_code": null}. */
  filters?: BankFilters;
  /** Default: {"threshold": 0.8, "guard_numbers": true, "guard_symbols": true, "guard_words": true, "guard_options": true, "across": []}. */
  options?: DedupOptionsIn;
  /** Default: [0.8, 0.85, 0.9, 0.95]. */
  thresholds?: number[];
  /** Questions at most; of a smaller bank all are taken. Default: 5000. */
  sample?: number;
}

/** One question, or `{"questions": [...]}`. */
export type NewQuestions = QuestionInput | QuestionBatch;

/** Where the questions go, and what those say that the page does not. */
export interface NewQuestionsFromPages {
  /** Default: 1. */
  bank_id?: number;
  type_name?: string | null;
  subject_name?: string | null;
  channel_code?: string | null;
  task_name?: string | null;
}

/** What is left out is as the camera gives it, within the server's bounds. */
export interface NewRecording {
  /** At most TASKBEAM_CAMERA_RECORDING_SECONDS. */
  seconds?: number | null;
  fps?: number | null;
  width?: number | null;
}

export interface NewSampleBank {
  /** Default: "Sample". */
  name?: string;
}

/** A page of a task; `page` counts through all its files. */
export interface OcrPage {
  page: number;
  file_name: string;
  page_in_file: number;
  status: "pending" | "completed" | "failed";
  error: TaskError | null;
  result: OcrResult | null;
  /** Corrections since it was read. */
  revision: number;
  revised_at: number | null;
}

export interface OcrPageAnswer {
  data: OcrPage;
}

export interface OcrPageList {
  data: OcrPage[];
  meta: ListMeta;
}

/** What a page says. */
export interface OcrResult {
  /** In reading order. */
  text: string;
  confidence: number;
  /** Seconds. */
  processing_time: number;
  /** The engines that truly read. */
  selected_models: string[];
  strategy: "single" | "fusion";
  language: string;
  document_type: string;
  document_confidence: number;
  regions: Region[];
  /** Paragraphs of rows of indexes into `regions`. */
  paragraphs: number[][][];
  width: number;
  height: number;
  /** Degrees clockwise that set the page upright. */
  rotation: number;
  dpi: number | null;
  /** Of receipts, id cards and business cards. */
  fields?: Record<string, unknown> | null;
  /** Seconds by stage. */
  timings: Record<string, number>;
  /** It was known from an earlier recognition of the same bytes. Default: false. */
  cached?: boolean;
}

export interface OcrResultAnswer {
  data: OcrResult;
}

/** Which of the clusters that nobody has decided yet; all that are given must hold. A bound on similarity is kept by every member that the decision concerns, not only by some. */
export interface OpenClusters {
  type_name?: string | null;
  subject_name?: string | null;
  channel_code?: string | null;
  /** Some member has it. */
  verdict?: "exact" | "near" | "review" | "variant" | null;
  /** Some member is at least so alike. */
  min_similarity?: number | null;
  /** Some member is at most so alike. */
  max_similarity?: number | null;
}

export interface Point {
  at: number;
  seq: number;
  processed: number;
  progress_percentage: number;
  rate: number | null;
}

export interface Preview {
  bank_id: number;
  /** Active questions that a task would compare. */
  questions: number;
  /** Those that were looked at. */
  sampled: number;
  /** Groups that these are in. */
  groups: number;
  /** Whether all were looked at: then a task finds the same. */
  is_whole: boolean;
  /** false: time was up (20 s) before the last threshold; try a smaller sample. */
  is_complete: boolean;
  /** Ascending. */
  thresholds: AtThreshold[];
  seconds: number;
}

export interface PreviewAnswer {
  data: Preview;
}

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable; what a program should look at. */
  code: string;
  /** What is wrong with which field (422 only). */
  errors?: FieldError[];
}

export interface Question {
  id: number;
  bank_id: number;
  type_name: string;
  subject_name: string;
  channel_code: string;
  stem: string;
  options: string[];
  answer: string;
  analysis: string;
  source: string;
  external_id: string | null;
  status: "active" | "merged" | "deleted";
  merged_into: number | null;
  created_at: number;
}

export interface QuestionAnswer {
  data: Question;
}

/** All of them are created, or none. */
export interface QuestionBatch {
  questions: QuestionInput[];
}

/** Some fields of a question, each as QuestionInput has it. */
export interface QuestionChange {
  type_name?: string | null;
  subject_name?: string | null;
  /** Default: "default". */
  channel_code?: string | null;
  stem?: string;
  options?: string[] | null;
  answer?: string | null;
  analysis?: string | null;
  source?: string | null;
  external_id?: string | null | number;
}

/** A question as it comes in. A field that is null counts as not given; a stem must be there. */
export interface QuestionInput {
  type_name?: string | null;
  subject_name?: string | null;
  /** Default: "default". */
  channel_code?: string | null;
  stem: string;
  options?: string[] | null;
  answer?: string | null;
  analysis?: string | null;
  source?: string | null;
  external_id?: string | null | number;
}

export interface QuestionList {
  data: Question[];
  meta: ListMeta;
}

/** As it was asked: one, or a list. */
export type QuestionsAnswer = QuestionAnswer | QuestionList;

export interface Ready {
  /** "ready". */
  status: string;
  /** What was asked, and what it said. */
  checks: Record<string, string>;
}

export interface ReadyAnswer {
  data: Ready;
}

export interface Recording {
  id: number;
  /** null: the camera was deleted. */
  camera_id: number | null;
  camera_name: string;
  /** The external task that tells how far it is; cancelling that ends it. */
  task_id: number | null;
  status: "recording" | "completed" | "failed";
  seconds: number;
  frames: number;
  /** Bytes. */
  size: number;
  /** Why it ended early or failed. */
  error: string | null;
  created_at: number;
  finished_at: number | null;
}

export interface RecordingAnswer {
  data: Recording;
}

export interface RecordingList {
  data: Recording[];
  meta: ListMeta;
}

/** A piece of one printed line. Coordinates are pixels of the upright page. */
export interface Region {
  /** x1, y1, x2, y2 */
  bbox: number[];
  /** Four corners, clockwise from the text's top left. */
  polygon: number[][];
  text: string;
  confidence: number;
  /** Which engine read it; `person`: a person wrote it. */
  engine: string;
}

/** What a person says a region says. */
export interface RegionText {
  text: string;
  /** The page's as you know it: 409 when it has changed since. */
  revision?: number | null;
}

/** A decision that was in force until now. */
export interface Replaced {
  decision_id: number | null;
  action: "merge" | "keep_all" | "not_duplicate";
  by: string;
  at: number;
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

/** How far people are with what a task found. */
export interface Review {
  clusters: number;
  decided: number;
  left: number;
  task_id: number;
  /** A cluster counts for each verdict that some member of it has, as in the list filtered by verdict. */
  by_verdict: VerdictCounts;
  by_action: ActionCounts;
  by_person: Reviewer[];
}

export interface ReviewAnswer {
  data: Review;
}

export interface ReviewCount {
  clusters: number;
  decided: number;
  left: number;
}

export interface Reviewer {
  by: string;
  /** Clusters on which their word stands. */
  decided: number;
  last_at: number;
}

/** What a principal may do; `admin` implies all the others. */
export type Scope = "tasks:read" | "tasks:write" | "banks:write" | "ocr" | "camera:view" | "camera:control" | "admin";

export interface Server {
  version: string;
  /** Seconds. */
  uptime: number;
  /** Its kind: sqlite or postgresql. */
  database: string;
  /** Whether it is used. */
  redis: boolean;
  auth_required: boolean;
  runner: string;
  workers: Workers;
  connections: Connections;
  /** How many there are in each status. */
  tasks: Record<string, number>;
}

export interface ServerAnswer {
  data: Server;
}

/** How the snapshot is to be read; all of it may be left out. */
export interface SnapshotToRead {
  /** Default: {"document_type": "auto", "language": "auto", "accuracy_requirement": "medium", "speed_requirement": "medium", "real_time": false, "batch_processing": false, "engines": [], "cache": true, "region": null, "ignore": [], "pages": null}. */
  requirements?: Requirements;
  task_name?: string | null;
  /** Default: true. */
  auto_start?: boolean;
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
  error: TaskError | null;
  attempt: number;
  /** Seq of its newest event. */
  last_seq: number;
  owner: string;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

export interface TaskAnswer {
  data: Task;
}

export interface TaskError {
  code: string;
  message: string;
}

export interface TaskList {
  data: Task[];
  meta: ListMeta;
}

export interface Undone {
  /** Clusters that are open again; where somebody decided anew, that stands. */
  clusters: number;
  /** Questions that were given back. */
  questions: number;
  /** The undoing's own place in the list of decisions. */
  decision_id: number;
}

export interface UndoneAnswer {
  data: Undone;
}

export interface VerdictCounts {
  exact: ReviewCount;
  near: ReviewCount;
  review: ReviewCount;
  variant: ReviewCount;
}

export interface Viewer {
  /** Frames a second it truly gets. */
  fps: number;
  /** `fps`, `quality`, `width`. */
  wanted: Record<string, number | null>;
  /** Frames. */
  sent: number;
  /** Frames that were due and gone before it was ready. */
  dropped: number;
  bytes: number;
}

export interface Workers {
  /** Worker processes that are ready. */
  workers: number;
  busy: number;
  /** Units that wait for a worker. */
  waiting: number;
  /** Replaced since the start. */
  respawned: number;
  /** Lost since the start. */
  crashed: number;
}

/** What each call takes, and its answer. */
export interface Calls {
  /** List tasks, newest first */
  "GET /api/tasks": { query?: { limit?: number; cursor?: string; status?: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled"; q?: string; owner?: string; created_after?: number; created_before?: number; kind?: "dedup" | "ocr" | "import" | "external" }; answer: TaskList };
  /** One task */
  "GET /api/tasks/{task_id}": { path: { task_id: number }; answer: TaskAnswer };
  /** Delete a task that has ended */
  "DELETE /api/tasks/{task_id}": { path: { task_id: number }; answer: undefined };
  /** Queue a pending task */
  "POST /api/tasks/{task_id}/start": { path: { task_id: number }; answer: TaskAnswer };
  /** Pause a running task */
  "POST /api/tasks/{task_id}/pause": { path: { task_id: number }; answer: TaskAnswer };
  /** Queue a paused task again */
  "POST /api/tasks/{task_id}/resume": { path: { task_id: number }; answer: TaskAnswer };
  /** Cancel a task */
  "POST /api/tasks/{task_id}/cancel": { path: { task_id: number }; answer: TaskAnswer };
  /** Queue a failed or cancelled task again */
  "POST /api/tasks/{task_id}/retry": { path: { task_id: number }; answer: TaskAnswer };
  /** The task's event log, in order, without gaps */
  "GET /api/tasks/{task_id}/events": { path: { task_id: number }; query?: { after_seq?: number; limit?: number; cursor?: string }; answer: EventList };
  /** The task's life in short */
  "GET /api/tasks/{task_id}/history": { path: { task_id: number }; answer: HistoryAnswer };
  /** Look for the duplicates of a bank */
  "POST /api/dedup/tasks": { body: NewDedupTask; answer: TaskAnswer };
  /** List dedup tasks, newest first */
  "GET /api/dedup/tasks": { query?: { limit?: number; cursor?: string; status?: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled"; q?: string; owner?: string; created_after?: number; created_before?: number }; answer: TaskList };
  /** Try thresholds on a sample of a bank */
  "POST /api/dedup/preview": { body: NewPreview; answer: PreviewAnswer };
  /** One dedup task */
  "GET /api/dedup/tasks/{task_id}": { path: { task_id: number }; answer: TaskAnswer };
  /** Queue a pending dedup task */
  "POST /api/dedup/tasks/{task_id}/start": { path: { task_id: number }; answer: TaskAnswer };
  /** What was found in each group */
  "GET /api/dedup/tasks/{task_id}/groups": { path: { task_id: number }; query?: { limit?: number; cursor?: string }; answer: DedupGroupList };
  /** The duplicates, cluster by cluster */
  "GET /api/dedup/tasks/{task_id}/clusters": { path: { task_id: number }; query?: { limit?: number; cursor?: string; type_name?: string; subject_name?: string; channel_code?: string; verdict?: "exact" | "near" | "review" | "variant"; min_similarity?: number; max_similarity?: number; decision?: "merge" | "keep_all" | "not_duplicate" | "none" }; answer: ClusterList };
  /** One cluster with its differences */
  "GET /api/dedup/tasks/{task_id}/clusters/{cluster_id}": { path: { task_id: number; cluster_id: number }; answer: ClusterAnswer };
  /** Decide about a cluster */
  "POST /api/dedup/tasks/{task_id}/clusters/{cluster_id}/decision": { path: { task_id: number; cluster_id: number }; body: NewDecision; answer: DecidedClusterAnswer };
  /** Undo the decision about a cluster */
  "DELETE /api/dedup/tasks/{task_id}/clusters/{cluster_id}/decision": { path: { task_id: number; cluster_id: number }; query?: { revision?: number }; answer: ClusterAnswer };
  /** Decide about many clusters */
  "POST /api/dedup/tasks/{task_id}/clusters/decisions": { path: { task_id: number }; body: ManyDecisions; answer: EffectAnswer };
  /** Who decided what, and when */
  "GET /api/dedup/tasks/{task_id}/decisions": { path: { task_id: number }; query?: { limit?: number; cursor?: string }; answer: ActList };
  /** Undo a decision as a whole */
  "DELETE /api/dedup/tasks/{task_id}/decisions/{decision_id}": { path: { task_id: number; decision_id: number }; answer: UndoneAnswer };
  /** How much is decided, and what is left */
  "GET /api/dedup/tasks/{task_id}/review": { path: { task_id: number }; answer: ReviewAnswer };
  /** Download the duplicates, or the bank without them */
  "GET /api/dedup/tasks/{task_id}/export": { path: { task_id: number }; query?: { format?: "jsonl" | "json" | "csv" | "xlsx" | "gift" | "aiken" | "original"; what?: "clusters" | "unique" }; answer: Response };
  /** Recognise pictures and documents */
  "POST /api/ocr/tasks": { form: { "files[]": Blob[]; requirements?: Record<string, unknown> | string; task_name?: string; auto_start?: boolean }; answer: TaskAnswer };
  /** List OCR tasks, newest first */
  "GET /api/ocr/tasks": { query?: { limit?: number; cursor?: string; status?: "pending" | "queued" | "running" | "paused" | "completed" | "failed" | "cancelled"; q?: string; owner?: string; created_after?: number; created_before?: number }; answer: TaskList };
  /** One OCR task */
  "GET /api/ocr/tasks/{task_id}": { path: { task_id: number }; answer: TaskAnswer };
  /** Queue a pending OCR task */
  "POST /api/ocr/tasks/{task_id}/start": { path: { task_id: number }; answer: TaskAnswer };
  /** The pages of a task, read or not */
  "GET /api/ocr/tasks/{task_id}/pages": { path: { task_id: number }; query?: { limit?: number; cursor?: string; status?: "pending" | "completed" | "failed"; results?: boolean }; answer: OcrPageList };
  /** One page */
  "GET /api/ocr/tasks/{task_id}/pages/{page}": { path: { task_id: number; page: number }; answer: OcrPageAnswer };
  /** The page as a picture, upright */
  "GET /api/ocr/tasks/{task_id}/pages/{page}/image": { path: { task_id: number; page: number }; query?: { width?: number }; answer: Response };
  /** Read a corrected box again */
  "POST /api/ocr/tasks/{task_id}/pages/{page}/regions": { path: { task_id: number; page: number }; body: BoxToRead; answer: OcrPageAnswer };
  /** Correct the text of a region */
  "PATCH /api/ocr/tasks/{task_id}/pages/{page}/regions/{region}": { path: { task_id: number; page: number; region: number }; body: RegionText; answer: OcrPageAnswer };
  /** Undo all corrections of a page */
  "DELETE /api/ocr/tasks/{task_id}/pages/{page}/corrections": { path: { task_id: number; page: number }; answer: OcrPageAnswer };
  /** Download what was read */
  "GET /api/ocr/tasks/{task_id}/export": { path: { task_id: number }; query?: { format?: "txt" | "json" | "md" | "hocr" | "alto" | "tsv" | "pdf" }; answer: Response };
  /** Cut the recognised text into questions and import them into a bank */
  "POST /api/ocr/tasks/{task_id}/questions": { path: { task_id: number }; body: NewQuestionsFromPages; answer: TaskAnswer };
  /** Recognise one picture and wait for it */
  "POST /api/ocr/recognize": { form: { file: Blob; requirements?: Record<string, unknown> | string }; answer: OcrResultAnswer };
  /** List banks */
  "GET /api/banks": { query?: { limit?: number; cursor?: string; q?: string }; answer: BankList };
  /** Make a bank */
  "POST /api/banks": { body: NewBank; answer: BankAnswer };
  /** Make a bank of sample questions */
  "POST /api/banks/sample": { body: NewSampleBank; answer: TaskAnswer };
  /** One bank */
  "GET /api/banks/{bank_id}": { path: { bank_id: number }; answer: BankAnswer };
  /** Rename or describe a bank */
  "PATCH /api/banks/{bank_id}": { path: { bank_id: number }; body: BankChange; answer: BankAnswer };
  /** Delete a bank and its questions */
  "DELETE /api/banks/{bank_id}": { path: { bank_id: number }; answer: undefined };
  /** How many questions each group has */
  "GET /api/banks/{bank_id}/groups": { path: { bank_id: number }; answer: BankGroupList };
  /** Look at a file before it is imported */
  "POST /api/banks/import/preview": { form: { file?: Blob; upload?: string; file_name?: string; format?: "jsonl" | "json" | "csv" | "xlsx" | "gift" | "aiken"; mapping?: Record<string, unknown> | string; type_name?: string; subject_name?: string; channel_code?: string; source?: string }; answer: ImportPreviewAnswer };
  /** Import a file of questions */
  "POST /api/banks/{bank_id}/import": { path: { bank_id: number }; form: { file?: Blob; upload?: string; file_name?: string; format?: "jsonl" | "json" | "csv" | "xlsx" | "gift" | "aiken"; mapping?: Record<string, unknown> | string; type_name?: string; subject_name?: string; channel_code?: string; source?: string; task_name?: string }; answer: TaskAnswer };
  /** The rows that an import refused */
  "GET /api/tasks/{task_id}/bad-rows": { path: { task_id: number }; query?: { limit?: number; cursor?: string }; answer: BadRowList };
  /** Search questions */
  "GET /api/banks/{bank_id}/questions": { path: { bank_id: number }; query?: { limit?: number; cursor?: string; type_name?: string; subject_name?: string; channel_code?: string; status?: "active" | "merged" | "deleted"; q?: string }; answer: QuestionList };
  /** Create a question, or many */
  "POST /api/banks/{bank_id}/questions": { path: { bank_id: number }; body: NewQuestions; answer: QuestionsAnswer };
  /** One question */
  "GET /api/banks/{bank_id}/questions/{question_id}": { path: { bank_id: number; question_id: number }; answer: QuestionAnswer };
  /** Change a question */
  "PATCH /api/banks/{bank_id}/questions/{question_id}": { path: { bank_id: number; question_id: number }; body: QuestionChange; answer: QuestionAnswer };
  /** Delete a question */
  "DELETE /api/banks/{bank_id}/questions/{question_id}": { path: { bank_id: number; question_id: number }; answer: undefined };
  /** Download the questions */
  "GET /api/banks/{bank_id}/export": { path: { bank_id: number }; query?: { type_name?: string; subject_name?: string; channel_code?: string; status?: "active" | "merged" | "deleted"; q?: string; format?: "jsonl" | "json" | "csv" | "xlsx" | "gift" | "aiken" }; answer: Response };
  /** List cameras */
  "GET /api/cameras": { query?: { limit?: number; cursor?: string }; answer: CameraList };
  /** Make a camera */
  "POST /api/cameras": { body: NewCamera; answer: CameraAnswer };
  /** One camera */
  "GET /api/cameras/{camera_id}": { path: { camera_id: number }; answer: CameraAnswer };
  /** Change a camera */
  "PATCH /api/cameras/{camera_id}": { path: { camera_id: number }; body: CameraChange; answer: CameraAnswer };
  /** Delete a camera */
  "DELETE /api/cameras/{camera_id}": { path: { camera_id: number }; answer: undefined };
  /** How a camera is, with figures */
  "GET /api/cameras/{camera_id}/status": { path: { camera_id: number }; answer: CameraStatusAnswer };
  /** The newest picture */
  "GET /api/cameras/{camera_id}/snapshot.jpg": { path: { camera_id: number }; query?: { quality?: number; width?: number }; answer: Response };
  /** Its pictures as they come (MJPEG) */
  "GET /api/cameras/{camera_id}/stream.mjpg": { path: { camera_id: number }; query?: { fps?: number; quality?: number; width?: number }; answer: Response };
  /** Recognise what the camera sees now */
  "POST /api/cameras/{camera_id}/ocr": { path: { camera_id: number }; body?: SnapshotToRead; answer: TaskAnswer };
  /** Record a camera into a file */
  "POST /api/cameras/{camera_id}/recordings": { path: { camera_id: number }; body?: NewRecording; answer: RecordingAnswer };
  /** List recordings, newest first */
  "GET /api/recordings": { query?: { limit?: number; cursor?: string; camera_id?: number }; answer: RecordingList };
  /** One recording */
  "GET /api/recordings/{recording_id}": { path: { recording_id: number }; answer: RecordingAnswer };
  /** Delete a recording and its file */
  "DELETE /api/recordings/{recording_id}": { path: { recording_id: number }; answer: undefined };
  /** End a recording */
  "POST /api/recordings/{recording_id}/stop": { path: { recording_id: number }; answer: RecordingAnswer };
  /** Download a recording */
  "GET /api/recordings/{recording_id}/file": { path: { recording_id: number }; answer: Response };
  /** Announce a task that runs elsewhere */
  "POST /api/external/tasks": { body: NewExternalTask; answer: TaskAnswer };
  /** Report on it */
  "PATCH /api/external/tasks/{task_id}": { path: { task_id: number }; body: ExternalReport; answer: TaskAnswer };
  /** Who asks */
  "GET /api/me": { answer: MeAnswer };
  /** List API keys */
  "GET /api/keys": { query?: { limit?: number; cursor?: string }; answer: KeyList };
  /** Make an API key */
  "POST /api/keys": { body: KeyCreate; answer: NewKeyAnswer };
  /** Revoke an API key */
  "DELETE /api/keys/{key_id}": { path: { key_id: number }; answer: KeyAnswer };
  /** How the server is doing */
  "GET /api/server": { answer: ServerAnswer };
  /** What `doctor` finds */
  "POST /api/server/checks": { answer: ExaminationAnswer };
  /** This document */
  "GET /api/openapi.json": { answer: Response };
  /** The sockets' document */
  "GET /api/asyncapi.json": { answer: Response };
  /** Alive */
  "GET /healthz": { answer: HealthAnswer };
  /** Ready */
  "GET /readyz": { answer: ReadyAnswer };
  /** Figures for Prometheus */
  "GET /metrics": { answer: Response };
}
