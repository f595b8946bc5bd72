import { homedir, userInfo } from "node:os";
import { isAbsolute } from "node:path";

/** The user's home folder; where there is none (`HOME` is unset and the system does not know the user, as in some containers), the root. */
export function homeFolder(): string {
  return homeFolders()[0] ?? "/";
}

/** What `HOME` says, and what the system says. */
export function homeFolders(): string[] {
  const found = [homedir, () => userInfo().homedir].flatMap(ask => {
    try {
      const home = ask();
      return isAbsolute(home) ? [home] : [];
    } catch {
      // The system has no entry for the user.
      return [];
    }
  });
  return [...new Set(found)];
}
