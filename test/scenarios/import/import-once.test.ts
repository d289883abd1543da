import { readFile } from "node:fs/promises";

import { expect, it } from "vitest";

import type { ComposeInput } from "../../../libs/model/src/index.ts";
import { readWorkTree } from "../../../libs/git/src/index.ts";
import { wireDesired } from "../../../libs/node/src/index.ts";
import { checkRevision, resolvedOnce } from "../../../libs/reconcile/src/index.ts";
import {
  keelsonCommand,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runKeelson,
} from "../../support/index.ts";
import { findCompose, makeComposeProgram } from "../compose-program.ts";

const service = "services:\n  app:\n    image: registry.example/app:1\n";

const files = {
  "apps/plain/compose.yaml": service,
  "apps/caps/compose.yaml": `${service}    cap_add: [NET_ADMIN]\n`,
  // What a variable brings is seen in the model alone.
  "apps/hidden/compose.yaml": `${service}    cap_add: ["\${CAP}"]\n    volumes: ["\${DIR}:/data"]\n`,
  "apps/hidden/.env": "CAP=NET_ADMIN\nDIR=/srv/data\n",
  "apps/built/compose.yaml": "services: { app: { build: . } }\n",
  "apps/refused/compose.yaml": `${service}    cap_add: 7\n`,
  "apps/bad/compose.yaml": `${service}    ports: ["not a port"]\n`,
  "apps/host/compose.yaml": `${service}    volumes: ["/:/host:ro"]\n`,
  "apps/one/compose.yaml": `name: same\n${service}`,
  "apps/two/compose.yaml": `name: same\n${service}`,
};

const allows: ComposeInput["allow"][] = [
  "all",
  {},
  { capabilities: ["NET_ADMIN"], paths: ["/srv/data"] },
  { capabilities: ["NET_ADMIN"], paths: ["/srv/data/below"] },
  { capabilities: ["SYS_TIME"], paths: ["/"], engineSocket: true },
];

it("keelson import must start Compose once for each folder, however often it tries", async () => {
  await using repository = await makeGitRepository();
  await using folder = await makeTempFolder("keelson-import-");
  await repository.write(files);
  const log = folder.join("calls");
  const program = await makeComposeProgram(folder.path, `printf '%s\\n' "$*" >> '${log}'`);
  const options = { cwd: repository.path, env: { KEELSON_COMPOSE: program } };
  const { stdout } = await runKeelson(["import", "-n", "box", "--json"], options);
  const { projects } = JSON.parse(stdout);
  const imported = projects.filter((each: { imported: boolean }) => each.imported);
  expect(imported.map((each: { folder: string }) => each.folder)).toEqual([
    "apps/caps",
    "apps/hidden",
    "apps/one",
    "apps/plain",
  ]);
  const calls = (await readFile(log, "utf8")).split("\n").filter((line) => line.includes(" config "));
  const names = calls.map((line) => /--project-name=(\S+)/.exec(line)?.[1] ?? "").sort();
  // What the gate refuses never comes to Compose; `one` and `two` have one name.
  expect(names).toEqual(["bad", "caps", "hidden", "host", "plain", "refused", "same", "same"]);
});

it("keelson import must show on a terminal how far it is, and nothing of that elsewhere", async () => {
  await using repository = await makeGitRepository();
  await repository.write(files);
  const command = keelsonCommand(["import", "-n", "box"]);
  const onTerminal = await outputOf(
    ["script", "-qec", `stty cols 100 rows 40; ${command.join(" ")}`, "/dev/null"],
    {
      cwd: repository.path,
      env: plainEnvironment({ TERM: "xterm" }),
    },
  );
  for (const share of ["1 of 9", "8 of 9"])
    expect(onTerminal).toContain(`Trying the folders out, each with Compose … ${share}`);
  expect(onTerminal).toContain("9 projects found, 4 imported, 5 refused.");
  const { stderr } = await runKeelson(["import", "-n", "box"], { cwd: repository.path });
  expect(stderr).toBe("");
});

it("what is resolved once must be judged by each proposal of grants as if it were resolved anew", async () => {
  await using repository = await makeGitRepository();
  await repository.write({
    ...files,
    "environments/home/environment.yaml": `name: home\ndiscover: [{ path: "apps/*" }]\n`,
    "environments/home/nodes/box.yaml": "name: box\n",
  });
  const ports = wireDesired({ composeBinary: await findCompose(), emit: () => {} });
  const inputs: ComposeInput[] = [];
  const noting = {
    ...ports,
    resolveCompose: async (input: ComposeInput) => {
      inputs.push(input);
      return await ports.resolveCompose(input);
    },
  };
  const attributes = { above: [], clone: null };
  await checkRevision(await readWorkTree(repository.path), { ...noting, attributes });
  expect(inputs.length).toBe(Object.keys(files).length - 1);
  const once = resolvedOnce(ports, () => {});
  const problems = new Set<string>();
  for (const input of inputs.flatMap((each) => allows.map((allow) => ({ ...each, allow })))) {
    const known = await once.resolveCompose(input);
    expect(known).toEqual(await ports.resolveCompose(input));
    for (const { code, file } of known.problems) problems.add(`${code} ${file}`);
  }
  for (const folder of ["built", "caps", "hidden", "host", "refused", "bad"])
    expect([...problems].some((each) => each.endsWith(` apps/${folder}/compose.yaml`))).toBe(true);
});
