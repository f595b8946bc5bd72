import { describe, expect, it } from "vitest";
import { runArguments, runKey, runTitle } from "../../client/run/run-request";

describe("a request to run", () => {
  it("becomes single words of an argv, so that no value is taken for an option", () => {
    expect(
      runArguments({ file: "/w/a b.mld", line: 7, provider: "--keep", input: { k: "-x y" }, dryRun: true, timeout: 5 }),
    ).toEqual([
      "run",
      "--json",
      "--control",
      "--dry-run",
      "--provider=--keep",
      "--timeout=5",
      "--input=k=-x y",
      "/w/a b.mld:7",
    ]);
    expect(runArguments({ file: "/w/a.mld" })).toEqual(["run", "--json", "--control", "/w/a.mld"]);
  });
  it("has a title for people and a key for its terminal", () => {
    expect(runTitle({ file: "/w/a.mld", line: 7, provider: "@mlld/env-docker" })).toBe("a.mld:7 (@mlld/env-docker)");
    expect(runTitle({ file: "/w/a.mld" })).toBe("a.mld");
    expect(runKey({ file: "/w/a.mld", line: 7 })).not.toBe(runKey({ file: "/w/a.mld", line: 8 }));
  });
});
