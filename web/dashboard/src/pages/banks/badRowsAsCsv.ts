import type { Rest } from "taskbeam-client";

const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/; // what a spreadsheet would compute (OWASP, "CSV Injection")

/** RFC 4180, in UTF-8 with a byte order mark, which Excel asks for. */
export function badRowsAsCsv(rows: Rest.BadRow[], header: string[], reasonOf: (row: Rest.BadRow) => string): Blob {
  const lines = [header, ...rows.map((row) => [String(row.line), reasonOf(row), row.reason, row.excerpt])];
  return new Blob(["\ufeff", ...lines.map((cells) => `${cells.map(cellOf).join(",")}\r\n`)], { type: "text/csv" });
}

function cellOf(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
