/** Profiles: words for the program, never a capability. */
import type { AbstractObject, AbstractValue } from "../values/abstract";
import type { EnvironmentPolicy } from "./face";
import { optionsOf } from "./possibilities";
import type { Reading } from "./reading";
import { closest } from "./spelling";
import type { ConfigOption, DeclaredConfig, Problem } from "./types";

const ENTRY_KEYS = ["requires", "description"];
/** What `requires` may name. */
const NEED_KEYS = [
  ...["sh", "bash", "network", "net", "filesystem", "fs", "keychain", "cmd"],
  ...["node", "js", "python", "py", "ruby", "rb", "go", "rust"],
];

/** Each entry of `profiles` is an object with `requires` and `description`, and no other key. */
export function checkProfiles(profiles: AbstractObject, reading: Reading): void {
  for (const { key: name, value } of profiles.entries) {
    if (value.kind === "unknown" || value.kind === "oneOf") continue;
    if (value.kind === "object") checkEntry(name, value, reading);
    else reading.type(`the profile '${name}'`, "an object { requires: { … }, description }", value);
  }
}

function checkEntry(name: string, profile: AbstractObject, reading: Reading): void {
  for (const { key, value, keyPlace } of profile.entries) {
    if (!ENTRY_KEYS.includes(key)) reading.unknownKey(key, keyPlace, `the profile '${name}'`, ENTRY_KEYS);
    if (value.kind === "unknown" || value.kind === "oneOf") continue;
    if (key === "description" && !(value.kind === "known" && typeof value.value === "string"))
      reading.type(`the description of the profile '${name}'`, "a string", value);
    if (key !== "requires") continue;
    if (value.kind !== "object") {
      reading.type(`what the profile '${name}' requires`, "an object such as { sh: true }", value);
      continue;
    }
    for (const need of value.entries)
      if (!NEED_KEYS.includes(need.key))
        reading.unknownKey(need.key, need.keyPlace, `what the profile '${name}' requires`, NEED_KEYS);
  }
}

/** `env/unknown-profile`, when the name is surely not among the profiles. */
export function unknownProfile(profile: ConfigOption, profiles: ConfigOption): Problem | null {
  if (profiles.value.kind !== "object" || profiles.value.open) return null;
  const names = profiles.value.entries.map(entry => entry.key);
  if (names.length === 0) return null;
  const wanted = optionsOf(profile.value).map(option =>
    option.kind === "known" && typeof option.value === "string"
      ? { name: option.value.trim(), place: option.place }
      : null,
  );
  if (!wanted.every(option => option !== null && option.name !== "" && !names.includes(option.name))) return null;
  const { name, place } = wanted[0]!;
  const suggestion = closest(name, names);
  return {
    code: "env/unknown-profile",
    severity: "error",
    message: `There is no profile '${name}': the config has ${names.map(n => `'${n}'`).join(", ")}.`,
    place,
    related: profiles.value.place ? [{ place: profiles.value.place, message: "the profiles are declared here" }] : [],
    fixes:
      suggestion && place
        ? [
            {
              kind: "replace",
              title: `Change to '${suggestion}'`,
              place,
              newText: JSON.stringify(suggestion),
              preferred: true,
            },
          ]
        : [],
  };
}

/** The named profile, else the first whose needs policy does not deny, else the last, else the enclosing one. */
export function chooseProfile(
  declared: DeclaredConfig,
  enclosing: string | null | undefined,
  policy: EnvironmentPolicy | undefined,
): string | null | undefined {
  const named = declared.options.profile?.value;
  if (named)
    return named.kind === "known"
      ? typeof named.value === "string" && named.value.trim() !== ""
        ? named.value.trim()
        : null
      : undefined;
  const profiles = declared.options.profiles?.value;
  if (!profiles) return enclosing;
  if (profiles.kind !== "object" || profiles.open) return undefined;
  const fits = profiles.entries.find(({ value }) => needsOf(value).every(need => !policy?.denied.has(need)));
  return (fits ?? profiles.entries.at(-1))?.key ?? enclosing;
}

const NEEDS: Record<string, string> = { net: "network", fs: "filesystem" };

function needsOf(profile: AbstractValue): string[] {
  const requires =
    profile.kind === "object" ? profile.entries.find(entry => entry.key === "requires")?.value : undefined;
  if (requires?.kind !== "object") return [];
  return requires.entries
    .filter(({ value }) => !(value.kind === "known" && value.value === false))
    .map(({ key }) => NEEDS[key] ?? key);
}
