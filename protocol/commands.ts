/**
 * Every command, once: `scripts/manifest.mjs` writes `contributes.commands` and `contributes.menus` of package.json from it.
 *
 * Arguments of the commands that the server's code lenses name: `[uri: string, line: number]`, the document and the zero-based line on
 * which the env block starts, as in LSP.
 */
export interface CommandEntry {
  title: string;
  /** Codicon, for inline actions and view titles. */
  icon?: string;
  /** When the palette offers it; `false` never (commands of a tree item). */
  palette: string | false;
  /** When it can be used at all. */
  enablement?: string;
  menus?: { at: MenuPlace; when: string; group: string }[];
}
type MenuPlace = "view/title" | "view/item/context" | "editor/context" | "editor/title/run" | "explorer/context";

const TRUSTED = "isWorkspaceTrusted";
const IN_MLLD = "editorLangId == mlld && isWorkspaceTrusted";
const VIEW = "view == mlldEnv.environments";
/** There is something to order, filter and release. */
const FILLED = `${TRUSTED} && mlldEnv.anyEnvironment`;
const FILLED_VIEW = `${VIEW} && mlldEnv.anyEnvironment`;
/** `contextValue` of an environment starts with `environment`, followed by its state and what can be done with it. */
const ITEM = `${VIEW} && viewItem =~ /^environment\\b/`;
const itemThat = (ability: string) => `${VIEW} && viewItem =~ /^environment\\b.*\\b${ability}\\b/`;
const SNAPSHOT_ITEM = `${VIEW} && viewItem == snapshot`;

