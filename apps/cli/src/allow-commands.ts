import { Command } from "commander";

import { addReferenceOptions, configOption } from "./node-options.ts";

// What reaches the host: asked by packages, granted by the environment, permitted by the node.

export function allowExplainCommand(): Command {
  return withRevision(
    new Command("explain").description(
      "show what the packages of a node ask for, who permits it, and which line would",
    ),
  );
}

export function allowListCommand(): Command {
  return withRevision(
    new Command("list").description("list what the environment grants, and what this node permits"),
  );
}

export function allowUnusedCommand(): Command {
  return withRevision(new Command("unused").description("list grants that no package uses, on both sides"));
}

function withRevision(command: Command): Command {
  return addReferenceOptions(command)
    .addOption(configOption())
    .option("--revision <rev>", "a committed revision instead of the work tree");
}
