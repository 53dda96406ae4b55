import type { FieldError, Problem } from "./generated/rest.js";

export interface ErrorDetails {
  /** HTTP status, where the answer came over HTTP. */
  status?: number;
  /** What was wrong with which field. */
  errors?: readonly FieldError[];
  /** Seconds after which asking again makes sense. */
  retryAfter?: number;
  /** What a person can do about it. */
  remedy?: string;
  cause?: unknown;
}

// The server's own messages say more where they know more; this is for those who show a hint beside the message.
const REMEDIES: Readonly<Record<string, string>> = {
  OFFLINE: "It is tried again by itself. If it stays so, see whether the server runs and the address is right.",
  CONNECTION_LOST: "Look at the task's state before you ask again: the server may have done it.",
  TIMEOUT: "Try again. If it happens often, the server has too much to do.",
  UNAUTHORIZED: "Connect with a valid API key (python app.py keys create makes one).",
  FORBIDDEN: "Use an API key that has the scope the message names.",
  ORIGIN_REFUSED: "Add this page's origin to TASKBEAM_CORS_ORIGINS on the server.",
  HOST_REFUSED: "Use the address the server listens on, or add this origin to TASKBEAM_CORS_ORIGINS on the server.",
  NOT_FOUND: "It may have been deleted. Load the list again.",
  INVALID_TRANSITION: "Look at the task's present state; the message says what it allows.",
  INVALID_INPUT: "Correct the fields that `errors` names.",
  RATE_LIMIT_EXCEEDED: "Wait `retryAfter` seconds, then ask again.",
  TOO_MANY_CONNECTIONS: "Close other pages or programs of yours; it is tried again by itself.",
  OUTBOX_FULL: "The page or its connection was too slow for what it asked for; what was missed is fetched now.",
  UNAVAILABLE: "Try again soon. python app.py doctor says what is missing.",
  TOO_LARGE: "Send less at once, or raise the server's limit.",
  SERVER_ERROR: "Try again. The server's log has the reason.",
  CANCELLED: "Ask again if you still want it.",
};

/** Whatever goes wrong: of the server's own errors its `code` and message, of the connection one of ours. */
export class TaskbeamError extends Error {
  override readonly name = "TaskbeamError";
  /** Stable; what a program should look at. */
  readonly code: string;
  readonly status: number | undefined;
  readonly errors: readonly FieldError[];
  readonly retryAfter: number | undefined;
  /** What a person can do about it; empty where nothing general can be said. */
  readonly remedy: string;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.status = details.status;
    this.errors = details.errors ?? [];
    this.retryAfter = details.retryAfter;
    this.remedy = details.remedy ?? REMEDIES[code] ?? "";
  }

  static ofProblem(problem: Partial<Problem>, response: Response): TaskbeamError {
    const { status } = response;
    const retryAfter = Number(response.headers.get("Retry-After")) || undefined;
    const message = problem.detail ?? problem.title ?? `The server answered ${status} ${response.statusText}.`;
    return new TaskbeamError(problem.code ?? `HTTP_${status}`, message, {
      status,
      ...(problem.errors && { errors: problem.errors }),
      ...(retryAfter && { retryAfter }),
    });
  }

  /** Of anything that was thrown. */
  static of(error: unknown, code = "SERVER_ERROR"): TaskbeamError {
    if (error instanceof TaskbeamError) return error;
    return new TaskbeamError(code, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export const offline = (cause?: unknown): TaskbeamError =>
  new TaskbeamError("OFFLINE", "The server cannot be reached.", { cause });
