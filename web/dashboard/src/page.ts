import type { Component } from "vue";
import type { Language } from "@/i18n";

type Messages = Record<string, unknown>;
type Lazy<T> = () => Promise<{ default: T }>;

/**
 * What a page folder tells the shell of itself, in its `page.ts`; everything else there is loaded when it is visited.
 *
 * `name` is the folder's, the head of its messages (`t("tasks.title")`) and of its routes' names.
 */
export interface Page {
  name: string;
  title: Record<Language, string>;
  icon: Component;
  /** Place in the navigation; undefined: not shown there. */
  order?: number;
  /** Where the navigation leads. */
  path: string;
  routes: Array<{ path: string; name: string; component: Lazy<Component> }>;
  messages: Record<Language, Lazy<Messages>>;
  /** Scope without which the page is not shown. */
  scope?: string;
}

export const definePage = (page: Page): Page => page;

declare module "vue-router" {
  interface RouteMeta {
    page?: Page;
  }
}
