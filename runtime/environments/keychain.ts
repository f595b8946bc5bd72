import { messageOf } from "../../protocol/message-of";
import { ProviderError } from "../providers/provider";

/** A keychain that asks the person for a password must not hold a run for ever. Milliseconds. */
const KEYCHAIN_TIMEOUT_MS = 60_000;

/**
 * Reads an entry of the system's keychain; null when there is none, or the system has no keychain that answers (a server without a
 * desktop session): the next source is asked then. The native module is loaded on first use.
 */
export async function readKeychain(service: string, account: string): Promise<string | null> {
  const keyring = await loadKeyring();
  if (!keyring) return null;
  try {
    return (
      (await new keyring.AsyncEntry(service, account).getPassword(AbortSignal.timeout(KEYCHAIN_TIMEOUT_MS))) ?? null
    );
  } catch (error) {
    const message = messageOf(error);
    if (ABSENT.test(message)) return null;
    throw new ProviderError(
      "KEYCHAIN_UNREADABLE",
      `The keychain entry '${service}/${account}' cannot be read: ${message}`,
      "Unlock the keychain.",
    );
  }
}

/** What the library says where no keychain service runs. */
const ABSENT =
  /no (?:matching )?entry|not found|platform secure storage|no (?:storage|default) |D-?Bus|DBus|secret service|not supported|keyutils/i;

async function loadKeyring(): Promise<typeof import("@napi-rs/keyring") | null> {
  try {
    return await import("@napi-rs/keyring");
  } catch {
    // There is no build of it for this system.
    return null;
  }
}
