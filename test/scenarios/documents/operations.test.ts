import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { type Page, readPage, shellEnvironment, writeShown } from "../../documents/example.ts";
import {
  buildImageArchive,
  checkout,
  findFreePort,
  findLeftovers,
  loadImages,
  makeTempFolder,
  outputOf,
  startEngine,
  startGitServer,
} from "../../support/index.ts";
import { endAgent, replaceAll, walkPage } from "./page-walk.ts";

it("the operations must answer what they show, and leave nothing", async () => {
  const page = await readPage("docs/operations.md");
  await using home = await makeTempFolder("keelson-home-");
  await using engine = await startEngine();
  await using server = await startGitServer();
  await using stack = new AsyncDisposableStack();
  const pidFile = home.join("agent.pid");
  stack.defer(async () => endAgent(pidFile));
  const images = ["api", "web"].map(async (name) =>
    buildImageArchive({ tag: `keelson-sample/${name}:1.0.0` }),
  );
  await loadImages(engine.docker, await Promise.all(images));

  // The node's files are below the home, so that nothing of this machine is touched.
  const inPlaceOf = {
    "/opt/keelson/": checkout,
    "/usr/local/bin": home.join("usr/local/bin"),
    "/etc/keelson": home.join("etc/keelson"),
    "/var/lib/keelson": home.join("var/lib/keelson"),
    "https://git.example": server.origin,
    8091: String(await findFreePort()),
    9464: String(await findFreePort()),
  };
  const env = await shellEnvironment(home.path, { DOCKER_HOST: engine.dockerHost });
  await writeCommands({ folder: home.join("bin"), unit: replaceAll(unitOf(page), inPlaceOf), pidFile });
  for (const path of ["usr/local/bin", "etc", "var/lib"]) await mkdir(home.join(path), { recursive: true });
  await server.createRepository("status");
  const bare = await server.createRepository("platform");
  await publishTutorial({ folder: home.path, env, bare, url: server.url("platform"), inPlaceOf });
  // What the page recommends: the node's credential only reads.
  await outputOf(["git", "-C", bare, "config", "http.receivepack", "false"], { env });

  const finding = await walkPage(page, { env, cwd: home.path, folder: home.path, inPlaceOf });
  expect(finding, `the agent said\n${await readFile(home.join("agent.log"), "utf8")}`).toBeNull();

  expect(await findLeftovers(engine.docker, "home-")).toEqual({ containers: [], networks: [], volumes: [] });
  expect([pidFile, home.join("etc/keelson"), home.join("var/lib/keelson")].filter(existsSync)).toEqual([]);
});

function unitOf(page: Page): string {
  return page.blocks.find(({ attributes }) => "unit" in attributes)?.text ?? "";
}

/** The platform of the tutorial in `~/platform`; its owner pushes, past the server. */
async function publishTutorial(node: {
  folder: string;
  env: NodeJS.ProcessEnv;
  bare: string;
  url: string;
  inPlaceOf: Readonly<Record<string, string>>;
}): Promise<void> {
  const { blocks } = await readPage("docs/tutorial.md");
  for (const block of blocks.filter(({ attributes }) => "write" in attributes)) {
    await writeShown({ ...block, text: replaceAll(block.text, node.inPlaceOf) }, node.folder);
  }
  const script = `cd ~/platform && git init --quiet --initial-branch=main && git add --all
    git commit --quiet --message "Run the shop 1.0.0"
    git remote add origin ${node.url} && git remote set-url --push origin ${node.bare}
    git push --quiet --set-upstream origin main`;
  await outputOf(["bash", "-ec", script], { env: node.env });
}

/**
 * The commands as an administrator has them: they know agent.yaml by its standard path, which is another one here, and
 * systemd runs the unit of the page.
 */
async function writeCommands(node: { folder: string; unit: string; pidFile: string }): Promise<void> {
  const start = /^ExecStart=(.*)$/m.exec(node.unit)?.[1];
  const named = `#!/bin/bash
name=$(basename "$0")
case "$name $1 $2" in
  "keelson version "* | "keelson status --remote") exec "$HOME/usr/local/bin/$name" "$@" ;;
esac
exec "$HOME/usr/local/bin/$name" "$1" --config "$HOME/etc/keelson/agent.yaml" "\${@:2}"
`;
  const systemctl = `#!/bin/bash
stop() {
  kill "$(cat ${node.pidFile})"
  timeout 60 tail --pid="$(cat ${node.pidFile})" --follow /dev/null
  rm ${node.pidFile}
}
start() {
  env --unset=HOME ${start} --config "$HOME/etc/keelson/agent.yaml" >>"$HOME/agent.log" 2>&1 &
  echo $! >${node.pidFile}
  # As long as it takes a person to type the next command.
  timeout 60 bash -c 'until [[ -S "$HOME/var/lib/keelson/agent.sock" ]]; do sleep 0.1; done'
}
case "$1" in
  stop | disable) stop ;;
  start | enable) start ;;
esac
`;
  const commands = { keelson: named, "keelson-agent": named, systemctl };
  for (const [name, text] of Object.entries(commands)) {
    await writeFile(`${node.folder}/${name}`, text);
    await chmod(`${node.folder}/${name}`, 0o755);
  }
}
