/** What went wrong, in its own words: of an error its message, of anything else that was thrown its text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
