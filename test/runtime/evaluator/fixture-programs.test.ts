/**
 * Programs of `test/fixtures/programs` with what they print. A file holds many: `#### name`, the program, `@@ file` with the text of
 * another file, `---`, and the output without blank lines; `!text` is part of the error that ends it. `~~~` stands for a line of `---`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { runProgram } from "./harness";

const FOLDER = join(__dirname, "../../fixtures/programs");

interface Program {
  name: string;
  text: string;
  files: Map<string, string>;
  output: string[];
  error: string | null;
}

function programsOf(file: string): Program[] {
  return readFileSync(join(FOLDER, file), "utf8")
    .split(/^#### /m)
    .slice(1)
    .map(part => {
      const [name = ""] = part.split("\n", 1);
      const rest = part.slice(name.length + 1);
      const end = rest.indexOf("\n---\n");
      const [text = "", ...others] = rest
        .slice(0, end + 1)
        .replaceAll("~~~\n", "---\n")
        .split(/^@@ /m);
      const wanted = lines(rest.slice(end + 5));
      const error = wanted.find(line => line.startsWith("!"))?.slice(1) ?? null;
      const files = new Map(
        others.map(other => {
          const [path = ""] = other.split("\n", 1);
          return [path, other.slice(path.length + 1)];
        }),
      );
      return { name, text, files, output: wanted.filter(line => !line.startsWith("!")), error };
    });
}

const lines = (text: string) =>
  text
    .split("\n")
    .map(line => line.trimEnd())
    .filter(line => line !== "");

async function run(program: Program): Promise<{ printed: string; errors: string[] }> {
  const place = mkdtempSync(join(tmpdir(), "fixture-programs-"));
  try {
    for (const [name, text] of program.files) {
      mkdirSync(dirname(join(place, name)), { recursive: true });
      writeFileSync(join(place, name), text);
    }
    const entry = program.name.endsWith(".md") ? "program.md" : "program.mld";
    return await runProgram({
      path: join(place, entry),
      text: program.text,
      root: place,
      variables: { HOME: "/home/me" },
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

for (const file of readdirSync(FOLDER).sort()) {
  describe(file.replace(".txt", ""), () => {
    for (const program of programsOf(file)) {
      it(program.name, async () => {
        const { printed, errors } = await run(program);
        if (program.error === null) expect(errors).toEqual([]);
        else expect(errors.join("\n")).toContain(program.error);
        expect(lines(printed)).toEqual(program.output);
      });
    }
  });
}
