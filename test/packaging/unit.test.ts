import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";

import { readPage } from "../documents/example.ts";
import { tablesOf } from "../documents/markdown.ts";
import type { Status } from "../../libs/model/src/index.ts";
import { usePlatform } from "../scenarios/platform.ts";
import {
  type TempFolder,
  checkout,
  makeTempFolder,
  outputOf,
  removeImages,
  runProgram,
  startRegistry,
  uniqueName,
  waitFor,
} from "../support/index.ts";
import { buildAgentImage, writeFiles } from "./base-image.ts";
import { logIn } from "./registry-login.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", init: true, volumes: ["./conf:/conf:ro"] }
-- packages/web/package.yaml --
files: [{ template: page.liquid, to: conf/page, onChange: none, owner: "1000:1000", mode: "0600" }]
-- packages/web/page.liquid --
{{ instance.name }}
`;

const operations = await readPage("docs/operations.md");
/** What the page puts into drop-ins, below `[Service]`. */
const dropIns = tablesOf(operations.text)
  .filter(({ columns }) => columns[1]?.startsWith("drop-in") === true)
  .flatMap(({ rows }) => rows.map(([, cell = ""]) => cell.replaceAll("`", "").split(" and then ")));

const unit = join(checkout, "packaging/keelson-agent.service");
const name = uniqueName("keelson-unit");
const cleanUp = new AsyncDisposableStack();
const asUnit = ["--volume", `${unit}:/etc/systemd/system/keelson-agent.service:ro`];

beforeAll(async () => {
  cleanUp.use(await buildAgentImage(name));
});
afterAll(async () => cleanUp.disposeAsync());

