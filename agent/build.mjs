// Compiles the agent for amd64 and arm64 with Debian's compilers and writes it, as base64, where the runtime takes it from.
//   --check   compiles and fails if the committed binaries differ
// Needs: gcc (or x86_64-linux-gnu-gcc) and gcc-aarch64-linux-gnu. The same compiler gives the same bytes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const target = join(folder, "../runtime/providers/docker/egress/agent-binaries.ts");
const COMPILERS = {
  amd64: ["x86_64-linux-gnu-gcc", "x86_64-linux-gnu-strip"],
  arm64: ["aarch64-linux-gnu-gcc", "aarch64-linux-gnu-strip"],
};
const FLAGS = [
  "-Os",
  "-static",
  "-nostdlib",
  "-nostartfiles",
  "-ffreestanding",
  "-fno-builtin",
  "-fno-pie",
  "-no-pie",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-ident",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wl,--build-id=none",
  "-Wl,-z,noseparate-code",
  "-Wl,-z,norelro",
  "-Wl,-z,noexecstack",
];

function compile(compiler, strip) {
  const work = mkdtempSync(join(tmpdir(), "mlld-env-agent-"));
  try {
    const output = join(work, "agent");
    execFileSync(compiler, [...FLAGS, "-o", output, "agent.c", "egress.c", "run.c"], { cwd: folder, stdio: "inherit" });
    execFileSync(strip, ["--strip-all", "--remove-section=.comment", "--remove-section=.note*", output], {
      stdio: "inherit",
    });
    return readFileSync(output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const binaries = Object.entries(COMPILERS).map(([name, [compiler, strip]]) => [name, compile(compiler, strip)]);
const entries = binaries.map(([name, bytes]) => `  ${name}:\n    "${bytes.toString("base64")}",\n`);
const text = `/** The agent's programs for Linux, in base64. Written by agent/build.mjs from agent/*.c. */\nexport const AGENT_BINARIES = {\n${entries.join("")}};\n`;

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error(
      "runtime/providers/docker/egress/agent-binaries.ts is not what agent/*.c compile to: run node agent/build.mjs",
    );
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
for (const [name, bytes] of binaries) console.log(`${name}: ${bytes.length} bytes`);
