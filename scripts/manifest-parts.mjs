// The contributions of package.json that no table of the product holds: language, views, welcome texts, walkthrough, task.
// `text(key, english)` registers a text for package.nls.json and gives its placeholder. Welcome texts have links and no other marks.

const WHEN_READY = "isWorkspaceTrusted && mlldEnv.explorer == ready";

export function language() {
  return {
    languages: [
      {
        id: "mlld",
        aliases: ["mlld"],
        extensions: [".mld", ".mld.md", ".att", ".mtt"],
        configuration: "./syntaxes/language-configuration.json",
        icon: { light: "./media/file.svg", dark: "./media/file.svg" },
      },
    ],
    grammars: [
      { language: "mlld", scopeName: "source.mlld", path: "./syntaxes/mlld.tmLanguage.json" },
      {
        scopeName: "markdown.mlld.codeblock",
        path: "./syntaxes/mlld-markdown.tmLanguage.json",
        injectTo: ["text.html.markdown"],
        embeddedLanguages: { "meta.embedded.block.mlld": "mlld" },
      },
    ],
    snippets: [{ language: "mlld", path: "./syntaxes/snippets.json" }],
  };
}

export function views(text, containerId, viewId) {
  const welcome = (key, when, ...lines) => ({ view: viewId, when, contents: text(`welcome.${key}`, lines.join("\n")) });
  const engineTrouble = (state, words, named) =>
    welcome(
      named ? `${state}.${named}` : state,
      `isWorkspaceTrusted && mlldEnv.explorer == ${state}${named ? ` && mlldEnv.engineNamedBy == ${named}` : ""}`,
      words,
      ...(named === "setting" || !named
        ? [`[Open Settings](command:workbench.action.openSettings?${encodeURIComponent('["mlldEnv.docker"]')})`]
        : []),
      "[Run Doctor](command:mlldEnv.doctor)",
      "[Try Again](command:mlldEnv.environments.refresh)",
    );
  const engineTroubles = (state, texts) =>
    ["setting", "variable", "context"].map((named, i) => engineTrouble(state, texts[i], named));
  return {
    viewsContainers: {
      activitybar: [{ id: containerId, title: text("container.title", "mlld Environments"), icon: "media/view.svg" }],
    },
    views: {
      [containerId]: [
        {
          id: viewId,
          name: text("view.environments", "mlld Environments"),
          icon: "media/view.svg",
          contextualTitle: text("view.environments.contextual", "mlld Environments"),
          visibility: "visible",
        },
      ],
    },
    viewsWelcome: [
      welcome(
        "untrusted",
        "!isWorkspaceTrusted",
        "This folder is not trusted: files are checked, and nothing runs.",
        "[Manage Workspace Trust](command:workbench.trust.manage)",
      ),
      welcome("starting", "isWorkspaceTrusted && !mlldEnv.explorer", "Looking for environments…"),
      welcome(
        "empty",
        WHEN_READY,
        "No environment is live. Named environments appear here when their env block has run.",
        "[Run Env Block…](command:mlldEnv.runBlock)",
        "[Open an Example](command:mlldEnv.openExample)",
        "New here? The [walkthrough](command:mlldEnv.openWalkthrough) takes five minutes.",
      ),
      welcome(
        "noDocker",
        "isWorkspaceTrusted && mlldEnv.explorer == absent",
        "No Docker engine was found. Env blocks without a provider run on this machine all the same; those with @mlld/env-docker need one.",
        "[Install Docker](https://docs.docker.com/get-started/get-docker/)",
        "[Run Doctor](command:mlldEnv.doctor)",
        "[Try Again](command:mlldEnv.environments.refresh)",
        "New here? The [walkthrough](command:mlldEnv.openWalkthrough) works without Docker.",
      ),
      ...engineTroubles(
        "missing",
        [
          ["The setting mlldEnv.docker.host or mlldEnv.docker.context names", "change the setting"],
          ["DOCKER_HOST or DOCKER_CONTEXT names", "change the variable and start the editor again"],
          ["The current Docker context names", "choose another one with 'docker context use'"],
        ].map(
          ([who, mend]) =>
            `${who} a socket that does not exist. Start the engine that makes it; this view follows by itself. Or ${mend}.`,
        ),
      ),
      ...engineTroubles("address", [
        "The setting mlldEnv.docker.host or mlldEnv.docker.context cannot be used: change it.",
        "DOCKER_HOST or DOCKER_CONTEXT cannot be used: change it and start the editor again.",
        "The current Docker context cannot be used. 'docker context ls' lists the others.",
      ]),
      engineTrouble(
        "denied",
        "You have no permission to use the Docker engine. Join the group that owns its socket (often docker) and log in again, or use a rootless engine.",
      ),
      engineTrouble("unreachable", "The Docker engine does not answer. Start it; this view follows by itself."),
      welcome(
        "failed",
        "isWorkspaceTrusted && mlldEnv.explorer == failed",
        "The process that watches environments has ended.",
        "[Start It Again](command:mlldEnv.environments.refresh)",
        "[Show Log](command:mlldEnv.showLog)",
      ),
    ],
  };
}

