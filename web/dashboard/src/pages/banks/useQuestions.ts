import type { Rest } from "taskbeam-client";
import { type Ref, watch } from "vue";
import type { QuestionFilters } from "./filters";
import { api } from "@/api";
import { usePaged } from "@/composables/usePaged";
import { onReconnected } from "@/stores/connection";

const AT_ONCE = 6; // deletions under way together

/** The questions of a bank that match, page after page. */
export function useQuestions(bank: number, filters: Ref<QuestionFilters>) {
  const path = { bank_id: bank };
  const list = usePaged<Rest.Question>((at) => api("GET /api/banks/{bank_id}/questions", { path, query: { ...filters.value, limit: at.limit, cursor: at.cursor }, signal: at.signal }), 100);
  watch(filters, list.again, { immediate: true });
  onReconnected(list.again);

  /** A question as it is now, where the list shows it. */
  function put(question: Rest.Question) {
    list.rows.value = list.rows.value.map((row) => (row.id === question.id ? question : row));
  }

  /** Deletes these, a few at a time; `report` hears how many are gone. Throws at the first that the server refuses. */
  async function remove(ids: number[], report: (done: number) => void = () => {}) {
    const left = [...ids];
    let done = 0;
    const work = async () => {
      for (let id = left.pop(); id !== undefined; id = left.pop()) {
        await api("DELETE /api/banks/{bank_id}/questions/{question_id}", { path: { ...path, question_id: id } });
        report(++done);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  return { ...list, put, remove };
}
