/** The little of DNS that a resolver on loopback needs: one question in, one answer out. */

export interface Question {
  /** Lower case, without the final dot. */
  name: string;
  type: number;
}

const TYPE_A = 1;
const HEADER = 12;
/** Seconds: an address stays what it is as long as the environment lives. */
const TTL = 60;

/** The question of a query, or null for what isn't a plain query. */
export function parseQuestion(packet: Buffer): Question | null {
  if (packet.length < HEADER + 5 || (packet[2]! & 0xf8) !== 0 || packet.readUInt16BE(4) !== 1) return null;
  const end = endOfQuestion(packet);
  if (end === null) return null;
  const labels: string[] = [];
  for (let at = HEADER; packet[at] !== 0; at += packet[at]! + 1)
    labels.push(packet.toString("latin1", at + 1, at + 1 + packet[at]!));
  return { name: labels.join(".").toLowerCase(), type: packet.readUInt16BE(end - 4) };
}

function endOfQuestion(packet: Buffer): number | null {
  let at = HEADER;
  while (at < packet.length && packet[at] !== 0) {
    // A compressed name makes no sense in a question.
    if (packet[at]! > 63) return null;
    at += packet[at]! + 1;
  }
  return at + 5 <= packet.length ? at + 5 : null;
}

/** The answer to a query: an address, no such name, or (with another type than A) a name without records of that type. */
export function answerTo(query: Buffer, address: string | null): Buffer {
  const end = endOfQuestion(query) ?? HEADER;
  const question = query.subarray(HEADER, end);
  const isAddress = address !== null && end > HEADER && query.readUInt16BE(end - 4) === TYPE_A;
  const header = Buffer.alloc(HEADER);
  query.copy(header, 0, 0, 2);
  // An answer, recursion available; recursion desired as asked. No such name: code 3.
  header[2] = 0x80 | (query[2]! & 0x01);
  header[3] = 0x80 | (address === null ? 3 : 0);
  header.writeUInt16BE(end > HEADER ? 1 : 0, 4);
  header.writeUInt16BE(isAddress ? 1 : 0, 6);
  if (!isAddress) return Buffer.concat([header, question]);
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split(".").map(Number)).copy(record, 12);
  return Buffer.concat([header, question, record]);
}
