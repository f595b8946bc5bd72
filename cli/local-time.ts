/** `2026-11-21 14:04:39`, by the clock of whoever reads; what is no time as it is. */
export function localTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace("T", " ");
}
