import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEventBody } from "../../../protocol/events";
import { redactEvents } from "../../../runtime/environments/redacted-events";
import { RedactedStream, Redactor } from "../../../runtime/environments/redactor";

const SECRET = 'pa"ss wörd+/=&%\\';

function redactorOf(...secrets: string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add("test", secret);
  return redactor;
}

describe("a redactor", () => {
  it.each([
    ["the value", SECRET],
    ["its JSON form", JSON.stringify(SECRET).slice(1, -1)],
    ["its base64 form", Buffer.from(SECRET).toString("base64")],
    ["its base64 form without padding", Buffer.from(SECRET).toString("base64").replace(/=+$/, "")],
    ["its URL-safe base64 form", Buffer.from(SECRET).toString("base64url")],
    ["its percent-encoded form", encodeURIComponent(SECRET)],
    ["its form-encoded form", encodeURIComponent(SECRET).replace(/%20/g, "+")],
    ["its percent-encoded form in lower case", encodeURIComponent(SECRET).toLowerCase()],
    ["its hexadecimal form", Buffer.from(SECRET).toString("hex")],
    ["its hexadecimal form in upper case", Buffer.from(SECRET).toString("hex").toUpperCase()],
    ["its JSON form in ASCII", JSON.stringify(SECRET).slice(1, -1).replace("ö", "\\u00f6")],
    ["its JSON form with slashes escaped", JSON.stringify(SECRET).slice(1, -1).replace("/", "\\/")],
    ["its percent-encoded form as Python makes it", encodeURIComponent(SECRET).replace("%2F", "/")],
    ["its HTML form", "pa&quot;ss wörd+/=&amp;%\\"],
    ["its form in a shell's double quotes", 'pa\\"ss wörd+/=&%\\\\'],
    ["its form as a word of a shell", 'pa\\"ss\\ w\\örd+/=\\&%\\\\'],
  ])("knows %s", (_, form) => {
    expect(redactorOf(SECRET).text(`before ${form} after`)).toBe("before *** after");
  });

  it.each(["u:", "us:", "use:", "user:", "user1:"])("knows the base64 form inside a longer text (%s…)", prefix => {
    const secret = "s3cr3t-t0ken-value";
    const encoded = Buffer.from(prefix + secret).toString("base64");
    const clean = redactorOf(secret).text(encoded);
    expect(clean).toContain("***");
    // What is left can't be decoded to more than two of its characters at either end.
    const left = Buffer.from(clean.replace("***", " ").split(" ").pop()!, "base64").toString();
    expect(left.length).toBeLessThanOrEqual(2);
  });

  it.each(["'", "(a)!*"])("knows other ways to quote what holds %s", odd => {
    const secret = `s3cr3t${odd}value`;
    const redactor = redactorOf(secret);
    const strict = encodeURIComponent(secret).replace(
      /[!'()*]/g,
      c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    for (const form of [
      strict,
      secret.replaceAll("'", "'\\''"),
      secret.replaceAll("'", `'"'"'`),
      secret.replaceAll("'", "&#39;"),
    ])
      expect(redactor.text(`x ${form} y`)).toBe("x *** y");
  });

  it("knows a value without the line end that stands behind it", () => {
    expect(redactorOf("s3cr3t\n").text(`s3cr3t ${Buffer.from("s3cr3t").toString("base64")}`)).toBe("*** ***");
    expect(() => new Redactor().add("pin", "123\n")).toThrow(/too few/);
  });

  it.each([76, 64, 20])("knows the base64 form in lines of %i characters", width => {
    const secret = "s3cr3t-".repeat(30);
    for (const text of [secret, `user:${secret}`]) {
      const lines = Buffer.from(text)
        .toString("base64")
        .replace(new RegExp(`.{${width}}`, "g"), "$&\n");
      expect(redactorOf(secret).text(lines).length).toBeLessThan(20);
    }
  });

  it("knows very long secrets, and many", () => {
    const secrets = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(5_000));
    const redactor = redactorOf(...secrets);
    expect(redactor.text(`a ${secrets[3]} b ${Buffer.from(secrets[7]!).toString("hex")} c`)).toBe("a *** b *** c");
  });

  it("knows the lines of a secret of several lines", () => {
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7\n-----END KEY-----";
    expect(redactorOf(key).text("line: MIIEvQIBADANBgkqhkiG9w0BAQEF")).toBe("line: ***");
  });

  it("prefers the longer of two secrets that start alike", () => {
    expect(redactorOf("abcd", "abcdefgh").text("abcdefgh abcd")).toBe("*** ***");
  });

  it("refuses a secret that is too short to be told from text, and says which", () => {
    expect(() => new Redactor().add("pin", "123")).toThrow(/'pin' has fewer than 4 characters/);
  });

  it("redacts values at any depth, keys included", () => {
    const redactor = redactorOf("s3cr3t");
    expect(redactor.value({ a: ["x s3cr3t", { "s3cr3t-key": 1 }], n: 2, u: null })).toEqual({
      a: ["x ***", { "***-key": 1 }],
      n: 2,
      u: null,
    });
  });
});

describe("a redacted stream", () => {
  const outcome = (redactor: Redactor, chunks: string[]) => {
    const stream = new RedactedStream(redactor);
    return chunks.map(chunk => stream.push(chunk)).join("") + stream.end();
  };

  it("finds secrets wherever the chunks are cut, and loses nothing else", () => {
    const secrets = ["hunter22", "hunhunter", "tokentoken", "aaaa"];
    const redactor = redactorOf(...secrets);
    const piece = fc.oneof(fc.constantFrom(...secrets, "hun", "hunt", "token", "aa", "a"), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat(), { maxLength: 8 }), (pieces, cuts) => {
        const text = pieces.join("");
        const at = [0, ...cuts.map(cut => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
        const clean = outcome(redactor, chunks);
        for (const secret of secrets) expect(clean.includes(secret)).toBe(false);
        if (!redactor.text(text).includes("***")) expect(clean).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("finds a secret that begins with another one, and base64 in lines, wherever the chunks are cut", () => {
    const secret = "s3cr3t-".repeat(25);
    const redactor = redactorOf("s3cr3t", "s3cr3t-t0ken", secret);
    const lines = Buffer.from(secret).toString("base64").replace(/.{76}/g, "$&\n");
    for (const [text, wanted] of [
      ["a s3cr3t-t0ken b s3cr3t c", "a *** b *** c"],
      [`a\n${lines}\nb`, "a\n***\nb"],
    ] as const) {
      expect(outcome(redactor, [...text])).toBe(wanted);
      for (let cut = 0; cut <= text.length; cut++)
        expect(outcome(redactor, [text.slice(0, cut), text.slice(cut)])).toBe(wanted);
    }
  });

  it("does not hold back lines that only end like the beginning of a secret in base64", () => {
    const stream = new RedactedStream(redactorOf("s3cr3t-t0ken"));
    const first = Buffer.from("s3cr3t-t0ken").toString("base64")[0];
    expect(stream.push(`a line ${first}\n`)).toBe(`a line ${first}\n`);
  });

  it("holds back no more than what may become a secret", () => {
    const stream = new RedactedStream(redactorOf("hunter22"));
    expect(stream.push("I am a hun")).toBe("I am a ");
    expect(stream.push("gry man")).toBe("hungry man");
    expect(stream.push("enter hunter2")).toBe("enter ");
    expect(stream.end()).toBe("hunter2");
  });
});

describe("redacted events", () => {
  it("tells streams and commands apart, and flushes with the exit", () => {
    const events: RunEventBody[] = [];
    const emit = redactEvents(redactorOf("hunter22"), event => void events.push(event));
    void emit({ event: "stdout", command: 1, text: "a hunt" });
    void emit({ event: "stderr", command: 1, text: "er22" });
    void emit({ event: "stdout", command: 2, text: "er22" });
    void emit({ event: "stdout", command: 1, text: "er22 b hun" });
    void emit({ event: "exit", command: 1, exitCode: 0, outcome: "exited", durationMs: 1 });
    expect(events).toEqual([
      { event: "stdout", command: 1, text: "a " },
      { event: "stderr", command: 1, text: "er22" },
      { event: "stdout", command: 2, text: "er22" },
      { event: "stdout", command: 1, text: "*** b " },
      { event: "stdout", command: 1, text: "hun" },
      { event: "exit", command: 1, exitCode: 0, outcome: "exited", durationMs: 1 },
    ]);
  });

  it("keeps the kind of an event, whatever the secret is", () => {
    const events: RunEventBody[] = [];
    void redactEvents(redactorOf("show"), event => void events.push(event))({ event: "show", text: "show" });
    expect(events).toEqual([{ event: "show", text: "***" }]);
  });
});
