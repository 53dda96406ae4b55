import { useI18n } from "vue-i18n";
import { useSession } from "@/stores/session";

/** Who decided, as a reader says it. Where no keys are asked for everybody is "local": another window is somebody. */
export function useWho(isOwn: (decision: number | null) => boolean) {
  const { t } = useI18n();
  const session = useSession();

  return (by: string, decision: number | null) => {
    if (isOwn(decision)) return t("duplicates.who.you");
    if (by === "local") return t("duplicates.who.somebody");
    if (by === session.me?.id) return t("duplicates.who.you");
    return by.startsWith("key:") ? t("duplicates.who.key", { n: by.slice(4) }) : by;
  };
}
