import type { Rest } from "taskbeam-client";
import { useI18n } from "vue-i18n";

const KINDS = ["numbers", "symbols", "units", "negation", "words", "pictures"] as const;

export interface Finding {
  text: string;
  /** [the representative's, this one's]: shown as a change. */
  pairs?: string[][];
}

/** What decided the verdict, in plain words. */
export function useEvidence() {
  const { t } = useI18n();
  const percent = (part: number) => `${Math.floor(part * 1000) / 10}%`;

  function findings({ verdict, evidence }: Rest.Member): Finding[] {
    const differs = evidence.differs ?? {};
    const found: Finding[] = [{ text: t(`duplicates.why.${verdict}`) }];
    for (const kind of KINDS) if (differs[kind]?.length) found.push({ text: t(`duplicates.differs.${kind}`), pairs: unique(differs[kind]) });
    if (differs.options?.length) found.push({ text: t("duplicates.differs.options"), pairs: unique(differs.options) });
    if (evidence.noise) found.push({ text: t("duplicates.noise", { n: evidence.noise }, evidence.noise) });
    if (evidence.reworded) found.push({ text: t("duplicates.reworded") });
    if (evidence.answers === "agree" || evidence.answers === "absent") found.push({ text: t(`duplicates.answers.${evidence.answers}`) });
    if (verdict !== "exact" && typeof evidence.stem_similarity === "number") found.push({ text: alike(evidence) });
    return found;
  }

  const alike = ({ stem_similarity, options_similarity }: Rest.Evidence) =>
    typeof options_similarity === "number"
      ? t("duplicates.alikeBoth", { stem: percent(stem_similarity ?? 0), options: percent(options_similarity) })
      : t("duplicates.alikeStem", { stem: percent(stem_similarity ?? 0) });

  return { findings, percent };
}

const unique = (pairs: string[][]) => [...new Map(pairs.map((pair) => [pair.join("\u0000"), pair])).values()].slice(0, 8);
