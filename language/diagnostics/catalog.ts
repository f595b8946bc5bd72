import { SYNTAX_ERRORS } from "../syntax";
import type { Severity } from "./finding";

interface CatalogEntry {
  severity: Severity;
  /** A few words, for lists and for the head of the doc page. */
  title: string;
  /** Markdown: what is wrong, why it matters, how to mend it. */
  doc: string;
  /** A program that raises the diagnostic, and the same one mended. Empty for parse errors, whose messages show the right form. */
  example: Example | null;
}

export interface Example {
  wrong: string;
  right: string;
  /** Further files that the programs use. */
  files?: Record<string, string>;
  /** The setting under which the first program is wrong; `auto` where it does not matter. */
  languageVersion?: "2.0.4" | "2.0.5";
}

const DEFINED: Record<string, CatalogEntry> = {
  "env/tools-widened": {
    severity: "error",
    title: "Tools that the parent does not have",
    doc: "An environment may use only tools that its parent has: `with` only those of its config, a nested block only those of the block around it, also when a call enters it. Remove the tool here, or give it to the parent.",
    example: {
      wrong: 'var @reader = { tools: ["Read"] }\nenv @reader with { tools: ["Read", "Write"] } [\n  show "in"\n]\n',
      right: 'var @reader = { tools: ["Read", "Write"] }\nenv @reader with { tools: ["Write"] } [\n  show "in"\n]\n',
    },
  },
  "env/mcps-widened": {
    severity: "error",
    title: "MCP servers that the parent does not have",
    doc: "An environment may reach only MCP servers that its parent has. Servers are the same when they are started by the same command with the same arguments. `mcps: []` blocks every server.",
    example: {
      wrong: 'var @cfg = { mcps: [] }\nenv @cfg with { mcps: ["./files.mld"] } [\n  show "in"\n]\n',
      right: 'var @cfg = { mcps: ["./files.mld"] }\nenv @cfg with { mcps: [] } [\n  show "in"\n]\n',
    },
  },
  "env/fs-widened": {
    severity: "error",
    title: "Files that the parent does not grant",
    doc: "A path must be the same as one that the parent grants, or lie below it; what is only readable there cannot be written here. Paths are compared segment by segment on the host side; the container side is not compared.",
    example: {
      wrong:
        'var @box = { provider: "@mlld/env-docker", fs: { read: ["./src:/app"] } }\nenv @box with { fs: { read: ["./docs:/app"] } } [\n  show "in"\n]\n',
      right:
        'var @box = { provider: "@mlld/env-docker", fs: { read: ["./src:/app"] } }\nenv @box with { fs: { read: ["./src/lib:/app"] } } [\n  show "in"\n]\n',
    },
  },
  "env/net-widened": {
    severity: "error",
    title: "Network that the parent does not grant",
    doc: "From narrow to wide: none, a list of names, `limited`, `bridge`, `host`. Every name of a list must be covered by one of the parent's.",
    example: {
      wrong:
        'var @box = { provider: "@mlld/env-docker", net: "none" }\nenv @box with { net: { allow: ["api.example.com"] } } [\n  show "in"\n]\n',
      right:
        'var @box = { provider: "@mlld/env-docker", net: { allow: ["*.example.com"] } }\nenv @box with { net: { allow: ["api.example.com"] } } [\n  show "in"\n]\n',
    },
  },
  "env/limits-widened": {
    severity: "error",
    title: "Limits above the parent's",
    doc: "Memory, CPUs, processes and time of a child may each be at most what the parent sets.",
    example: {
      wrong:
        'var @box = { provider: "@mlld/env-docker", limits: { mem: "512m" } }\nenv @box with { limits: { mem: "1g" } } [\n  show "in"\n]\n',
      right:
        'var @box = { provider: "@mlld/env-docker", limits: { mem: "1g" } }\nenv @box with { limits: { mem: "512m" } } [\n  show "in"\n]\n',
    },
  },
  "env/auth-widened": {
    severity: "error",
    title: "Credentials that the parent does not inject",
    doc: "Where the parent names the credentials that it injects, a child may name only those. `using auth:name` at a single command is the author's own grant and is not compared.",
    example: {
      wrong:
        'auth @one = "ONE_KEY"\nauth @two = "TWO_KEY"\nvar @cfg = { auth: "one" }\nenv @cfg with { auth: ["one", "two"] } [\n  show "in"\n]\n',
      right:
        'auth @one = "ONE_KEY"\nauth @two = "TWO_KEY"\nvar @cfg = { auth: ["one", "two"] }\nenv @cfg with { auth: "one" } [\n  show "in"\n]\n',
    },
  },
  "env/provider-weakened": {
    severity: "error",
    title: "Leaving the parent's sandbox",
    doc: "Inside a sandbox a child keeps the provider. Running locally again, or in another sandbox, would escape what the parent holds in.",
    example: {
      wrong:
        'var @box = { provider: "@mlld/env-docker" }\nvar @sprite = { provider: "@mlld/env-sprites" }\nenv @box [\n  let @x = env @sprite [ => "in" ]\n  show @x\n]\n',
      right: 'var @box = { provider: "@mlld/env-docker" }\nenv @box [\n  let @x = env @box [ => "in" ]\n  show @x\n]\n',
    },
  },
  "env/unknown-field": {
    severity: "warning",
    title: "Field that environments do not have",
    doc: "The field has no meaning, and is likely a slip: what it should restrict is not restricted. A key that resembles no field is told as information: it may be data of your own. In a `with` only some fields may be set. Providers written in mlld get every further field, so it is not told there.",
    example: {
      wrong: 'var @cfg = { tool: ["Read"] }\nenv @cfg [\n  show "in"\n]\n',
      right: 'var @cfg = { tools: ["Read"] }\nenv @cfg [\n  show "in"\n]\n',
    },
  },
  "env/field-type": {
    severity: "error",
    title: "Field with a value of the wrong type",
    doc: 'The field takes another type of value; the message says which. A warning is told where a value can be taken but surely means something else: `net: "off"` is the name of an engine network, and `$HOME` in a path is a folder of that very name.',
    example: {
      wrong: 'var @cfg = { tools: 5 }\nenv @cfg [\n  show "in"\n]\n',
      right: 'var @cfg = { tools: ["Read"] }\nenv @cfg [\n  show "in"\n]\n',
    },
  },
  "env/config-not-object": {
    severity: "error",
    title: "Config that is no object",
    doc: 'What stands after `env` must be an object, such as `{ tools: ["Read"] }`, or a variable that holds one.',
    example: {
      wrong: 'var @cfg = "sandbox"\nenv @cfg [\n  show "in"\n]\n',
      right: 'var @cfg = { name: "sandbox" }\nenv @cfg [\n  show "in"\n]\n',
    },
  },
  "env/unknown-profile": {
    severity: "error",
    title: "Profile that the config does not define",
    doc: "`profile` names one of the entries of `profiles`. Without `profiles` any name may be used.",
    example: {
      wrong:
        'var @cfg = { profiles: { full: { requires: {} } } }\nenv @cfg with { profile: "readonly" } [\n  show "in"\n]\n',
      right:
        'var @cfg = { profiles: { full: { requires: {} } } }\nenv @cfg with { profile: "full" } [\n  show "in"\n]\n',
    },
  },
  "env/mcps-entry": {
    severity: "error",
    title: "Malformed MCP server",
    doc: "An entry of `mcps` is a string, or an object with exactly one of `module`, `command` (with `args`, a list of strings) and `npm`.",
    example: {
      wrong: 'var @cfg = { mcps: [{ command: "files", npm: "files-mcp" }] }\nenv @cfg [\n  show "in"\n]\n',
      right: 'var @cfg = { mcps: [{ command: "files", args: ["--read"] }] }\nenv @cfg [\n  show "in"\n]\n',
    },
  },
  "env/fs-target": {
    severity: "error",
    title: "Two host paths on one container path",
    doc: "Only one thing can be mounted at a path of the container.",
    example: {
      wrong:
        'var @box = { provider: "@mlld/env-docker", fs: { read: ["./a:/data", "./b:/data"] } }\nenv @box [\n  show "in"\n]\n',
      right:
        'var @box = { provider: "@mlld/env-docker", fs: { read: ["./a:/data/a", "./b:/data/b"] } }\nenv @box [\n  show "in"\n]\n',
    },
  },
  "env/command-needs-bash": {
    severity: "error",
    title: "Command where the tool Bash is not allowed",
    doc: 'Whatever starts a process needs the tool Bash, also when an executable does it: `cmd`, `sh`, `bash`, `node`, `py`, and functions imported from Node.js (mlld 2.0.4 does not ask it of `node` and `py`). `js` is a pure function and needs nothing. Add `"Bash"` to the tools, or run the command outside of the block.',
    example: {
      wrong: 'env { tools: ["Read"] } [\n  run cmd { ls }\n]\n',
      right: 'env { tools: ["Read", "Bash"] } [\n  run cmd { ls }\n]\n',
    },
  },
  "env/not-enforced": {
    severity: "warning",
    title: "Restriction that nothing enforces",
    doc: "Without a sandbox, commands run on this machine with your own rights: `fs`, `net` and `limits` hold nothing back there. Name a provider.",
    example: {
      wrong: 'env { net: "none" } [\n  run cmd { ls }\n]\n',
      right: 'env { provider: "@mlld/env-docker", net: "none" } [\n  run cmd { ls }\n]\n',
    },
  },
  "env/provider-module": {
    severity: "error",
    title: "Provider that is missing or incomplete",
    doc: "A provider is `'@mlld/env-docker'`, `'@mlld/env-sprites'`, or a module by its path. A provider written in mlld exports `@create(opts)`, `@execute(envName, command)` and `@release(envName)`, and may export `@snapshot(envName, name)`.",
    example: {
      wrong: "env { provider: './box.mld' } [\n  run cmd { ls }\n]\n",
      right: "env { provider: './whole.mld' } [\n  run cmd { ls }\n]\n",
      files: {
        "box.mld": 'exe @create(opts) = { envName: "box", created: true }\n',
        "whole.mld":
          'exe @create(opts) = { envName: "box", created: true }\nexe @execute(envName, command) = { stdout: "", stderr: "", exitCode: 0 }\nexe @release(envName) = { }\n',
      },
    },
  },
  "env/spec-file": {
    severity: "error",
    title: "Spec file that is missing or has a mistake",
    doc: "`spec` names an environment spec (YAML or JSON) from which a config takes its image, mounts, network, user, ports, variables, set-up, commands and archives. The related places are the mistakes in that file; `mlld-env check` of the file itself tells each.",
    example: {
      wrong: 'env { spec: "./box.env.yaml", net: "none" } [\n  show "in"\n]\n',
      right: 'env { spec: "./sound.env.yaml", net: "none" } [\n  show "in"\n]\n',
      files: {
        "box.env.yaml": "type: docker\nname: Box\ndocker: {}\n",
        "sound.env.yaml": "type: docker\nname: Box\ndocker: { image: alpine, mount_workspace: false }\n",
      },
    },
  },
  "env/policy-denied": {
    severity: "error",
    title: "Provider, command or code that policy denies",
    doc: "A policy forbids the provider of this environment, or what would run here, so the run would be refused: by `deny`, because an `allow` list does not name it, or because a dangerous command such as `rm -rf` is not under `danger`. Of a command that values are put into the words in front of the first one count.",
    example: {
      wrong:
        "policy @p = { env: { providers: { '@mlld/env-docker': { allowed: false } } } }\nenv { provider: '@mlld/env-docker' } [\n  run cmd { ls }\n]\n",
      right:
        "policy @p = { env: { providers: { '@mlld/env-docker': { allowed: true } } } }\nenv { provider: '@mlld/env-docker' } [\n  run cmd { ls }\n]\n",
    },
  },
  "auth/undefined": {
    severity: "warning",
    title: "Credential that nothing declares",
    doc: 'Declare it with `auth @name = "VARIABLE"` or under `auth` of a policy. A run refuses an undefined credential unless it is found elsewhere.',
    example: {
      wrong: "run cmd { deploy } using auth:prod\n",
      right: 'auth @prod = "PROD_TOKEN"\nrun cmd { deploy } using auth:prod\n',
    },
  },
  "auth/secret-in-command": {
    severity: "warning",
    title: "Secret in the text of a command",
    doc: "Text of a command shows in process lists, histories and logs. Pass a secret with `using @key as NAME`, and let the command read the variable `NAME`.",
    example: {
      wrong: 'var secret @key = "k-123456"\nrun cmd { deploy --token @key }\n',
      right: 'var secret @key = "k-123456"\nrun cmd { deploy } using @key as DEPLOY_TOKEN\n',
    },
  },
  "name/undefined": {
    severity: "warning",
    title: "Name that is not defined",
    doc: "No variable, parameter, import or executable of that name is in scope. Inside texts an undefined name stays as it is written, so only a likely slip is told there.",
    example: { wrong: 'var @greeting = "hello"\nshow @greetin\n', right: 'var @greeting = "hello"\nshow @greeting\n' },
  },
  "name/reserved": {
    severity: "warning",
    title: "Name that mlld uses itself",
    doc: "`@now`, `@base`, `@root`, `@mx`, `@input`, `@payload`, `@debug` and `@keychain` stand for something in every program. A run ends where one of them is defined again; `@input` and `@payload` can be defined here, but not in mlld. Parameters and executables may have any name.",
    example: { wrong: 'var @input = "text"\nshow @input\n', right: 'var @text = "text"\nshow @text\n' },
  },
  "name/redefined": {
    severity: "warning",
    title: "Name that is defined twice",
    doc: "A variable keeps its value: a second definition of that name ends the run, and so does a `let` or `for` in a block that takes the name of a variable, parameter or loop around it. In one block `let @x = …` can be written again; inside `when` any name can be taken.",
    example: {
      wrong: 'var @mode = "read"\nvar @mode = "write"\nshow @mode\n',
      right: 'var @mode = "read"\nvar @next = "write"\nshow @next\n',
    },
  },
  "name/duplicate-key": {
    severity: "warning",
    title: "Key that is written twice",
    doc: "Of two equal keys in one object only the last one counts: what stands at the first is lost, be it a limit or a list of what is denied. Behind a spread a key replaces on purpose, and nothing is told.",
    example: {
      wrong: 'var @cfg = { tools: ["Read"], net: "none", tools: ["Bash"] }\nshow @cfg.net\n',
      right: 'var @cfg = { tools: ["Read", "Bash"], net: "none" }\nshow @cfg.net\n',
    },
  },
  "env/other-version": {
    severity: "hint",
    title: "Spelling of another version of mlld",
    doc: "mlld 2.0.5 calls the block `box`, 2.0.4 calls it `env`. The setting `mlldEnv.languageVersion` says which one your mlld takes; `auto` takes both and tells nothing.",
    example: {
      wrong: 'box { tools: ["Read"] } [\n  show "in"\n]\n',
      right: 'env { tools: ["Read"] } [\n  show "in"\n]\n',
      languageVersion: "2.0.4",
    },
  },
  "name/import-faulty": {
    severity: "error",
    title: "Import of a file that cannot be loaded",
    doc: "The imported file, or one that it imports, has a mistake for which a run would be refused while it loads the file: it cannot be read, or what stands outside of its executables is refused. Mend it there.",
    example: {
      wrong: 'import { @help } from "./help.mld"\nshow @help\n',
      right: 'import { @help } from "./sound.mld"\nshow @help\n',
      files: { "help.mld": 'var @help = "text\n', "sound.mld": 'var @help = "text"\n' },
    },
  },
  "name/import-missing": {
    severity: "warning",
    title: "Import of a file that is not there",
    doc: "Paths start at the folder of the importing file; `@base/` starts at the project's root. The extension `.mld` may be left off.",
    example: {
      wrong: 'import { @help } from "./hepl.mld"\nshow @help\n',
      right: 'import { @help } from "./help.mld"\nshow @help\n',
      files: { "help.mld": 'var @help = "text"\n' },
    },
  },
};

/** Every diagnostic, by its code. */
export const CATALOG: Record<string, CatalogEntry> = {
  ...DEFINED,
  ...Object.fromEntries(
    Object.entries(SYNTAX_ERRORS).map(([code, title]): [string, CatalogEntry] => [
      code,
      {
        severity: "error",
        title,
        doc: "mlld cannot read the program here. The message says what was expected.",
        example: null,
      },
    ]),
  ),
};
