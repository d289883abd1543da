import { makeProgram as makeAgentProgram } from "../apps/agent/src/command-line.ts";
import { makeProgram as makeKeelsonProgram } from "../apps/cli/src/program.ts";
import { type ManSection, manPage } from "./man-page.ts";

const files: ManSection = {
  heading: "FILES",
  entries: [
    ["/etc/keelson/agent.yaml", "What this node is, and where its state repository is."],
    [
      "/etc/keelson/node.key",
      "The node's key, made at the first round. The node owns what was made with it.",
    ],
    ["/var/lib/keelson", "The state folder: the record, placed files, and a copy of the branch."],
  ],
};
const environment: ManSection = {
  heading: "ENVIRONMENT",
  entries: [
    ["DOCKER_HOST", "Address of the Docker engine, where agent.yaml names none."],
    ["KEELSON_CONFIG", "Path of agent.yaml, where no --config names it; default /etc/keelson/agent.yaml."],
    [
      "KEELSON_COMPOSE",
      "Path of the Docker Compose program, instead of the plugin of Docker's command line.",
    ],
  ],
};
const colours = ["NO_COLOR", "Turns colours off."] as const;

const keelsonSections: ManSection[] = [
  {
    heading: "EXIT STATUS",
    entries: [
      ["0", "Done, or nothing to do."],
      ["1", "Problems were found, or the command did not succeed."],
      ["2", "A wrong call."],
      ["3", "There are changes, and --exit-code was given."],
    ],
  },
  { heading: environment.heading, entries: [...environment.entries, colours] },
  files,
  { heading: "SEE ALSO", entries: [["keelson-agent(1)", "What a node runs."]] },
];

const agentSections: ManSection[] = [
  {
    heading: "EXIT STATUS",
    entries: [
      ["0", "The node is as desired; for run: it was stopped."],
      ["1", "The node is not as desired, or the round could not begin."],
      ["2", "A wrong call."],
    ],
  },
  environment,
  files,
  { heading: "SEE ALSO", entries: [["keelson(1)", "What people and pipelines run."]] },
];

/** The manual pages by their file names, such as `keelson.1`. */
export function makeManuals(version: string): Record<string, string> {
  const keelson = makeKeelsonProgram(() => {}, AbortSignal.abort());
  const agent = makeAgentProgram(() => {}, AbortSignal.abort());
  return {
    "keelson.1": manPage(keelson, { version, sections: keelsonSections }),
    "keelson-agent.1": manPage(agent, { version, sections: agentSections }),
  };
}
