import type { Place } from "../place";

export type Severity = "error" | "warning" | "information" | "hint";

export interface Edit {
  place: Place;
  newText: string;
}

export interface Fix {
  title: string;
  edits: Edit[];
  /** The fix an editor applies first. */
  preferred?: boolean;
}

/** A diagnostic, independent of any protocol. `code` is a key of the catalog. */
export interface Finding {
  code: string;
  severity: Severity;
  message: string;
  place: Place;
  related: { place: Place; message: string }[];
  fixes: Fix[];
}
