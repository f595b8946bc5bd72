import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { ProviderError } from "../runtime/providers/provider";
import { createRegistry, dockerEngine, IMAGE_VARIABLE, spritesToken } from "./backends";
import { EXIT, type Io } from "./io";
import { answered } from "./live";

interface Check {
  what: string;
  /** `note` is worth knowing and no fault. */
  state: "ok" | "note" | "fault";
  found: string;
  mend?: string;
}

const NODE_MAJOR = 20;

/** `doctor`: what a run needs, what is there, and what to do about the rest. Exit 1 when there is a fault. */
export async function doctor(args: string[], io: Io): Promise<number> {
  parseArgs({ args, options: {} });
  const checks = [
    checkNode(),
    ...(await checkDocker(io.env)),
    await checkSprites(io.env),
    await checkKeychain(),
    checkEditor(io.env),
  ];
  const width = Math.max(...checks.map(check => check.what.length));
  for (const { what, state, found, mend } of checks) {
    io.stdout.write(`${state.padEnd(5)}  ${what.padEnd(width)}  ${found}\n`);
    if (mend) io.stdout.write(`${" ".repeat(width + 9)}→ ${mend}\n`);
  }
  return checks.some(check => check.state === "fault") ? EXIT.failed : EXIT.ok;
}

function checkNode(): Check {
  const fine = Number(process.versions.node.split(".")[0]) >= NODE_MAJOR;
  const found = `${process.version} on ${process.platform} ${process.arch}, mlld-env ${VERSION}`;
  return fine
    ? { what: "node", state: "ok", found }
    : { what: "node", state: "fault", found, mend: `Install Node ${NODE_MAJOR} or newer.` };
}

async function checkDocker(env: NodeJS.ProcessEnv): Promise<Check[]> {
  const { connectEngine } = await import("../runtime/providers/docker/engine");
  let engine: Awaited<ReturnType<typeof connectEngine>>;
  try {
    engine = await connectEngine(dockerEngine(env));
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return [{ what: "docker", state: "fault", found: error.message, mend: error.mend }];
  }
  const version = await engine.docker.version();
  const checks: Check[] = [
    { what: "docker", state: "ok", found: `Engine ${version.Version}, API ${version.ApiVersion}, at ${engine.label}` },
  ];
  const image = env[IMAGE_VARIABLE];
  if (!image) {
    checks.push({
      what: "image",
      state: "note",
      found: "no default image is set",
      mend: "Set MLLD_ENV_DOCKER_IMAGE, or mlldEnv.docker.image in VS Code, for environments whose config names no image.",
    });
  } else {
    const { hasImage } = await import("../runtime/providers/docker/pull");
    checks.push(
      (await hasImage(engine.docker, image))
        ? { what: "image", state: "ok", found: image }
        : {
            what: "image",
            state: "note",
            found: `${image} is not on this engine`,
            mend: `It is pulled with the first run; 'docker pull ${image}' does it now.`,
          },
    );
  }
  return checks;
}

async function checkSprites(env: NodeJS.ProcessEnv): Promise<Check> {
  const what = "sprites";
  if (spritesToken(env) === null) {
    const mend =
      "Set SPRITES_TOKEN to run environments in Sprites, or store it in VS Code with 'Set Credential' under the name sprites.";
    return { what, state: "note", found: "no token", mend };
  }
  try {
    const sprites = await createRegistry(env).resolve("sprites", "/");
    const environments = (await answered(sprites, signal => sprites.list?.(signal))) ?? [];
    return { what, state: "ok", found: `the token is accepted; environments: ${environments.length}` };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { what, state: "fault", found: error.message, mend: error.mend };
  }
}

async function checkKeychain(): Promise<Check> {
  try {
    await import("@napi-rs/keyring");
    return { what: "keychain", state: "ok", found: "available" };
  } catch {
    return {
      what: "keychain",
      state: "note",
      found: "the system keychain cannot be used from here",
      mend: 'Install @napi-rs/keyring beside mlld-env, or give credentials as `from: "env:NAME"`.',
    };
  }
}

function checkEditor(env: NodeJS.ProcessEnv): Check {
  // An editor starts its own Node so; the variable is kept from all else.
  if (process.env.ELECTRON_RUN_AS_NODE) return { what: "editor", state: "ok", found: "this one" };
  const names =
    process.platform === "win32"
      ? ["code.cmd", "code-insiders.cmd", "codium.cmd"]
      : ["code", "code-insiders", "codium"];
  const found = (env.PATH ?? "")
    .split(delimiter)
    .flatMap(folder => names.map(name => join(folder, name)))
    .find(existsSync);
  return found
    ? { what: "editor", state: "ok", found }
    : {
        what: "editor",
        state: "note",
        found: "no VS Code on the path",
        mend: "Install VS Code with its `code` command; other editors can use 'mlld-env lsp --stdio'.",
      };
}

declare const VERSION: string;
