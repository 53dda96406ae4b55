/** What a merge of a cluster would do to each of its questions; as the server does it (services/dedup/decisions.py). */
import type { Rest } from "taskbeam-client";

export type Action = Rest.Decision["action"];
export type Verdict = Rest.Member["verdict"];
export type Role = "kept" | "merged" | "stays";

export const ACTIONS = ["merge", "keep_all", "not_duplicate"] as const satisfies Action[];
export const VERDICTS = ["exact", "near", "review", "variant"] as const satisfies Verdict[];

/** What a person chose about a cluster, before they decide. */
export interface Choice {
  keepId: number;
  /** Taken out of the merge, or, with the verdict `review`, taken in. */
  turned: ReadonlySet<number>;
  allowEdited: boolean;
}

type Members = Pick<Rest.Cluster, "members" | "size" | "representative_id">;

/** Exact and near ones are merged. One for `review` is only where it is the whole question: a person looks at just that pair. */
const isMergedAtFirst = ({ verdict }: Rest.Member, { size }: Members) => verdict === "exact" || verdict === "near" || (verdict === "review" && size === 2);

export function roleOf(member: Rest.Member, cluster: Members, choice: Choice): Role {
  if (member.question_id === choice.keepId) return "kept";
  if (member.verdict === "variant" || member.question.status === "deleted") return "stays";
  return isMergedAtFirst(member, cluster) !== choice.turned.has(member.question_id) ? "merged" : "stays";
}

/** The choice that a decision in force shows; else what the server would do by itself. */
export function choiceOf(cluster: Rest.Cluster): Choice {
  const { decision } = cluster;
  const start: Choice = { keepId: decision?.keep_id ?? cluster.representative_id, turned: new Set(), allowEdited: false };
  if (decision?.action !== "merge") return start;
  const isMerged = ({ question }: Rest.Member) => question.status === "merged" && question.merged_into === decision.keep_id;
  const turned = cluster.members.filter((member) => member.question_id !== start.keepId && member.verdict !== "variant" && isMerged(member) !== isMergedAtFirst(member, cluster));
  return { ...start, turned: new Set(turned.map((member) => member.question_id)) };
}

export const toggled = (choice: Choice, id: number): Choice => {
  const turned = new Set(choice.turned);
  if (!turned.delete(id)) turned.add(id);
  return { ...choice, turned };
};

export const keeping = (choice: Choice, id: number): Choice => {
  const turned = new Set(choice.turned);
  turned.delete(id);
  return { ...choice, keepId: id, turned };
};

export const mergedIn = (cluster: Members, choice: Choice) => cluster.members.filter((member) => roleOf(member, cluster, choice) === "merged");

/** As the server takes it. */
export function asMerge(cluster: Members, choice: Choice): Pick<Rest.NewDecision, "keep_id" | "exclude" | "include" | "allow_edited"> {
  const ids = (wanted: (member: Rest.Member) => boolean) => cluster.members.filter(wanted).map((member) => member.question_id);
  const byItself = ({ verdict }: Rest.Member) => verdict === "exact" || verdict === "near";
  return {
    keep_id: choice.keepId,
    exclude: ids((member) => byItself(member) && roleOf(member, cluster, choice) === "stays"),
    include: ids((member) => member.verdict === "review" && roleOf(member, cluster, choice) !== "stays"),
    allow_edited: choice.allowEdited,
  };
}
