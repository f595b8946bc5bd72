import type { Span } from "../span";
import type { CursorContext } from "./context";

/** A request for the names in a folder: the caller lists it, since the language layer sees no disk. */
export interface PathRequest {
  /** Where the path starts: the folder of the file, or the project's root. */
  from: "file" | "root";
  /** The folder as written, up to and with the last slash; empty for the starting folder. */
  folder: string;
  /** What is written before it, with `@base/`. */
  written: string;
  /** Whether a path, as it is written, may stand there. */
  fits: (path: string) => boolean;
  /** The part behind the last slash, up to the end of the word. */
  replace: Span;
  /** A slash stands behind that part. */
  inner: boolean;
  /** Ends of names that fit; every file fits when empty. Folders always fit. */
  extensions: string[];
}

const MODULES = [".mld", ".mld.md", ".md", ".att", ".mtt"];

interface Place {
  /** What stands before the quote or bracket. */
  before: RegExp;
  extensions: string[];
}

const QUOTED: Place[] = [
  { before: /^\s*\/?import\b.*(\bfrom|import|as\s+@[\w-]+)?\s*$/, extensions: MODULES },
  { before: /\btemplate\s+$/, extensions: [".att", ".mtt"] },
  { before: /\b(provider|module|mcps):\s*\[?$/, extensions: [".mld", ".mlld"] },
  { before: /\b(read|write|fs):\s*\[?$/, extensions: [] },
  { before: /\bspec:\s*$/, extensions: [".yaml", ".yml", ".json"] },
  { before: /\bbuild:\s*$/, extensions: [] },
  { before: /\b(output|append)\b.*\bto\s+$/, extensions: [] },
];

/** Whether the cursor stands in a path, and in which one. */
export function pathRequest(text: string, offset: number, context: CursorContext): PathRequest | null {
  const { quote } = context;
  if (quote && (quote.quote === '"' || quote.quote === "'")) {
    const line = text.slice(text.lastIndexOf("\n", quote.start - 1) + 1, quote.start);
    const frame = context.frames.at(-1);
    const inList = frame?.open === "[" ? `${frame.head.trimEnd()} [` : line;
    const place = QUOTED.find(({ before }) => before.test(line) || before.test(inList));
    const written = text.slice(quote.start + 1, offset);
    if (!place || (/^(@[\w-]+\/)?[\w-]+$/.test(written) && /provider:/.test(line))) return null;
    return request(text, offset, quote.quote, written, place.extensions);
  }
  const bracket = /<([^<>\n#{|]*)$/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset));
  if (bracket && (quote === null || quote.quote !== ":::") && !/^[\s=]/.test(bracket[1]!) && looksLikePath(bracket[1]!))
    return request(text, offset, ">", bracket[1]!, []);
  return null;
}

function looksLikePath(written: string): boolean {
  return written === "" || /[./@]/.test(written) || /^[\w-]+$/.test(written);
}

/** URLs and modules of a registry have no folder to look into. */
function request(
  text: string,
  offset: number,
  close: string,
  written: string,
  extensions: string[],
): PathRequest | null {
  if (/^[a-z]+:\/\//i.test(written) || written.startsWith("//") || written.startsWith("\\\\") || /[:*]/.test(written))
    return null;
  const root = /^@(base|root)\//.exec(written);
  if (written.startsWith("@") && !root) return null;
  const path = root ? written.slice(root[0].length) : written;
  const slash = path.lastIndexOf("/") + 1;
  // Names of files may hold blanks, where something says that the path ends.
  const rest = /^[^\n]*/.exec(text.slice(offset, offset + 500))![0];
  const closed = rest.includes(close) ? rest.slice(0, rest.indexOf(close)) : /^[\w./-]*/.exec(rest)![0];
  const length = closed.includes("/") ? closed.indexOf("/") : closed.length;
  return {
    from: root ? "root" : "file",
    folder: path.slice(0, slash),
    written: written.slice(0, written.length - (path.length - slash)),
    fits: () => true,
    replace: { start: offset - (path.length - slash), end: offset + length },
    inner: length < closed.length,
    extensions,
  };
}
