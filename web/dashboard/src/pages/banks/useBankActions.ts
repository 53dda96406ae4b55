import type { Rest } from "taskbeam-client";
import { useI18n } from "vue-i18n";
import { useRouter } from "vue-router";
import { api } from "@/api";
import { useFormat } from "@/composables/useFormat";
import { useConfirm } from "@/stores/confirm";
import { useToasts } from "@/stores/toasts";

/** Bank 1 is always there. */
export const DEFAULT_BANK = 1;

export function useBankActions() {
  const { t } = useI18n();
  const { number } = useFormat();
  const confirm = useConfirm();
  const toasts = useToasts();
  const router = useRouter();

  /** Asks, then deletes; true when it is gone. */
  async function remove(bank: Rest.Bank): Promise<boolean> {
    const sure = await confirm.ask({
      title: t("banks.confirm.delete", { name: bank.name }),
      text: t("banks.confirm.deleteText", { n: number(bank.question_count) }, bank.question_count),
      action: t("banks.deleteBank"),
      dangerous: true,
    });
    if (!sure) return false;
    const gone = async () => {
      await api("DELETE /api/banks/{bank_id}", { path: { bank_id: bank.id } });
      return true;
    };
    return (await toasts.attempt(gone, t("banks.deleted", { name: bank.name }))) ?? false;
  }

  /** Makes the sample bank, under the next name that is free, and goes there. */
  async function makeSample(banks: readonly Rest.Bank[]) {
    const names = new Set(banks.map((bank) => bank.name));
    const name = t("banks.sample.name");
    let free = name;
    for (let number = 2; names.has(free); number++) free = `${name} ${number}`;
    await toasts.attempt(async () => {
      const { data } = await api("POST /api/banks/sample", { body: { name: free } });
      const id = Number(data.params.bank_id);
      await api("PATCH /api/banks/{bank_id}", { path: { bank_id: id }, body: { description: t("banks.sample.description") } });
      await router.push({ name: "banks.one", params: { id } });
    });
  }

  return { remove, makeSample };
}
