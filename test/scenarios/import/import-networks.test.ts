import { expect, it } from "vitest";

import { makeGitRepository, runKeelson } from "../../support/index.ts";

const service = "services:\n  app:\n    image: registry.example/app:1\n";
const joins = (name: string) =>
  `${service}    networks: [front]\nnetworks: { front: { external: true, name: ${name} } }\n`;

const files = {
  "apps/a/compose.yaml": joins("edge"),
  "apps/b/compose.yaml": joins("edge"),
  "apps/alone/compose.yaml": joins("lone"),
  // Of an address, only who has made the network knows the subnet.
  "apps/fixed/compose.yaml": `${service}    networks: { lan: { ipv4_address: 10.9.0.2 } }\nnetworks: { lan: { external: true } }\n`,
  "apps/guest/compose.yaml": joins("lan"),
  "apps/maker/compose.yaml": `${service}networks: { default: { name: made-here } }\n`,
  "apps/made/compose.yaml": joins("made-here"),
  "apps/other/compose.yaml": joins("made-here"),
  "apps/built/compose.yaml": "services: { app: { build: . } }\nnetworks: { mesh: }\n",
  "apps/left/compose.yaml": joins("built_mesh"),
  "apps/right/compose.yaml": joins("built_mesh"),
};

it("keelson import must say for each network that folders join who makes it, and why", async () => {
  await using repository = await makeGitRepository();
  await repository.write(files);
  const options = { cwd: repository.path };
  const { stdout } = await runKeelson(["import", "-n", "box", "--json", "--write"], options);
  const { networks, documents, agent } = JSON.parse(stdout);
  expect(networks).toEqual([
    {
      name: "built_mesh",
      folders: ["apps/left", "apps/right"],
      fate: "grant",
      because: "a folder left out makes it",
    },
    { name: "edge", folders: ["apps/a", "apps/b"], fate: "environment", because: "several join it" },
    {
      name: "lan",
      folders: ["apps/fixed", "apps/guest"],
      fate: "grant",
      because: "its addresses are fixed",
    },
    { name: "lone", folders: ["apps/alone"], fate: "grant", because: "one joins it" },
  ]);
  expect(documents["environments/home/environment.yaml"]).toContain("networks:\n  edge:\npolicy:\n");
  expect(agent).toEqual({ allow: { networks: ["built_mesh", "lan", "lone"] } });
  expect((await runKeelson(["check"], options)).exitCode).toBe(0);
});

it("keelson import must say it in words, with the way out", async () => {
  await using repository = await makeGitRepository();
  await repository.write(files);
  const { stdout } = await runKeelson(["import", "-n", "box"], { cwd: repository.path });
  expect(stdout).toContain(`Networks that folders join:
  built_mesh  apps/left, apps/right
    a folder that is left out makes it: it is granted
  edge  apps/a, apps/b
    no folder makes it: it becomes a network of the environment. If the node has one of this name already, import there with --engine: it is granted then
  lan  apps/fixed, apps/guest
    no folder makes it, and a service has an address of its own there: it is granted, and has to be on the node. To have it made, write networks: { lan: { ipam: … } } in environment.yaml
  lone  apps/alone
    no folder makes it: it is granted, and has to be on the node. To have it made, write networks: { lone: } in environment.yaml
`);
});
