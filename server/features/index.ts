import type { Feature } from "../context";
import { diagnostics } from "./diagnostics";

/** Everything the server serves. */
export const FEATURES: Feature[] = [diagnostics];
