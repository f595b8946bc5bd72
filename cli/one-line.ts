/** A name that somebody else chose, as one line without control characters, whatever it is. */
export function oneLine(name: string): string {
  return /\p{Cc}/u.test(name) ? JSON.stringify(name).replace(/[\x7f-\x9f]/g, hex) : name;
}

function hex(character: string): string {
  return `\\u00${character.charCodeAt(0).toString(16)}`;
}
