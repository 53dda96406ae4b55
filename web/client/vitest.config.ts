import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    fileParallelism: false, // they share a server, which some of them restart
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
