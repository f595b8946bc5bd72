import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Mode } from "../../language/syntax/tree";

const candidate = process.env.MLLD_CORPUS ?? resolve(__dirname, "../../../shared/corpus");

/** The folder of the corpus; null where it is not present, and tests that need it are skipped. */
export const CORPUS = existsSync(join(candidate, "manifest.tsv")) ? candidate : null;

export interface CorpusFile {
  path: string;
  text: string;
  mode: Mode;
}

/** Files of the given folders of the corpus. */
export function corpusFiles(...folders: string[]): CorpusFile[] {
  return folders.flatMap(folder =>
    readdirSync(join(CORPUS!, folder)).map(name => ({
      path: `${folder}/${name}`,
      text: readFileSync(join(CORPUS!, folder, name), "utf8"),
      mode: folder.startsWith("markdown")
        ? "markdown"
        : name.endsWith(".att")
          ? "att"
          : name.endsWith(".mtt")
            ? "mtt"
            : "strict",
    })),
  );
}
