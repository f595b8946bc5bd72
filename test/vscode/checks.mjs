/**
 * Runs checks one after the other, each to its end, and prints how they went. An object that is given takes further ones.
 * @param failed what else is known of a failure, as text; may also keep a picture
 */
export async function runChecks(checks, { argument, failed = () => "", found = { passed: 0, failed: [] } } = {}) {
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(argument);
      found.passed++;
      console.log(`  ✔ ${name}`);
    } catch (error) {
      found.failed.push(name);
      const more = await failed(name, found.failed.length);
      console.log(`  ✘ ${name}\n    ${error.stack}${more && `\n${more}`}`);
    }
  }
  return found;
}
