import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const server = process.env.TASKBEAM_URL ?? "http://127.0.0.1:5000";

export default defineConfig({
  root: path("."),
  base: "./",
  plugins: [vue()],
  resolve: { alias: { "taskbeam-client": path("../src") } },
  define: { __VUE_OPTIONS_API__: "false" },
  build: {
    outDir: path("./dist"),
    emptyOutDir: true,
    rolldownOptions: { input: [path("./vue/index.html"), path("./react/index.html")] },
  },
  server: { proxy: { "/api": server, "/socket.io": { target: server, ws: true }, "/ws": { target: server, ws: true } } },
});
