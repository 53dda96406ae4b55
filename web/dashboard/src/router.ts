import { createRouter, createWebHistory } from "vue-router";
import { loadMessages } from "@/i18n";
import { pageRoutes } from "@/pages";

export const router = createRouter({
  history: createWebHistory("/"),
  routes: [
    { path: "/", redirect: "/tasks" },
    ...pageRoutes,
    { path: "/:rest(.*)*", name: "not-found", component: () => import("@/components/NotFound.vue") },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? {} : { top: 0 }),
});

router.beforeResolve((to) => loadMessages(to.meta.page));

const RELOADED = "taskbeam.reloaded";

// After an upgrade of the server the hashed files of the page that is open are gone: the new page is taken, once.
router.onError((error, to) => {
  if (!/dynamically imported|Importing a module|Failed to fetch|preload/i.test(String(error))) return;
  if (sessionStorage.getItem(RELOADED) === to.fullPath) return;
  sessionStorage.setItem(RELOADED, to.fullPath);
  location.assign(to.fullPath);
});
router.afterEach(() => sessionStorage.removeItem(RELOADED));
