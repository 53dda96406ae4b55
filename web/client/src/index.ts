export { Client, connect, type ConnectOptions } from "./client.js";
export type { CameraOptions, CameraSink, CameraView, CameraWatch } from "./camera.js";
export { TaskbeamError, type ErrorDetails } from "./errors.js";
export type { ConnectionState, ConnectionView, Token } from "./link.js";
export type { Lobby, LobbyView } from "./lobby.js";
export type { OcrStep, Picture, RecognizeOptions, WebSocketClass } from "./ocr.js";
export type { OcrView } from "./ocr-state.js";
export type { Progress, ReportView, TaskReport } from "./report.js";
export type { AnswerOf, Api, Call, CallOptions, InputOf } from "./rest.js";
export type { Readable } from "./store.js";
export { afterEvent, hasEnded, isActive, type Liveness, type TaskEvent, type TaskEventName } from "./tasks.js";
export type { TaskView, TaskWatch, WatchEvent, WatchOptions } from "./watch.js";
/** The schemas of REST. */
export type * as Rest from "./generated/rest.js";
export type { Calls } from "./generated/rest.js";
export type {
  CameraError, CameraFrame, CameraStatus, Changed, ClientEvents, DecisionMade, Group, OcrProgress, OcrResult, Region, Requirements,
  ServerEvents, Task,
} from "./generated/sockets.js";
