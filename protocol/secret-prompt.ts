import { withoutSequences } from "./plain-text";

/** Words of a question whose answer nobody else should read, and how questions end. */
const SECRET =
  /(?:\b|_)(?:pass(?:word|phrase|code|wd)?|pwd|pin|secret|token|credentials?|(?:api|access|private|secret)[ _-]?key|otp|(?:verification|security|one[ -]time|2fa) code)\b(?:(?![.!?]\s)[^\n]){0,80}[:?>]\s*$/i;
/** A question about a secret that is answered by yes or no. */
const YES_OR_NO = /\by(?:es)?\s*[/|]\s*no?\b/i;
/** UTF-16 units of a line that are looked at. */
const LONGEST_PROMPT = 300;

/**
 * Whether what a program printed last asks for a secret. Its input is a pipe, so a program cannot switch the echo off itself: whoever
 * echoes what is typed has to.
 */
export class SecretPrompt {
  private line = "";

  /** What a program printed; the end of a line that was echoed. */
  push(text: string): void {
    this.line = (text.length < LONGEST_PROMPT ? this.line + text : text)
      .slice(-LONGEST_PROMPT)
      .replace(/^[\s\S]*[\r\n]/, "");
  }

  get asks(): boolean {
    const line = withoutSequences(this.line);
    return SECRET.test(line) && !YES_OR_NO.test(line);
  }
}
