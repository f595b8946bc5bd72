import { describe, expect, it } from "vitest";
import { InputQueue } from "../../cli/run/input-queue";
import type { BorrowedInput } from "../../runtime/evaluator";

const bytes = (text: string) => Buffer.from(text);

function queue(descriptor?: number) {
  const asked: string[] = [];
  const made = new InputQueue({ descriptor, resume: () => asked.push("resume"), pause: () => asked.push("pause") });
  return { made, asked };
}

/** What comes until the input ends. */
async function all(input: BorrowedInput): Promise<string> {
  let text = "";
  for await (const chunk of input) text += Buffer.from(chunk).toString();
  return text;
}

describe("the input of a run", () => {
  it("goes to one command at a time", async () => {
    const { made } = queue();
    const first = made.borrow()!;
    expect(made.borrow()).toBeNull();
    first.giveBack();
    first.giveBack();
    expect(made.borrow()).not.toBeNull();
  });

  it("waits for the command that reads it, and ends for that one alone", async () => {
    const { made } = queue();
    made.push(bytes("typed "));
    const first = made.borrow()!;
    const read = all(first);
    made.push(bytes("ahead"));
    made.end();
    expect(await read).toBe("typed ahead");
    first.giveBack();
    const second = made.borrow()!;
    const more = all(second);
    made.push(bytes("more"));
    made.end();
    expect(await more).toBe("more");
  });

  it("ends for a command that waits when it is given back, and wakes the next one", async () => {
    const { made } = queue();
    const first = made.borrow()!;
    const waiting = all(first);
    first.giveBack();
    const second = made.borrow()!;
    const read = all(second);
    expect(await waiting).toBe("");
    made.push(bytes("late"));
    made.end();
    expect(await read).toBe("late");
  });

  it("keeps what was not read for the next command, before what came later", async () => {
    const { made } = queue();
    const first = made.borrow()!;
    made.push(bytes("later"));
    first.unread!(bytes("rest "));
    first.giveBack();
    made.close();
    const second = made.borrow()!;
    expect(await all(second)).toBe("rest later");
    second.giveBack();
    expect(await all(made.borrow()!)).toBe("");
  });

  it("is asked for only while a command waits, and not when much waits already", async () => {
    const { made, asked } = queue();
    const input = made.borrow()!;
    expect(asked).toEqual([]);
    const reading = all(input);
    await Promise.resolve();
    expect(asked).toEqual(["resume"]);
    made.push(Buffer.alloc(100_000));
    expect(asked).toEqual(["resume", "pause"]);
    made.end();
    await reading;
    input.giveBack();
    expect(asked.at(-1)).toBe("pause");
  });

  it("can be had from its source itself only while nothing of it waits here", () => {
    const { made } = queue(0);
    const first = made.borrow()!;
    expect(first.descriptor).toBe(0);
    first.giveBack();
    made.push(bytes("taken"));
    expect(made.borrow()!.descriptor).toBeUndefined();
  });

  it("is not had from its source once that has ended", () => {
    const { made } = queue(0);
    made.close();
    expect(made.borrow()!.descriptor).toBeUndefined();
  });
});