describe("the systemd unit", () => {
  const analyze = async (...args: string[]) =>
    runProgram(["docker", "run", "--rm", ...asUnit, "--entrypoint", "systemd-analyze", name, ...args]);

  it("must be one that systemd understands", async () => {
    const verified = await analyze("verify", "--man=no", "keelson-agent.service");
    expect(verified).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("must be one that systemd understands on the operations page, too", async () => {
    await using folder = await makeTempFolder();
    const shown = operations.blocks.filter(({ attributes }) => "unit" in attributes);
    expect(shown).toHaveLength(1);
    await writeFiles(folder.path, { "shown.service": shown[0]?.text ?? "" });
    const mount = ["--volume", `${folder.join("shown.service")}:/etc/systemd/system/shown.service:ro`];
    const verify = ["--entrypoint", "systemd-analyze", name, "verify", "--man=no", "shown.service"];
    const verified = await runProgram(["docker", "run", "--rm", ...mount, ...verify]);
    expect(verified).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("must leave the agent little that it does not need", async () => {
    // In tenths: from 0, nothing, to 100, everything. A unit without a sandbox has 96.
    const path = "/etc/systemd/system/keelson-agent.service";
    const judged = await analyze("security", "--offline=true", "--threshold=30", "--no-pager", path);
    expect(judged.stdout).toContain("Overall exposure level");
    expect(judged.exitCode).toBe(0);
  });
});

/** A real systemd as the first process of a container: only that of the machine itself would be more real. */
describe("the agent under systemd", () => {
  const platform = usePlatform({ release });
  const inside = async (...command: string[]) => outputOf(["docker", "exec", name, ...command]);
  const show = async (property: string) =>
    (await inside("systemctl", "show", "--value", "--property", property, "keelson-agent")).trim();
  const running = async () =>
    await waitFor(
      async () => {
        const [web] = await platform().containers();
        if (web?.state === "running") return web;
        throw new Error(await inside("journalctl", "--no-pager", "--lines", "20", "--unit", "keelson-agent"));
      },
      { what: "the service" },
    );
  let folder: TempFolder;
  beforeAll(async () => {
    const [bindPaths = ""] = dropIns.find(([line]) => line?.startsWith("BindPaths=")) ?? [];
    folder = cleanUp.use(await makeTempFolder("keelson-systemd-"));
    const { environment, node, stateDir, repository } = platform();
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await outputOf(["git", "clone", "--quiet", "--bare", repository.path, folder.join("platform.git")]);
    const source = { url: "/srv/platform.git" };
    // The state folder is one that the sandbox lets it write.
    const notify = { command: ["sh", "-c", `cat >>'${stateDir}/notified'`] };
    await writeFiles(folder.path, {
      "etc/agent.yaml": stringify({ environment, node, source, stateDir, report: { as: "none" }, notify }),
      "docker/config.json": "{}",
      // The test's folder is below /tmp, of which the unit has its own.
      "state.conf": `[Service]\n${bindPaths.replace("/tmp/keelson", stateDir)}\n`,
    });
    const volumes = {
      [folder.join("etc")]: "/etc/keelson",
      [folder.join("docker")]: "/root/.docker",
      [folder.join("state.conf")]: "/etc/systemd/system/keelson-agent.service.d/state.conf",
      [folder.join("platform.git")]: "/srv/platform.git",
      [stateDir]: stateDir,
      [platform().dockerHost?.replace("unix://", "") ?? "/var/run/docker.sock"]: "/run/docker.sock",
      "/sys/fs/cgroup": "/sys/fs/cgroup",
    };
    const mounts = Object.entries(volumes).flatMap(([from, to]) => ["--volume", `${from}:${to}`]);
    // What systemd needs to make sandboxes; the engine's own would keep it from that.
    const rights = ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"];
    const more = [
      "--security-opt",
      "apparmor=unconfined",
      "--cgroupns",
      "host",
      "--tmpfs",
      "/run",
      "--tmpfs",
      "/tmp",
    ];
    const init = ["--env", "container=docker", "--entrypoint", "/lib/systemd/systemd", name];
    cleanUp.defer(async () => void (await outputOf(["docker", "rm", "--force", name])));
    await outputOf([
      "docker",
      "run",
      "--detach",
      "--name",
      name,
      ...rights,
      ...more,
      ...asUnit,
      ...mounts,
      ...init,
    ]);
    await waitFor(
      async () => {
        const { stdout } = await runProgram(["docker", "exec", name, "systemctl", "is-system-running"]);
        return /^(?:running|degraded)/.test(stdout) || Promise.reject(new Error(stdout));
      },
      { what: "systemd" },
    );
    await inside("systemctl", "start", "keelson-agent");
  });

  it("must bring the node to its desired state from inside the sandbox", async () => {
    await running();
    const page = ["stat", "-L", "-c", "%u:%g %a", "/conf/page"];
    expect(await platform().exec("web/web", ...page)).toBe("1000:1000 600\n");
    const status = await inside("cat", `/proc/${await show("MainPID")}/status`);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    // CAP_CHOWN, CAP_DAC_OVERRIDE and CAP_FOWNER.
    expect(status).toMatch(/^CapBnd:\t000000000000000b$/m);
  });

  it("must keep to itself what it writes", async () => {
    const modes = await inside("stat", "-c", "%a", "/var/lib/keelson", "/etc/keelson/node.key");
    expect(modes).toBe("700\n600\n");
    expect(await inside("stat", "-c", "%a", "/var/cache/keelson")).toBe("700\n");
    expect(await inside("ls", "/var/cache/keelson")).not.toBe("");
  });

  it("must log a line of JSON for each event to the journal", async () => {
    const query = ["--output=cat", "--no-pager", "SYSLOG_IDENTIFIER=keelson-agent"];
    // Each line is one, also before the first round has ended.
    const events = async (): Promise<Record<string, unknown>[]> =>
      (await inside("journalctl", ...query))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line));
    const hasEnded = async () =>
      (await events()).some(({ event, level }) => event === "round-ended" && level === "info");
    expect(await waitFor(hasEnded, { what: "the end of a round in the journal" })).toBe(true);
  });

  it("must run the program that is told of changes", async () => {
    const { stateDir, environment } = platform();
    const told = async () => readFile(join(stateDir, "notified"), "utf8").catch(() => "");
    await waitFor(async () => (await told()).endsWith("\n"), { what: "the notification" });
    expect(JSON.parse(await told())).toMatchObject({ environment, state: "ready", before: null });
  });

  it("must be asked for a round by a reload", async () => {
    await inside("systemctl", "reload", "keelson-agent");
    const said = async () => inside("journalctl", "--no-pager", "--unit", "keelson-agent");
    await waitFor(async () => (await said()).includes("round: SIGHUP"), {
      what: "a round",
    });
    expect(await show("ActiveState")).toBe("active");
  });

  it("must log in to a registry as docker login of root has left it", async () => {
    const credentials = { username: "node", password: "a-passw0rd-of-the-registry" };
    await using registry = await startRegistry({ credentials });
    const { reference } = await registry.push(platform().docker, platform().image("web:1"));
    const use = async (from: string, to: string) => {
      await platform().upgrade({ "packages/web/compose.yaml": (text) => text.replace(from, to) });
      const bare = folder.join("platform.git");
      await outputOf(["git", "-C", bare, "fetch", "--quiet", platform().repository.path, "main:main"]);
      await inside("keelson", "sync");
      expect((await running()).image).toBe(to);
    };
    try {
      await logIn(registry.host, { ...credentials, config: folder.join("docker") });
      await use(platform().image("web:1"), reference);
      await use(reference, platform().image("web:1"));
    } finally {
      await removeImages(platform().docker, [reference]);
    }
  });

  it("must come back after a restart and after it was killed, with the containers as they are", async () => {
    const before = await platform().containers();
    const first = await show("MainPID");
    await inside("systemctl", "restart", "keelson-agent");
    const second = await show("MainPID");
    await inside("kill", "-KILL", second);
    const third = await waitFor(
      async () => {
        const pid = await show("MainPID");
        return pid !== second && pid !== "0" && (await show("ActiveState")) === "active" && pid;
      },
      { what: "systemd to start it again" },
    );
    expect(new Set([first, second, third]).size).toBe(3);
    await waitFor(async () => inside("keelson", "sync"), { what: "its answer" });
    expect(await platform().containers()).toEqual(before);
  });

  it("must be given what differs on a machine by the drop-ins of the operations page", async () => {
    const { environment, node, stateDir } = platform();
    const restart = async () => {
      await inside("systemctl", "daemon-reload");
      return runProgram(["docker", "exec", name, "systemctl", "restart", "keelson-agent"]);
    };
    const dropIn = async (key: string) => {
      const text = ["[Service]", ...(dropIns.find(([line]) => line?.startsWith(key)) ?? []), ""].join("\n");
      await writeFiles(folder.path, { [key]: text });
      const path = `/etc/systemd/system/keelson-agent.service.d/${key}.conf`;
      await outputOf(["docker", "cp", folder.join(key), `${name}:${path}`]);
    };
    /** What `keelson sync` says, and whether the status got into Git. */
    const sync = async () => {
      await waitFor(async () => inside("test", "-S", `${stateDir}/agent.sock`), { what: "its socket" });
      const { stdout } = await runProgram(["docker", "exec", name, "keelson", "sync", "--json"]);
      const { errors, conditions }: Pick<Status, "errors" | "conditions"> = JSON.parse(stdout);
      const reported = conditions.find(({ type }) => type === "Reported");
      return { errors: errors.map(({ code }) => code), reported: reported?.reason };
    };
    await inside("git", "init", "--quiet", "--bare", "/srv/keelson/status.git");
    await inside("mkdir", "--parents", "/opt/node/bin");
    await inside("mv", "/usr/local/bin/keelson-agent", "/opt/node/bin/keelson-agent");
    await inside("mv", "/usr/local/libexec/docker/cli-plugins/docker-compose", "/opt/docker-compose");
    const source = { url: "/srv/platform.git" };
    const report = { url: "/srv/keelson/status.git" };
    await writeFiles(folder.path, {
      "etc/agent.yaml": stringify({ environment, node, source, stateDir, report }),
    });

    await platform().upgrade({ "packages/web/page.liquid": (text) => `${text}again\n` });
    const bare = folder.join("platform.git");
    await outputOf(["git", "-C", bare, "fetch", "--quiet", platform().repository.path, "main:main"]);

    expect((await restart()).exitCode).not.toBe(0);
    await dropIn("ExecStart");
    expect((await restart()).exitCode).toBe(0);
    expect(await sync()).toEqual({ errors: ["K1421"], reported: "K2013" });
    await dropIn("Environment");
    await restart();
    expect(await sync()).toEqual({ errors: [], reported: "K2013" });
    await dropIn("ReadWritePaths");
    await restart();
    expect(await sync()).toEqual({ errors: [], reported: "Published" });
    expect(await inside("git", "-C", "/srv/keelson/status.git", "for-each-ref")).toContain(
      `refs/notes/keelson/${environment}/${node}`,
    );
  });

  it("must end without a fault when it is stopped, and leave the containers running", async () => {
    await inside("systemctl", "stop", "keelson-agent");
    expect(await show("Result")).toBe("success");
    expect(await show("ExecMainStatus")).toBe("0");
    await running();
  });
});
