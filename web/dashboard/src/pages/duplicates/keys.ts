import { onScopeDispose, ref, watch } from "vue";

export const KEYS = { merge: "M", keepAll: "A", notDuplicate: "N", turn: "X", keep: "C", next: "J", previous: "K", nextMember: ".", previousMember: ",", undo: "U", help: "?" } as const;
export type KeyName = keyof typeof KEYS;

const STORED = "taskbeam.duplicates.keys";
const NOT_IN = "input, textarea, select, [contenteditable], [role=menu], [role=listbox], [role=dialog], [role=combobox]";

/** Whether single letters act; who speaks to the computer, or types blindly, switches them off (WCAG 2.1.4). */
const isOn = ref(localStorage.getItem(STORED) !== "off");
watch(isOn, (on) => localStorage.setItem(STORED, on ? "on" : "off"));

export const useKeysSwitch = () => isOn;

export function useKeys(acts: Record<KeyName, () => void>) {
  const names = new Map(Object.entries(KEYS).map(([name, key]) => [key.toLowerCase(), name as KeyName]));

  function onKey(event: KeyboardEvent) {
    if (!isOn.value || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest(NOT_IN)) return;
    const name = names.get(event.key.toLowerCase());
    if (!name || document.querySelector("[role=dialog], [role=menu]")) return;
    event.preventDefault();
    acts[name]();
  }

  addEventListener("keydown", onKey);
  onScopeDispose(() => removeEventListener("keydown", onKey));
}
