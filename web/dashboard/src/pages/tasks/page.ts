import IconTasks from "~icons/lucide/list-checks";
import { definePage } from "@/page";

export default definePage({
  name: "tasks",
  title: { en: "Tasks", zh: "任务" },
  icon: IconTasks,
  order: 1,
  path: "/tasks",
  routes: [
    { path: "/tasks", name: "tasks", component: () => import("./TasksPage.vue") },
    { path: "/tasks/:id(\\d+)", name: "tasks.one", component: () => import("./TaskPage.vue") },
  ],
  messages: { en: () => import("./en.json"), zh: () => import("./zh.json") },
});
