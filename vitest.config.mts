import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/vscode/**", "node_modules/**"],
    globalSetup: ["test/support/home.ts", "test/support/build.ts", "test/support/docker-run.ts"],
    setupFiles: ["test/support/property-seed.ts"],
    testTimeout: 20_000,
    maxWorkers: 2,
  },
});
