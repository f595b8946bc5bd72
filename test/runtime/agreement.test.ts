/** What the check lets pass, a run does not refuse; what it calls an error, a run refuses; and both mean the same capabilities. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "../../language/diagnostics";
import { type Grants, grantsOf } from "../../language/environment";
import type { Host } from "../../language/host";
import { type Analysis, analyse } from "../../language/semantics";
import type { EnvironmentSpec, Provider } from "../../runtime/providers/provider";
import { envProgram, type ProgramParts } from "../support/env-programs";
import { runProgram } from "./evaluator/harness";

const REFUSAL = /^(?:env\/|ENV_TOOL_DENIED|POLICY_)/;
const TRIALS = { numRuns: 50, endOnFailure: true };

interface Trial {
  /** Codes of the errors that the check finds. */
  told: string[];
  /** Why the run ended, when it did not come to its end. */
  refused: string[];
  /** What environments of `main.mld` were opened with, and what the check says of their blocks. */
  opened: { run: unknown; check: unknown }[];
}

async function trial(files: Record<string, string>): Promise<Trial> {
  const folder = mkdtempSync(join(tmpdir(), "agreement-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const main = join(folder, "main.mld");
    const host = hostOf(files, folder);
    const analysis = analyse(pathToFileURL(main).href, host);
    const told = check(analysis, host).filter(({ severity }) => severity === "error");
    const specs: { ref: string; spec: EnvironmentSpec }[] = [];
    const run = await runProgram({
      path: main,
      text: files["main.mld"]!,
      root: folder,
      local: recorder("local", specs),
      providers: new Proxy({}, { get: (_none, ref: string) => recorder(ref, specs) }),
      credentials: { find: async () => "a value of a credential" },
    });
    const refused = run.outcome.errors.map(({ code, message }) => code ?? message);
    return {
      told: told.map(({ code }) => code),
      refused,
      opened: specs.flatMap(({ ref, spec }) => {
        const grants = spec.file === main ? grantsAt(analysis, spec.line) : null;
        return grants ? [{ run: essence(ref, spec), check: essence(grants.provider ?? "local", grants) }] : [];
      }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hostOf(files: Record<string, string>, folder: string): Host {
  const base = pathToFileURL(folder).href;
  const text = (uri: string): string | null => files[uri.slice(base.length + 1)] ?? null;
  return {
    text,
    exists: uri => text(uri) !== null,
    root: () => base,
    home: pathToFileURL(tmpdir()).href,
    settings: { languageVersion: "auto", severities: {} },
  };
}

/** Notes what is opened; commands do nothing. */
function recorder(ref: string, specs: { ref: string; spec: EnvironmentSpec }[]): Provider {
  return {
    ref,
    async open(spec) {
      specs.push({ ref, spec });
      return {
        name: "recorded",
        created: true,
        execute: async () => ({ kind: "exited", exitCode: 0 }),
        release: async () => {},
        detach: async () => {},
      };
    },
  };
}

/** The grants of the only block at a line, unless an executable holds it: there they depend on the call. */
function grantsAt(analysis: Analysis, line: number | undefined): Grants | null {
  const lineOf = (offset: number) => analysis.file.text.slice(0, offset).split("\n").length;
  const [site, ...more] = analysis.sites.filter(({ kind, node }) => kind === "block" && lineOf(node.start) === line);
  if (!site || more.length > 0 || site.executable) return null;
  const found = grantsOf(analysis.factsOf(site).environment);
  if ("unknown" in found) throw new Error(`not known before the run: ${found.unknown.join(", ")}`);
  return found.grants;
}

function essence(
  ref: string,
  { fs, net, limits, tools }: Pick<Grants, "fs" | "net" | "limits"> & { tools?: string[] | null },
) {
  return { ref, fs, net, limits, tools: tools?.map(name => name.toLowerCase()) ?? null };
}

describe("check and run agree on random programs", () => {
  const kinds: [string, ProgramParts][] = [
    ["with configs and calls", { guards: false, policies: false }],
    ["with policies", { guards: false, policies: true }],
    ["with guards and policies", { guards: true, policies: true }],
  ];
  it.each(kinds)("%s", { timeout: 120_000 }, async (_kind, parts) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async seed => {
        const { files } = envProgram(seed, parts);
        const { told, refused, opened } = await trial(files);
        const program = Object.entries(files)
          .map(([name, text]) => `--- ${name}\n${text}`)
          .join("");
        expect(
          refused.filter(code => !REFUSAL.test(code)),
          program,
        ).toEqual([]);
        // A guard that is never asked is checked, but not run.
        if (!parts.guards)
          expect({ told, refused: refused.length > 0 }, program).toEqual({ told, refused: told.length > 0 });
        else if (told.length === 0) expect(refused, program).toEqual([]);
        if (told.length === 0 && !parts.guards) for (const one of opened) expect(one.run, program).toEqual(one.check);
      }),
      TRIALS,
    );
  });
});
