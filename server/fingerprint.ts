import type { ModuleSummary } from "../language/semantics";

/** A number that differs, for all practical purposes, when what a file tells its importers differs; places count. */
export function fingerprint(summary: ModuleSummary): number {
  return hash(JSON.stringify(summary, (_, value) => (value instanceof Map ? [...value] : value)));
}

/** 53 bits, by two interleaved multiplicative hashes. */
function hash(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
