import type { CredentialRequest, CredentialStore } from "../evaluator";
import type { Redactor } from "./redactor";

export interface CredentialSources {
  variables: NodeJS.ProcessEnv;
  /** From the editor's secret storage, by the name of the credential or of the variable that it fills. */
  stored: ReadonlyMap<string, string>;
  redactor: Redactor;
  /** Reads an entry of the system's keychain; null when there is none. */
  keychain: (service: string, account: string) => Promise<string | null>;
}

/** Looks credentials up, and lets the redactor know each one before anybody can print it. */
export function createCredentialStore(sources: CredentialSources): CredentialStore {
  return {
    async find(request: CredentialRequest): Promise<string | null> {
      const value = await look(request, sources);
      if (value === null || value === "") return null;
      sources.redactor.add(nameOf(request), value);
      return value;
    },
  };
}

async function look(
  request: CredentialRequest,
  { variables, stored, keychain }: CredentialSources,
): Promise<string | null> {
  switch (request.kind) {
    case "variable":
      return variables[request.name] ?? null;
    case "stored":
      return stored.get(request.name) ?? null;
    case "keychain":
      return keychain(request.service, request.account);
  }
}

function nameOf(request: CredentialRequest): string {
  return request.kind === "keychain" ? request.account : request.name;
}
