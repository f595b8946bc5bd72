/** Connections to the outside, for names that a rule lets through. */
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { isPrivateAddress, neighbourhood } from "./rule";

const CONNECT_WITHIN_MS = 10_000;

/** A connection that was not made, with the reason in words. `inside` is what the environment may know of it. */
export class DialRefused extends Error {
  constructor(
    message: string,
    readonly inside = message,
  ) {
    super(message);
  }
}

/**
 * Resolves and connects. An address of a private network is refused, whatever the name is: a name is all that the author allowed, and who
 * owns it must not choose hosts of the author's network. The resolved address is the one that is dialled.
 */
export async function dial(host: string, port: number): Promise<Socket> {
  let addresses: string[];
  try {
    addresses = (await lookup(host, { all: true })).map(found => found.address);
  } catch (error) {
    throw new DialRefused(`its name cannot be resolved (${(error as NodeJS.ErrnoException).code})`);
  }
  const isNear = neighbourhood(networkInterfaces());
  const open = addresses.filter(address => !isPrivateAddress(address) && !isNear(address));
  // Which one is a fact of the author's network.
  if (open.length === 0)
    throw new DialRefused(
      `it resolves to a private address (${addresses.join(", ")})`,
      "it resolves to a private address",
    );
  let failure = "";
  for (const address of open) {
    try {
      return await connectTo(address, port);
    } catch (error) {
      failure = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    }
  }
  throw new DialRefused(`it does not answer (${failure})`);
}

function connectTo(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error("timed out"), { code: "ETIMEDOUT" })),
      CONNECT_WITHIN_MS,
    );
    socket.once("error", reject);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("close", () => clearTimeout(timer));
  });
}
