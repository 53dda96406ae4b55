/** What columns may be whose names the server does not know: a person looks at it before anything is imported. */
import type { Rest } from "taskbeam-client";

const LETTER = /(?:选项|option|choice)[\s_\-（(]*(?:([A-Z])|(\d{1,2}))[)）]?$/i;
// Each before those that its names might be taken for: "question type" is no question, "题目解析" neither.
const FIELDS: Array<[string, RegExp]> = [
  ["type_name", /题型|题目?类型|试题类型|\btype\b/i],
  ["subject_name", /科目|学科|课程|\bsubject\b|\bcourse\b/i],
  ["channel_code", /渠道|\bchannel\b/i],
  ["analysis", /解析|解答|analysis|explanation|rationale|feedback/i],
  ["answer", /答案|正确|answer|correct|\bkey\b/i],
  ["external_id", /编号|序号|题号|\bid\b|\bno\b|\bnumber\b/i],
  ["source", /来源|出处|\bsource\b/i],
  ["options", /选项|^options$|^choices$/i],
  ["stem", /题干|题目|试题|问题|题面|question|\bstem\b|内容/i],
];

/** {column: field}; each field once, none that the server has read from a column already. */
export function suggestionsFor(columns: readonly Rest.ImportColumn[]): Record<string, string> {
  const taken = new Set(columns.flatMap((column) => column.mapped_to ?? []));
  const found: Record<string, string> = {};
  for (const { name, mapped_to } of columns) {
    const field = mapped_to ? undefined : fieldOf(name);
    if (!field || taken.has(field)) continue;
    taken.add(field);
    found[name] = field;
  }
  return found;
}

function fieldOf(name: string): string | undefined {
  const letter = LETTER.exec(name.trim());
  if (letter) return letter[1]?.toUpperCase() ?? letterNo(Number(letter[2]));
  const words = name.replaceAll("_", " ");
  return FIELDS.find(([, pattern]) => pattern.test(words))?.[0];
}

const letterNo = (number: number) => (number >= 1 && number <= 26 ? String.fromCharCode(64 + number) : undefined);
