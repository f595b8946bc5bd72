import { createHash } from "node:crypto";

/** Sprites have no labels: a name that starts like this is ours, if the record in the sprite says so too. */
export const PREFIX = "mlld-env-";

/** A sprite name is lower case letters, digits and hyphens. What had to be changed is told apart by a hash of the original. */
export function spriteName(environment: string): string {
  const bare = environment.startsWith(PREFIX) ? environment.slice(PREFIX.length) : environment;
  const slug = bare
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  if (slug === bare) return PREFIX + slug;
  const hash = createHash("sha256").update(bare).digest("hex").slice(0, 8);
  return PREFIX + (slug ? `${slug}-${hash}` : hash);
}

/** Whether the core made the name up, as it does for an anonymous environment. */
export function isGenerated(sprite: string): boolean {
  return /^mlld-[0-9a-f]{10}$/.test(sprite.slice(PREFIX.length));
}

export function spritePath(name: string, rest = ""): string {
  return `/v1/sprites/${encodeURIComponent(name)}${rest}`;
}
