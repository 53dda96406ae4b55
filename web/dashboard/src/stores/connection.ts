import { defineStore } from "pinia";
import { computed, onScopeDispose, shallowRef, watch } from "vue";
import { client } from "@/api";

export type Liveness = "connecting" | "live" | "reconnecting" | "offline";

const PATIENCE = 3000; // ms for the first connection; then the page says that it is not live
const LONG = 30_000; // ms of trying after which nobody expects it to be back at once

/** How true what the page shows is, and since when (Unix seconds) it may not be. */
export const useConnection = defineStore("connection", () => {
  const view = shallowRef(client.connection.get());
  const now = shallowRef(Date.now());
  const lost = shallowRef<number | null>(Date.now()); // ms; when it was last live

  client.connection.subscribe((value) => {
    if (value.state === "live") lost.value = null;
    else lost.value ??= Date.now();
    view.value = value;
  });
  setInterval(() => (now.value = Date.now()), 1000);

  const wasLive = shallowRef(false);
  watch(view, ({ state }) => (wasLive.value ||= state === "live"), { immediate: true });

  const state = computed<Liveness>(() => {
    if (lost.value === null) return "live";
    const passed = now.value - lost.value;
    if (!wasLive.value && passed < PATIENCE) return "connecting";
    return passed > LONG || !navigator.onLine || view.value.state === "refused" ? "offline" : "reconnecting";
  });
  const isLive = computed(() => state.value === "live");
  const isStale = computed(() => state.value === "reconnecting" || state.value === "offline");
  const since = computed(() => (lost.value ?? now.value) / 1000);

  return { state, isLive, isStale, since, retry: () => client.reconnect() };
});

/** Calls `refresh` each time the page has become live again: what was missed meanwhile nobody sent. */
export function onReconnected(refresh: () => void) {
  const connection = useConnection();
  onScopeDispose(watch(() => connection.isLive, (live, before) => live && before === false && refresh()));
}
