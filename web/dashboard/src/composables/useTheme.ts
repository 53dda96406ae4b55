import { ref, watch } from "vue";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const STORED = "taskbeam.theme";
const stored = localStorage.getItem(STORED);
const theme = ref<Theme>(THEMES.find((one) => one === stored) ?? "auto");

watch(
  theme,
  (value) => {
    document.documentElement.dataset.theme = value;
    localStorage.setItem(STORED, value);
  },
  { immediate: true },
);

/** The theme chosen on this machine; "auto" follows the system. */
export const useTheme = () => theme;
