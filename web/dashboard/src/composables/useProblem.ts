import { computed, type MaybeRefOrGetter, toValue } from "vue";
import { useI18n } from "vue-i18n";
import { type Rest, TaskbeamError } from "taskbeam-client";

// Of the client's own faults the title says all; the server's words may name what is meant.
const OWN = new Set(["OFFLINE", "CONNECTION_LOST", "TIMEOUT"]);

export interface ShownProblem {
  code: string;
  title: string;
  remedy: string;
  detail: string;
  fields: readonly Rest.FieldError[];
}

/** An error, or a `{code, message}` that the server keeps or sends, as a person should read it. */
export function useProblem(error: MaybeRefOrGetter<unknown>) {
  const { t, te } = useI18n();
  const known = (key: string) => (te(key) || te(key, "en") ? t(key) : "");

  return computed<ShownProblem>(() => {
    const { code, message, fields } = parts(toValue(error));
    const title = known(`errors.${code}.title`);
    const detail = title && !OWN.has(code) ? message : "";
    return { code, title: title || message, remedy: known(`errors.${code}.remedy`), detail, fields };
  });
}

function parts(error: unknown) {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return {
    code: typeof code === "string" ? code : "PAGE_ERROR",
    message: typeof message === "string" ? message : String(error),
    fields: error instanceof TaskbeamError ? error.errors : [],
  };
}