export function walkthrough(text) {
  const step = (id, title, description, completionEvents) => ({
    id,
    title: text(`walkthrough.${id}.title`, title),
    description: text(`walkthrough.${id}.description`, description),
    media: { markdown: `media/walkthrough/${id}.md` },
    ...(completionEvents ? { completionEvents } : {}),
  });
  return {
    walkthroughs: [
      {
        id: "start",
        title: text("walkthrough.title", "Start with mlld environments"),
        description: text("walkthrough.description", "Check, run and watch env blocks."),
        steps: [
          step(
            "open",
            "Open an example",
            "It is a copy: change it as you like. Or [choose another one](command:toSide:mlldEnv.openExample).\n[Open the First Example](command:toSide:mlldEnv.openExample?%5B%2200-first-steps.mld%22%5D)",
            ["onCommand:mlldEnv.openExample"],
          ),
          step(
            "check",
            "See what a child may not do",
            "A child environment only narrows its parent. What is wider is underlined while you type; F8 goes from one to the next.\n[Show Problems](command:workbench.actions.view.problems)",
            [
              "onView:workbench.panel.markers.view",
              "onCommand:editor.action.marker.next",
              "onCommand:editor.action.marker.nextInFiles",
            ],
          ),
          step(
            "fix",
            "Mend it",
            "Place the cursor in the underlined text, choose the light bulb or press Ctrl+. (⌘. on a Mac), and take the fix that removes the wider item.",
            ["onContext:mlldEnv.mended"],
          ),
          step(
            "run",
            "Run the env block",
            "Choose `Run env block` over the block: its output streams into a terminal. Ctrl+C stops it.",
            ["onContext:mlldEnv.running"],
          ),
          step(
            "look",
            "Look at live environments",
            "The first example's environment ended with its block. [One with a name](command:toSide:mlldEnv.openExample?%5B%2204-named.mld%22%5D) stays until you release it: open a shell in it, read its log.\n[Show Environments](command:mlldEnv.environments.focus)",
            ["onView:mlldEnv.environments"],
          ),
        ],
      },
    ],
  };
}

export function task(text, type) {
  return {
    taskDefinitions: [
      {
        type,
        required: ["file"],
        properties: {
          file: {
            type: "string",
            description: text("task.file", "The file to run, absolute or relative to the workspace folder."),
          },
          line: {
            type: "integer",
            minimum: 1,
            description: text("task.line", "Line of the env block. Without it the whole file runs."),
          },
          provider: {
            type: "string",
            description: text("task.provider", "Provider to run the block in, instead of its own."),
          },
          input: {
            type: "object",
            additionalProperties: { type: "string" },
            description: text("task.input", "Values for the file's inputs and the block's parameters."),
          },
        },
        when: "shellExecutionSupported || processExecutionSupported || customExecutionSupported",
      },
    ],
    problemMatchers: [
      {
        name: "mlld-env",
        owner: "mlld-env",
        source: "mlld-env",
        fileLocation: ["autoDetect", "${workspaceFolder}"],
        // As `mlld-env check` and refused runs print it; hints are no problems.
        pattern: {
          regexp: "^(.+?):(\\d+):(\\d+): (error|warning|info)(?:rmation)?: (.*) \\[([^\\s\\]]+)\\]$",
          file: 1,
          line: 2,
          column: 3,
          severity: 4,
          message: 5,
          code: 6,
        },
      },
    ],
  };
}
