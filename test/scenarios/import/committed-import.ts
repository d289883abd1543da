import { writeFile } from "node:fs/promises";

import { stringify } from "yaml";

import { gitEnvironment } from "../../support/git-repository.ts";
import { outputOf } from "../../support/index.ts";

interface Home {
  join: (name: string) => string;
}

/** Commits what an import has written, and writes the node's agent.yaml with what it is to permit. */
export async function commitImport(
  repository: { path: string },
  { home, agent }: { home: Home; agent: object },
): Promise<void> {
  await outputOf(["bash", "-c", "git add --all && git commit --quiet --message import"], {
    cwd: repository.path,
    env: gitEnvironment(),
  });
  await writeAgentConfig(repository, { home, agent });
}

/** agent.yaml of the node, in its home, with more that it is to say. */
export async function writeAgentConfig(
  repository: { path: string },
  { home, agent }: { home: Home; agent: object },
): Promise<void> {
  const config = {
    environment: "home",
    node: "box",
    source: { url: repository.path },
    stateDir: home.join("state"),
    keyFile: home.join("node.key"),
    ...agent,
  };
  await writeFile(home.join("agent.yaml"), stringify(config));
}
