import { createI18n } from "vue-i18n";
import type { Page } from "@/page";

export const LANGUAGES = { zh: "中文", en: "English" } as const;
export type Language = keyof typeof LANGUAGES;

const STORED = "taskbeam.language";
const shell = { zh: () => import("@/locales/zh.json"), en: () => import("@/locales/en.json") };
const loaded = new Set<string>();
let shown: Page | undefined;

export const i18n = createI18n({
  legacy: false,
  locale: preferred(),
  fallbackLocale: "en",
  missingWarn: import.meta.env.DEV,
  fallbackWarn: import.meta.env.DEV,
  messages: {} as Record<Language, never>,
});

export const language = () => i18n.global.locale.value as Language;

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (stored === "zh" || stored === "en") return stored;
  return navigator.languages.some((one) => one.toLowerCase().startsWith("zh")) ? "zh" : "en";
}

/** The shell's texts and those of `page`, in the present language; each is fetched once. */
export async function loadMessages(page?: Page) {
  shown = page ?? shown;
  await loadFor(language());
}

async function loadFor(wanted: Language) {
  await Promise.all([once(wanted, "", shell[wanted]), shown && once(wanted, shown.name, shown.messages[wanted])]);
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
}

/** Nothing is shown in the new language before all its texts are there. */
export async function setLanguage(wanted: Language) {
  await loadFor(wanted);
  i18n.global.locale.value = wanted;
  localStorage.setItem(STORED, wanted);
}

async function once(wanted: Language, name: string, load: () => Promise<{ default: object }>) {
  const key = `${wanted}/${name}`;
  if (loaded.has(key)) return;
  const messages = (await load()).default;
  i18n.global.mergeLocaleMessage(wanted, name ? { [name]: messages } : messages);
  loaded.add(key);
}
