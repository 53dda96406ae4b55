import type { DecisionMade, Rest } from "taskbeam-client";

/** A cluster in the queue: what one line needs, not its texts. */
export interface Row extends Pick<Rest.Cluster, "id" | "group" | "size" | "exact" | "near" | "review" | "variant" | "revision" | "decision"> {
  stem: string;
  hasConflict: boolean;
}

const SHOWN = 160; // characters of a stem

export const rowOf = (cluster: Rest.Cluster): Row => {
  const { id, group, size, exact, near, review, variant, revision, decision, members } = cluster;
  return {
    id, group, size, exact, near, review, variant, revision, decision,
    stem: (members[0]?.question.stem ?? "").slice(0, SHOWN),
    hasConflict: members.some((member) => member.answer_conflict !== null),
  };
};

/** A row after what somebody did; the same object where it does not concern it. `gone`: it no longer matches the queue. */
export function afterDecision(row: Row, made: DecisionMade, isGone: boolean): Row {
  const { action, by, at, decision_id, keep_id, undoes } = made;
  const decided = (): Row => ({ ...row, decision: { action: action as Rest.Decision["action"], by, at, decision_id, keep_id, exclude: [] } });
  if (made.cluster_id !== null) {
    if (made.cluster_id !== row.id || (made.revision ?? 0) < row.revision) return row;
    const next = action === "undo" ? { ...row, decision: null } : decided();
    return { ...next, revision: made.revision ?? row.revision };
  }
  if (action === "undo") return undoes !== null && row.decision?.decision_id === undoes ? { ...row, decision: null } : row;
  return isGone && !row.decision ? decided() : row;
}
