import type { Task } from "taskbeam-client";
import { computed, ref } from "vue";
import { useI18n } from "vue-i18n";
import { type Action, perform } from "./actions";
import { useConfirm } from "@/stores/confirm";
import { useSession } from "@/stores/session";
import { useTasks } from "@/stores/tasks";
import { useToasts } from "@/stores/toasts";

/** Doing something with one task: asked first where it cannot be undone, shown at once, a refusal said. */
export function useTaskAction() {
  const { t } = useI18n();
  const session = useSession();
  const tasks = useTasks();
  const toasts = useToasts();
  const confirm = useConfirm();
  const busy = ref<Action>();
  const isAllowed = computed(() => session.may("tasks:write"));

  /** Whether it was done. */
  async function run(action: Action, task: Task): Promise<boolean> {
    if (!(await isMeant(action, task))) return false;
    busy.value = action;
    const done = await toasts.attempt(async () => {
      const after = await perform(action, task.id);
      if (after) tasks.put([after]);
      return true;
    });
    busy.value = undefined;
    return done ?? false;
  }

  function isMeant(action: Action, task: Task): Promise<boolean> | boolean {
    if (action !== "delete" && action !== "cancel") return true;
    return confirm.ask({
      title: t(`tasks.confirm.${action}`, { name: task.task_name }),
      text: t(`tasks.confirm.${action}Text`),
      action: t(`tasks.actions.${action}`),
      dangerous: true,
    });
  }

  return { busy, run, isAllowed };
}
