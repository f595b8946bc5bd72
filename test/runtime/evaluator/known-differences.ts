/** Programs of the corpus that print something else here, and why. */
export const KNOWN_DIFFERENCES: Record<string, string> = {};
