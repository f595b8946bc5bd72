/**
 * Runs checks one after the other, each to its end, and prints how they went. An object that is given takes further counts.
 * @param failed what else is known of a failure, as text; may also keep a picture
 */
export async function runChecks(checks, { argument, failed = () => "", counts = { passed: 0, failed: 0 } } = {}) {
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(argument);
      counts.passed++;
      console.log(`  ✔ ${name}`);
    } catch (error) {
      counts.failed++;
      const more = await failed(name, counts.failed);
      console.log(`  ✘ ${name}\n    ${error.stack}${more && `\n${more}`}`);
    }
  }
  return counts;
}
