import { IPCMessageReader, IPCMessageWriter } from "vscode-languageserver/node";
import { startStdio, startWith } from "./stdio";

/** The program that an editor starts: over Node's channel when it was forked with `--node-ipc`, else over standard input and output. */
const ended = process.argv.includes("--node-ipc")
  ? startWith(new IPCMessageReader(process), new IPCMessageWriter(process), end => process.on("disconnect", end))
  : startStdio();

ended.then(
  code => process.exit(code),
  error => {
    process.stderr.write(`mlld-env: the language server could not start: ${String(error)}\n`);
    process.exit(1);
  },
);
