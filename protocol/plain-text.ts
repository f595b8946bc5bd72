/** A value or message as plain text: no control characters but line breaks and tabs. */
export function plainText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** What a program printed, without the sequences that only draw. */
export function withoutSequences(text: string): string {
  return plainText(
    text.replace(/\x1b(?:\[[0-9:;<=>?]*[ -/]*[@-~]|[()][0-9A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -~])/g, ""),
  );
}
