import type { Rest } from "taskbeam-client";
import type { QuestionFilters } from "./filters";
import { api, saveAs } from "@/api";

/** What a bank is exported as, and how such files end. */
export const FORMATS = { csv: ".csv", xlsx: ".xlsx", jsonl: ".jsonl", json: ".json", gift: ".gift", aiken: ".aiken.txt" } as const;
export type Format = keyof typeof FORMATS;

const FORBIDDEN = /[\\/:*?"<>|\p{Cc}]+/gu; // in names of files, somewhere

export const fileName = (name: string, suffix: string) => `${name.replace(FORBIDDEN, " ").trim() || "bank"}${suffix}`;

export const exportBank = (bank: Rest.Bank, format: Format, filters: QuestionFilters) =>
  saveAs(fileName(bank.name, FORMATS[format]), api("GET /api/banks/{bank_id}/export", { path: { bank_id: bank.id }, query: { ...filters, format } }));
