/** Options are a set: their order and letters say nothing, so the same ones are found wherever they stand. */
import type { Rest } from "taskbeam-client";
import { between, type Part, sideOf } from "./diff";

export interface Option {
  letter: string;
  parts: Part[];
  isAnswer: boolean;
  /** `moved`: the same stands there under another letter. `changed`: nothing there is the same. */
  state: "same" | "moved" | "changed";
  /** Its letter on the other side. */
  there?: string;
}

const letterOf = (index: number) => (index < 26 ? String.fromCharCode(65 + index) : String(index + 1));
const same = (text: string) => text.normalize("NFKC").toLowerCase().replace(/^\s*[a-z]\s*[.、:)]\s*/, "").replace(/\s+/g, "");

/** LaTeX has several spellings for the same; what is found so is still shown with what differs. */
const loose = (text: string) => same(text).replace(/\\[dt]frac/g, "\\frac").replace(/[{}$]/g, "");

/** The options of both, each told which one of the other it is. */
export function optionSets(one: Rest.Question, other: Rest.Question): [Option[], Option[]] {
  const partner = partners(one.options, other.options, same);
  for (const [a, b] of partners(one.options, other.options, loose, partner)) partner.set(a, b);
  const back = new Map([...partner].map(([a, b]) => [b, a]));
  const left = one.options.map((_, index) => index);
  const right = other.options.map((_, index) => index);
  const leftOver = [left.filter((a) => !partner.has(a)), right.filter((b) => !back.has(b))] as const;
  const changed = leftOver[0].map((a, index) => [a, leftOver[1][index]] as const);
  const partsOf = (side: 0 | 1, index: number, text: string): Part[] => {
    const match = (side ? back : partner).get(index);
    const pair = match === undefined ? changed.find((each) => each[side] === index) : side ? [match, index] : [index, match];
    const [a, b] = [one.options[pair?.[0] ?? -1], other.options[pair?.[1] ?? -1]];
    if (a === undefined || b === undefined || same(a) === same(b)) return [{ text, isChanged: match === undefined }];
    return sideOf(between(a, b), side);
  };
  const describe = (question: Rest.Question, side: 0 | 1, known: Map<number, number>): Option[] =>
    question.options.map((text, index) => {
      const there = known.get(index);
      const state = there === undefined ? "changed" : there === index ? "same" : "moved";
      return { letter: letterOf(index), parts: partsOf(side, index, text), isAnswer: isAnswer(question, index), state, ...(there !== undefined && { there: letterOf(there) }) };
    });
  return [describe(one, 0, partner), describe(other, 1, back)];
}

function partners(one: readonly string[], other: readonly string[], key: (text: string) => string, taken = new Map<number, number>()): Map<number, number> {
  const free = new Set(other.keys());
  for (const place of taken.values()) free.delete(place);
  const found = new Map<number, number>();
  one.forEach((text, index) => {
    if (taken.has(index)) return;
    const places = [...free].filter((place) => key(other[place]!) === key(text));
    const place = places.includes(index) ? index : places[0];
    if (place === undefined) return;
    found.set(index, place);
    free.delete(place);
  });
  return found;
}

export function isAnswer({ answer, options }: Rest.Question, index: number): boolean {
  const letters = answer.normalize("NFKC").toUpperCase().replace(/[\s,、;]/g, "");
  if (/^[A-Z]+$/.test(letters) && letters.length <= options.length) return letters.includes(letterOf(index));
  return answer !== "" && same(answer) === same(options[index] ?? "");
}
