import type { Rest } from "taskbeam-client";
import { useI18n } from "vue-i18n";
import { useFormat } from "@/composables/useFormat";

const IGNORED = /^Ignored, because unknown: (.*)\.$/s;
const NO_OPTION = /^The answer ([A-Z]+) names no option \(A to ([A-Z])\)\.$/;

/** Why a row was refused, and what is odd about others, in the reader's language; the server's own words say it in detail. */
export function useReasons() {
  const { t, te } = useI18n();
  const { number } = useFormat();

  function reasonOf(row: Rest.BadRow): string {
    const key = `banks.reasons.${row.code}`;
    return te(key) ? t(key) : row.reason;
  }

  function noteOf({ note, rows }: Rest.ImportNote): string {
    const ignored = IGNORED.exec(note);
    if (ignored) return t("banks.notes.ignored", { names: ignored[1]! }); // said of the first row, true of all
    const odd = NO_OPTION.exec(note);
    const text = odd ? t("banks.notes.noOption", { answer: odd[1]!, last: odd[2]! }) : note;
    return t("banks.notes.ofRows", { note: text, n: number(rows) }, rows);
  }

  const isIgnored = ({ note }: Rest.ImportNote) => IGNORED.test(note);
  return { reasonOf, noteOf, isIgnored };
}