export const COMMANDS = {
  "mlldEnv.runBlock": { title: "Run Env Block…", icon: "play", palette: IN_MLLD, enablement: TRUSTED },
  "mlldEnv.runAtCursor": {
    title: "Run Env Block at Cursor",
    icon: "play",
    palette: IN_MLLD,
    enablement: TRUSTED,
    menus: [
      { at: "editor/context", when: IN_MLLD, group: "mlldEnv@1" },
      { at: "editor/title/run", when: IN_MLLD, group: "mlldEnv@2" },
    ],
  },
  "mlldEnv.runFile": {
    title: "Run File",
    icon: "run-all",
    palette: IN_MLLD,
    enablement: TRUSTED,
    menus: [
      { at: "editor/title/run", when: IN_MLLD, group: "mlldEnv@1" },
      {
        at: "explorer/context",
        when: "resourceFilename =~ /\\.mld(\\.md)?$/ && isWorkspaceTrusted",
        group: "mlldEnv@1",
      },
    ],
  },
  "mlldEnv.runWithInput": { title: "Run Env Block with Input…", palette: IN_MLLD, enablement: TRUSTED },
  "mlldEnv.runElsewhere": { title: "Run Env Block in Another Environment…", palette: IN_MLLD, enablement: TRUSTED },
  "mlldEnv.dryRun": {
    title: "Show Plan of Env Block (Dry Run)",
    palette: IN_MLLD,
    enablement: TRUSTED,
    menus: [
      { at: "editor/context", when: IN_MLLD, group: "mlldEnv@2" },
      { at: "editor/title/run", when: IN_MLLD, group: "mlldEnv@3" },
    ],
  },
  "mlldEnv.runAgain": {
    title: "Run Last Again",
    icon: "debug-rerun",
    palette: `${TRUSTED} && mlldEnv.hasRun`,
    enablement: TRUSTED,
  },
  "mlldEnv.stop": { title: "Stop Run", icon: "debug-stop", palette: "mlldEnv.running", enablement: "mlldEnv.running" },
  "mlldEnv.history": { title: "Show Run History", icon: "history", palette: "mlldEnv.hasRun" },
  "mlldEnv.explain": {
    title: "Explain Environment",
    icon: "info",
    palette: "editorLangId == mlld",
    menus: [{ at: "editor/context", when: "editorLangId == mlld", group: "mlldEnv@3" }],
  },

  "mlldEnv.environments.refresh": {
    title: "Refresh Environments",
    icon: "refresh",
    palette: TRUSTED,
    enablement: TRUSTED,
    menus: [{ at: "view/title", when: VIEW, group: "navigation@3" }],
  },
  "mlldEnv.environments.groupBy": {
    title: "Group Environments By…",
    icon: "list-tree",
    palette: FILLED,
    menus: [{ at: "view/title", when: FILLED_VIEW, group: "navigation@1" }],
  },
  "mlldEnv.environments.filter": {
    title: "Filter Environments…",
    icon: "filter",
    palette: FILLED,
    menus: [{ at: "view/title", when: `${FILLED_VIEW} && !mlldEnv.filtered`, group: "navigation@2" }],
  },
  "mlldEnv.environments.clearFilter": {
    title: "Clear Filter of Environments",
    icon: "filter-filled",
    palette: "mlldEnv.filtered",
    menus: [{ at: "view/title", when: `${FILLED_VIEW} && mlldEnv.filtered`, group: "navigation@2" }],
  },
  "mlldEnv.environments.sortBy": {
    title: "Sort Environments By…",
    palette: FILLED,
    menus: [{ at: "view/title", when: FILLED_VIEW, group: "1_view@1" }],
  },
  "mlldEnv.environments.releaseAll": {
    title: "Release All Environments…",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [
      { at: "view/title", when: FILLED_VIEW, group: "2_release" },
      { at: "view/item/context", when: `${VIEW} && viewItem == group`, group: "4_release@1" },
    ],
  },
  "mlldEnv.environments.openShell": {
    title: "Open Shell",
    icon: "terminal",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [
      { at: "view/item/context", when: itemThat("can-shell"), group: "inline@1" },
      { at: "view/item/context", when: itemThat("can-shell"), group: "1_open@1" },
    ],
  },
  "mlldEnv.environments.openShellWith": {
    title: "Open Shell With…",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: itemThat("can-shell"), group: "1_open@2" }],
  },
  "mlldEnv.environments.logs": {
    title: "Show Environment Log",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: itemThat("listed"), group: "1_open@3" }],
  },
  "mlldEnv.environments.inspect": {
    title: "Inspect Environment",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: itemThat("listed"), group: "1_open@4" }],
  },
  "mlldEnv.environments.runHere": {
    title: "Run Block Here",
    icon: "play",
    palette: false,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: itemThat("source"), group: "0_run@1" }],
  },
  "mlldEnv.environments.reveal": {
    title: "Reveal Block",
    icon: "go-to-file",
    palette: false,
    menus: [
      { at: "view/item/context", when: itemThat("source"), group: "inline@2" },
      { at: "view/item/context", when: itemThat("source"), group: "0_run@2" },
    ],
  },
  "mlldEnv.environments.start": {
    title: "Start Environment",
    icon: "debug-start",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [
      { at: "view/item/context", when: itemThat("can-start"), group: "inline@1" },
      { at: "view/item/context", when: itemThat("can-start"), group: "2_change@1" },
    ],
  },
  "mlldEnv.environments.stop": {
    title: "Stop Environment",
    icon: "debug-stop",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: itemThat("can-stop"), group: "2_change@1" }],
  },
  "mlldEnv.environments.snapshot": {
    title: "Take Snapshot…",
    icon: "device-camera",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [
      { at: "view/item/context", when: itemThat("can-snapshot"), group: "2_change@2" },
      { at: "view/item/context", when: `${VIEW} && viewItem == section-snapshots`, group: "inline@1" },
    ],
  },
  "mlldEnv.environments.restore": {
    title: "Restore Snapshot…",
    icon: "discard",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [
      { at: "view/item/context", when: itemThat("can-restore"), group: "2_change@3" },
      { at: "view/item/context", when: SNAPSHOT_ITEM, group: "inline@1" },
      { at: "view/item/context", when: SNAPSHOT_ITEM, group: "1_open@1" },
    ],
  },
  "mlldEnv.environments.copySnapshot": {
    title: "Copy Reference",
    palette: false,
    menus: [{ at: "view/item/context", when: SNAPSHOT_ITEM, group: "3_copy@1" }],
  },
  "mlldEnv.environments.removeSnapshot": {
    title: "Delete Snapshot…",
    palette: false,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: SNAPSHOT_ITEM, group: "4_release@1" }],
  },
  "mlldEnv.environments.openRun": {
    title: "Show Output",
    palette: false,
    menus: [{ at: "view/item/context", when: `${VIEW} && viewItem == run`, group: "1_open@1" }],
  },
  "mlldEnv.environments.openFile": {
    title: "Open File",
    palette: false,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: `${VIEW} && viewItem == change`, group: "1_open@1" }],
  },
  "mlldEnv.environments.refreshSection": {
    title: "Refresh",
    icon: "refresh",
    palette: false,
    enablement: TRUSTED,
    menus: [{ at: "view/item/context", when: `${VIEW} && viewItem =~ /^section\\b/`, group: "inline@2" }],
  },
  "mlldEnv.environments.copyName": {
    title: "Copy Name",
    palette: false,
    menus: [{ at: "view/item/context", when: ITEM, group: "3_copy@1" }],
  },
  "mlldEnv.environments.release": {
    title: "Release Environment…",
    icon: "trash",
    palette: FILLED,
    enablement: TRUSTED,
    menus: [
      { at: "view/item/context", when: itemThat("listed"), group: "inline@3" },
      { at: "view/item/context", when: itemThat("listed"), group: "4_release@1" },
    ],
  },

  "mlldEnv.secrets.set": { title: "Set Credential…", palette: "true" },
  "mlldEnv.secrets.list": { title: "List Credentials", palette: "true" },
  "mlldEnv.secrets.remove": { title: "Remove Credential…", palette: "true" },
  "mlldEnv.doctor": { title: "Run Doctor", icon: "pulse", palette: TRUSTED, enablement: TRUSTED },
  "mlldEnv.reportIssue": { title: "Report Issue…", palette: "true" },
  "mlldEnv.openExample": { title: "Open an Example", palette: "true" },
  "mlldEnv.openWalkthrough": { title: "Open Walkthrough", palette: "true" },
  "mlldEnv.showLog": { title: "Show Log", palette: "true" },
  "mlldEnv.restartServer": { title: "Restart Language Server", palette: "true" },
} as const satisfies Record<string, CommandEntry>;

export type CommandId = keyof typeof COMMANDS;

/** The category that the palette shows before each title. */
export const COMMAND_CATEGORY = "mlld Env";
export const VIEW_CONTAINER_ID = "mlldEnv";
export const ENVIRONMENTS_VIEW_ID = "mlldEnv.environments";
export const LANGUAGE_ID = "mlld";
/** Type of the task, and `source` of every diagnostic of ours. */
export const TASK_TYPE = "mlld-env";
