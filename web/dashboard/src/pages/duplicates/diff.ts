/** What the server says of two texts ([tag, stretch of one, stretch of the other]), made readable. */
export type Stretch = [tag: string, one: string, other: string];

export interface Part {
  text: string;
  isChanged: boolean;
}

const TAIL = /[\p{Script=Latin}\p{Nd}\p{M}]+$/u; // a piece of a word or number that a change has cut through
const HEAD = /^[\p{Script=Latin}\p{Nd}\p{M}]+/u;

/** Changes widened to whole words and numbers: 15 → 16 is read at once, a 5 that became a 6 is not. */
export function readable(stretches: readonly string[][]): Stretch[] {
  const parts: Stretch[] = [];
  for (const [tag = "", one = "", other = ""] of stretches) {
    if (tag === "equal") addEqual(parts, one);
    else addChange(parts, one, other);
  }
  return parts.filter(([, one, other]) => one || other);
}

function addEqual(parts: Stretch[], text: string) {
  const before = parts.at(-1);
  const isCut = before?.[0] === "replace" && (TAIL.test(before[1]) || TAIL.test(before[2]));
  const head = isCut ? (HEAD.exec(text)?.[0] ?? "") : "";
  if (before && head) parts[parts.length - 1] = ["replace", before[1] + head, before[2] + head];
  if (text.length > head.length) parts.push(["equal", text.slice(head.length), text.slice(head.length)]);
}

function addChange(parts: Stretch[], one: string, other: string) {
  const before = parts.at(-1);
  if (before?.[0] === "replace") {
    parts[parts.length - 1] = ["replace", before[1] + one, before[2] + other];
    return;
  }
  const isCut = HEAD.test(one) || HEAD.test(other);
  const tail = before && isCut ? (TAIL.exec(before[1])?.[0] ?? "") : "";
  if (!before || !tail) return void parts.push(["replace", one, other]);
  const rest = before[1].slice(0, before[1].length - tail.length);
  parts.pop();
  if (rest) parts.push(["equal", rest, rest]);
  addChange(parts, "", ""); // joins a change that now stands next to this one
  const last = parts.at(-1)!;
  parts[parts.length - 1] = ["replace", last[1] + tail + one, last[2] + tail + other];
}

/** One side of it: 0 the representative's, 1 the member's. */
export const sideOf = (stretches: readonly Stretch[], side: 0 | 1): Part[] =>
  stretches.map((stretch) => ({ text: stretch[side + 1]!, isChanged: stretch[0] !== "equal" })).filter(({ text }) => text);

/** Two short texts told apart where they begin and end. */
export function between(one: string, other: string): Stretch[] {
  const [a, b] = [[...one], [...other]];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const piece = (letters: string[], from: number, to: number) => letters.slice(from, to).join("");
  const [start, end] = [piece(a, 0, head), piece(a, a.length - tail, a.length)];
  return readable([["equal", start, start], ["replace", piece(a, head, a.length - tail), piece(b, head, b.length - tail)], ["equal", end, end]]);
}
