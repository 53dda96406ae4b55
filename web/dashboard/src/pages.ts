/** Every page there is: the folders of `pages/` that have a `page.ts`. */
import type { RouteRecordRaw } from "vue-router";
import type { Page } from "@/page";

const modules = import.meta.glob<{ default: Page }>("./pages/*/page.ts", { eager: true });

export const pages: Page[] = Object.values(modules)
  .map((module) => module.default)
  .sort((a, b) => (a.order ?? Infinity) - (b.order ?? Infinity));

export const pageRoutes: RouteRecordRaw[] = pages.flatMap((page) =>
  page.routes.map((route) => ({ ...route, props: true, meta: { page } })),
);
