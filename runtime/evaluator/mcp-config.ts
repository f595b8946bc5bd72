/** `mcpConfig`: a function that says which MCP servers a block has. What it says is checked; servers are not started by this runner. */
import { isPlainObject } from "../../language/values";
import { invoke } from "./calls";
import type { Context } from "./context";
import { messageOf, RunError } from "./errors";
import { Executable } from "./executable";
import { fieldOf } from "./fields";
import { plain, type Value } from "./value";
import { lookup } from "./variables";

const SOURCES = ["module", "command", "npm"];

/** Calls the block's `mcpConfig`, if it has one. Throws where what it gives is no configuration. */
export async function readMcpConfig(config: Value | null, context: Context): Promise<void> {
  const executable = executableFor(config, context);
  if (executable === null) return;
  const servers = serversOf(plain(await invoke(executable, [], context)));
  if (servers.length === 0) return;
  await context.run.warn(
    `mcpConfig names ${servers.length === 1 ? "an MCP server" : `${servers.length} MCP servers`}: this runner starts none, so their tools cannot be called`,
  );
}

/** The config's own, else one in scope, else that of the only imported module that has one. */
function executableFor(config: Value | null, context: Context): Executable | null {
  const named = config !== null && isPlainObject(config.data) ? fieldOf(config, "mcpConfig").data : undefined;
  if (named instanceof Executable) return named;
  if (typeof named === "string") {
    const found = lookup(named.replace(/^@/, ""), context)?.data;
    if (found instanceof Executable) return found;
    throw new RunError(`mcpConfig reference '${named}' is not executable`, "env/mcp-config");
  }
  if (named !== undefined && named !== null)
    throw new RunError("mcpConfig must reference an executable or executable variable name", "env/mcp-config");
  const inScope = context.scope.find("mcpConfig")?.value.data;
  if (inScope instanceof Executable) return inScope;
  const imported = [...context.module.scope.own()].flatMap(([, { kind, value }]) => {
    const own = kind === "import" && isPlainObject(value.data) ? fieldOf(value, "mcpConfig").data : null;
    return own instanceof Executable ? [own] : [];
  });
  if (imported.length > 1)
    throw new RunError(
      "Multiple environment module mcpConfig functions are available. Set env.mcpConfig explicitly.",
      "env/mcp-config",
    );
  return imported[0] ?? null;
}

function serversOf(output: unknown): unknown[] {
  if (output === null || output === undefined) return [];
  const config = typeof output === "string" ? parsed(output) : output;
  if (!isPlainObject(config)) throw new RunError("mcpConfig output must be an object", "env/mcp-config");
  const { servers = [] } = config;
  if (!Array.isArray(servers)) throw new RunError("mcpConfig.servers must be an array", "env/mcp-config");
  servers.forEach((server, index) => {
    const given = isPlainObject(server) ? SOURCES.filter(name => typeof server[name] === "string") : [];
    if (given.length === 1) return;
    const problem = given.length === 0 ? "must include one of" : "cannot combine";
    throw new RunError(
      `mcpConfig.servers[${index}] ${problem} ${SOURCES.slice(0, 2).join(", ")}, or npm`,
      "env/mcp-config",
    );
  });
  return servers;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RunError(`mcpConfig output is not valid JSON: ${messageOf(cause)}`, "env/mcp-config");
  }
}
