/** Words of a file that completion offers in other files. */
export interface Vocabulary {
  tools: string[];
  providers: string[];
  /** Modules of a registry: `@author/name`. */
  modules: string[];
}

const TOOL_LIST = /\btools\s*:\s*(?:\[([^\]]*)\]|("[^"\n]*"|'[^'\n]*'))/g;
const COLLECTION = /\bvar\s+tools\s+@[\w-]+\s*=\s*\{/g;
const PROVIDER = /\b(?:provider|default)\s*:\s*(?:"([^"\n]+)"|'([^'\n]+)')/g;
const MODULE = /^[ \t]*\/?import\b.*?[ \t](@[\w-]+\/[\w/.-]+)/gm;

/** Names of tools, providers and modules, read from the text: a file that is being typed counts too. */
export function vocabularyOf(text: string): Vocabulary {
  const tools = new Set<string>();
  for (const [, list, single] of text.matchAll(TOOL_LIST)) {
    for (const [, double, simple] of (list ?? single ?? "").matchAll(/"([^"\n]*)"|'([^'\n]*)'/g)) {
      for (const name of (double ?? simple ?? "").split(","))
        if (/^[\w@./:-]+$/.test(name.trim())) tools.add(name.trim());
    }
  }
  for (const match of text.matchAll(COLLECTION))
    for (const name of keysAt(text, match.index + match[0].length)) tools.add(name);
  const providers = [...text.matchAll(PROVIDER)]
    .map(([, double, single]) => double ?? single ?? "")
    .filter(name => /^[\w@./-]+$/.test(name));
  const modules = [...text.matchAll(MODULE)].map(([, name]) => name!);
  return { tools: [...tools], providers: [...new Set(providers)], modules: [...new Set(modules)] };
}

/** Keys of the object whose opening brace ends at an offset. */
function keysAt(text: string, offset: number): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const match of text.slice(offset).matchAll(/[[({]|[\])}]|"(?:\\.|[^"\\])*"|'[^']*'|([\w-]+)\s*:/g)) {
    if (/^[[({]$/.test(match[0])) depth++;
    else if (/^[\])}]$/.test(match[0])) {
      if (--depth < 0) break;
    } else if (depth === 0 && match[1]) keys.push(match[1]);
  }
  return keys;
}
