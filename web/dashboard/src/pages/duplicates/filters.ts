import { computed } from "vue";
import { type LocationQuery, useRoute, useRouter } from "vue-router";
import { type Action, ACTIONS, type Verdict, VERDICTS } from "./plan";

export type Decided = Action | "none" | "all";

/** Which clusters are shown; also the address, so that a link shows what one sees. */
export interface ClusterFilters {
  verdict?: Verdict;
  /** Without it, what nobody has decided yet. */
  decision?: Decided;
  type_name?: string;
  subject_name?: string;
  channel_code?: string;
  min_similarity?: number;
  max_similarity?: number;
}

const GROUP = ["type_name", "subject_name", "channel_code"] as const;
const BOUNDS = ["min_similarity", "max_similarity"] as const;
const DECIDED = [...ACTIONS, "none", "all"] as const;

export function useClusterFilters() {
  const route = useRoute();
  const router = useRouter();
  // A string first: a cluster that is chosen changes the address too, and is no other filter.
  const written = computed(() => JSON.stringify(read(route.query)));
  const filters = computed(() => JSON.parse(written.value) as ClusterFilters);
  const selected = computed(() => Number(route.query.cluster) || undefined);

  const change = (changed: Partial<ClusterFilters>) => router.replace({ query: asQuery({ ...filters.value, ...changed }) });
  const select = (cluster: number | undefined, push = false) => router[push ? "push" : "replace"]({ query: { ...asQuery(filters.value), ...(cluster && { cluster: String(cluster) }) } });
  return { filters, selected, change, select };
}

/** As the list of clusters takes them. */
export function asListQuery({ decision = "none", ...rest }: ClusterFilters) {
  return { ...rest, ...(decision !== "all" && { decision }) };
}

function read(query: LocationQuery): ClusterFilters {
  const text = (name: string) => (typeof query[name] === "string" ? (query[name] as string) : undefined);
  const verdict = VERDICTS.find((one) => one === query.verdict);
  const decision = DECIDED.find((one) => one === query.decision);
  const found: ClusterFilters = { ...(verdict && { verdict }), ...(decision && decision !== "none" && { decision }) };
  for (const name of GROUP) if (text(name) !== undefined) found[name] = text(name)!.slice(0, 200);
  for (const name of BOUNDS) {
    const bound = Number(text(name) ?? NaN);
    if (bound >= 0 && bound <= 1) found[name] = bound;
  }
  return found;
}

const asQuery = (filters: ClusterFilters) =>
  Object.fromEntries(Object.entries(filters).filter(([name, value]) => value !== undefined && !(name === "decision" && value === "none")).map(([name, value]) => [name, String(value)]));
