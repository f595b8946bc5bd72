/** Every config field, declared once: completion, hover, validation, reading and the docs come from here. */
import type { FieldSpec } from "./face";

type Short = Partial<FieldSpec> & Pick<FieldSpec, "name" | "type" | "doc">;

function field(spec: Short): FieldSpec {
  return {
    aliases: [],
    enforcedBy: "mlld",
    narrows: null,
    allowed: "config",
    createTime: false,
    inherits: true,
    snippet: '"$1"',
    values: [],
    offered: true,
    ...spec,
    // Who enforces a field enforces what is in it.
    fields: (spec.fields ?? []).map(inner => ({ ...inner, enforcedBy: spec.enforcedBy ?? inner.enforcedBy })),
  };
}

const SANDBOX = "The sandbox; without a provider it is not enforced.";

export const FIELDS: readonly FieldSpec[] = [
  field({
    name: "provider",
    type: "string",
    allowed: "both",
    createTime: true,
    enforcedBy: "The runner: every command of the block goes there.",
    narrows: "The same provider, or any when the parent has none.",
    values: ["'@mlld/env-docker'", "'@mlld/env-sprites'"],
    snippet: "'${1|@mlld/env-docker,@mlld/env-sprites|}'",
    doc: "Where commands run: `'@mlld/env-docker'`, `'@mlld/env-sprites'`, or the path of a provider written in mlld. Without one they run on this machine.",
  }),
  field({
    name: "tools",
    type: 'string[] | "a, b" | "*"',
    allowed: "both",
    enforcedBy: "mlld: commands need `Bash`, MCP tools their name.",
    narrows: "A subset, whatever the case of the names.",
    snippet: '["$1"]',
    values: ['"Bash"', '"Read"', '"Write"', '"Edit"', '"Glob"', '"Grep"', '"WebFetch"', '"WebSearch"'],
    doc: "The tools that may be used. `[]` is none. Commands of any kind need `Bash`.",
  }),
  field({
    name: "mcps",
    type: "(string | { module } | { command, args } | { npm })[]",
    allowed: "both",
    enforcedBy: "mlld, when a server is called.",
    narrows: "A subset; commands with equal arguments.",
    snippet: "[$1]",
    doc: "The MCP servers that may be used. `[]` is none.",
  }),
  field({
    name: "fs",
    type: "{ read: path[], write: path[] }",
    allowed: "both",
    createTime: true,
    enforcedBy: SANDBOX,
    narrows: "Paths at or below the parent's, by folders. Writing includes reading.",
    snippet: '{ read: ["${1:.}"], write: [$2] }',
    aliases: ["mounts", "extraMounts", "extra_mounts"],
    doc: "Host paths: `HOST`, `HOST:CONTAINER` or `HOST:CONTAINER:ro`. Relative ones start at the folder of the file in which the block stands, also where the config is imported; `@base/` is the project's root. In a sandbox nothing else of the host is visible; an absolute path in `write` without a colon is a temporary file system there.",
    fields: [
      field({
        name: "read",
        type: "path[]",
        doc: "Readable host paths, each with everything below it.",
        snippet: '["${1:.}"]',
      }),
      field({
        name: "write",
        type: "path[]",
        doc: "Writable host paths, and temporary file systems such as `/tmp`.",
        snippet: '["${1:/tmp}"]',
      }),
    ],
  }),
  field({
    name: "net",
    type: '"none" | { allow: host[] } | "limited" | "bridge" | "host" | network',
    allowed: "both",
    createTime: true,
    enforcedBy: SANDBOX,
    narrows: "none, then a list of hosts, then limited, then bridge, then host.",
    snippet: '"${1|none,limited,bridge,host|}"',
    values: ['"none"', '"limited"', '"bridge"', '"host"', '{ allow: ["$1"] }'],
    aliases: ["network"],
    doc: "Network access. A host is exact or `*.suffix`, with a port or with 443 and 80.",
    fields: [
      field({
        name: "allow",
        type: "host[]",
        doc: "Names that may be reached: `api.example.com`, `*.example.org:443`.",
        snippet: '["$1"]',
      }),
      field({ name: "deny", type: "host[]", doc: "Names that are taken out again.", snippet: '["$1"]' }),
    ],
  }),
  field({
    name: "limits",
    type: "{ mem, cpu, pids, timeout }",
    allowed: "both",
    createTime: true,
    enforcedBy: SANDBOX,
    narrows: "Each at most the parent's.",
    snippet: '{ mem: "${1:512m}" }',
    doc: "Upper bounds; what is not set is the provider's default.",
    fields: [
      field({
        name: "mem",
        type: "size",
        doc: "Memory: `512m`, `0.5g`, or a number of bytes.",
        snippet: '"${1:512m}"',
        aliases: ["memory"],
      }),
      field({ name: "cpu", type: "number", doc: "CPUs, also parts of one.", snippet: "${1:1}", aliases: ["cpus"] }),
      field({ name: "pids", type: "number", doc: "Processes.", snippet: "${1:128}" }),
      field({
        name: "timeout",
        type: "duration",
        doc: "For each command: `30s`, `5m`, or a number of milliseconds.",
        snippet: '"${1:30s}"',
      }),
    ],
  }),
  field({
    name: "auth",
    type: "string | string[]",
    allowed: "both",
    enforcedBy: "The runner: only these credentials are injected.",
    narrows: "A subset of the names.",
    doc: "Credentials that every command gets, by the names of `auth` declarations.",
    snippet: '"$1"',
  }),
  field({
    name: "taint",
    type: "string[]",
    allowed: "both",
    doc: "Labels that results get besides the core's own; they only accumulate.",
    snippet: '["$1"]',
  }),
  field({
    name: "name",
    type: "string",
    allowed: "both",
    inherits: false,
    doc: "Names the environment: it is found again by the next run, and kept.",
    createTime: false,
  }),
  field({
    name: "keep",
    aliases: ["keepContainerAfterClean", "keep_container_after_clean"],
    type: "boolean",
    allowed: "both",
    inherits: false,
    doc: "`false` releases a named environment at `]` if this run made it.",
    snippet: "${1|true,false|}",
    values: ["true", "false"],
  }),
  field({
    name: "from",
    type: "string",
    inherits: false,
    createTime: true,
    doc: "A snapshot to start from.",
    enforcedBy: "The provider.",
  }),
  field({
    name: "snapshot",
    type: "string | { archiveSaveDir, keepGlobs, ignoreGlobs, compression }",
    inherits: false,
    doc: "A name saves the environment under it at `]`. An object saves the project's files as an archive in `archiveSaveDir`.",
    enforcedBy: "The provider.",
  }),
  field({
    name: "profile",
    inherits: false,
    type: "string",
    allowed: "both",
    doc: "The profile in `@mx.profile`: a word for the program, never a capability.",
  }),
  field({
    name: "profiles",
    inherits: false,
    type: "{ name: { requires, description } }",
    doc: "Profiles to choose from: the first whose needs policy does not deny.",
    snippet: "{ ${1:full}: { requires: { $2 } } }",
  }),
  field({
    name: "mcpConfig",
    type: "executable",
    doc: "An executable that gives the configuration of MCP servers.",
    snippet: "@$1",
  }),
  field({ name: "image", type: "string", createTime: true, enforcedBy: "Docker.", doc: "The container image." }),
  field({
    name: "build",
    type: "path",
    createTime: true,
    enforcedBy: "Docker.",
    doc: "A Dockerfile, or its folder, to build the image from.",
    snippet: '"${1:./Dockerfile}"',
  }),
  field({
    name: "workdir",
    type: "path",
    createTime: true,
    enforcedBy: "The provider.",
    doc: "The work folder in the environment, `/workspace` when unset.",
    snippet: '"${1:/workspace}"',
  }),
  field({
    name: "user",
    type: "string",
    createTime: true,
    enforcedBy: "Docker.",
    doc: "User, or `uid:gid`, of processes in the environment.",
  }),
  field({
    name: "ports",
    type: "string[]",
    createTime: true,
    enforcedBy: "Docker.",
    doc: 'Ports published on loopback: `["8080:80"]`.',
    snippet: '["${1:8080:80}"]',
  }),
  field({
    name: "mountWorkspace",
    aliases: ["mount_workspace"],
    type: "boolean",
    createTime: true,
    enforcedBy: "Docker.",
    doc: "Mounts the project at the work folder, for writing.",
    snippet: "${1|true,false|}",
    values: ["true", "false"],
  }),
  field({
    name: "requiresTty",
    aliases: ["requires_tty", "tty"],
    type: "boolean",
    createTime: true,
    enforcedBy: "The provider.",
    doc: "Asks for a terminal.",
    snippet: "${1|true,false|}",
    values: ["true", "false"],
  }),
  field({
    name: "spec",
    type: "path",
    createTime: true,
    doc: "An environment spec file (YAML or JSON) to take options from.",
    snippet: '"./${1:python.env.yaml}"',
  }),
  field({
    name: "evaluate",
    type: "boolean",
    createTime: true,
    doc: "Runs the evaluation set-up of a spec too.",
    snippet: "${1|true,false|}",
    values: ["true", "false"],
  }),
  field({
    name: "staticAssets",
    aliases: ["static_assets"],
    type: "{ name: path }",
    doc: "Files for reading that `{{static:name}}` in `environment` and `setup` means: in a sandbox `/static/…`, else their path here.",
    snippet: '{ ${1:words}: "${2:./words.txt}" }',
  }),
  field({
    name: "entry",
    type: "string",
    doc: "The entry that `commands` of a spec runs: the whole command is in the variable `MLLD_COMMAND`.",
  }),
  ...["environment", "setup", "type", "local", "docker", "binary", "dockerBinary", "docker_binary"].map(name =>
    field({ name, type: "spec option", doc: "An option of environment specs.", createTime: true, offered: false }),
  ),
  ...["commands", "description"].map(name =>
    field({ name, type: "spec option", doc: "An option of environment specs.", offered: false }),
  ),
];

const BY_NAME = new Map(FIELDS.flatMap(spec => [spec.name, ...spec.aliases].map(name => [name, spec] as const)));
const LIMIT_ALIASES: Record<string, string> = { memory: "mem", cpu: "cpu", cpus: "cpu" };

export function fieldNamed(name: string): FieldSpec | undefined {
  const limits = BY_NAME.get("limits")!;
  return (
    BY_NAME.get(name) ??
    (Object.hasOwn(LIMIT_ALIASES, name) ? limits.fields.find(f => f.name === LIMIT_ALIASES[name]) : undefined)
  );
}
