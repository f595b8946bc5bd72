import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

it("the pages in docs/diagnostics are those of the catalog", () => {
  const script = join(__dirname, "../../../scripts/docs-diagnostics.mjs");
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});
