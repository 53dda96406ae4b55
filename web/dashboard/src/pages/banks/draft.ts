import type { Rest } from "taskbeam-client";

const TEXTS = ["type_name", "subject_name", "channel_code", "stem", "answer", "analysis", "source", "external_id"] as const;

export type QuestionDraft = Record<(typeof TEXTS)[number], string> & { options: string[] };

export function draftOf(question?: Rest.Question): QuestionDraft {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, question?.[name] ?? ""])) as Record<(typeof TEXTS)[number], string>;
  return { ...texts, options: [...(question?.options ?? [])] };
}

/** What the draft says otherwise than the question. */
export function changesOf(draft: QuestionDraft, question: Rest.Question): Partial<QuestionDraft> {
  const before = draftOf(question);
  const same = (name: keyof QuestionDraft) => JSON.stringify(draft[name]) === JSON.stringify(before[name]);
  return Object.fromEntries(Object.entries(draft).filter(([name]) => !same(name as keyof QuestionDraft)));
}
