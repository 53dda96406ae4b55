import IconSettings from "~icons/lucide/settings";
import { definePage } from "@/page";

export default definePage({
  name: "settings",
  title: { en: "Settings", zh: "设置" },
  icon: IconSettings,
  order: 9,
  path: "/settings",
  routes: [{ path: "/settings", name: "settings", component: () => import("./SettingsPage.vue") }],
  messages: { en: () => import("./en.json"), zh: () => import("./zh.json") },
});
