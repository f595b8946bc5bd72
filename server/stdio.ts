import type { Readable, Writable } from "node:stream";
import { createConnection, ProposedFeatures, type WatchDog } from "vscode-languageserver";
import {
  createProtocolConnection,
  type MessageReader,
  type MessageWriter,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { collectGarbage, keepHeapSmall } from "./heap";
import { nodeFileSystem } from "./node-file-system";
import { serve } from "./server";

/** How often a server looks whether the editor that started it still lives. */
const PARENT_CHECK_MS = 3000;

/** Serves on standard input and output. @returns the exit code: 0 after an orderly shutdown, else 1 */
export function startStdio(): Promise<number> {
  return startOn(process.stdin, process.stdout);
}

/** Serves on two streams until one of them ends or the client says `exit`. */
export function startOn(input: Readable, output: Writable): Promise<number> {
  return startWith(new StreamMessageReader(input), new StreamMessageWriter(output), ended => {
    input.on("end", ended);
    input.on("close", ended);
    // A client that is gone cannot be answered any more.
    output.on("error", ended);
  });
}

/** Serves over a message transport. `onEnd` registers what is to be called when the transport has ended. */
export function startWith(
  reader: MessageReader,
  writer: MessageWriter,
  onEnd: (ended: () => void) => void,
): Promise<number> {
  return new Promise(resolve => {
    let timer: ReturnType<typeof setInterval> | undefined;
    const end = (code: number) => {
      clearInterval(timer);
      resolve(code);
    };
    const watchDog: WatchDog = {
      shutdownReceived: false,
      initialize({ processId }) {
        if (typeof processId !== "number") return;
        timer = setInterval(() => {
          if (!alive(processId)) end(1);
        }, PARENT_CHECK_MS);
        timer.unref();
      },
      exit: end,
    };
    const connection = createConnection(
      logger => createProtocolConnection(reader, writer, logger),
      watchDog,
      ProposedFeatures.all,
    );
    onEnd(() => end(watchDog.shutdownReceived ? 0 : 1));
    keepHeapSmall();
    serve(connection, () => nodeFileSystem, collectGarbage);
    connection.listen();
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
