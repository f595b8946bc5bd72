import fc from "fast-check";

// A verdict on a commit has to be repeatable; on a developer's machine every run looks at other cases.
if (process.env.CI) fc.configureGlobal({ seed: 20_260_101 });
