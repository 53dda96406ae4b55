import IconCopy from "~icons/lucide/copy-check";
import { definePage } from "@/page";

export default definePage({
  name: "duplicates",
  title: { en: "Duplicates", zh: "查重" },
  icon: IconCopy,
  order: 3,
  path: "/duplicates",
  routes: [
    { path: "/duplicates", name: "duplicates", component: () => import("./DuplicatesPage.vue") },
    { path: "/duplicates/:taskId(\\d+)", name: "duplicates.review", component: () => import("./ReviewPage.vue") },
  ],
  messages: { en: () => import("./en.json"), zh: () => import("./zh.json") },
  scope: "tasks:read",
});
