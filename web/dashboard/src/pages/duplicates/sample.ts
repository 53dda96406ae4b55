import { TaskbeamError } from "taskbeam-client";
import { api, client } from "@/api";

/** A bank of sample questions, and its duplicates looked for: gives the task. */
export async function trySample(name: string): Promise<number> {
  const bank_id = (await madeBefore(name)) ?? (await make(name));
  const { data } = await api("POST /api/dedup/tasks", { body: { task_name: name, bank_id, auto_start: true } });
  return data.id;
}

async function madeBefore(name: string): Promise<number | undefined> {
  const { data } = await api("GET /api/banks", { query: { q: name } });
  return data.find((bank) => bank.name === name && bank.question_count > 0)?.id;
}

async function make(name: string): Promise<number> {
  const { data } = await api("POST /api/banks/sample", { body: { name } });
  const watching = client.watchTask(data.id);
  const { status, error, params } = await watching.ended().finally(() => watching.stop());
  if (status !== "completed") throw new TaskbeamError(error?.code ?? "CANCELLED", error?.message ?? status);
  return (params as { bank_id: number }).bank_id;
}
