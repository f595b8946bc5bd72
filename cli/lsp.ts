import { type Io, UsageError } from "./io";

/** `mlld-env lsp --stdio`: serves until the client closes the stream. */
export async function lsp(args: string[], _io: Io): Promise<number> {
  if (args.length !== 1 || args[0] !== "--stdio")
    throw new UsageError("the language server speaks over standard input and output: pass --stdio");
  const { startStdio } = await import("../server/stdio");
  return startStdio();
}
