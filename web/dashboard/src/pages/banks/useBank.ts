import type { Rest } from "taskbeam-client";
import { shallowRef } from "vue";
import { api } from "@/api";
import { onReconnected } from "@/stores/connection";

/** A bank and the groups of its questions. */
export function useBank(id: number) {
  const bank = shallowRef<Rest.Bank>();
  const groups = shallowRef<Rest.BankGroup[]>([]);
  const error = shallowRef<unknown>();

  async function load() {
    const path = { bank_id: id };
    try {
      const [one, many] = await Promise.all([api("GET /api/banks/{bank_id}", { path }), api("GET /api/banks/{bank_id}/groups", { path })]);
      bank.value = one.data;
      groups.value = many.data;
      error.value = undefined;
    } catch (fault) {
      error.value = fault;
    }
  }
  void load();
  onReconnected(load);
  return { bank, groups, error, load };
}
