import type { Task } from "taskbeam-client";
import { computed } from "vue";
import { type LocationQuery, useRoute, useRouter } from "vue-router";
import type { TaskFilters } from "@/composables/useTaskList";

export const STATUSES = ["running", "queued", "paused", "pending", "completed", "failed", "cancelled"] as const satisfies Task["status"][];
export const KINDS = ["dedup", "ocr", "import", "external"] as const satisfies Task["kind"][];

/** The filters are the address: they survive a reload, and a link shows to others what one sees. */
export function useFilters() {
  const route = useRoute();
  const router = useRouter();
  const filters = computed(() => read(route.query));
  const change = (changed: Partial<TaskFilters>) => router.replace({ query: written({ ...filters.value, ...changed }) });
  return { filters, change };
}

function read(query: LocationQuery): TaskFilters {
  const status = STATUSES.find((one) => one === query.status);
  const kind = KINDS.find((one) => one === query.kind);
  const q = typeof query.q === "string" ? query.q.slice(0, 500) : "";
  return { ...(status && { status }), ...(kind && { kind }), ...(q && { q }) };
}

const written = (filters: TaskFilters) => Object.fromEntries(Object.entries(filters).filter(([, value]) => value));
