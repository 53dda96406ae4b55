import type { Rest } from "taskbeam-client";
import { computed } from "vue";
import { type LocationQuery, useRoute, useRouter } from "vue-router";

export const STATUSES = ["active", "merged", "deleted"] as const satisfies Rest.Question["status"][];
export const FACETS = ["type_name", "subject_name", "channel_code"] as const;
export type Facet = (typeof FACETS)[number];

/** As the server's list takes them. A name that is "" asks for questions without it; what is left out filters nothing. */
export type QuestionFilters = Partial<Record<Facet, string>> & { status?: Rest.Question["status"]; q?: string };

/** The filters are the address, as on the tasks page. */
export function useQuestionFilters() {
  const route = useRoute();
  const router = useRouter();
  const filters = computed(() => read(route.query));
  const change = (changed: Partial<QuestionFilters>) => router.replace({ query: written({ ...filters.value, ...changed }) });
  return { filters, change };
}

function read(query: LocationQuery): QuestionFilters {
  const found: QuestionFilters = {};
  for (const facet of FACETS) if (typeof query[facet] === "string") found[facet] = query[facet].slice(0, 200);
  const status = STATUSES.find((one) => one === query.status);
  if (status) found.status = status;
  if (typeof query.q === "string" && query.q) found.q = query.q.slice(0, 500);
  return found;
}

const written = (filters: QuestionFilters) => Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));

/** The values of a field in a bank, the most frequent first. */
export function valuesOf(groups: readonly Rest.BankGroup[], facet: Facet): Array<{ value: string; questions: number }> {
  const counts = new Map<string, number>();
  for (const group of groups) counts.set(group[facet], (counts.get(group[facet]) ?? 0) + group.questions);
  return [...counts].map(([value, questions]) => ({ value, questions })).sort((one, other) => other.questions - one.questions);
}
