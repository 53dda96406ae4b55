import type { Rest } from "taskbeam-client";

const SURE = 0.9; // below it a second engine is asked, too
const DOUBTFUL = 0.7;

export type Tone = "person" | "sure" | "doubtful" | "poor";

/** How far a region's text can be trusted; what a person wrote is a class of its own. */
export function toneOf({ confidence, engine }: Rest.Region): Tone {
  if (engine === "person") return "person";
  return confidence >= SURE ? "sure" : confidence >= DOUBTFUL ? "doubtful" : "poor";
}

export const STROKES: Record<Tone, string> = { person: "stroke-info fill-info/10", sure: "stroke-good fill-good/5", doubtful: "stroke-warn fill-warn/15", poor: "stroke-bad fill-bad/15" };
export const MARKS: Record<Tone, string> = { person: "bg-info-soft", sure: "", doubtful: "bg-warn-soft", poor: "bg-bad-soft" };
