import type { RunEventBody } from "../../protocol/events";
import { RedactedStream, type Redactor } from "./redactor";

type Emit = (event: RunEventBody) => void | Promise<void>;

/** Passes events on with every secret blanked out, also one that is cut in two by the chunks of a command's output. */
export function redactEvents(redactor: Redactor, emit: Emit): Emit {
  const streams = new Map<string, RedactedStream>();
  const keys = (command: number) => [`${command}:stdout`, `${command}:stderr`];

  const flush = (command: number) => {
    const waits: Promise<void>[] = [];
    for (const [index, key] of keys(command).entries()) {
      const text = streams.get(key)?.end();
      streams.delete(key);
      const wait = text ? emit({ event: index === 0 ? "stdout" : "stderr", command, text }) : undefined;
      if (wait) waits.push(wait);
    }
    return waits;
  };

  return event => {
    if (event.event === "stdout" || event.event === "stderr") {
      const key = `${event.command}:${event.event}`;
      let stream = streams.get(key);
      if (!stream) streams.set(key, (stream = new RedactedStream(redactor)));
      const text = stream.push(event.text);
      return text === "" ? undefined : emit({ ...event, text });
    }
    if (event.event === "exit") {
      const waits = flush(event.command);
      const last = emit(event);
      return waits.length > 0 ? Promise.all([...waits, last]).then(() => {}) : last;
    }
    // The kind of an event is no text of the program's.
    return emit({ ...redactor.value(event), event: event.event } as RunEventBody);
  };
}
