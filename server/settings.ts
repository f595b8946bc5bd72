import type { LanguageSettings } from "../language/host";
import { SETTINGS, type SettingEntry, type SettingName, type SettingValue } from "../protocol/settings";

/** The settings that the server acts upon, of one workspace folder or of the window. */
export interface ServerSettings {
  language: LanguageSettings;
  runLens: boolean;
  explainLens: boolean;
  inlayHints: boolean;
  coexistence: SettingValue<"coexistence">;
}

/** Reads the section `mlldEnv` as a client sends it. Values of a wrong type count as unset. */
export function readSettings(section: unknown): ServerSettings {
  return {
    language: {
      languageVersion: value(section, "languageVersion"),
      severities: value(section, "diagnostics.severity"),
    },
    runLens: value(section, "codeLens.run"),
    explainLens: value(section, "codeLens.explain"),
    inlayHints: value(section, "inlayHints.enabled"),
    coexistence: value(section, "coexistence"),
  };
}

const SEVERITIES = ["error", "warning", "information", "hint", "off"];

function value<K extends SettingName>(section: unknown, name: K): SettingValue<K> {
  const entry: SettingEntry = SETTINGS[name];
  const found = lookup(section, name);
  return (accepts(entry, found) ? clean(entry, found) : entry.default) as SettingValue<K>;
}

/** Clients send `a.b` nested or as one dotted key. */
function lookup(section: unknown, name: string): unknown {
  if (!isRecord(section)) return undefined;
  if (Object.hasOwn(section, name)) return section[name];
  let at: unknown = section;
  for (const part of name.split(".")) at = isRecord(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  return at;
}

function accepts(entry: SettingEntry, found: unknown): boolean {
  switch (entry.type) {
    case "enum":
      return typeof found === "string" && Object.hasOwn(entry.values, found);
    case "severities":
      return isRecord(found);
    case "number":
      return typeof found === "number" && found >= entry.minimum;
    default:
      return typeof found === entry.type;
  }
}

function clean(entry: SettingEntry, found: unknown): unknown {
  if (entry.type !== "severities") return found;
  return Object.fromEntries(Object.entries(found as object).filter(([, severity]) => SEVERITIES.includes(severity)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
