import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { AGENT_BINARIES } from "../../../runtime/providers/docker/egress/agent-binaries";

const COMPILERS = ["x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc"];
const canBuild = COMPILERS.every(compiler => spawnSync(compiler, ["--version"]).status === 0);
if (!canBuild) console.warn(`The agent's build is not checked: ${COMPILERS.join(" or ")} is missing`);

describe("the agent's programs", () => {
  it("are small static programs for both processors", () => {
    const machines = { amd64: 62, arm64: 183 };
    for (const [name, machine] of Object.entries(machines)) {
      const bytes = Buffer.from(AGENT_BINARIES[name as keyof typeof AGENT_BINARIES], "base64");
      expect(bytes.subarray(0, 4).toString("latin1")).toBe("\x7fELF");
      expect(bytes.readUInt16LE(18)).toBe(machine);
      expect(bytes.length).toBeLessThan(16_384);
      // No interpreter: nothing of the image is needed.
      const headers = Array.from({ length: bytes.readUInt16LE(56) }, (_, i) =>
        bytes.readUInt32LE(Number(bytes.readBigUInt64LE(32)) + i * bytes.readUInt16LE(54)),
      );
      expect(headers).not.toContain(3);
    }
  });

  it.skipIf(!canBuild)("are what their source compiles to", () => {
    // Another release of the compiler gives other bytes: only the one that built them can tell.
    const version = execFileSync(COMPILERS[0]!, ["-dumpfullversion"], { encoding: "utf8" }).trim();
    const check = spawnSync(process.execPath, ["agent/build.mjs", "--check"], { encoding: "utf8" });
    if (version !== "12.2.0") {
      console.warn(`The agent's build is not compared: it was built with gcc 12.2.0, this is ${version}`);
      expect(check.stdout + check.stderr).not.toMatch(/error:/);
      return;
    }
    expect({ status: check.status, stderr: check.stderr }).toEqual({ status: 0, stderr: "" });
  });
});
