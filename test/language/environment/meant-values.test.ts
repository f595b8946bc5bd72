/** Values that can be taken, but surely mean something else. */
import { describe, expect, it } from "vitest";
import { checkText, fixed } from "../../support/program";

const config = (field: string): string => `env { provider: "@mlld/env-docker", ${field} } [\n  show "in"\n]\n`;

describe("a value that means something else", () => {
  it.each([
    ['net: "off"', 'net: "none"'],
    ['net: "Disabled"', 'net: "none"'],
    ['net: "None"', 'net: "none"'],
    ['net: "internet"', 'net: "bridge"'],
    ['fs: { read: ["$HOME/.npm"] }', 'fs: { read: ["~/.npm"] }'],
    ['fs: { read: ["${HOME}:/home:ro"] }', 'fs: { read: ["~:/home:ro"] }'],
    ["fs: { write: ['%USERPROFILE%/data:/data'] }", "fs: { write: ['~/data:/data'] }"],
  ])("is told, with what is meant: %s", (written, meant) => {
    const found = checkText(config(written));
    expect(found).toMatchObject([{ code: "env/field-type", severity: "warning" }]);
    expect(fixed(config(written), found[0]!, "Write")).toBe(config(meant));
    expect(checkText(config(meant))).toEqual([]);
  });

  it.each([
    'fs: { read: ["~someone/data:/data"] }',
    'fs: { read: ["./$USER:/data"] }',
    'fs: { read: [{ host: "$HOME/x", container: "/x" }] }',
  ])("is told without a fix where it is not known, or not a text of its own: %s", written =>
    expect(checkText(config(written))).toMatchObject([{ severity: "warning", fixes: [] }]),
  );

  it.each(['net: "backend"', 'fs: { read: ["./src/$lib:/lib", "./100%:/a", "~/x:/b", "./a~b:/c"] }'])(
    "is nothing else: %s",
    written => expect(checkText(config(written))).toEqual([]),
  );

  it("`net: false` is no text, and gets the same fix", () => {
    const found = checkText(config("net: false"));
    expect(found).toMatchObject([{ severity: "error" }]);
    expect(fixed(config("net: false"), found[0]!, "Write")).toBe(config('net: "none"'));
  });
});
