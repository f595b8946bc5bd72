import { describe, expect, it } from "vitest";
import { SecretPrompt } from "../../protocol/secret-prompt";

const asks = (...parts: string[]) => {
  const prompt = new SecretPrompt();
  for (const part of parts) prompt.push(part);
  return prompt.asks;
};

describe("a prompt", () => {
  it.each([
    "Password: ",
    "[sudo] password for anna: ",
    "Enter passphrase for key '/home/anna/.ssh/id_ed25519': ",
    "\x1b[1mAPI key\x1b[0m: ",
    "GITHUB_TOKEN? ",
    "Verification code:",
    "first line\nSecret> ",
    "progress 100 %\rPIN: ",
  ])("asks for a secret: %j", text => {
    expect(asks(text)).toBe(true);
  });

  it.each([
    "",
    "name: ",
    "Password: \n",
    "Reset the password? [y/N] ",
    "Change the password (yes/no)? ",
    "The token was stored. Continue? ",
    "compass: ",
    "spinning: ",
    "Tokens used: 1200\nFile: ",
  ])("asks for none: %j", text => {
    expect(asks(text)).toBe(false);
  });

  it("may come in parts, between much else", () => {
    expect(asks("x".repeat(100_000), "\nPass", "word", ": ")).toBe(true);
    expect(asks("Password: ", "\r\n")).toBe(false);
  });
});
