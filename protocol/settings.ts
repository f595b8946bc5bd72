/**
 * Every setting, once: `scripts/manifest.mjs` writes `contributes.configuration` of package.json from it, client and server read values
 * by these names. Names are without the prefix `mlldEnv.`.
 */
interface SettingBase {
  group: SettingGroup;
  description: string;
  /** `machine` for what picks an executable, host or socket: a workspace must not choose it. */
  scope: "resource" | "window" | "machine" | "machine-overridable";
}
export type SettingGroup = "language" | "run" | "explorer" | "docker";
export type SettingEntry = SettingBase &
  (
    | { type: "boolean"; default: boolean }
    | { type: "string"; default: string }
    | { type: "number"; default: number; minimum: number }
    | { type: "enum"; default: string; values: Record<string, string> }
    | { type: "severities"; default: Record<string, never> }
  );

export const SETTING_GROUPS: Record<SettingGroup, string> = {
  language: "Language",
  run: "Running",
  explorer: "Explorer",
  docker: "Docker",
};

export const SETTINGS = {
  languageVersion: {
    group: "language",
    scope: "resource",
    type: "enum",
    default: "auto",
    values: {
      auto: "Accept the spellings of every version.",
      "2.0.4": "Offer `env` first and hint at later spellings.",
      "2.0.5": "Offer `box` first and hint at earlier spellings.",
    },
    description: "The version of mlld that files are written for.",
  },
  "diagnostics.severity": {
    group: "language",
    scope: "resource",
    type: "severities",
    default: {},
    description: "Severity of a diagnostic by its code, such as `env/not-enforced`. `off` hides it.",
  },
  "codeLens.run": {
    group: "language",
    scope: "resource",
    type: "boolean",
    default: true,
    description: "Show *Run env block* over every env block.",
  },
  "codeLens.explain": {
    group: "language",
    scope: "resource",
    type: "boolean",
    default: true,
    description: "Show *Explain environment* over every env block.",
  },
  "inlayHints.enabled": {
    group: "language",
    scope: "resource",
    type: "boolean",
    default: true,
    description: "Show at an env block what its environment allows.",
  },
  coexistence: {
    group: "language",
    scope: "window",
    type: "enum",
    default: "auto",
    values: {
      auto: "While the official mlld extension is active.",
      always: "Always.",
      never: "Never.",
    },
    description: "When to leave general colouring and syntax errors to the official mlld extension.",
  },
  "trace.server": {
    group: "language",
    scope: "window",
    type: "enum",
    default: "off",
    values: {
      off: "No messages.",
      messages: "Names of messages.",
      verbose: "Whole messages.",
    },
    description: "Which messages to and from the language server go to the output channel.",
  },
  "run.saveBeforeRun": {
    group: "run",
    scope: "resource",
    type: "boolean",
    default: true,
    description: "Save the file before it runs. Otherwise the file on disk runs.",
  },
  "run.timeout": {
    group: "run",
    scope: "resource",
    type: "number",
    default: 0,
    minimum: 0,
    description: "Longest duration of a run in seconds. 0 sets no limit.",
  },
  "terminal.reuse": {
    group: "run",
    scope: "window",
    type: "enum",
    default: "block",
    values: {
      block: "One terminal for each block, used again when that block runs again.",
      always: "One terminal for all runs.",
      never: "A new terminal for each run.",
    },
    description: "Which terminal a run uses.",
  },
  "terminal.focus": {
    group: "run",
    scope: "window",
    type: "enum",
    default: "never",
    values: {
      never: "Show the terminal and stay in the editor.",
      always: "Move the focus to the terminal when a run starts.",
      onFailure: "Move the focus to the terminal when a run fails.",
    },
    description: "When the focus moves to the terminal of a run.",
  },
  "terminal.addToPath": {
    group: "run",
    scope: "window",
    type: "boolean",
    default: false,
    description: "Put the command `mlld-env` on the path of new terminals.",
  },
  "explorer.groupBy": {
    group: "explorer",
    scope: "window",
    type: "enum",
    default: "none",
    values: {
      none: "One flat list.",
      provider: "By provider.",
      engine: "By engine.",
      workspace: "By workspace.",
      file: "By the file that made them.",
      state: "By state.",
    },
    description: "How the explorer groups environments.",
  },
  "explorer.sortBy": {
    group: "explorer",
    scope: "window",
    type: "enum",
    default: "name",
    values: {
      name: "By name.",
      created: "The newest first.",
      state: "Running ones first, then by name.",
    },
    description: "In which order the explorer lists environments.",
  },
  "explorer.show": {
    group: "explorer",
    scope: "window",
    type: "enum",
    default: "all",
    values: {
      all: "Environments of every workspace.",
      workspace: "Only environments made by the folders of this window.",
    },
    description: "Which environments the explorer shows.",
  },
  "explorer.confirm": {
    group: "explorer",
    scope: "window",
    type: "boolean",
    default: true,
    description: "Ask before an environment is released or restored: files in it are lost.",
  },
  "explorer.shell": {
    group: "explorer",
    scope: "machine-overridable",
    type: "string",
    default: "",
    description: "Shell that *Open Shell* starts in an environment, such as `bash`. Empty takes the best one there.",
  },
  "docker.image": {
    group: "docker",
    scope: "machine-overridable",
    type: "string",
    default: "",
    description: "Image of Docker environments whose config names neither `image` nor `from`.",
  },
  "docker.host": {
    group: "docker",
    scope: "machine",
    type: "string",
    default: "",
    description:
      "Address of the Docker engine, such as `unix:///var/run/docker.sock`. Empty finds it as the Docker command line does.",
  },
  "docker.context": {
    group: "docker",
    scope: "machine",
    type: "string",
    default: "",
    description: "Docker context to use. Empty uses the current one.",
  },
} as const satisfies Record<string, SettingEntry>;

export type SettingName = keyof typeof SETTINGS;
type ValueOf<E> = E extends { type: "boolean" }
  ? boolean
  : E extends { type: "number" }
    ? number
    : E extends { type: "enum"; values: infer V }
      ? keyof V
      : E extends { type: "severities" }
        ? Record<string, "error" | "warning" | "information" | "hint" | "off">
        : string;
export type SettingValue<K extends SettingName> = ValueOf<(typeof SETTINGS)[K]>;

/** Section of the configuration that holds all of them. */
export const SETTINGS_SECTION = "mlldEnv";
