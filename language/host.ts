/**
 * How the language layer sees the world: a snapshot that the caller has loaded. Nothing here does I/O; what is missing is
 * reported by the analysis as *wanted*, the caller loads it and asks again.
 */
export interface Host {
  /** The text of a file; `null` when it does not exist or cannot be read, `undefined` when it has not been loaded. */
  text(uri: string): string | null | undefined;
  /** Whether a file exists; `undefined` when that is not known yet. */
  exists(uri: string): boolean | undefined;
  /** The project root for a file: the nearest folder with `mlld-config.json`, `mlld-lock.json`, `package.json`, `.git`, … */
  root(uri: string): string;
  /** The user's home folder as a `file:` URI, for `~`; empty where there is none (a web worker). */
  home: string;
  settings: LanguageSettings;
}

export interface LanguageSettings {
  /** `auto` accepts both spellings; a fixed version hints at the other one. */
  languageVersion: "auto" | "2.0.4" | "2.0.5";
  /** Severity by diagnostic code; `off` hides it. */
  severities: Record<string, "error" | "warning" | "information" | "hint" | "off">;
  /** Provider that whoever runs a program chose for all its environments, as in `run --provider`. */
  provider?: string;
}
