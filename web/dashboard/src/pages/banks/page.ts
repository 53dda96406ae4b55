import IconBanks from "~icons/lucide/library";
import { definePage } from "@/page";

export default definePage({
  name: "banks",
  title: { en: "Banks", zh: "题库" },
  icon: IconBanks,
  order: 2,
  path: "/banks",
  routes: [
    { path: "/banks", name: "banks", component: () => import("./BanksPage.vue") },
    { path: "/banks/import", name: "banks.import", component: () => import("./ImportPage.vue") },
    { path: "/banks/:id(\\d+)", name: "banks.one", component: () => import("./BankPage.vue") },
  ],
  messages: { en: () => import("./en.json"), zh: () => import("./zh.json") },
});
