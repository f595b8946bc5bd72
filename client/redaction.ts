/** What a person's machine is called, and what must not leave it. */
export interface PrivateWords {
  home: string;
  user: string;
  /** Absolute paths of workspace folders. */
  folders: readonly string[];
  /** Values of credentials. */
  secrets: readonly string[];
}

/** A shorter word stands in too many others. */
const SHORTEST_WORD = 3;

/**
 * Facts for a public report without names of folders, people and machines: the home folder becomes `~`, hosts in addresses, addresses of
 * machines and registries of images become what they are.
 */
export function redacted(text: string, { home, user, folders, secrets }: PrivateWords): string {
  let facts = text;
  for (const secret of secrets) if (secret.length > SHORTEST_WORD) facts = facts.replaceAll(secret, "***");
  for (const folder of longestFirst(folders)) facts = facts.replaceAll(folder, "<workspace>");
  if (home.length > 1) facts = facts.replaceAll(home, "~");
  facts = facts
    .replace(/\b(tcp|https?|ssh|npipe):\/\/[^\s/,'")]+/g, "$1://<host>")
    .replace(/\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::\d+)?\/(?=[\w-])/gi, "<registry>/")
    .replace(/\b(?!127\.)\d{1,3}(?:\.\d{1,3}){3}\b/g, "<address>")
    .replace(/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, "<address>");
  // The name of the superuser tells nothing, and is a word of its own.
  if (user.length >= SHORTEST_WORD && user !== "root")
    facts = facts.replace(
      new RegExp(`(?<![\\w-])${user.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "g"),
      "<user>",
    );
  return facts;
}

function longestFirst(words: readonly string[]): string[] {
  return words.filter(word => word.length > 1).sort((a, b) => b.length - a.length);
}
