import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import vue from "@vitejs/plugin-vue";
import icons from "unplugin-icons/vite";
import { defineConfig } from "vite";
import { precompress } from "./build/precompress.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const SERVER = process.env.TASKBEAM_URL ?? "http://127.0.0.1:5000";

export default defineConfig(({ command }) => ({
  // `npm run dev` serves the page itself and hands everything else to a running Taskbeam.
  base: command === "build" ? "/static/dashboard/" : "/",
  plugins: [vue({ template: { transformAssetUrls: false } }), tailwindcss(), icons({ compiler: "vue3", autoInstall: false }), precompress(path("../static/dashboard"))],
  resolve: {
    alias: { "@": path("src"), "taskbeam-client": path("../client/src") },
    dedupe: ["vue", "socket.io-client"], // the client's sources are taken as they are, with our copies of these
  },
  define: { __VUE_OPTIONS_API__: "false", __VUE_I18N_LEGACY_API__: "false", __INTLIFY_PROD_DEVTOOLS__: "false" },
  build: {
    outDir: path("../static/dashboard"),
    emptyOutDir: true,
    target: ["chrome123", "firefox121", "safari17.5"], // light-dark() stays as it is written
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    proxy: {
      "/api": SERVER,
      "/static": SERVER,
      "/socket.io": { target: SERVER, ws: true, changeOrigin: true },
      "/ws": { target: SERVER, ws: true, changeOrigin: true },
    },
  },
}));
